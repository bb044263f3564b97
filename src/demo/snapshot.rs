//! All of the director that lbctl may change, at one moment, and how two moments
//! differ.

use std::collections::BTreeSet;
use std::fmt::Debug;

use neli::consts::socket::NlFamily;

use crate::ipvs;
use crate::model::Family;
use crate::netlink::Socket;
use crate::plumbing::{forwarding, mark, route, rule};

use super::Result;

/// One moment, as lines: what, and how it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Snapshot(BTreeSet<String>);

impl Snapshot {
    /// Looks at the namespace of this thread.
    ///
    /// # Errors
    /// The kernel does not show it.
    pub fn here() -> Result<Self> {
        let mut lines = BTreeSet::new();
        let mut add = |what: &str, how: &dyn Debug| lines.insert(format!("{what} {how:?}"));
        let mut socket = Socket::open(NlFamily::Route)?;
        for family in [Family::Ipv4, Family::Ipv6] {
            for found in rule::dump(&mut socket, family)? {
                add("rule", &found);
            }
            for found in route::dump(&mut socket, family)? {
                add("route", &found);
            }
            if let Some(on) = forwarding::inspect(family)? {
                add(&format!("forwarding {}", family.as_str()), &on);
            }
        }
        let mut socket = Socket::open(NlFamily::Netfilter)?;
        if let Some(marks) = mark::inspect(&mut socket)? {
            add("nft table inet lbctl", &marks);
        }
        for state in ipvs::Client::open()?.table()? {
            add("service", &state.service);
        }
        Ok(Self(lines))
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// What is there only now (`+`) and what was there only then (`-`).
    pub fn difference(&self, then: &Self) -> Vec<String> {
        let new = self.0.difference(&then.0).map(|line| format!("+ {line}"));
        let gone = then.0.difference(&self.0).map(|line| format!("- {line}"));
        new.chain(gone).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let of = |lines: &[&str]| Snapshot(lines.iter().map(|line| (*line).to_owned()).collect());
        assert_eq!(of(&["a"]).difference(&of(&["a"])), Vec::<String>::new());
        assert_eq!(of(&["a", "b"]).difference(&of(&["a", "c"])), ["+ b", "- c"]);
    }
}
