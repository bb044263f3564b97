//! Random sequences of changes through lbctl end in the same table as the same
//! steps through ipvsadm, whose every option a small model of the table spells out.

use std::collections::BTreeMap;

use libtest_mimic::Failed;

use super::Test;
use super::lab::Namespace;

pub const TESTS: &[Test] = &[
    ("random::sequences_end_as_with_ipvsadm_1", || {
        sequences(0..10)
    }),
    ("random::sequences_end_as_with_ipvsadm_2", || {
        sequences(10..20)
    }),
    ("random::sequences_end_as_with_ipvsadm_3", || {
        sequences(20..30)
    }),
    ("random::sequences_end_as_with_ipvsadm_4", || {
        sequences(30..40)
    }),
];

/// Steps in a sequence.
const STEPS: usize = 14;

/// SplitMix64: a seed is a sequence, on every machine.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound as u64).expect("less than bound")
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

const SERVICES: &[&str] = &[
    "-t 10.0.0.100:80",
    "-t 10.0.0.100:443",
    "-u 10.0.0.100:53",
    "--sctp-service 10.0.0.100:9",
    "-f 7",
    "-f 7 -6",
    "-t [2001:db8::100]:80",
];
const SERVERS_V4: &[&str] = &["10.0.0.11", "10.0.0.12", "10.0.0.13", "200.1.1.1"];
const SERVERS_V6: &[&str] = &["[2001:db8::11]", "[2001:db8::12]", "[fd00::9]"];
const SCHEDULERS: &[&str] = &[
    "rr", "wrr", "lc", "wlc", "lblc", "dh", "sh", "sed", "nq", "fo", "ovf", "mh",
];

/// A service's settings, each as the words for both programs.
#[derive(Clone)]
struct Service {
    scheduler: String,
    flags: String,
    persistent: String,
    mask: String,
    servers: BTreeMap<String, Server>,
}

#[derive(Clone)]
struct Server {
    method: &'static str,
    weight: usize,
    upper: usize,
    lower: usize,
}

impl Service {
    fn options(&self) -> String {
        format!(
            "-s {}{}{}{}",
            self.scheduler, self.persistent, self.mask, self.flags
        )
    }
}

impl Server {
    fn options(&self) -> String {
        format!(
            "{} -w {} -x {} -y {}",
            self.method, self.weight, self.upper, self.lower
        )
    }
}

