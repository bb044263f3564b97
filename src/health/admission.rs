//! Which of the checks that are due may run now. Pure.
//!
//! Each attempt holds a thread until it ends, and servers that do not answer hold
//! theirs for a whole timeout. So there are bounds, and whoever meets one waits:
//! late, never failed.
//!
//! - [`MOST`] attempts run at the same time;
//! - of these [`MOST_IN_NETWORK`] ask the same network, the /24 of an IPv4 address
//!   and the /64 of an IPv6 one, so that a network that dies all at once leaves
//!   threads to the others;
//! - and [`MOST_SLOW`] are of checks whose last attempt was slow, so that however
//!   many servers hang, those that answer find a thread.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::schedule::CheckId;

/// Attempts at the same time, which is also the most threads.
pub const MOST: usize = 512;
/// Attempts at the same time that ask the same network.
pub const MOST_IN_NETWORK: usize = 256;
/// Attempts at the same time that are likely to last.
pub const MOST_SLOW: usize = 384;
/// From here on an attempt was slow.
pub const SLOW: Duration = Duration::from_millis(250);

/// A door that lets so many in at a time.
#[derive(Debug, Clone, Default)]
struct Door {
    inside: usize,
    outside: VecDeque<Ticket>,
}

impl Door {
    /// Lets a check in, or keeps it outside.
    fn enter(&mut self, ticket: Ticket, most: usize) -> Option<Ticket> {
        if self.inside < most {
            self.inside += 1;
            return Some(ticket);
        }
        self.outside.push_back(ticket);
        None
    }

    /// One leaves; answers who comes in for it.
    fn leave(&mut self) -> Option<Ticket> {
        let next = self.outside.pop_front();
        if next.is_none() {
            self.inside = self.inside.saturating_sub(1);
        }
        next
    }
}

#[derive(Debug, Clone, Copy)]
struct Ticket {
    id: CheckId,
    network: IpAddr,
    slow: bool,
}

/// Lets checks in. Each is in at most once.
#[derive(Debug, Clone, Default)]
pub struct Admission {
    slow: Door,
    networks: FxHashMap<IpAddr, Door>,
    threads: Door,
    /// Those that run.
    running: FxHashMap<CheckId, Ticket>,
    /// Those whose last attempt was slow.
    was_slow: FxHashSet<CheckId>,
    waiting: usize,
}

impl Admission {
    /// A check of this address is due: it runs now if it is answered, else when
    /// [`Admission::finished`] says so.
    #[must_use]
    pub fn due(&mut self, id: CheckId, address: IpAddr) -> Option<CheckId> {
        let ticket = Ticket {
            id,
            network: network(address),
            slow: self.was_slow.contains(&id),
        };
        self.waiting += 1;
        if ticket.slow {
            self.slow.enter(ticket, MOST_SLOW)?;
        }
        self.enter_network(ticket)
    }

    /// A check has ended after this long; answers those that may run now.
    #[must_use]
    pub fn finished(&mut self, id: CheckId, took: Duration) -> Vec<CheckId> {
        if took >= SLOW {
            self.was_slow.insert(id);
        } else {
            self.was_slow.remove(&id);
        }
        let Some(ticket) = self.running.remove(&id) else {
            return Vec::new();
        };
        let mut free = Vec::new();
        // Innermost door first: each that opens is one that somebody left.
        if let Some(next) = self.threads.leave() {
            free.push(self.run(next));
        }
        if let Some(door) = self.networks.get_mut(&ticket.network) {
            match door.leave() {
                Some(next) => free.extend(self.enter_threads(next)),
                None if door.inside == 0 => drop(self.networks.remove(&ticket.network)),
                None => {}
            }
        }
        if ticket.slow
            && let Some(next) = self.slow.leave()
        {
            free.extend(self.enter_network(next));
        }
        free
    }

    /// How many are due and wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting
    }

    fn enter_network(&mut self, ticket: Ticket) -> Option<CheckId> {
        let door = self.networks.entry(ticket.network).or_default();
        let ticket = door.enter(ticket, MOST_IN_NETWORK)?;
        self.enter_threads(ticket)
    }

    fn enter_threads(&mut self, ticket: Ticket) -> Option<CheckId> {
        let ticket = self.threads.enter(ticket, MOST)?;
        Some(self.run(ticket))
    }

    fn run(&mut self, ticket: Ticket) -> CheckId {
        self.waiting = self.waiting.saturating_sub(1);
        self.running.insert(ticket.id, ticket);
        ticket.id
    }
}

