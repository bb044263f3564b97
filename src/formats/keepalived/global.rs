//! What is not about virtual servers: the few global settings that lbctl has too,
//! and the names of everything else.

use super::Importer;
use super::block::Statement;
use crate::model::{SyncDaemon, SyncRole, Timeouts};

impl Importer {
    /// A block or line beside the virtual servers.
    pub(super) fn other(&mut self, statement: &Statement) {
        let keyword = statement.keyword();
        match keyword {
            "global_defs" => {
                for inner in statement.inside() {
                    self.global(inner);
                }
            }
            "static_ipaddress" | "static_addresses" => {
                self.announce(statement.inside());
                self.left_out(statement, "lbctl sets no addresses of interfaces");
            }
            _ if keyword.starts_with("vrrp_") || keyword == "garp_group" => {
                if keyword == "vrrp_instance" {
                    let lists = statement.inside().iter().filter(|inner| {
                        matches!(
                            inner.keyword(),
                            "virtual_ipaddress" | "virtual_ipaddress_excluded"
                        )
                    });
                    for list in lists {
                        self.announce(list.inside());
                    }
                }
                self.left_out(
                    statement,
                    "lbctl has no VRRP; keepalived can go on doing that alone",
                );
            }
            "static_routes"
            | "static_rules"
            | "static_track_group"
            | "interface_up_down_delays"
            | "track_file"
            | "track_process"
            | "bfd_instance"
            | "net_namespace"
            | "net_namespace_ipvs"
            | "instance"
            | "process_names"
            | "random_seed" => {
                self.left_out(statement, "it is not about virtual servers");
            }
            "SSL" | "ssl" => self.left_out(
                statement,
                "keepalived verifies no certificate with it; ca_file and tls_verify of a check do",
            ),
            _ => self.left_out(statement, "keepalived has no such block"),
        }
    }

    /// Notes the addresses that keepalived puts on an interface.
    fn announce(&mut self, list: &[Statement]) {
        for entry in list {
            let address = entry.keyword().split('/').next().unwrap_or_default();
            if let Ok(address) = address.parse() {
                self.announced.entry(address).or_insert(entry.place);
            }
        }
    }

    fn global(&mut self, statement: &Statement) {
        match statement.keyword() {
            "lvs_timeouts" => self.timeouts(statement),
            "lvs_sync_daemon" => self.sync_daemon(statement),
            "lvs_flush" => self.left_out(
                statement,
                "lbctl never empties the table; see lbctl apply --prune",
            ),
            // What the services do when keepalived ends is said for the whole file.
            "lvs_flush_on_stop" => {}
            _ => self.left_out(statement, "a global setting of keepalived itself"),
        }
    }

    fn timeouts(&mut self, statement: &Statement) {
        let mut words = statement.words.iter().skip(1);
        while let Some(name) = words.next() {
            let seconds = words.next().and_then(|word| word.parse().ok());
            let seconds = seconds.filter(|seconds| (1..=Timeouts::MAX).contains(seconds));
            let timeouts = &mut self.config.timeouts;
            match (name.as_str(), seconds) {
                ("tcp", Some(seconds)) => timeouts.tcp = seconds,
                ("tcpfin", Some(seconds)) => timeouts.tcp_fin = seconds,
                ("udp", Some(seconds)) => timeouts.udp = seconds,
                _ => self.left_out(statement, "it is not tcp, tcpfin or udp and seconds"),
            }
        }
    }

    /// Without a VRRP instance keepalived runs both daemons all the time.
    fn sync_daemon(&mut self, statement: &Statement) {
        let Some(interface) = statement.word(1) else {
            return self.left_out(statement, "it names no interface");
        };
        let mut daemon = SyncDaemon {
            role: SyncRole::Master,
            interface: interface.to_owned(),
            id: 0,
            max_length: 0,
            group: None,
            port: 0,
            ttl: 0,
        };
        if let Err(why) = SyncDaemon::check_interface(interface) {
            return self.left_out(statement, &why);
        }
        let mut words = statement.words.iter().skip(2);
        while let Some(name) = words.next() {
            let value = words.next().map_or("", String::as_str);
            let taken = match name.as_str() {
                "id" => value
                    .parse()
                    .ok()
                    .filter(|id| *id < 256)
                    .map(|id| daemon.id = id),
                "maxlen" => value
                    .parse()
                    .ok()
                    .filter(|length| (1..=SyncDaemon::MAX_LENGTH).contains(length))
                    .map(|length| daemon.max_length = length),
                "port" => value.parse().ok().map(|port| daemon.port = port),
                "ttl" => value.parse().ok().map(|ttl| daemon.ttl = ttl),
                "group" => value
                    .parse()
                    .ok()
                    .filter(|group| SyncDaemon::check_group(*group).is_ok())
                    .map(|group| daemon.group = Some(group)),
                _ => None,
            };
            if taken.is_none() {
                return self.left_out(
                    statement,
                    "with a VRRP instance the role follows its state, which lbctl does not know; \
                     see [sync] in lbctl.toml(5)",
                );
            }
        }
        let backup = SyncDaemon {
            role: SyncRole::Backup,
            ..daemon.clone()
        };
        self.config.sync = vec![daemon, backup];
    }
}
