//! The verbs of the table, looked at with ipvsadm and /proc/net/ip_vs.

use libtest_mimic::Failed;
use serde_json::{Value, json};

use super::Test;
use super::lab::{self, Namespace, host};
use super::service::until;

pub const TESTS: &[Test] = &[
    ("table::every_kind_of_service", every_kind_of_service),
    ("table::every_scheduler", every_scheduler),
    ("table::every_kind_of_server", every_kind_of_server),
    (
        "table::edit_keeps_what_is_not_named",
        edit_keeps_what_is_not_named,
    ),
    (
        "table::replace_writes_only_differences",
        replace_writes_only_differences,
    ),
    (
        "table::add_with_service_and_servers_is_one_step",
        add_with_service_and_servers,
    ),
    ("table::del_zero_and_clear", del_zero_and_clear),
    ("table::json_is_the_contract", json_is_the_contract),
    ("table::netns_is_entered", netns_is_entered),
    (
        "table::dry_run_does_the_same_through_ipvsadm",
        dry_run_does_the_same,
    ),
    ("table::a_closed_pipe_is_no_error", closed_pipe),
    (
        "table::timeouts_are_set_and_shown",
        timeouts_are_set_and_shown,
    ),
    (
        "table::sync_daemons_start_and_stop",
        sync_daemons_start_and_stop,
    ),
    ("table::everybody_may_list", everybody_may_list),
];

/// Tests that would disturb all others.
pub const ALONE: &[Test] = &[
    ("table::a_busy_writer_hides_nothing", busy_writer),
    (
        "table::lblc_is_not_left_to_the_kernel_to_load",
        lblc_is_loaded,
    ),
];

/// Loaded by the kernel while a namespace goes away it would lock all of them up
/// (see src/ipvs/apply.rs), so only who loads it is looked at.
fn lblc_is_loaded() -> Result<(), Failed> {
    let namespace = Namespace::new("table-lblc");
    let program = lab::lbctl();
    for (verb, scheduler) in [("add", "lblc"), ("edit", "lblcr")] {
        let module = format!("ip_vs_{scheduler}");
        // Other tests' namespaces may still be going away.
        until(0, || host(["modprobe", "-r", &module]).code);
        let answer = namespace.line(&format!(
            "strace -f -qq -e trace=execve {} {verb} -t 10.0.0.1:80 -s {scheduler}",
            program.display()
        ));
        assert_eq!(answer.code, 0, "{answer}");
        let loads = format!("[\"modprobe\", \"{module}\"]");
        assert!(answer.stderr.contains(&loads), "{answer}");
    }
    assert!(saved(&namespace).contains("-s lblcr"));
    Ok(())
}

/// The table as ipvsadm saves it.
pub fn saved(namespace: &Namespace) -> String {
    namespace.look("ipvsadm -Sn").ok()
}

#[track_caller]
fn expect(namespace: &Namespace, lines: &[&str]) {
    let saved = saved(namespace);
    assert_eq!(saved.lines().collect::<Vec<_>>(), lines);
}

fn timeouts_are_set_and_shown() -> Result<(), Failed> {
    let ns = Namespace::new("timeouts");
    assert_eq!(
        ns.lbctl("timeouts --json").ok(),
        "{\"tcp\":900,\"tcp_fin\":120,\"udp\":300}\n"
    );
    assert_eq!(
        ns.lbctl("timeouts --tcp 7200 --dry-run").ok(),
        "ipvsadm --set 7200 0 0\n"
    );
    ns.lbctl("timeouts --tcp 7200 --udp 60").ok();
    let shown = ns.look("ipvsadm -L --timeout").ok();
    assert_eq!(shown, "Timeout (tcp tcpfin udp): 7200 120 60\n");
    assert!(ns.lbctl("list --timeouts").ok().contains("7200s"));
    Ok(())
}

