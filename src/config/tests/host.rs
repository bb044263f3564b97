//! The tables that stand once.

use super::mistakes::only;
use super::*;
use crate::config::OnExit;
use crate::model::{SyncRole, Timeouts};

#[test]
fn the_tables_that_stand_once() {
    let config = read(
        r#"
[host]
ip_forward = true
[host.sysctl]
"net.ipv4.vs.expire_nodest_conn" = 1
net.ipv4.vs.sync_threshold = "3 50"
"net/ipv4/conf/eth0.5/rp_filter" = 0
"net/ipv4/vs/conntrack" = true
[timeouts]
tcp = "15m"
udp = "2m"
[sync.backup]
interface = "eth1"
[sync.master]
interface = "eth0"
syncid = 7
maxlen = 1400
group = "224.0.0.82"
port = 8849
ttl = 2
[probe]
on_exit = "remove"
"#,
    );
    assert_eq!(config.host.ip_forward, Some(true));
    let sysctl: Vec<(&str, &str)> = config
        .host
        .sysctl
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        sysctl,
        [
            ("net.ipv4.vs.conntrack", "1"),
            ("net.ipv4.vs.expire_nodest_conn", "1"),
            ("net.ipv4.vs.sync_threshold", "3 50"),
            ("net/ipv4/conf/eth0.5/rp_filter", "0"),
        ]
    );
    let timeouts = Timeouts {
        tcp: 900,
        tcp_fin: 0,
        udp: 120,
    };
    assert_eq!(config.timeouts, timeouts);
    let [master, backup] = config.sync.as_slice() else {
        panic!("{config:?}");
    };
    assert_eq!(
        (master.role, master.id, master.max_length),
        (SyncRole::Master, 7, 1400)
    );
    assert_eq!(
        (master.group, master.port, master.ttl),
        (Some([224, 0, 0, 82].into()), 8849, 2)
    );
    assert_eq!(
        (backup.role, backup.interface.as_str()),
        (SyncRole::Backup, "eth1")
    );
    assert_eq!(config.on_exit, OnExit::Remove);
}

#[test]
fn the_machines_tables() {
    only(
        "[host.sysctl]\n\"kernel.panic\" = 1\n",
        &["does not lie below net"],
    );
    only(
        "[host.sysctl]\n\"net.ipv4.ip_forward\" = 1\n",
        &["write ip_forward = true in [host]"],
    );
    only(
        "[host.sysctl]\n\"net/../kernel\" = 1\n",
        &["is no kernel parameter"],
    );
    only(
        "[host.sysctl]\n\"net.ipv4.vs.conntrack\" = [1]\n",
        &["is a number or a text of one line"],
    );
    only(
        "[sync.master]\nsyncid = 1\n",
        &["1:1: the master daemon has no interface"],
    );
    only(
        "[sync.master]\ninterface = \"a-name-that-is-too-long\"\n",
        &["1 to 15 bytes"],
    );
    only(
        "[sync.backup]\ninterface = \"eth0\"\ngroup = \"10.0.0.1\"\n",
        &["is not a multicast group"],
    );
    only(
        "[sync.backup]\ninterface = \"eth0\"\nttl = 0\n",
        &["ttl 0 is not a number from 1 to 255"],
    );
}
