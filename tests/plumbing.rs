//! Plumbing against a real kernel: what lbctl does is compared with what ip,
//! nft and /proc/sys say. Each test has a network namespace and a state
//! directory of its own; all of it happens in a user and mount namespace that
//! this program makes for itself, so that nothing touches the machine.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use lbctl::model::{Family, HostStep, LocalRoute, Step, TableStep, Vip};
use lbctl::plumbing::{
    Namespace, Network, Part, Place, Plumbing, Via, VipState, Wanted, forwarding, look, route,
    sysctl,
};
use lbctl::reconcile::{self, Failure, StepError, Table};
use libtest_mimic::{Arguments, Trial};

/// Set inside the namespaces.
const INSIDE: &str = "LBCTL_TEST_INSIDE";
const SEED: u64 = 20_261_123;

type Test = fn(&World);

const TESTS: &[(&str, Test)] = &[
    ("one_vip_makes_exactly_this", one_vip_makes_exactly_this),
    ("ipv6_has_its_own_rule_and_table", ipv6_has_its_own),
    ("twice_is_once", twice_is_once),
    ("two_vips_share_a_rule", two_vips_share_a_rule),
    ("the_last_one_leaves_no_trace", the_last_one_leaves_no_trace),
    ("what_does_the_job_already_stays", what_does_the_job_stays),
    ("numbers_of_others_are_passed_over", numbers_of_others),
    ("a_table_that_is_not_ours_is_left_alone", foreign_table),
    ("a_broken_vip_is_mended", a_broken_vip_is_mended),
    ("a_refused_step_undoes_the_plan", a_refused_step),
    ("forwarding_is_put_back_exactly", forwarding_is_put_back),
    ("a_damaged_record_is_set_aside", a_damaged_record),
    ("a_reboot_is_survived", a_reboot_is_survived),
    ("big_tables_and_many_routes", big_tables_and_many_routes),
    ("refusals_have_a_reason", refusals_have_a_reason),
    ("many_at_once_do_not_mix", many_at_once),
    ("random_sequences_leave_no_trace", random_sequences),
    ("packets_for_the_vip_arrive", packets_arrive),
    ("namespaces_have_names", namespaces_have_names),
    ("interfaces_are_made_and_listed", interfaces),
];