fn sync_daemons_start_and_stop() -> Result<(), Failed> {
    let ns = Namespace::new("sync");
    ns.line("ip link add eth0 type dummy").ok();
    ns.line("ip address add 192.0.2.1/24 dev eth0").ok();
    ns.line("ip link set eth0 up").ok();
    ns.lbctl("sync start master --mcast-interface eth0").ok();
    let backup = "sync start backup --mcast-interface eth0 --syncid 5 --sync-maxlen 1400 \
                  --mcast-group 224.0.0.90 --mcast-port 9999 --mcast-ttl 3";
    let command = ns.lbctl(&format!("{backup} --dry-run")).ok();
    ns.line(command.trim_end()).ok();
    ns.line("ipvsadm --stop-daemon backup").ok();
    ns.lbctl(backup).ok();
    assert_eq!(
        ns.look("ipvsadm -L --daemon").ok(),
        "master sync daemon (mcast=eth0, syncid=0, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n\
         backup sync daemon (mcast=eth0, syncid=5, maxlen=1400, group=224.0.0.90, port=9999, ttl=3)\n"
    );
    let daemons: Value = serde_json::from_str(&ns.lbctl("sync show --json").ok())?;
    assert_eq!(daemons["daemons"][1]["group"], "224.0.0.90");
    assert!(ns.lbctl("list --sync").ok().contains("9999"));
    let message = ns
        .lbctl("sync start master --mcast-interface eth0")
        .fails(1);
    assert!(message.contains("it runs already"), "{message}");
    ns.lbctl("sync stop master").ok();
    ns.lbctl("sync stop backup").ok();
    assert_eq!(ns.look("ipvsadm -L --daemon").ok(), "");
    Ok(())
}

fn everybody_may_list() -> Result<(), Failed> {
    let ns = Namespace::new("everybody");
    ns.lbctl("add -t 10.0.0.100:80 -s sh -b sh-port -p 600 -r 10.0.0.11:8080 -m -w 3")
        .ok();
    ns.lbctl("add -t [2001:db8::1]:80 -s rr -r [2001:db8::2] -i")
        .ok();
    ns.lbctl("add -f 5 -s wlc").ok();
    let program = super::lab::lbctl();
    let unprivileged = |words: &str| {
        let setpriv = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        ns.line(&format!("{setpriv} {} {words}", program.display()))
    };
    let answer = unprivileged("list");
    assert!(answer.stderr.contains("without CAP_NET_ADMIN"), "{answer}");
    let list = answer.ok();
    for part in [
        "tcp 10.0.0.100:80",
        "sh persistent",
        "10.0.0.11:8080",
        "[2001:db8::2]:80",
        "fwmark 5",
    ] {
        assert!(list.contains(part), "{part}: {list}");
    }
    let json: Value = serde_json::from_str(&unprivileged("list --json -q").ok())?;
    assert_eq!(json["services"][0]["servers"][0]["weight"], 3);
    // What cannot be seen is null, not 0.
    assert_eq!(json["services"][0]["stats"], Value::Null);
    let message = unprivileged("list --rate").fails(1);
    assert!(message.contains("CAP_NET_ADMIN"), "{message}");
    Ok(())
}

fn every_kind_of_service() -> Result<(), Failed> {
    let ns = Namespace::new("services");
    ns.lbctl("add -t 10.0.0.100:80 -s rr").ok();
    ns.lbctl("add --udp-service 10.0.0.100:53 -o").ok();
    ns.lbctl("add --sctp-service 10.0.0.100:9 -s lc").ok();
    ns.lbctl("add -f 7 -p").ok();
    ns.lbctl("add -6 -s wrr -f 4294967295").ok();
    ns.lbctl("add -t [2001:db8::1]:443 -s sh -b sh-port,sh-fallback -p 600 -M 64")
        .ok();
    ns.lbctl("add -t 10.0.0.101 -p 77 -M 255.255.255.0").ok();
    ns.lbctl("add -u 10.0.0.100:5060 -p 60 --pe sip").ok();
    // ipvsadm takes the mark for a negative number, in its order too.
    expect(
        &ns,
        &[
            "-A -f -1 -6 -s wrr",
            "-A -t 10.0.0.100:80 -s rr",
            "-A -t 10.0.0.101:0 -s wlc -p 77 -M 255.255.255.0",
            "-A -u 10.0.0.100:53 -s wlc -o",
            "-A -u 10.0.0.100:5060 -s wlc -p 60 --pe sip",
            "-A --sctp-service 10.0.0.100:9 -s lc",
            "-A -t [2001:db8::1]:443 -s sh -p 600 -M 64 -b sh-fallback,sh-port",
            "-A -f 7 -s wlc -p 360",
        ],
    );
    Ok(())
}

