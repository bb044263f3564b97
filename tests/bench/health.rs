//! Health checks beside keepalived's: what a check costs in processor time, what a
//! hundred servers cost in memory, and how soon a dead server gets nothing more.

use std::fmt::Write as _;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use super::Bench;
use super::lab::{self, Namespace};
use super::measure::{self, Reach, Row};
use super::target::Target;

pub const BENCH: Bench = ("health", health);

/// Servers that are each checked once a second: as many as an emulated machine can
/// serve and check at once, whoever checks.
const MANY: u16 = 300;
/// Checks over which processor time is counted.
const CHECKS: u64 = 3000;
const RUNS: usize = 3;
const FEW: u16 = 100;
const DEATHS: usize = 7;
const PORT: u16 = 8080;
/// Servers that share a few targets: so many services of one server each per target.
const SERVICES: u16 = 1250;
const SHARED: u16 = 8;

/// The number of a server is in its address.
fn server(number: u16) -> Ipv4Addr {
    let [high, low] = (number + 1).to_be_bytes();
    Ipv4Addr::new(10, 20, high, low)
}

/// A director and the machine behind it, which has all addresses of 10.20.0.0/16.
struct Pair {
    director: Namespace,
    behind: Namespace,
}

impl Pair {
    fn new(name: &str) -> Self {
        let pair = Self {
            director: Namespace::new(&format!("{name}-director")),
            behind: Namespace::new(&format!("{name}-behind")),
        };
        let batch = |namespace: &Namespace, commands: &str| {
            namespace.run_with(["ip", "-batch", "-"], commands).ok();
        };
        batch(
            &pair.behind,
            &format!(
                "link add eth0 type veth peer name inside netns {}\n\
                 address add 10.19.0.2/24 dev eth0\nlink set eth0 up\n\
                 route add local 10.20.0.0/16 dev lo\n",
                pair.director.name
            ),
        );
        batch(
            &pair.director,
            "address add 10.19.0.1/24 dev inside\nlink set inside up\n\
             route add 10.20.0.0/16 via 10.19.0.2\n",
        );
        pair
    }

    fn everywhere(&self) -> Target {
        Target::start(&self.behind, (Ipv4Addr::UNSPECIFIED, PORT).into())
    }

    /// Weights of the servers in the table, in its order.
    fn weights(&self) -> Vec<u32> {
        let path = "/proc/thread-self/net/ip_vs";
        let table = self.director.enter(|| fs::read_to_string(path)).unwrap();
        let servers = table.lines().filter(|line| line.starts_with("  -> "));
        servers
            .filter_map(|line| line.split_whitespace().nth(3)?.parse().ok())
            .collect()
    }

    /// Nothing tells when the table changes: it is looked at again and again, with
    /// pauses that leave the processor to those who are measured.
    fn wait_for(&self, is_so: impl Fn(&[u32]) -> bool) {
        while !is_so(&self.weights()) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Keepalived,
    Lbctl,
}

/// A program that checks, with its file; gone when dropped, and its table with it.
struct Checker<'a> {
    pair: &'a Pair,
    child: Child,
    file: PathBuf,
}

impl<'a> Checker<'a> {
    /// Starts it with one service of so many servers, each checked once a second.
    fn start(pair: &'a Pair, way: Way, servers: u16) -> Self {
        let text = match way {
            Way::Keepalived => keepalived(servers),
            Way::Lbctl => service(80, (0..servers).map(server)),
        };
        Self::with(pair, way, &text)
    }

