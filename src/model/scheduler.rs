//! Schedulers and their flags.

use std::fmt;
use std::str::FromStr;

/// The schedulers of Linux (`net/netfilter/ipvs/ip_vs_*.c`); `twos` since 5.12.
const KNOWN: [&str; 15] = [
    "rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos",
    "none",
];

/// How a virtual service picks a real server, by its kernel name.
///
/// Up to 15 characters (`IP_VS_SCHEDNAME_MAXLEN` is 16 with the NUL). Any such
/// name can be read from the kernel; words typed must be among the known ones.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scheduler(String);

impl Scheduler {
    /// The name that the kernel reported, known to us or not.
    #[must_use]
    pub fn from_kernel(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The kernel's name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The kernel module that implements it.
    #[must_use]
    pub fn module(&self) -> String {
        format!("ip_vs_{}", self.0)
    }

    /// The names that [`FromStr`] accepts.
    #[must_use]
    pub fn known() -> &'static [&'static str] {
        &KNOWN
    }
}

impl Default for Scheduler {
    /// `wlc`, as ipvsadm.
    fn default() -> Self {
        Self("wlc".to_owned())
    }
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Scheduler {
    type Err = ParseSchedulerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if KNOWN.contains(&text) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseSchedulerError(text.to_owned()))
        }
    }
}

/// A scheduler that Linux does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseSchedulerError(String);

impl fmt::Display for ParseSchedulerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "unknown scheduler '{}'; Linux has {}",
            self.0.escape_default(),
            KNOWN.join(", ")
        )
    }
}

impl std::error::Error for ParseSchedulerError {}

/// The three scheduler flags of a service (`IP_VS_SVC_F_SCHED1..3`).
///
/// What they mean depends on the scheduler: for `sh` and `mh` the first is
/// fallback and the second port; others ignore them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SchedulerFlags {
    /// flag-1; `sh-fallback`, `mh-fallback`.
    pub first: bool,
    /// flag-2; `sh-port`, `mh-port`.
    pub second: bool,
    /// flag-3.
    pub third: bool,
}

impl SchedulerFlags {
    /// Reads a comma list as behind `-b`; an empty one sets no flag.
    ///
    /// # Errors
    /// A word that is no flag, or one of another scheduler.
    pub fn parse(text: &str, scheduler: &Scheduler) -> Result<Self, String> {
        let mut flags = Self::default();
        for word in text.split(',').filter(|_| !text.is_empty()) {
            let owner = word.split_once('-').map(|(owner, _)| owner);
            match word {
                "flag-1" => flags.first = true,
                "flag-2" => flags.second = true,
                "flag-3" => flags.third = true,
                "sh-fallback" | "mh-fallback" if owner == Some(scheduler.as_str()) => {
                    flags.first = true;
                }
                "sh-port" | "mh-port" if owner == Some(scheduler.as_str()) => flags.second = true,
                "sh-fallback" | "mh-fallback" | "sh-port" | "mh-port" => {
                    return Err(format!(
                        "the scheduler flag {word} belongs to {}, not to {scheduler}",
                        owner.unwrap_or("another scheduler")
                    ));
                }
                _ => {
                    return Err(format!(
                        "unknown scheduler flag '{}'; there are flag-1, flag-2, flag-3, \
                         sh-fallback, sh-port, mh-fallback and mh-port",
                        word.escape_default()
                    ));
                }
            }
        }
        Ok(flags)
    }

    /// The names under this scheduler, in the kernel's order.
    #[must_use]
    pub fn names(self, scheduler: &Scheduler) -> Vec<&'static str> {
        let (first, second) = match scheduler.as_str() {
            "sh" => ("sh-fallback", "sh-port"),
            "mh" => ("mh-fallback", "mh-port"),
            _ => ("flag-1", "flag-2"),
        };
        [
            (self.first, first),
            (self.second, second),
            (self.third, "flag-3"),
        ]
        .into_iter()
        .filter_map(|(set, name)| set.then_some(name))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_scheduler_is_named_with_the_known_ones() {
        let error = "rrr".parse::<Scheduler>().unwrap_err().to_string();
        assert!(error.contains("'rrr'") && error.contains("wlc"), "{error}");
    }

    #[test]
    fn flags_are_written_as_they_are_read() {
        for (scheduler, text) in [
            ("sh", "sh-fallback,sh-port"),
            ("mh", "mh-port"),
            ("rr", "flag-1,flag-3"),
        ] {
            let scheduler = scheduler.parse().unwrap();
            let flags = SchedulerFlags::parse(text, &scheduler).unwrap();
            assert_eq!(flags.names(&scheduler).join(","), text);
        }
        let wlc = Scheduler::default();
        assert!(SchedulerFlags::parse("sh-port", &wlc).is_err());
        assert!(SchedulerFlags::parse("bogus", &wlc).is_err());
    }
}