fn main() -> ExitCode {
    if env::var_os(INSIDE).is_none() {
        let exe = env::current_exe().expect("own path");
        let probe = Command::new("unshare").args(["-rnm", "true"]).output();
        match probe {
            Ok(output) if output.status.success() => {
                let status = Command::new("unshare")
                    .arg("-rnm")
                    .arg(exe)
                    .args(env::args_os().skip(1))
                    .env(INSIDE, "1")
                    .status()
                    .expect("unshare ran a moment ago");
                return ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1));
            }
            Ok(output) => eprintln!(
                "plumbing: all ignored, no namespaces here: {}",
                String::from_utf8_lossy(&output.stderr).trim()
            ),
            Err(error) => eprintln!("plumbing: all ignored, cannot run unshare: {error}"),
        }
        let ignored = TESTS
            .iter()
            .map(|(name, _)| Trial::test(*name, || Ok(())).with_ignored_flag(true));
        return libtest_mimic::run(&Arguments::from_args(), ignored.collect()).exit_code();
    }
    // /run/netns and the state directories, in memory and gone at the end.
    run("mount", &["-t", "tmpfs", "tmpfs", "/run"]);
    for tool in ["ip", "nft"] {
        assert!(
            Command::new(tool).arg("-V").output().is_ok(),
            "{tool} is not installed; these tests compare with it"
        );
    }
    println!("seed {SEED}");
    let trials = TESTS.iter().map(|(name, test)| {
        Trial::test(*name, move || {
            let namespace = Namespace::anonymous()?;
            Ok(namespace.run(|| test(&World::new(name)))?)
        })
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

/// A network namespace with `lo` up and a state directory.
struct World {
    state: PathBuf,
}

impl World {
    fn new(name: &str) -> Self {
        Network::open().unwrap().set_up("lo").unwrap();
        Self {
            state: Path::new("/run/states").join(name),
        }
    }

    fn plumbing(&self) -> Plumbing {
        Plumbing::at(&self.state).unwrap()
    }

    fn try_add(&self, address: &str, wanted: Wanted) -> Result<(Vip, usize), String> {
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
    fn add(&self, address: &str) -> (Vip, usize) {
        self.try_add(address, Wanted::default()).unwrap()
    }

    fn remove(&self, address: &str) {
        let mut plumbing = self.plumbing();
        let steps = plumbing.vips().unwrap().plan_remove(ip(address)).unwrap();
        play(&mut plumbing, &steps).unwrap();
    }

    fn has_record(&self) -> bool {
        self.state.join("state.json").exists()
    }
}

/// Plans here have no table steps.
struct NoTable;

impl Table for NoTable {
    fn apply(&mut self, _: &[TableStep]) -> Result<(), Vec<(usize, StepError)>> {
        unreachable!("only host steps are played")
    }
}

fn play(plumbing: &mut Plumbing, steps: &[HostStep]) -> Result<(), Box<Failure>> {
    let steps: Vec<Step> = steps.iter().cloned().map(Step::Host).collect();
    reconcile::run(&steps, &mut NoTable, plumbing)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn numbers(vip: Vip) -> (u32, u32, u32) {
    (vip.mark, vip.table, vip.priority)
}

fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Runs a command line without quotes in it.
fn sh(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    run(words[0], &words[1..])
}

fn trimmed(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_owned()).collect()
}

/// Everything that lbctl may change here, but sysctls.
fn machine() -> Vec<String> {
    let mut all = Vec::new();
    for line in [
        "ip rule",
        "ip -6 rule",
        "ip route show table all",
        "ip -6 route show table all",
        "nft list ruleset",
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

fn sysctls() -> BTreeMap<String, String> {
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

fn sysctl_value(name: &str) -> String {
    sysctl::read(name).unwrap().unwrap()
}

fn one_vip_makes_exactly_this(world: &World) {
    let (vip, steps) = world.add("192.168.100.100");
    assert_eq!((numbers(vip), steps), ((1, 100, 100), 3));
    assert_eq!(
        sh("ip rule"),
        "0:\tfrom all lookup local\n100:\tfrom all fwmark 0x1 lookup 100 proto 76\n\
         32766:\tfrom all lookup main\n32767:\tfrom all lookup default\n"
    );
    assert_eq!(
        sh("ip route show table 100").trim_end(),
        "local 192.168.100.100 dev lo proto 76 scope host"
    );
    assert_eq!(
        sh("nft list ruleset"),
        "table inet lbctl {
\tmap vip4 {
\t\ttype ipv4_addr : mark
\t\telements = { 192.168.100.100 : 0x00000001 }
\t}

\tmap vip6 {
\t\ttype ipv6_addr : mark
\t}

\tchain prerouting {
\t\ttype filter hook prerouting priority mangle; policy accept;
\t\tmeta mark set ip daddr map @vip4
\t\tmeta mark set ip6 daddr map @vip6
\t}

\tchain output {
\t\ttype route hook output priority mangle; policy accept;
\t\tmeta mark set ip daddr map @vip4
\t\tmeta mark set ip6 daddr map @vip6
\t}
}
"
    );
    // What nft writes of it and reads again is still ours.
    let file = world.state.join("ruleset");
    fs::write(&file, sh("nft list ruleset")).unwrap();
    sh("nft flush ruleset");
    run("nft", &["-f", file.to_str().unwrap()]);
    assert_eq!(world.add("192.168.100.100").1, 0);
    let json = sh("ip -j rule");
    assert!(
        json.contains(r#""fwmark":"0x1","table":"100","protocol":"76""#),
        "{json}"
    );
}

fn ipv6_has_its_own(world: &World) {
    let before = machine();
    let (vip, steps) = world.add("2001:db8::100");
    assert_eq!((numbers(vip), steps), ((1, 100, 100), 3));
    assert!(sh("ip -6 rule").contains("100:\tfrom all fwmark 0x1 lookup 100 proto 76\n"));
    assert!(!sh("ip rule").contains("fwmark"));
    let routes = sh("ip -6 route show table 100");
    assert!(
        routes.starts_with("local 2001:db8::100 dev lo proto 76"),
        "{routes}"
    );
    assert!(sh("nft list map inet lbctl vip6").contains("{ 2001:db8::100 : 0x00000001 }"));
    assert_eq!(world.add("2001:db8::100").1, 0);
    world.remove("2001:db8::100");
    assert_eq!(machine(), before);
}

fn twice_is_once(world: &World) {
    let (first, _) = world.add("192.0.2.1");
    let after = machine();
    assert_eq!(world.add("192.0.2.1"), (first, 0));
    // Steps that were done already do no harm when they are run again.
    let mut plumbing = world.plumbing();
    let vip = first;
    let again = [
        HostStep::AddMark { vip, first: true },
        HostStep::AddRoute(LocalRoute {
            address: vip.address,
            table: 100,
        }),
    ];
    play(&mut plumbing, &again).unwrap();
    assert_eq!(machine(), after);
    let (vips, warning) = look(&world.state).unwrap();
    assert!(warning.is_none());
    let listed = vips.list();
    assert_eq!(listed.len(), 1);
    assert!(listed[0].is_complete() && listed[0].vip == vip);
}

fn two_vips_share_a_rule(world: &World) {
    let before = machine();
    world.add("192.0.2.1");
    let with_first = machine();
    let (second, steps) = world.add("192.0.2.2");
    assert_eq!((numbers(second), steps), ((1, 100, 100), 2));
    world.remove("192.0.2.2");
    assert_eq!(machine(), with_first);
    let other = Wanted {
        mark: Some(7),
        ..Wanted::default()
    };
    let (third, _) = world.try_add("192.0.2.3", other).unwrap();
    assert_eq!(numbers(third), (7, 100, 101));
    world.remove("192.0.2.1");
    assert_eq!(sh("ip rule").matches("proto 76").count(), 1);
    assert_eq!(sh("ip route show table 100").lines().count(), 1);
    assert!(sh("nft list ruleset").contains("{ 192.0.2.3 : 0x00000007 }"));
    world.remove("192.0.2.3");
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

/// Rules, routes and tables that others may have.
fn furnish() {
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

fn the_last_one_leaves_no_trace(world: &World) {
    furnish();
    let before = machine();
    assert_eq!(numbers(world.add("192.0.2.1").0), (2, 101, 101));
    assert_eq!(numbers(world.add("2001:db8::1").0), (2, 101, 101));
    world.add("192.0.2.2");
    assert_ne!(machine(), before);
    assert!(world.has_record());
    for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1"] {
        world.remove(address);
    }
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

fn what_does_the_job_stays(world: &World) {
    sh("ip rule add fwmark 1 lookup 100 priority 90");
    sh("ip route add local 192.0.2.1 dev lo table 100");
    let before = machine();
    let (vip, steps) = world.add("192.0.2.1");
    assert_eq!((numbers(vip), steps), ((1, 100, 90), 1));
    let state = look(&world.state).unwrap().0.list()[0];
    assert_eq!(
        (state.mark, state.rule, state.route),
        (Part::Ours, Part::Foreign, Part::Foreign)
    );
    // Told to make them all the same, the kernel's EEXIST counts as done.
    let rule = lbctl::model::PolicyRule {
        family: Family::Ipv4,
        priority: 90,
        mark: 1,
        table: 100,
    };
    let route = LocalRoute {
        address: ip("192.0.2.1"),
        table: 100,
    };
    let mut plumbing = world.plumbing();
    play(
        &mut plumbing,
        &[HostStep::AddRule(rule), HostStep::AddRoute(route)],
    )
    .unwrap();
    play(
        &mut plumbing,
        &[HostStep::RemoveRule(rule), HostStep::RemoveRoute(route)],
    )
    .unwrap();
    drop(plumbing);
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
    assert!(!world.has_record());
}

fn numbers_of_others(world: &World) {
    sh("ip rule add fwmark 0x1/0xff lookup 200 priority 100");
    sh("ip route add unreachable default table 100");
    assert_eq!(numbers(world.add("192.0.2.1").0), (2, 101, 101));
    let ask = |mark, table, priority| {
        let wanted = Wanted {
            mark,
            table,
            priority,
        };
        world.try_add("192.0.2.2", wanted).unwrap_err()
    };
    assert!(ask(Some(0x101), None, None).contains("mark 257 is in use by the rule"));
    assert!(ask(None, Some(100), None).contains("table 100 is in use by a route to 0.0.0.0/0"));
    assert!(ask(None, None, Some(100)).contains("priority 100 is in use by another rule"));
    assert!(ask(None, Some(200), None).contains("table 200 is in use by the rule"));
}

fn foreign_table(world: &World) {
    for extra in [
        "nft add table inet lbctl",
        "nft add map inet lbctl vip4 { type ipv4_addr : mark; }",
        "nft add map inet lbctl vip6 { type ipv6_addr : mark; }",
        "nft add chain inet lbctl prerouting { type filter hook prerouting priority mangle; }",
        "nft add chain inet lbctl output { type route hook output priority mangle; }",
    ] {
        sh(extra);
        let before = machine();
        let error = Plumbing::at(&world.state).unwrap().vips().unwrap_err();
        assert!(
            error.to_string().contains("nft delete table inet lbctl"),
            "{error}"
        );
        assert_eq!(machine(), before);
    }
    sh("nft delete table inet lbctl");
    world.add("192.0.2.1");
    sh("nft add rule inet lbctl output counter");
    let mut plumbing = world.plumbing();
    let error = plumbing.vips().unwrap_err().to_string();
    assert!(
        error.contains("the rules in its chain 'output' differ"),
        "{error}"
    );
}

fn a_broken_vip_is_mended(world: &World) {
    world.add("192.0.2.1");
    let whole = machine();
    for (damage, steps) in [
        ("ip rule del fwmark 1", 1),
        ("ip route flush table 100", 1),
        ("nft flush ruleset", 1),
        ("nft delete element inet lbctl vip4 { 192.0.2.1 }", 1),
    ] {
        sh(damage);
        let listed = look(&world.state).unwrap().0.list();
        assert!(!listed[0].is_complete(), "{damage}");
        let mut plumbing = world.plumbing();
        let plan = plumbing.vips().unwrap().plan_repair().unwrap();
        assert_eq!(plan.len(), steps, "{damage}: {plan:?}");
        play(&mut plumbing, &plan).unwrap();
        assert_eq!(machine(), whole, "{damage}");
    }
    // Another mark than the recorded one.
    sh("nft delete element inet lbctl vip4 { 192.0.2.1 }");
    sh("nft add element inet lbctl vip4 { 192.0.2.1 : 9 }");
    assert_eq!(world.add("192.0.2.1").1, 1);
    assert_eq!(machine(), whole);
}

fn a_refused_step(world: &World) {
    furnish();
    world.add("192.0.2.9");
    let (before, sysctls_before) = (machine(), sysctls());
    let record = fs::read_to_string(world.state.join("state.json")).unwrap();
    let mut plumbing = world.plumbing();
    let mut vips = plumbing.vips().unwrap();
    let mut steps = forwarding::plan(Family::Ipv4, true).unwrap();
    for address in ["192.0.2.1", "2001:db8::1"] {
        let planned = vips.plan_add(ip(address), Wanted::default()).unwrap();
        steps.extend(planned.steps);
    }
    steps.push(HostStep::SetSysctl {
        name: "net.ipv4.no_such_thing".to_owned(),
        before: "0".to_owned(),
        after: "1".to_owned(),
    });
    let failure = play(&mut plumbing, &steps).unwrap_err();
    assert!(failure.left.is_empty(), "{failure}");
    assert!(
        failure
            .to_string()
            .starts_with("cannot set net.ipv4.no_such_thing to 1: No such")
    );
    assert_eq!(machine(), before);
    assert_eq!(sysctls(), sysctls_before);
    let after = fs::read_to_string(world.state.join("state.json")).unwrap();
    assert_eq!(after, record);
}

fn forwarding_is_put_back(world: &World) {
    sh("ip link add v0 type veth peer name v1");
    for (name, value) in [
        ("net.ipv4.ip_forward", "0"),
        ("net.ipv6.conf.all.forwarding", "0"),
        ("net/ipv4/conf/v0/forwarding", "1"),
        ("net/ipv4/conf/all/accept_redirects", "1"),
        ("net/ipv6/conf/v1/forwarding", "1"),
        ("net/ipv6/conf/default/forwarding", "1"),
    ] {
        sysctl::write(name, value).unwrap();
    }
    let before = sysctls();
    for family in [Family::Ipv4, Family::Ipv6] {
        let mut plumbing = world.plumbing();
        assert_eq!(forwarding::inspect(family).unwrap(), Some(false));
        let plan = forwarding::plan(family, true).unwrap();
        assert_eq!(plan.len(), 1);
        play(&mut plumbing, &plan).unwrap();
        assert_eq!(forwarding::inspect(family).unwrap(), Some(true));
        assert!(forwarding::plan(family, true).unwrap().is_empty());
    }
    assert_eq!(sysctl_value("net/ipv4/conf/v1/forwarding"), "1");
    assert_eq!(sysctl_value("net/ipv4/conf/all/accept_redirects"), "0");
    assert_eq!(world.plumbing().record().sysctls.len(), 2);
    let mut plumbing = world.plumbing();
    let back = forwarding::plan(Family::Ipv4, false).unwrap();
    play(&mut plumbing, &back).unwrap();
    let rest = plumbing.plan_parameters_back().unwrap();
    assert_eq!(rest.len(), 1);
    play(&mut plumbing, &rest).unwrap();
    assert_eq!(sysctls(), before);
    assert!(!world.has_record());
    assert_eq!(
        forwarding::advertised_defaults().unwrap(),
        Vec::<String>::new()
    );
}

fn a_damaged_record(world: &World) {
    let before = machine();
    world.add("192.0.2.1");
    let file = world.state.join("state.json");
    for (number, damage) in ["{", "{\"version\": 99}"].iter().enumerate() {
        fs::write(&file, damage).unwrap();
        let plumbing = world.plumbing();
        let warning = plumbing.warning().unwrap().to_string();
        let kept = format!("state.json.damaged-{}", number + 1);
        assert!(warning.contains(&kept), "{warning}");
        assert_eq!(fs::read_to_string(world.state.join(kept)).unwrap(), *damage);
        assert!(plumbing.record().is_empty());
    }
    // The kernel still knows the VIP; marking it again writes the record anew.
    assert_eq!(world.add("192.0.2.1").1, 1);
    assert!(world.has_record());
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
}

fn a_reboot_is_survived(world: &World) {
    world.add("192.0.2.1");
    world.add("2001:db8::1");
    let with = machine();
    // Another namespace is as empty as this one after a reboot.
    let rebooted = Namespace::anonymous().unwrap();
    rebooted
        .run(|| {
            Network::open().unwrap().set_up("lo").unwrap();
            let before = machine();
            let mut plumbing = world.plumbing();
            let plan = plumbing.vips().unwrap().plan_repair().unwrap();
            play(&mut plumbing, &plan).unwrap();
            assert_eq!(machine(), with);
            let plan = plumbing.vips().unwrap().plan_remove_all().unwrap();
            play(&mut plumbing, &plan).unwrap();
            assert_eq!(machine(), before);
        })
        .unwrap();
    assert!(!world.has_record());
}

fn big_tables_and_many_routes(world: &World) {
    let batch: String = (0..3000)
        .map(|n| {
            format!(
                "route add local 10.0.{}.{} dev lo table 7000\n",
                n / 250,
                n % 250 + 1
            )
        })
        .chain((0..300).map(|n| format!("rule add from 10.0.0.{} lookup 7000\n", n % 250 + 1)))
        .collect();
    fs::create_dir_all(&world.state).unwrap();
    let file = world.state.join("batch");
    fs::write(&file, batch).unwrap();
    let _ = Command::new("ip")
        .args(["-force", "-batch"])
        .arg(&file)
        .output();
    let before = machine();
    let wanted = Wanted {
        mark: Some(u32::MAX),
        table: Some(u32::MAX),
        priority: Some(32765),
    };
    world.try_add("192.0.2.1", wanted).unwrap_err();
    let wanted = Wanted {
        priority: Some(9),
        ..wanted
    };
    world.try_add("192.0.2.1", wanted).unwrap();
    assert!(sh("ip rule").contains("9:\tfrom all fwmark 0xffffffff lookup 4294967295"));
    let routes = look(&world.state).unwrap().0.routes;
    assert!(routes.iter().filter(|route| route.table == 7000).count() > 2900);
    assert!(routes.iter().any(|route| route.table == route::TABLE_LOCAL));
    world.remove("192.0.2.1");
    assert_eq!(machine(), before);
}

fn refusals_have_a_reason(world: &World) {
    sh("ip link add d0 type veth peer name d1");
    sh("ip addr add 10.1.0.1/24 brd + dev d0");
    sh("ip link set d0 up");
    let before = machine();
    for (address, part) in [
        ("127.0.0.1", "loopback"),
        ("224.0.0.1", "multicast"),
        ("10.1.0.255", "broadcast address of a network"),
        ("::", "unspecified"),
    ] {
        let error = world.try_add(address, Wanted::default()).unwrap_err();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(machine(), before);
    let mut vips = world.plumbing().vips().unwrap();
    assert!(vips.plan_remove(ip("192.0.2.1")).is_err());
    let planned = vips.plan_add(ip("10.1.0.1"), Wanted::default()).unwrap();
    assert!(planned.notes[0].to_string().contains("not needed"));
    assert_eq!(
        vips.plan_add(ip("10.1.0.2"), Wanted::default())
            .unwrap()
            .notes,
        []
    );
    // lo down: the kernel refuses an IPv6 route over it, and all is undone.
    sh("ip link set lo down");
    let before = machine();
    let error = world.try_add("2001:db8::1", Wanted::default()).unwrap_err();
    assert!(error.contains("ip link set lo up"), "{error}");
    assert_eq!(machine(), before);
}

fn many_at_once(world: &World) {
    let before = machine();
    // Another program changes the ruleset all the time; that is none of ours,
    // but the kernel counts it.
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                sh("nft add table inet other");
                sh("nft delete table inet other");
            }
        });
        let workers: Vec<_> = (0..4)
            .map(|worker| {
                scope.spawn(move || {
                    for number in 0..5 {
                        world.add(&format!("192.0.2.{}", 10 * worker + number));
                    }
                    world.remove(&format!("192.0.2.{}", 10 * worker));
                })
            })
            .collect();
        for worker in workers {
            worker.join().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        other.join().unwrap();
    });
    let (vips, _) = look(&world.state).unwrap();
    assert_eq!(vips.list().len(), 16);
    assert!(vips.list().iter().all(VipState::is_complete));
    assert_eq!(sh("ip rule").matches("proto 76").count(), 1);
    let mut plumbing = world.plumbing();
    let plan = plumbing.vips().unwrap().plan_remove_all().unwrap();
    play(&mut plumbing, &plan).unwrap();
    assert_eq!(machine(), before);
}

fn random_sequences(world: &World) {
    furnish();
    let before = machine();
    let mut state = SEED;
    let mut random = move |below: u64| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    for sequence in 0..200 {
        let mut there: Vec<String> = Vec::new();
        for _ in 0..=random(6) {
            if !there.is_empty() && random(3) == 0 {
                let at = usize::try_from(random(there.len() as u64)).unwrap();
                world.remove(&there.swap_remove(at));
                continue;
            }
            let address = match random(2) {
                0 => format!("203.0.113.{}", random(8)),
                _ => format!("2001:db8:7::{:x}", 1 + random(8)),
            };
            let mark = (random(4) == 0).then(|| u32::try_from(10 + random(3)).unwrap());
            let wanted = Wanted {
                mark,
                ..Wanted::default()
            };
            // There already with another mark: an error, and nothing is changed.
            if world.try_add(&address, wanted).is_ok() && !there.contains(&address) {
                there.push(address);
            }
        }
        let (vips, _) = look(&world.state).unwrap();
        let listed = vips.list();
        assert_eq!(listed.len(), there.len(), "sequence {sequence}");
        assert!(
            listed.iter().all(VipState::is_complete),
            "sequence {sequence}"
        );
        for address in there {
            world.remove(&address);
        }
        assert_eq!(machine(), before, "sequence {sequence}");
        assert!(!world.has_record(), "sequence {sequence}");
    }
}

fn packets_arrive(world: &World) {
    let client = Namespace::anonymous().unwrap();
    let mut network = Network::open().unwrap();
    network.add_veth("inside", "eth0", Some(&client)).unwrap();
    network.set_up("inside").unwrap();
    network
        .add_address("inside", ip("192.168.10.1"), 24)
        .unwrap();
    network
        .add_address("inside", ip("2001:db8:10::1"), 64)
        .unwrap();
    client
        .run(|| {
            let mut network = Network::open().unwrap();
            network.set_up("lo").unwrap();
            network.set_up("eth0").unwrap();
            network
                .add_address("eth0", ip("192.168.10.10"), 24)
                .unwrap();
            network
                .add_address("eth0", ip("2001:db8:10::10"), 64)
                .unwrap();
            let gateway = Via::Gateway(ip("192.168.10.1"));
            network.add_route(ip("192.168.100.0"), 24, gateway).unwrap();
            let gateway = Via::Gateway(ip("2001:db8:10::1"));
            network
                .add_route(ip("2001:db8:100::"), 64, gateway)
                .unwrap();
        })
        .unwrap();
    // For a client on the director: some way to the VIP, which the mark changes.
    network
        .add_route(ip("0.0.0.0"), 0, Via::Interface("inside"))
        .unwrap();
    for (vip, any) in [("192.168.100.100", "0.0.0.0"), ("2001:db8:100::100", "::")] {
        let socket = UdpSocket::bind((ip(any), 4000)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let mut buffer = [0; 16];
        let send = |text: &str| {
            let sender = UdpSocket::bind((ip(any), 0)).unwrap();
            sender.send_to(text.as_bytes(), (ip(vip), 4000)).unwrap();
        };
        client.run(|| send("lost")).unwrap();
        assert!(socket.recv(&mut buffer).is_err(), "{vip} before");
        let (planned, _) = world.add(vip);
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        client.run(|| send("client")).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"client", "{vip}");
        let way = network
            .way_to(ip(vip), Some(planned.mark))
            .unwrap()
            .unwrap();
        assert_eq!(way.kind, route::RouteKind::Local);
        if Family::of(ip(vip)) == Family::Ipv4 {
            send("director");
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"director", "{vip}");
            let way = network.way_to(ip(vip), None).unwrap().unwrap();
            assert_eq!(way.device, Some(network.index("inside").unwrap()));
        }
    }
}

fn namespaces_have_names(_: &World) {
    let blue = Namespace::create("lbctl-blue").unwrap();
    assert!(Namespace::create("lbctl-blue").is_err());
    assert!(sh("ip netns list").contains("lbctl-blue"));
    let place = blue.run(|| Place::here().unwrap()).unwrap();
    assert_eq!(place, Place::Named("lbctl-blue".into()));
    sh("ip netns add lbctl-green");
    let green = Namespace::named("lbctl-green").unwrap();
    green.run(|| sh("ip link add g0 type veth")).unwrap();
    assert!(sh("ip -n lbctl-green link").contains("g0"));
    let error = Namespace::named("lbctl-red").unwrap_err().to_string();
    assert!(error.contains("lbctl-blue and lbctl-green"), "{error}");
    Namespace::delete("lbctl-blue").unwrap();
    Namespace::delete("lbctl-green").unwrap();
    assert!(Namespace::delete("lbctl-blue").is_err());
    assert!(Namespace::names().unwrap().is_empty());
}

fn interfaces(_: &World) {
    let mut network = Network::open().unwrap();
    network.add_veth("a", "b", None).unwrap();
    network.add_bridge("br0").unwrap();
    network.set_bridge("a", "br0").unwrap();
    network.rename("b", "outside").unwrap();
    network.set_up("br0").unwrap();
    network.add_address("br0", ip("10.7.0.1"), 16).unwrap();
    network.add_address("br0", ip("2001:db8:7::1"), 64).unwrap();
    let all = network.interfaces().unwrap();
    let named = |name: &str| all.iter().find(|interface| interface.name == name).unwrap();
    assert!(named("br0").up && !named("outside").up);
    assert_eq!(named("br0").index, network.index("br0").unwrap());
    let addresses = &named("br0").addresses;
    assert!(addresses.contains(&(ip("10.7.0.1"), 16)));
    assert!(addresses.contains(&(ip("2001:db8:7::1"), 64)));
    assert!(sh("ip link show master br0").contains(": a@outside"));
    let way = network.way_to(ip("10.7.1.1"), None).unwrap().unwrap();
    assert_eq!((way.gateway, way.source), (None, Some(ip("10.7.0.1"))));
    assert_eq!(network.way_to(ip("192.0.2.1"), None).unwrap(), None);
    network.remove("a").unwrap();
    assert!(network.index("outside").is_err());
    let error = network.set_up("a-name-that-is-too-long").unwrap_err();
    assert!(error.to_string().contains("no such interface"), "{error}");
}
