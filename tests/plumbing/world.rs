//! A world for one test: a network namespace, a state directory, and what ip,
//! nft and /proc/sys say about it.

use std::collections::BTreeMap;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use lbctl::model::{HostStep, SettingStep, Step, TableStep, Vip};
use lbctl::plumbing::{Network, Plumbing, Wanted, sysctl};
use lbctl::reconcile::{self, Failure, StepError, Table};

/// A network namespace with `lo` up and a state directory.
pub struct World {
    /// The state directory.
    pub state: PathBuf,
}

impl World {
    pub fn new(name: &str) -> Self {
        Network::open().unwrap().set_up("lo").unwrap();
        Self {
            state: Path::new("/run/states").join(name),
        }
    }

    pub fn plumbing(&self) -> Plumbing {
        Plumbing::at(&self.state).unwrap()
    }

    pub fn try_add(&self, address: &str, wanted: Wanted) -> Result<(Vip, usize), String> {
        let mut plumbing = self.plumbing();
        let planned = plumbing
            .vips()
            .unwrap()
            .plan_add(ip(address), wanted)
            .map_err(|error| error.to_string())?;
        play(&mut plumbing, &planned.steps).map_err(|failure| failure.to_string())?;
        Ok((planned.vip, planned.steps.len()))
    }

    /// The VIP, and how many steps it took.
    pub fn add(&self, address: &str) -> (Vip, usize) {
        self.try_add(address, Wanted::default()).unwrap()
    }

    pub fn remove(&self, address: &str) {
        let mut plumbing = self.plumbing();
        let steps = plumbing.vips().unwrap().plan_remove(ip(address)).unwrap();
        play(&mut plumbing, &steps).unwrap();
    }

    pub fn has_record(&self) -> bool {
        self.state.join("state.json").exists()
    }
}

/// Plans here have no table steps.
struct NoTable;

impl Table for NoTable {
    fn apply(&mut self, _: &[&TableStep]) -> Result<(), Vec<(usize, StepError)>> {
        unreachable!("only host steps are played")
    }

    fn set(&mut self, _: &SettingStep) -> Result<(), StepError> {
        unreachable!("only host steps are played")
    }
}

pub fn play(plumbing: &mut Plumbing, steps: &[HostStep]) -> Result<(), Box<Failure>> {
    let steps: Vec<Step> = steps.iter().cloned().map(Step::from).collect();
    reconcile::run(&steps, &mut NoTable, plumbing)
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn numbers(vip: Vip) -> (u32, u32, u32) {
    (vip.mark, vip.table, vip.priority)
}

pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command line without quotes in it.
pub fn sh(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    run(words[0], &words[1..])
}

pub fn trimmed(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Everything that lbctl may change here, but sysctls.
pub fn machine() -> Vec<String> {
    let mut all = Vec::new();
    for line in [
        "ip rule",
        "ip -6 rule",
        "ip route show table all",
        "ip -6 route show table all",
        "nft list ruleset",
        "ip address",
    ] {
        let mut lines = trimmed(&sh(line));
        if line.contains("route") {
            lines.sort();
        }
        all.push(line.to_owned());
        all.extend(lines);
    }
    all
}

pub fn sysctls() -> BTreeMap<String, String> {
    let mut values = BTreeMap::new();
    for root in ["ipv4/conf", "ipv6/conf"] {
        let root = Path::new("/proc/sys/net").join(root);
        for interface in fs::read_dir(root).unwrap().flatten() {
            for leaf in fs::read_dir(interface.path()).unwrap().flatten() {
                // stable_secret cannot be read before it was written.
                if let Ok(value) = fs::read_to_string(leaf.path()) {
                    values.insert(leaf.path().display().to_string(), value);
                }
            }
        }
    }
    values.insert("ip_forward".to_owned(), sysctl_value("net.ipv4.ip_forward"));
    values
}

pub fn sysctl_value(name: &str) -> String {
    sysctl::read(name).unwrap().unwrap()
}

/// Waits until the kernel has noticed that these interfaces have a carrier: what it
/// adds then would look like a change, and what is sent before is lost.
pub fn settled(interfaces: &[&str]) {
    let begin = Instant::now();
    let is_up = |name: &&str| {
        let routes = sh("ip -6 route show table all");
        let route = format!("multicast ff00::/8 dev {name} ");
        routes.lines().any(|line| line.starts_with(&route))
            && sh(&format!("ip link show {name}")).contains("state UP")
    };
    let mut before = Vec::new();
    loop {
        let now = machine();
        let text = now.join("\n");
        let done = !["tentative", "linkdown", "NO-CARRIER"]
            .iter()
            .any(|word| text.contains(word));
        if done && now == before && interfaces.iter().all(is_up) {
            return;
        }
        before = now;
        assert!(begin.elapsed() < Duration::from_mins(1), "{text}");
    }
}

/// Rules, routes and tables that others may have.
pub fn furnish() {
    for line in [
        "ip link add d0 type veth peer name d1",
        "ip addr add 10.1.0.1/24 dev d0",
        "ip rule add fwmark 5 lookup 500 priority 300",
        "ip rule add fwmark 1 iif lo lookup 501 priority 301",
        "ip rule add from 10.0.0.0/8 lookup 77 priority 100",
        "ip -6 rule add from 2001:db8:5::/48 lookup 77 priority 100",
        "ip route add local 10.9.9.9 dev lo table 100",
        "ip route add blackhole 10.8.0.0/16 table 300",
        "ip -6 route add local 2001:db8::9 dev lo table 100",
        "nft add table inet other",
        "nft add table ip lbctl",
        "nft add set ip lbctl vip4 { type ipv4_addr; }",
        "nft add chain inet other prerouting { type filter hook prerouting priority -150; }",
    ] {
        sh(line);
    }
}