fn every_scheduler() -> Result<(), Failed> {
    let ns = Namespace::new("schedulers");
    let names = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh none";
    for (port, name) in (1..).zip(names.split(' ')) {
        ns.lbctl(&format!("add -t 10.0.0.100:{port} -s {name}"))
            .ok();
    }
    let saved = saved(&ns);
    for name in names.split(' ') {
        assert!(saved.contains(&format!("-s {name}\n")), "{name}: {saved}");
    }
    // Debian's cloud kernel lacks this one module.
    let message = ns.lbctl("add -t 10.0.0.100:99 -s twos");
    if message.code != 0 {
        let message = message.fails(1);
        assert!(message.contains("ip_vs_twos is missing"), "{message}");
    }
    Ok(())
}

fn every_kind_of_server() -> Result<(), Failed> {
    let ns = Namespace::new("servers");
    ns.lbctl("add -t 10.0.0.100:80 -s rr").ok();
    ns.lbctl("add -t 10.0.0.100:80 -r 10.0.0.11:8080 -m -w 3 -x 100 -y 50")
        .ok();
    ns.lbctl("add -t 10.0.0.100:80 -r 10.0.0.12").ok();
    ns.lbctl("add -t 10.0.0.100:80 --forward tun -r 10.0.0.13")
        .ok();
    ns.lbctl("add -t 10.0.0.100:80 -r 10.0.0.14 -i --tun-type gue --tun-port 6080 --tun-csum")
        .ok();
    ns.lbctl("add -t 10.0.0.100:80 -i --tun-type gre -r 10.0.0.15 -w 0")
        .ok();
    ns.lbctl("add -t 10.0.0.100:80 -r [2001:db8::5] -i").ok();
    ns.lbctl("add -f 1 -s rr -r 10.0.0.31 -m").ok();
    ns.lbctl("add -f 1 -6 -s rr -r 2001:db8::6 -m").ok();
    expect(
        &ns,
        &[
            "-A -t 10.0.0.100:80 -s rr",
            "-a -t 10.0.0.100:80 -r 10.0.0.11:8080 -m -w 3",
            "-a -t 10.0.0.100:80 -r 10.0.0.12:80 -g -w 1",
            "-a -t 10.0.0.100:80 -r 10.0.0.13:80 -i -w 1 --tun-type ipip",
            "-a -t 10.0.0.100:80 -r 10.0.0.14:80 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum",
            "-a -t 10.0.0.100:80 -r 10.0.0.15:80 -i -w 0 --tun-type gre --tun-nocsum",
            "-a -t 10.0.0.100:80 -r [2001:db8::5]:80 -i -w 1 --tun-type ipip",
            "-A -f 1 -s rr",
            "-a -f 1 -r 10.0.0.31:0 -m -w 1",
            "-A -f 1 -6 -s rr",
            "-a -f 1 -6 -r [2001:db8::6]:0 -m -w 1",
        ],
    );
    let thresholds = ns.look("ipvsadm -Ln --thresholds").ok();
    assert!(
        thresholds.contains("10.0.0.11:8080               100        50"),
        "{thresholds}"
    );
    Ok(())
}