    fn with(pair: &'a Pair, way: Way, text: &str) -> Self {
        let name = &pair.director.name;
        let file = PathBuf::from(format!("/tmp/lbctl-bench-{name}"));
        fs::write(&file, text).unwrap();
        let mut command = match way {
            Way::Keepalived => {
                let mut command = Command::new(measure::find("keepalived"));
                // In the foreground, and only what checks of it.
                command.args(["--dont-fork", "--check", "--use-file"]);
                command.arg(&file);
                for (option, process) in [("--pid", "parent"), ("--checkers_pid", "checker")] {
                    command.arg(format!("{option}=/tmp/lbctl-bench-{name}.{process}"));
                }
                command
            }
            Way::Lbctl => {
                let mut command = Command::new(lab::lbctl());
                command.arg("run").arg(&file);
                command
            }
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = pair.director.enter(|| command.spawn()).unwrap();
        Self { pair, child, file }
    }

    /// Its processes: itself and its children.
    fn processes(&self) -> Vec<u32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let children = children.split_whitespace().map(|id| id.parse().unwrap());
        std::iter::once(id).chain(children).collect()
    }

    /// Processor time so far of all its processes, in microseconds.
    fn processor_time(&self) -> f64 {
        let ticks: u32 = (self.processes().iter())
            .map(|id| {
                let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
                // proc(5): utime and stime are fields 14 and 15; behind the name,
                // which may hold spaces, comes field 3.
                let (_, behind) = stat.rsplit_once(')').unwrap();
                let fields = behind.split_whitespace().skip(11).take(2);
                fields.map(|text| text.parse::<u32>().unwrap()).sum::<u32>()
            })
            .sum();
        let hertz = sysconf(SysconfVar::CLK_TCK).unwrap().unwrap();
        f64::from(ticks) * 1e6 / f64::from(u32::try_from(hertz).unwrap())
    }

    /// Resident kilobytes of all its processes by this count of the kernel's.
    fn memory(&self, count: &str) -> f64 {
        (self.processes().iter())
            .map(|id| {
                let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap();
                let line = text.lines().find_map(|line| line.strip_prefix(count));
                let number = line.and_then(|line| line.split_whitespace().next());
                number.unwrap().parse::<f64>().unwrap()
            })
            .sum()
    }
}

impl Drop for Checker<'_> {
    fn drop(&mut self) {
        let id = i32::try_from(self.child.id()).unwrap();
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
        self.pair.director.line("ipvsadm -C");
    }
}

fn keepalived(servers: u16) -> String {
    let mut text = "virtual_server 192.0.2.1 80 {\n delay_loop 1\n lb_algo rr\n lb_kind NAT\n \
         protocol TCP\n inhibit_on_failure\n"
        .to_owned();
    for number in 0..servers {
        let _ = write!(
            text,
            " real_server {} {PORT} {{\n  weight 1\n  HTTP_GET {{\n   \
             url {{\n    path /\n    status_code 200\n   }}\n   \
             connect_timeout 3\n   retry 0\n  }}\n }}\n",
            server(number)
        );
    }
    text + "}\n"
}

fn service(port: u16, servers: impl Iterator<Item = Ipv4Addr>) -> String {
    let mut text = format!(
        "[[virtual_server]]\nlisten = \"192.0.2.1:{port}\"\nprotocol = \"tcp\"\n\
         scheduler = \"rr\"\nmethod = \"nat\"\nvip = \"none\"\n\n[virtual_server.check]\n\
         type = \"http\"\npath = \"/\"\nstatus = [200]\ninterval = \"1s\"\nfall = 1\n\n"
    );
    for address in servers {
        let _ = write!(
            text,
            "[[virtual_server.real_server]]\naddress = \"{address}:{PORT}\"\nweight = 1\n\n"
        );
    }
    text
}

const WAYS: [Way; 2] = [Way::Keepalived, Way::Lbctl];
const A: &str = "keepalived HTTP_GET";
const B: &str = "lbctl run";

fn health() {
    processor_time();
    memory();
    failover();
    shared_targets();
}

