//! What a second server brings, and what IPVS itself costs: `ab` in the
//! walkthrough's network, set up by lbctl alone. The web servers take a fixed
//! time for a request and do one at a time, as a real application's would that
//! is at its limit.

use std::cell::Cell;
use std::net::SocketAddr;
use std::time::Duration;

use super::Bench;
use super::lab::Namespace;
use super::measure::{self, Reach, Row};
use super::server::Server;
use super::world::{VIP, World};

pub const BENCH: Bench = ("walkthrough", walkthrough);

const RUNS: usize = 5;

/// Much longer than what a request costs all of an emulated machine; see the
/// note that is printed.
const WAIT: Duration = Duration::from_millis(20);

const W1: &str = "192.168.31.100";
const W2: &str = "192.168.31.101";

#[derive(Clone, Copy, PartialEq)]
enum Way {
    Straight,
    TwoServers,
    OneServer,
}

fn walkthrough() {
    let world = World::new("bench");
    let director = &world.director;
    director.lbctl("forward on -4").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    director
        .lbctl(&format!("add -t {VIP}:80 -s rr -r {W1} -r {W2} -m"))
        .ok();
    let load = Load::new(&world.client);

    let fastest = {
        let _servers = servers(&world, Duration::ZERO);
        load.run(VIP)
    };

    let _servers = servers(&world, WAIT);
    let retransmitted = retransmitted(&world);
    let ways = [Way::Straight, Way::TwoServers, Way::OneServer];
    let [straight, two, one] = measure::in_turn(RUNS, ways, |way| match way {
        Way::Straight => load.run(W1),
        Way::TwoServers => load.run(VIP),
        Way::OneServer => {
            director.lbctl(&format!("del -t {VIP}:80 -r {W2}")).ok();
            let rate = load.run(VIP);
            director.lbctl(&format!("add -t {VIP}:80 -r {W2} -m")).ok();
            rate
        }
    });
    let what = "ab -n 1000 -c 100: requests/s";
    let straight = ("w1, without IPVS", &straight);
    Row {
        what,
        a: straight,
        b: ("the VIP with w1 and w2 (rr, NAT)", &two),
        reach: Reach::About(2.0),
    }
    .print();
    Row {
        what,
        a: straight,
        b: ("the VIP with w1 alone", &one),
        reach: Reach::Nothing,
    }
    .print();
    let retransmitted = self::retransmitted(&world) - retransmitted;
    measure::print_note(&format!(
        "every server does one request at a time, each {} ms from accept to answer; \
         without that wait the VIP with w1 and w2 gave {fastest:.0} requests/s",
        WAIT.as_millis()
    ));
    measure::print_note(&format!(
        "0 failed requests in {} runs; longest connect {} ms, {retransmitted} segments retransmitted",
        load.runs.get(),
        load.longest_connect.get()
    ));
}

fn servers(world: &World, wait: Duration) -> [Server<'_>; 2] {
    let address = |text: &str| SocketAddr::new(text.parse().expect("an address"), 80);
    [
        Server::start(&world.workers[0], address(W1), wait),
        Server::start(&world.workers[1], address(W2), wait),
    ]
}

/// Runs `ab` in the client.
struct Load<'a> {
    client: &'a Namespace,
    runs: Cell<u16>,
    /// Milliseconds. A second and more would mean that a SYN was lost, and then
    /// it is not the servers that were measured.
    longest_connect: Cell<u64>,
}

impl<'a> Load<'a> {
    fn new(client: &'a Namespace) -> Self {
        Self {
            client,
            runs: Cell::new(0),
            longest_connect: Cell::new(0),
        }
    }

    /// Requests per second. No request may fail.
    fn run(&self, host: &str) -> f64 {
        // Ports of its own: servers and director still know the connections of the
        // run before, and two ways to w1 look the same to w1.
        let first = 1024 + self.runs.get() * 3000;
        self.runs.set(self.runs.get() + 1);
        let range = format!("net.ipv4.ip_local_port_range={first} {}", first + 2999);
        self.client.run(["sysctl", "-q", "-w", &range]).ok();

        let command = format!("ab -q -n 1000 -c 100 http://{host}/");
        let report = self.client.line(&command).ok();
        let is_good = value(&report, "Complete requests:") == Some("1000")
            && value(&report, "Failed requests:") == Some("0")
            && value(&report, "Non-2xx responses:").is_none();
        assert!(is_good, "{command}: a request failed\n{report}");
        let connect = report
            .lines()
            .find_map(|line| line.strip_prefix("Connect:"))
            .and_then(|line| line.split_whitespace().last())
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("{command}: no connect times\n{report}"));
        self.longest_connect
            .set(self.longest_connect.get().max(connect));
        value(&report, "Requests per second:")
            .and_then(|text| text.parse().ok())
            .unwrap_or_else(|| panic!("{command}: no rate\n{report}"))
    }
}

/// The first word behind a label of ab's report.
fn value<'a>(report: &'a str, label: &str) -> Option<&'a str> {
    report
        .lines()
        .find_map(|line| line.strip_prefix(label))
        .and_then(|rest| rest.split_whitespace().next())
}

/// TCP segments that client and servers have sent twice since they are there.
fn retransmitted(world: &World) -> u64 {
    [&world.client, &world.workers[0], &world.workers[1]]
        .map(|namespace| {
            let text = namespace.line("cat /proc/net/snmp").ok();
            let mut lines = text.lines().filter(|line| line.starts_with("Tcp:"));
            let (names, values) = (lines.next(), lines.next());
            names
                .into_iter()
                .flat_map(str::split_whitespace)
                .zip(values.into_iter().flat_map(str::split_whitespace))
                .find(|(name, _)| *name == "RetransSegs")
                .and_then(|(_, value)| value.parse::<u64>().ok())
                .unwrap_or_else(|| panic!("no RetransSegs in {text}"))
        })
        .iter()
        .sum()
}