fn edit_keeps_what_is_not_named() -> Result<(), Failed> {
    let ns = Namespace::new("edit");
    ns.lbctl("add -t 10.0.0.100:80 -s sh -b sh-port -p 600 -M 255.255.0.0 -r 10.0.0.11:8080 -m -w 3 -x 9")
        .ok();
    ns.lbctl("edit -t 10.0.0.100:80 -p 300").ok();
    ns.lbctl("edit -t 10.0.0.100:80 -r 10.0.0.11:8080 -w 0")
        .ok();
    let expected = [
        "-A -t 10.0.0.100:80 -s sh -p 300 -M 255.255.0.0 -b sh-port",
        "-a -t 10.0.0.100:80 -r 10.0.0.11:8080 -m -w 0",
    ];
    expect(&ns, &expected);
    let thresholds = ns.look("ipvsadm -Ln --thresholds").ok();
    assert!(
        thresholds.contains("10.0.0.11:8080               9 "),
        "{thresholds}"
    );
    ns.lbctl("edit -t 10.0.0.100:80 -p off -b none").ok();
    // ipvsadm does not show the mask of a service that is not persistent.
    expect(&ns, &["-A -t 10.0.0.100:80 -s sh", expected[1]]);
    ns.lbctl("edit -t 10.0.0.100:80 -p").ok();
    expect(
        &ns,
        &[
            "-A -t 10.0.0.100:80 -s sh -p 360 -M 255.255.0.0",
            expected[1],
        ],
    );
    Ok(())
}

fn replace_writes_only_differences() -> Result<(), Failed> {
    let ns = Namespace::new("replace");
    let line = "replace -t 10.0.0.100:80 -s wrr -p 60 -r 10.0.0.11 -r 10.0.0.12 -m -w 2";
    ns.lbctl(line).ok();
    let expected = [
        "-A -t 10.0.0.100:80 -s wrr -p 60",
        "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -m -w 2",
        "-a -t 10.0.0.100:80 -r 10.0.0.12:80 -m -w 2",
    ];
    expect(&ns, &expected);
    // The same again: no plan, so nothing is sent to the kernel but questions.
    assert_eq!(ns.lbctl(&format!("--dry-run {line}")).ok(), "");
    ns.lbctl(line).ok();
    expect(&ns, &expected);
    // One setting and one server differ; the other server stays.
    ns.lbctl("replace -t 10.0.0.100:80 -s rr -r 10.0.0.12 -m")
        .ok();
    expect(
        &ns,
        &[
            "-A -t 10.0.0.100:80 -s rr",
            "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -m -w 2",
            "-a -t 10.0.0.100:80 -r 10.0.0.12:80 -m -w 1",
        ],
    );
    Ok(())
}

fn add_with_service_and_servers() -> Result<(), Failed> {
    let ns = Namespace::new("addboth");
    // One of the servers is refused: the service and the other one go again.
    let message = ns
        .lbctl("add -t 10.0.0.100:80 -s rr -r 10.0.0.11 -r 224.0.0.1 -r 10.0.0.12 -m")
        .fails(1);
    assert!(
        message.contains("cannot add 224.0.0.1:80 to tcp 10.0.0.100:80"),
        "{message}"
    );
    expect(&ns, &[]);
    ns.lbctl("add -t 10.0.0.100:80 -s rr -r 10.0.0.11 -r 10.0.0.12 -m")
        .ok();
    assert_eq!(saved(&ns).lines().count(), 3);
    Ok(())
}