/// The model: what ipvsadm must be told in full after each step.
#[derive(Default)]
struct Model(BTreeMap<&'static str, Service>);

/// A step in lbctl's words and the same in ipvsadm's.
type Step = (String, Vec<String>);

fn is_v6(service: &str) -> bool {
    service.contains("-6") || service.contains('[')
}

fn some_flags(random: &mut Random, scheduler: &str) -> String {
    match (scheduler, random.chance(40)) {
        ("sh" | "mh", true) => {
            let word = random.pick(&["port", "fallback"]);
            format!(" -b {scheduler}-{word}")
        }
        _ => String::new(),
    }
}

fn some_service(random: &mut Random, name: &str) -> Service {
    let scheduler = random.pick(SCHEDULERS).to_owned();
    let persistent = match random.below(3) {
        0 => format!(" -p {}", 1 + random.below(9999)),
        _ => String::new(),
    };
    let mask = match (persistent.is_empty() || random.chance(50), is_v6(name)) {
        (true, _) => String::new(),
        (false, false) => format!(" -M {}", random.pick(&["255.255.255.0", "255.0.0.0"])),
        (false, true) => format!(" -M {}", 1 + random.below(128)),
    };
    Service {
        flags: some_flags(random, &scheduler),
        scheduler,
        persistent,
        mask,
        servers: BTreeMap::new(),
    }
}

fn some_server(random: &mut Random) -> Server {
    let upper = random.below(3) * 50;
    Server {
        method: ["-m", "-g", "-i"][random.below(3)],
        weight: random.below(5),
        upper,
        lower: if upper > 0 { random.below(upper) } else { 0 },
    }
}

impl Model {
    /// A step that both programs must carry out.
    fn step(&mut self, random: &mut Random) -> Step {
        let name = SERVICES[random.below(SERVICES.len())];
        let Some(service) = self.0.get_mut(name) else {
            let service = some_service(random, name);
            let options = service.options();
            self.0.insert(name, service);
            let verb = random.pick(&["add", "replace"]);
            return (
                format!("{verb} {name} {options}"),
                vec![format!("-A {name} {options}")],
            );
        };
        match random.below(10) {
            0 => {
                self.0.remove(name);
                (format!("del {name}"), vec![format!("-D {name}")])
            }
            1 => {
                let servers = std::mem::take(&mut service.servers);
                *service = some_service(random, name);
                service.servers = servers;
                let options = service.options();
                (
                    format!("replace {name} {options}"),
                    vec![format!("-E {name} {options}")],
                )
            }
            2 => {
                // An edit names one setting; ipvsadm has to be told all.
                service.scheduler = random.pick(SCHEDULERS).to_owned();
                service.flags = some_flags(random, &service.scheduler);
                let flags = if service.flags.is_empty() {
                    " -b none"
                } else {
                    &service.flags
                };
                (
                    format!("edit {name} -s {}{flags}", service.scheduler),
                    vec![format!("-E {name} {}", service.options())],
                )
            }
            _ => server_step(random, name, service),
        }
    }
}

fn server_step(random: &mut Random, name: &str, service: &mut Service) -> Step {
    let address = random.pick(if is_v6(name) { SERVERS_V6 } else { SERVERS_V4 });
    // A port belongs to a service by address; a mark keeps the client's.
    let port = if name.starts_with("-f") {
        "0".to_owned()
    } else {
        name.rsplit(':').next().expect("a port").to_owned()
    };
    let address = format!("{address}:{port}");
    match service.servers.get_mut(&address) {
        None => {
            let server = some_server(random);
            let options = server.options();
            service.servers.insert(address.clone(), server);
            let verb = random.pick(&["add", "replace"]);
            (
                format!("{verb} {name} -r {address} {options}"),
                vec![format!("-a {name} -r {address} {options}")],
            )
        }
        Some(server) => match random.below(4) {
            0 => {
                service.servers.remove(&address);
                (
                    format!("del {name} -r {address}"),
                    vec![format!("-d {name} -r {address}")],
                )
            }
            1 => {
                *server = some_server(random);
                let options = server.options();
                (
                    format!("replace {name} -r {address} {options}"),
                    vec![format!("-e {name} -r {address} {options}")],
                )
            }
            _ => {
                server.weight = random.below(100);
                (
                    format!("edit {name} -r {address} -w {}", server.weight),
                    vec![format!("-e {name} -r {address} {}", server.options())],
                )
            }
        },
    }
}

fn sequences(seeds: std::ops::Range<u64>) -> Result<(), Failed> {
    for seed in seeds {
        let ours = Namespace::new(&format!("random-{seed}-lbctl"));
        let theirs = Namespace::new(&format!("random-{seed}-ipvsadm"));
        let mut random = Random(seed);
        let mut model = Model::default();
        let mut history = Vec::new();
        for _ in 0..STEPS {
            let (line, commands) = model.step(&mut random);
            history.push(line.clone());
            ours.lbctl(&line).ok();
            for command in commands {
                theirs.line(&format!("ipvsadm {command}")).ok();
            }
        }
        for view in [
            "ipvsadm -Sn",
            "ipvsadm -Ln --thresholds",
            "cat /proc/net/ip_vs",
        ] {
            let (ours, theirs) = (table(&ours, view), table(&theirs, view));
            if ours != theirs {
                let history = history.join("\n");
                return Err(format!(
                    "seed {seed}, {view}\n{history}\n\n{}\n\n{}",
                    ours.join("\n"),
                    theirs.join("\n")
                )
                .into());
            }
        }
    }
    Ok(())
}

/// A view of the table, services sorted: the kernel's hash, and so the order in
/// /proc, differs from namespace to namespace. The order of servers is kept.
fn table(namespace: &Namespace, view: &str) -> Vec<String> {
    let mut services: Vec<String> = Vec::new();
    for line in namespace.look(view).ok().lines() {
        match services.last_mut() {
            Some(service) if line.starts_with("  ->") => {
                service.push('\n');
                service.push_str(line);
            }
            _ => services.push(line.to_owned()),
        }
    }
    services.sort();
    services
}