/// The network that an address shares its fate with.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            [a, b, c, 0].into()
        }
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    const QUICK: Duration = Duration::from_millis(1);
    const HUNG: Duration = Duration::from_secs(3);

    fn address(net: u8, host: usize) -> IpAddr {
        [10, 0, net, u8::try_from(host % 254).unwrap()].into()
    }

    #[test]
    fn a_network_that_dies_leaves_threads_to_the_others() {
        let mut admission = Admission::default();
        let running: Vec<_> = (0..2 * MOST)
            .filter_map(|id| admission.due(id, address(1, id)))
            .collect();
        assert_eq!(running.len(), MOST_IN_NETWORK);
        assert_eq!(admission.waiting(), 2 * MOST - MOST_IN_NETWORK);
        // Others do not notice, however many come one after the other.
        for id in 5000..7000 {
            assert_eq!(admission.due(id, address(2, id)), Some(id));
            assert!(admission.finished(id, QUICK).is_empty());
        }
        // First come, first served; and nobody is forgotten.
        assert_eq!(admission.finished(0, HUNG), [MOST_IN_NETWORK]);
    }

    #[test]
    fn however_many_hang_those_that_answer_find_a_thread() {
        let mut admission = Admission::default();
        let hanging = 0..4 * MOST;
        let net = |id: usize| u8::try_from(id % 16).unwrap();
        let mut running: VecDeque<_> = hanging
            .clone()
            .filter_map(|id| admission.due(id, address(net(id), id)))
            .collect();
        assert_eq!(running.len(), MOST);
        // The first time nobody knows; when each has hung once, it is known.
        let mut hung = BTreeSet::new();
        while let Some(id) = running.pop_front() {
            hung.insert(id);
            running.extend(admission.finished(id, HUNG));
        }
        assert!(hanging.clone().eq(hung), "everybody was asked");
        let running = hanging.filter_map(|id| admission.due(id, address(net(id), id)));
        assert_eq!(running.count(), MOST_SLOW);
        for id in 10_000..10_000 + MOST - MOST_SLOW {
            assert_eq!(admission.due(id, address(99, id)), Some(id));
        }
        assert_eq!(admission.due(9999, address(98, 1)), None);
    }

    #[test]
    fn a_server_that_has_recovered_is_no_longer_slow() {
        let mut admission = Admission::default();
        for took in [HUNG, QUICK] {
            assert_eq!(admission.due(1, address(1, 1)), Some(1));
            assert!(admission.finished(1, took).is_empty());
        }
        assert!(admission.was_slow.is_empty());
        assert!(admission.networks.is_empty());
    }

    #[test]
    fn networks() {
        for (address, net) in [
            ("192.0.2.77", "192.0.2.0"),
            ("::ffff:192.0.2.77", "192.0.2.0"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(
                network(address.parse().unwrap()),
                net.parse::<IpAddr>().unwrap()
            );
        }
    }

    proptest! {
        #[test]
        fn bounds_hold_and_everybody_has_a_turn(
            checks in prop::collection::vec((0..4u8, any::<bool>()), 1..1500),
            order in any::<prop::sample::Index>(),
        ) {
            let mut admission = Admission::default();
            let took = |id: usize| if checks[id].1 { HUNG } else { QUICK };
            for _ in 0..2 {
                let mut running: Vec<CheckId> = Vec::new();
                let mut done = 0;
                for (id, (net, _)) in checks.iter().enumerate() {
                    running.extend(admission.due(id, address(*net, id)));
                }
                while !running.is_empty() {
                    prop_assert!(running.len() <= MOST);
                    for net in 0..4u8 {
                        let same = running.iter().filter(|id| checks[**id].0 == net).count();
                        prop_assert!(same <= MOST_IN_NETWORK);
                    }
                    let id = running.swap_remove(order.index(running.len()));
                    done += 1;
                    running.extend(admission.finished(id, took(id)));
                }
                prop_assert_eq!(done, checks.len());
                prop_assert_eq!(admission.waiting(), 0);
            }
        }
    }
}
