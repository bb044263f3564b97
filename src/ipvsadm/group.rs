//! Which command takes which options, as a table, and the complaints that follow
//! from it.

use super::failure::Failure;
use super::option::Name;

/// What the first option asks for, under the name that messages use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Command {
    AddService,
    EditService,
    DeleteService,
    Flush,
    List,
    AddServer,
    DeleteServer,
    EditServer,
    Set,
    StartDaemon,
    StopDaemon,
    Restore,
    Save,
    Zero,
}

use Command as C;

impl Command {
    /// How many there are; zero is the last.
    const COUNT: usize = Self::Zero as usize + 1;

    /// The command that an option stands for; those with a value are not here.
    pub(super) fn of(name: Name) -> Option<Self> {
        Some(match name {
            Name::AddService => Self::AddService,
            Name::EditService => Self::EditService,
            Name::DeleteService => Self::DeleteService,
            Name::Clear => Self::Flush,
            Name::List => Self::List,
            Name::AddServer => Self::AddServer,
            Name::DeleteServer => Self::DeleteServer,
            Name::EditServer => Self::EditServer,
            Name::Set => Self::Set,
            Name::Restore => Self::Restore,
            Name::Save => Self::Save,
            Name::Zero => Self::Zero,
            _ => return None,
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::AddService => "add-service",
            Self::EditService => "edit-service",
            Self::DeleteService => "delete-service",
            Self::Flush => "flush",
            Self::List => "list",
            Self::AddServer => "add-server",
            Self::DeleteServer => "delete-server",
            Self::EditServer => "edit-server",
            Self::Set => "set",
            Self::StartDaemon => "start-daemon",
            Self::StopDaemon => "stop-daemon",
            Self::Restore => "restore",
            Self::Save => "save",
            Self::Zero => "zero",
        }
    }
}

/// A group of options of which one may be given once. The order of the table
/// below is the order in which a command complains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Group {
    Numeric,
    Connection,
    ServiceAddress,
    Scheduler,
    Persistent,
    Netmask,
    RealServer,
    ForwardingMethod,
    Weight,
    UThreshold,
    LThreshold,
    McastInterface,
    Timeout,
    Daemon,
    Stats,
    Rate,
    Thresholds,
    PersistentConn,
    NoSort,
    Syncid,
    Exact,
    Ops,
    Pe,
    SchedFlags,
    Multicast,
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

use Group as G;

const SERVICE: &[Command] = &[C::AddService, C::EditService];
const SERVER: &[Command] = &[C::AddServer, C::EditServer];
const LIST: &[Command] = &[C::List];
const START: &[Command] = &[C::StartDaemon];

/// Each group, its name in messages, and the commands that take it.
const GROUPS: &[(Group, &str, &[Command])] = &[
    (G::Numeric, "numeric", &[C::List, C::Save]),
    (G::Connection, "connection", LIST),
    (
        G::ServiceAddress,
        "service-address",
        &[
            C::AddService,
            C::EditService,
            C::DeleteService,
            C::List,
            C::AddServer,
            C::DeleteServer,
            C::EditServer,
            C::Zero,
        ],
    ),
    (G::Scheduler, "scheduler", SERVICE),
    (G::Persistent, "persistent", SERVICE),
    (G::Netmask, "netmask", SERVICE),
    (
        G::RealServer,
        "real-server",
        &[C::AddServer, C::DeleteServer, C::EditServer],
    ),
    (G::ForwardingMethod, "forwarding-method", SERVER),
    (G::Weight, "weight", SERVER),
    (G::UThreshold, "u-threshold", SERVER),
    (G::LThreshold, "l-threshold", SERVER),
    (G::McastInterface, "mcast-interface", START),
    (G::Timeout, "timeout", LIST),
    (G::Daemon, "daemon", LIST),
    (G::Stats, "stats", LIST),
    (G::Rate, "rate", LIST),
    (G::Thresholds, "thresholds", LIST),
    (G::PersistentConn, "persistent-conn", LIST),
    (G::NoSort, "nosort", LIST),
    (
        G::Syncid,
        "syncid",
        &[C::List, C::StartDaemon, C::StopDaemon],
    ),
    (G::Exact, "exact", LIST),
    (G::Ops, "ops", SERVICE),
    (G::Pe, "pe", SERVICE),
    (G::SchedFlags, "sched-flags", SERVICE),
    (G::Multicast, "mcast-group", START),
    (G::McastPort, "mcast-port", START),
    (G::McastTtl, "mcast-ttl", START),
    (G::SyncMaxlen, "sync-maxlen", START),
    (G::TunInfo, "tun-info", LIST),
    (G::TunType, "tun-type", SERVER),
    (G::TunPort, "tun-port", SERVER),
    (G::TunNocsum, "tun-nocsum", SERVER),
    (G::TunCsum, "tun-csum", SERVER),
    (G::TunRemcsum, "tun-remcsum", SERVER),
];

/// Of these a list takes one.
const SUBJECTS: [Group; 4] = [G::Connection, G::ServiceAddress, G::Timeout, G::Daemon];

/// The groups that each command takes, as bits of [`Given`].
const TAKEN: [u64; C::COUNT] = {
    let mut taken = [0; C::COUNT];
    let mut number = 0;
    while number < GROUPS.len() {
        let (group, _, takers) = GROUPS[number];
        let mut taker = 0;
        while taker < takers.len() {
            taken[takers[taker] as usize] |= group.bit();
            taker += 1;
        }
        number += 1;
    }
    taken
};

/// The groups that were given: a bit each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Given(u64);

impl Given {
    /// Whether one of this group was given.
    pub(super) fn has(self, group: Group) -> bool {
        self.0 & group.bit() != 0
    }