fn processor_time() {
    let pair = Pair::new("bench-cpu");
    let target = pair.everywhere();
    let mut rates: [Vec<f64>; 2] = Default::default();
    let [a, b] = measure::in_turn(RUNS, WAYS, |way| {
        let checker = Checker::start(&pair, way, MANY);
        // What starting costs is not what is measured.
        target.wait_for(2 * u64::from(MANY));
        let (before, begin) = (checker.processor_time(), Instant::now());
        target.wait_for(CHECKS);
        let (after, took) = (checker.processor_time(), begin.elapsed());
        #[allow(clippy::cast_precision_loss, reason = "a few thousand")]
        let checks = CHECKS as f64;
        rates[usize::from(way == Way::Lbctl)].push(checks / took.as_secs_f64());
        (after - before) / checks
    });
    Row {
        what: &format!(
            "{MANY} servers, an HTTP check of each every second: processor time per check, us"
        ),
        a: (A, &a),
        b: (B, &b),
        reach: Reach::AtMost(1.0),
    }
    .print();
    let [a, b] = rates.map(|rates| {
        let texts = rates.iter().map(|rate| format!("{rate:.0}"));
        texts.collect::<Vec<_>>().join(", ")
    });
    measure::print_note(&format!("checks in a second: {a} of A, {b} of B"));
}

fn memory() {
    let pair = Pair::new("bench-memory");
    let target = pair.everywhere();
    let mut whole: [f64; 2] = [0.0; 2];
    let [a, b] = measure::in_turn(RUNS, WAYS, |way| {
        let checker = Checker::start(&pair, way, FEW);
        target.wait_for(10 * u64::from(FEW));
        whole[usize::from(way == Way::Lbctl)] = checker.memory("Rss:");
        checker.memory("Pss:")
    });
    Row {
        what: &format!("{FEW} servers, HTTP checks: resident memory of all processes (PSS), kB"),
        a: (A, &a),
        b: (B, &b),
        reach: Reach::AtMost(1.0),
    }
    .print();
    measure::print_note(&format!(
        "with pages that processes share counted for each (RSS): {:.0} of A, {:.0} of B",
        whole[0], whole[1]
    ));
}

/// Each has a server of its own, which dies when it has answered a check: the
/// moment from which finding it out takes longest.
fn failover() {
    let pairs = [Pair::new("bench-a"), Pair::new("bench-b")];
    let checkers = [0, 1].map(|number| Checker::start(&pairs[number], WAYS[number], 1));
    let address = SocketAddr::from((server(0), PORT));
    let [a, b] = measure::in_turn(DEATHS, [0, 1], |number: usize| {
        let pair = &pairs[number];
        let target = Target::start(&pair.behind, address);
        target.wait_for(1);
        pair.wait_for(|weights| weights == [1]);
        target.wait_for(1);
        drop(target);
        let begin = Instant::now();
        pair.wait_for(|weights| weights == [0]);
        begin.elapsed().as_secs_f64() * 1000.0
    });
    drop(checkers);
    Row {
        what: "a server dies when a check has passed, interval 1 s: until its weight is 0, ms",
        a: ("keepalived, delay_loop 1, retry 0", &a),
        b: ("lbctl run, interval 1 s, fall 1", &b),
        reach: Reach::AtMost(1.0),
    }
    .print();
}

/// What is checked alike is checked once.
fn shared_targets() {
    const ROUNDS: u64 = 10;
    let pair = Pair::new("bench-shared");
    let target = pair.everywhere();
    let text: String = (1..=SERVICES)
        .map(|port| service(port, (0..SHARED).map(server)))
        .collect();
    let _checker = Checker::with(&pair, Way::Lbctl, &text);
    let all = usize::from(SERVICES) * usize::from(SHARED);
    pair.wait_for(|weights| weights.len() == all && weights.iter().all(|weight| *weight == 1));
    let before = target.wait(|_| true);
    let first = server(0).into();
    let begin = before.get(&first).copied().unwrap_or(0);
    let after = target.wait(|counts| counts.get(&first).is_some_and(|it| *it >= begin + ROUNDS));
    let checks = after.values().sum::<u64>() - before.values().sum::<u64>();
    // Others may be one ahead of the first, and may have been one behind.
    let most = ROUNDS + 2;
    assert!(
        checks <= most * u64::from(SHARED),
        "{checks} checks while one target had {ROUNDS}"
    );
    measure::print_note(&format!(
        "{all} servers at {SHARED} addresses: {checks} checks while one address had {ROUNDS}"
    ));
}