fn del_zero_and_clear() -> Result<(), Failed> {
    let ns = Namespace::new("del");
    ns.lbctl("add -t 10.0.0.100:80 -s rr -r 10.0.0.11 -r 10.0.0.12 -m")
        .ok();
    ns.lbctl("add -t 10.0.0.100:81 -s rr").ok();
    ns.lbctl("zero").ok();
    ns.lbctl("zero -t 10.0.0.100:80").ok();
    let message = ns.lbctl("zero -t 10.0.0.100:99").fails(1);
    assert!(message.contains("no such service"), "{message}");
    ns.lbctl("del -t 10.0.0.100:80 -r 10.0.0.12").ok();
    ns.lbctl("del -t 10.0.0.100:80 -r 10.0.0.12 --if-exists")
        .ok();
    ns.lbctl("del -t 10.0.0.100:81").ok();
    ns.lbctl("del -t 10.0.0.100:81 --if-exists").ok();
    expect(
        &ns,
        &[
            "-A -t 10.0.0.100:80 -s rr",
            "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -m -w 1",
        ],
    );
    let message = ns.lbctl("clear").fails(2);
    assert!(message.contains("--yes"), "{message}");
    ns.lbctl("clear --yes").ok();
    expect(&ns, &[]);
    Ok(())
}

fn json_is_the_contract() -> Result<(), Failed> {
    let ns = Namespace::new("json");
    assert_eq!(ns.lbctl("list --json").ok(), "{\"services\":[]}\n");
    ns.lbctl("add -t 192.168.100.100:80 -s rr -r 192.168.31.100 -m")
        .ok();
    ns.lbctl(
        "add -f 3 -6 -s sh -b sh-port -p 360 -r [2001:db8::9] -i --tun-type gue --tun-port 6080",
    )
    .ok();
    let zeros = json!({"connections":0,"packets_in":0,"packets_out":0,"bytes_in":0,"bytes_out":0});
    let expected = json!({"services":[
        {"protocol":"tcp","address":"192.168.100.100","port":80,"fwmark":null,"family":"ipv4",
         "scheduler":"rr","scheduler_flags":[],"persistence":null,"one_packet":false,
         "persistence_engine":null,"stats":zeros,"rate":zeros,
         "servers":[{"address":"192.168.31.100","port":80,"forward":"nat","tunnel":null,"weight":1,
           "upper_threshold":0,"lower_threshold":0,"active":0,"inactive":0,"persistent":0,
           "stats":zeros,"rate":zeros}]},
        {"protocol":null,"address":null,"port":null,"fwmark":3,"family":"ipv6",
         "scheduler":"sh","scheduler_flags":["sh-port"],"persistence":{"timeout":360,"prefix":128},
         "one_packet":false,"persistence_engine":null,"stats":zeros,"rate":zeros,
         "servers":[{"address":"2001:db8::9","port":0,"forward":"tun",
           "tunnel":{"type":"gue","port":6080,"checksum":"none"},"weight":1,
           "upper_threshold":0,"lower_threshold":0,"active":0,"inactive":0,"persistent":0,
           "stats":zeros,"rate":zeros}]},
    ]});
    let answer: Value = serde_json::from_str(&ns.lbctl("list --json").ok())?;
    assert_eq!(answer, expected);
    Ok(())
}

fn netns_is_entered() -> Result<(), Failed> {
    let inside = Namespace::new("inside");
    let outside = Namespace::new("outside");
    outside
        .lbctl("--netns inside add -t 10.0.0.100:80 -s rr")
        .ok();
    assert_eq!(saved(&outside), "");
    assert_eq!(saved(&inside), "-A -t 10.0.0.100:80 -s rr\n");
    let message = outside.lbctl("list --netns no-such-namespace").fails(1);
    assert!(
        message.contains("no-such-namespace") && message.contains("inside"),
        "{message}"
    );
    Ok(())
}

