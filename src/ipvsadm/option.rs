//! Which options ipvsadm has, under which names, and what each takes.

use super::popt::Takes;

/// Every option that can be typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Name {
    AddService,
    EditService,
    DeleteService,
    Clear,
    List,
    Zero,
    AddServer,
    EditServer,
    DeleteServer,
    Set,
    Help,
    Version,
    Restore,
    Save,
    StartDaemon,
    StopDaemon,
    TcpService,
    UdpService,
    SctpService,
    FwmarkService,
    Scheduler,
    Persistent,
    Netmask,
    RealServer,
    Masquerading,
    Ipip,
    Gatewaying,
    Weight,
    UThreshold,
    LThreshold,
    Numeric,
    Connection,
    McastInterface,
    Syncid,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Thresholds,
    PersistentConn,
    NoSort,
    Sort,
    Exact,
    Ipv6,
    Ops,
    Pe,
    SchedFlags,
    McastGroup,
    McastPort,
    McastTtl,
    SyncMaxlen,
    TunInfo,
    TunType,
    TunPort,
    TunNocsum,
    TunCsum,
    TunRemcsum,
}

use Name as N;
use Takes::{Nothing, PerhapsValue, Value};

/// Long name, short name, option, and what it takes.
const OPTIONS: &[(&str, Option<char>, Name, Takes)] = &[
    ("add-service", Some('A'), N::AddService, Nothing),
    ("edit-service", Some('E'), N::EditService, Nothing),
    ("delete-service", Some('D'), N::DeleteService, Nothing),
    ("clear", Some('C'), N::Clear, Nothing),
    ("list", Some('L'), N::List, Nothing),
    ("list", Some('l'), N::List, Nothing),
    ("zero", Some('Z'), N::Zero, Nothing),
    ("add-server", Some('a'), N::AddServer, Nothing),
    ("edit-server", Some('e'), N::EditServer, Nothing),
    ("delete-server", Some('d'), N::DeleteServer, Nothing),
    ("set", None, N::Set, Nothing),
    ("help", Some('h'), N::Help, Nothing),
    ("version", Some('v'), N::Version, Nothing),
    ("restore", Some('R'), N::Restore, Nothing),
    ("save", Some('S'), N::Save, Nothing),
    ("start-daemon", None, N::StartDaemon, Value),
    ("stop-daemon", None, N::StopDaemon, Value),
    ("tcp-service", Some('t'), N::TcpService, Value),
    ("udp-service", Some('u'), N::UdpService, Value),
    ("sctp-service", None, N::SctpService, Value),
    ("fwmark-service", Some('f'), N::FwmarkService, Value),
    ("scheduler", Some('s'), N::Scheduler, Value),
    ("persistent", Some('p'), N::Persistent, PerhapsValue),
    ("netmask", Some('M'), N::Netmask, Value),
    ("real-server", Some('r'), N::RealServer, Value),
    ("masquerading", Some('m'), N::Masquerading, Nothing),
    ("ipip", Some('i'), N::Ipip, Nothing),
    ("gatewaying", Some('g'), N::Gatewaying, Nothing),
    ("weight", Some('w'), N::Weight, Value),
    ("u-threshold", Some('x'), N::UThreshold, Value),
    ("l-threshold", Some('y'), N::LThreshold, Value),
    ("numeric", Some('n'), N::Numeric, Nothing),
    ("connection", Some('c'), N::Connection, Nothing),
    ("mcast-interface", None, N::McastInterface, Value),
    ("syncid", None, N::Syncid, Value),
    ("timeout", None, N::Timeout, Nothing),
    ("daemon", None, N::Daemon, Nothing),
    ("stats", None, N::Stats, Nothing),
    ("rate", None, N::Rate, Nothing),
    ("thresholds", None, N::Thresholds, Nothing),
    ("persistent-conn", None, N::PersistentConn, Nothing),
    ("nosort", None, N::NoSort, Nothing),
    ("sort", None, N::Sort, Nothing),
    ("exact", Some('X'), N::Exact, Nothing),
    ("ipv6", Some('6'), N::Ipv6, Nothing),
    ("ops", Some('o'), N::Ops, Nothing),
    ("pe", None, N::Pe, Value),
    ("sched-flags", Some('b'), N::SchedFlags, Value),
    ("mcast-group", None, N::McastGroup, Value),
    ("mcast-port", None, N::McastPort, Value),
    ("mcast-ttl", None, N::McastTtl, Value),
    ("sync-maxlen", None, N::SyncMaxlen, Value),
    ("tun-info", None, N::TunInfo, Nothing),
    ("tun-type", None, N::TunType, Value),
    ("tun-port", None, N::TunPort, Value),
    ("tun-nocsum", None, N::TunNocsum, Nothing),
    ("tun-csum", None, N::TunCsum, Nothing),
    ("tun-remcsum", None, N::TunRemcsum, Nothing),
];

/// The short options by letter: a restore reads four on each of its lines.
const SHORT: [Option<(Name, Takes)>; 128] = {
    let mut short = [None; 128];
    let mut number = 0;
    while number < OPTIONS.len() {
        if let (_, Some(letter), name, takes) = OPTIONS[number] {
            short[letter as usize] = Some((name, takes));
        }
        number += 1;
    }
    short
};

impl Name {
    /// The option of this long name, written in full, and what it takes.
    pub(super) fn long(text: &str) -> Option<(Self, Takes)> {
        let found = OPTIONS.iter().find(|(long, ..)| *long == text);
        found.map(|(_, _, name, takes)| (*name, *takes))
    }

    /// The option of this letter.
    pub(super) fn short(letter: char) -> Option<(Self, Takes)> {
        *SHORT.get(usize::try_from(u32::from(letter)).ok()?)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_in_the_table_once() {
        for (number, (long, short, ..)) in OPTIONS.iter().enumerate() {
            let behind = &OPTIONS[number + 1..];
            assert!(
                behind
                    .iter()
                    .all(|(other, ..)| other != long || *long == "list")
            );
            assert!(short.is_none() || behind.iter().all(|(_, other, ..)| other != short));
        }
    }
}