    /// Whether one of any of these groups was given.
    pub(super) fn has_any(self, groups: &[Group]) -> bool {
        groups.iter().any(|group| self.has(*group))
    }

    /// Notes one.
    pub(super) fn add(&mut self, group: Group) -> Result<(), Failure> {
        if self.has(group) {
            return Err(Failure::usage(format!(
                "multiple '{}' options specified",
                group.as_str()
            )));
        }
        self.0 |= group.bit();
        Ok(())
    }

    /// Whether the command takes what was given, and has what it needs.
    pub(super) fn check(self, command: Command) -> Result<(), Failure> {
        let needed = [G::ServiceAddress, G::RealServer]
            .into_iter()
            .filter(|group| is_needed(*group, command))
            .fold(0, |bits, group| bits | group.bit());
        if command != C::List && self.0 & !TAKEN[command as usize] == 0 && needed & !self.0 == 0 {
            return Ok(());
        }
        // Something is wrong, or a list: in the order in which ipvsadm complains.
        let mut subject: Option<&str> = None;
        for (group, name, takers) in GROUPS {
            if !self.has(*group) {
                if is_needed(*group, command) {
                    return Err(Failure::usage(format!(
                        "You need to supply the '{name}' option for the '{}' command",
                        command.as_str()
                    )));
                }
                continue;
            }
            if !takers.contains(&command) {
                return Err(Failure::usage(format!(
                    "Illegal '{name}' option with the '{}' command",
                    command.as_str()
                )));
            }
            if command == C::List && SUBJECTS.contains(group) {
                if let Some(first) = subject {
                    return Err(Failure::usage(format!(
                        "The option '{name}' conflicts with the '{first}' option in the 'list' \
                         command"
                    )));
                }
                subject = Some(name);
            }
        }
        Ok(())
    }
}

impl Group {
    const fn bit(self) -> u64 {
        1 << self as u32
    }

    /// Its name in messages.
    pub(super) fn as_str(self) -> &'static str {
        let found = GROUPS.iter().find(|(group, ..)| *group == self);
        found.map_or("", |(_, name, _)| name)
    }
}

fn is_needed(group: Group, command: Command) -> bool {
    match group {
        G::ServiceAddress => !matches!(
            command,
            C::Flush
                | C::List
                | C::Set
                | C::StartDaemon
                | C::StopDaemon
                | C::Restore
                | C::Save
                | C::Zero
        ),
        G::RealServer => matches!(command, C::AddServer | C::DeleteServer | C::EditServer),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(groups: &[Group]) -> Given {
        let mut given = Given::default();
        for group in groups {
            given.add(*group).unwrap();
        }
        given
    }

    fn complaint(command: Command, groups: &[Group]) -> String {
        given(groups).check(command).unwrap_err().message
    }

    #[test]
    fn commands_complain_as_ipvsadm_does() {
        assert_eq!(
            complaint(C::AddService, &[]),
            "You need to supply the 'service-address' option for the 'add-service' command\n"
        );
        assert_eq!(
            complaint(C::AddService, &[G::Weight, G::ServiceAddress]),
            "Illegal 'weight' option with the 'add-service' command\n"
        );
        assert_eq!(
            complaint(C::List, &[G::Daemon, G::Timeout]),
            "The option 'daemon' conflicts with the 'timeout' option in the 'list' command\n"
        );
        assert!(given(&[G::Syncid]).check(C::List).is_ok());
        let mut twice = given(&[G::ServiceAddress]);
        assert_eq!(
            twice.add(G::ServiceAddress).unwrap_err().message,
            "multiple 'service-address' options specified\n"
        );
    }

    #[test]
    fn every_group_is_in_the_table_in_its_order() {
        for (number, (group, ..)) in GROUPS.iter().enumerate() {
            assert_eq!(*group as usize, number);
        }
    }
}