fn dry_run_does_the_same() -> Result<(), Failed> {
    let ours = Namespace::new("dry-ours");
    let theirs = Namespace::new("dry-theirs");
    for line in [
        "add -t 10.0.0.100:80 -s sh -b sh-port -p 99 -M 255.0.0.0 -r 10.0.0.11:81 -m -w 3 -x 9 -y 2",
        "add -f 3 -6 -s rr -r [2001:db8::9] -i --tun-type gue --tun-port 6080 --tun-remcsum",
        "add -u 10.0.0.100:53 -s wlc -o -r 10.0.0.12",
        "edit -t 10.0.0.100:80 -s mh",
        "edit -t 10.0.0.100:80 -r 10.0.0.11:81 -w 0",
        "replace -f 3 -6 -s rr -r [2001:db8::9] -i --tun-type gre --tun-csum -w 5",
        "del -u 10.0.0.100:53 -r 10.0.0.12",
        "del -u 10.0.0.100:53",
    ] {
        let commands = ours.lbctl(&format!("{line} --dry-run")).ok();
        assert!(!commands.is_empty(), "{line}");
        for command in commands.lines() {
            theirs.line(command).ok();
        }
        ours.lbctl(line).ok();
        assert_eq!(saved(&ours), saved(&theirs), "after: {line}");
        assert_eq!(
            ours.look("ipvsadm -Ln --thresholds").ok(),
            theirs.look("ipvsadm -Ln --thresholds").ok(),
        );
    }
    Ok(())
}

/// Says that it is over when it goes.
struct Stop<'a>(&'a std::sync::atomic::AtomicBool);

impl Drop for Stop<'_> {
    fn drop(&mut self) {
        self.0.store(true, std::sync::atomic::Ordering::Relaxed);
    }
}

/// Services come and go without a pause while the table is listed: those that stay
/// are in every list, once, or the list says that it could not tell.
fn busy_writer() -> Result<(), Failed> {
    let ns = Namespace::new("busy");
    let lines = |verb: char, address: &str, options: &str| -> String {
        (1..=200)
            .map(|port| format!("-{verb} -t {address}:{port}{options}\n"))
            .collect::<Vec<_>>()
            .concat()
    };
    ns.run_with(["ipvsadm", "-R"], &lines('A', "10.0.0.1", " -s rr"))
        .ok();
    let churn = lines('A', "10.0.0.2", " -s rr") + &lines('D', "10.0.0.2", "");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let whole = std::thread::scope(|scope| {
        // A list that is wrong panics; the writer has to end then, too.
        let stopping = Stop(&stop);
        let writer = scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                ns.run_with(["ipvsadm", "-R"], &churn).ok();
            }
        });
        let whole = (0..500).filter(|_| staying_are_there(&ns)).count();
        drop(stopping);
        writer.join().map(|()| whole)
    });
    // Not every one may have been too busy to read.
    assert!(whole.is_ok_and(|whole| whole > 0));
    Ok(())
}

/// Whether a list was whole; panics when it claims to be and is not.
fn staying_are_there(ns: &Namespace) -> bool {
    let answer = ns.lbctl("list --json");
    if answer.code == 1 {
        assert!(answer.stderr.contains("kept changing it"), "{answer}");
        return false;
    }
    let json: Value = serde_json::from_str(&answer.ok()).unwrap();
    let services = json["services"].as_array().unwrap();
    let ports: Vec<(&str, u64)> = services
        .iter()
        .map(|service| {
            (
                service["address"].as_str().unwrap(),
                service["port"].as_u64().unwrap(),
            )
        })
        .collect();
    assert!(
        ports.is_sorted_by(|a, b| a < b),
        "an entry stands twice: {ports:?}"
    );
    let staying = ports.iter().filter(|(address, _)| *address == "10.0.0.1");
    assert_eq!(staying.count(), 200);
    true
}

fn closed_pipe() -> Result<(), Failed> {
    let ns = Namespace::new("pipe");
    let servers: Vec<String> = (1..=200).map(|n| format!("-r 10.0.1.{n}")).collect();
    ns.lbctl(&format!("add -f 1 -s rr -m {}", servers.join(" ")))
        .ok();
    let script = format!(
        "set -o pipefail; {0} list | head -1; {0} list --json | true",
        super::lab::lbctl().display()
    );
    let answer = ns.run(["bash", "-c", &script]);
    assert_eq!(answer.stderr, "");
    assert!(answer.clone().ok().starts_with("Service"), "{answer}");
    Ok(())
}
