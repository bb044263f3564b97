//! Settings that bite later: traffic flows, or would stop when a server fails.

use std::fs;

use libtest_mimic::Failed;

use super::{SERVICE, Test, VIP, World, flows, ids, run_commands, warned, working};

pub const TESTS: &[Test] = &[
    ("check::persistence_pins", persistence_pins),
    ("check::removed_server_stalls", removed_stalls),
    ("check::udp_sticks", udp_sticks),
    ("check::mh_table", mh_table),
    ("check::estimator_off", estimator_off),
    ("check::file_differs", file_differs),
    ("check::another_manager", another_manager),
    ("check::not_at_boot", not_at_boot),
    ("check::scheduler_missing", scheduler_missing),
    ("check::send_redirects", send_redirects),
    ("check::a_thousand_services", a_thousand_services),
];

/// A file of the working world, with these lines for the virtual server.
fn file(name: &str, protocol: &str, lines: &str) -> String {
    let path = std::env::temp_dir().join(format!("lbctl-{name}.toml"));
    let text = format!(
        "[[virtual_server]]\nlisten = \"{VIP}:80\"\nprotocol = \"{protocol}\"\nscheduler = \"rr\"\n\
         method = \"nat\"\n{lines}\n\
         [virtual_server.check]\ntype = \"tcp\"\nport = 80\n\
         [[virtual_server.real_server]]\naddress = \"192.168.31.100\"\n\
         [[virtual_server.real_server]]\naddress = \"192.168.31.101\"\n"
    );
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// A client that is remembered goes on to a server that was taken out and is dead.
fn persistence_pins() -> Result<(), Failed> {
    let world = working("check-pins");
    let director = &world.director;
    director.lbctl(&format!("edit {SERVICE} -p 300")).ok();
    let first = world.get();
    let [w1, w2, _] = &world.workers;
    let (dead, address) = match first.as_str() {
        "w1" => (w1, "192.168.31.100"),
        _ => (w2, "192.168.31.101"),
    };
    director
        .lbctl(&format!("edit {SERVICE} -r {address} -w 0"))
        .ok();
    dead.line("iptables -I INPUT -p tcp -s 192.168.10.10 -j REJECT --reject-with tcp-reset")
        .ok();
    assert!(!flows(&world));
    let answer = warned(&world, "", "persistence-pins");
    assert!(answer.stdout.contains("\"safe\":true"), "{answer}");
    director.lbctl("check --fix").ok();
    assert!(flows(&world));
    // The file says the same before it happens.
    let other = working("check-pins-file");
    let toml = file("check-pins", "tcp", "persistence_timeout = \"5m\"");
    other.director.lbctl(&format!("apply {toml}")).ok();
    warned(&other, &toml, "persistence-pins");
    other.director.lbctl(&format!("check --fix {toml}")).ok();
    Ok(())
}

/// What stops is a connection that is open when its server is removed; the tests of
/// drain show that. Here: that the file's way of doing so is named.
fn removed_stalls() -> Result<(), Failed> {
    let world = working("check-removed");
    let toml = file("check-removed", "tcp", "inhibit_on_failure = false");
    world.director.lbctl(&format!("apply {toml}")).ok();
    warned(&world, &toml, "removed-stalls");
    world.director.lbctl(&format!("check --fix {toml}")).ok();
    let value = world
        .director
        .line("sysctl -n net.ipv4.vs.expire_nodest_conn")
        .ok();
    assert_eq!(value.trim(), "1");
    Ok(())
}

/// A flow of UDP keeps its server; datagrams need a server of UDP to be seen stopping,
/// which this world has none of.
fn udp_sticks() -> Result<(), Failed> {
    let world = working("check-udp");
    let toml = file("check-udp", "udp", "");
    world.director.lbctl(&format!("apply {toml}")).ok();
    let answer = warned(&world, &toml, "udp-sticks");
    assert!(
        answer.stdout.contains("inhibit_on_failure = false"),
        "{answer}"
    );
    let toml = file("check-udp", "udp", "one_packet = true");
    world.director.lbctl(&format!("apply {toml}")).ok();
    world.director.lbctl(&format!("check {toml}")).ok();
    Ok(())
}

/// Traffic flows; its shares are uneven.
fn mh_table() -> Result<(), Failed> {
    let world = working("check-mh");
    let director = &world.director;
    director.lbctl(&format!("edit {SERVICE} -s mh")).ok();
    director.lbctl("check").ok();
    for number in 1..=45 {
        let address = format!("192.168.31.1{number:02}");
        let there = format!("ip address replace {address}/24 dev eth0");
        world.workers[0].line(&there).ok();
        if number > 2 {
            director
                .lbctl(&format!("add {SERVICE} -r {address} -m"))
                .ok();
        }
    }
    warned(&world, "", "mh-table");
    director.lbctl(&format!("edit {SERVICE} -s sh")).ok();
    director.lbctl("check").ok();
    assert!(flows(&world));
    Ok(())
}

fn estimator_off() -> Result<(), Failed> {
    let world = working("check-estimator");
    world
        .director
        .line("sysctl -q -w net.ipv4.vs.run_estimation=0")
        .ok();
    assert!(flows(&world));
    warned(&world, "", "estimator-off");
    world.director.lbctl("check --fix").ok();
    assert_eq!(
        world
            .director
            .line("sysctl -n net.ipv4.vs.run_estimation")
            .ok(),
        "1\n"
    );
    Ok(())
}

fn file_differs() -> Result<(), Failed> {
    let world = working("check-file");
    let toml = file("check-file", "tcp", "");
    world.director.lbctl(&format!("apply {toml}")).ok();
    world.director.lbctl(&format!("check {toml}")).ok();
    world.director.lbctl(&format!("edit {SERVICE} -s wrr")).ok();
    let answer = warned(&world, &toml, "file-differs");
    assert!(answer.stdout.contains("wrr -> rr"), "{answer}");
    run_commands(&world.director, &answer);
    world.director.lbctl(&format!("check {toml}")).ok();
    // A file that is wrong, and one that is not there.
    fs::write(&toml, "nonsense = 1\n")?;
    let message = world.director.lbctl(&format!("check {toml}")).fails(2);
    assert!(message.contains("nonsense"), "{message}");
    world.director.lbctl("check /no/such/file.toml").fails(2);
    Ok(())
}

/// keepalived beside us, with nothing to do, which takes no traffic away.
fn another_manager() -> Result<(), Failed> {
    let world = working("check-manager");
    let config = std::env::temp_dir().join("lbctl-check-manager.conf");
    fs::write(&config, "global_defs {\n}\n")?;
    let pid = std::env::temp_dir().join("lbctl-check-manager.pid");
    let mut keepalived = world.director.spawn(
        [
            "keepalived",
            "-n",
            "-l",
            "-C",
            "-f",
            config.to_str().unwrap(),
            "-p",
            pid.to_str().unwrap(),
        ],
        std::process::Stdio::null(),
    );
    // It is there when it has written down its number.
    while !pid.exists() && keepalived.try_wait()?.is_none() {}
    let answer = world.director.lbctl("check --json");
    let killed = keepalived.kill();
    keepalived.wait()?;
    killed?;
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["other-manager".to_owned()], 1),
        "{answer}"
    );
    world.director.lbctl("check").ok();
    Ok(())
}

/// Runs `check FILE` where these commands of a shell have made other files to be seen.
fn check_seeing(world: &World, shell: &str, toml: &str) -> super::Answer {
    let lbctl = super::lab::lbctl();
    let line = format!("{shell}; exec {} check --json {toml}", lbctl.display());
    world.director.run(["unshare", "-m", "bash", "-ec", &line])
}

fn not_at_boot() -> Result<(), Failed> {
    let world = working("check-boot");
    let toml = file("check-boot", "tcp", "");
    world.director.lbctl(&format!("apply {toml}")).ok();
    let systemd = "mkdir -p /run/systemd /etc/systemd; mount -t tmpfs none /run/systemd; \
                   mount -t tmpfs none /etc/systemd; mkdir -p /run/systemd/system /etc/systemd/system";
    let answer = check_seeing(&world, systemd, &toml);
    assert_eq!(
        (ids(&answer), answer.code),
        (vec!["not-at-boot".to_owned()], 1),
        "{answer}"
    );
    let enabled = "mkdir /etc/systemd/system/multi-user.target.wants; \
                   touch /etc/systemd/system/multi-user.target.wants/lbctl.service";
    check_seeing(&world, &format!("{systemd}; {enabled}"), &toml).ok();
    Ok(())
}

/// Nothing of the file can be applied then; what the table has flows.
fn scheduler_missing() -> Result<(), Failed> {
    let world = working("check-scheduler");
    let toml = file("check-scheduler", "tcp", "");
    world.director.lbctl(&format!("apply {toml}")).ok();
    let text = fs::read_to_string(&toml)?.replace("\"rr\"", "\"twos\"");
    fs::write(&toml, text)?;
    let hide = "mkdir /tmp/check-modules; d=/lib/modules/`uname -r`; busybox grep -v ip_vs_twos $d/modules.dep > /tmp/check-modules/dep; mount --bind /tmp/check-modules/dep $d/modules.dep";
    let answer = check_seeing(&world, hide, &toml);
    assert_eq!(answer.code, 2, "{answer}");
    assert_eq!(
        ids(&answer),
        ["scheduler-missing", "file-differs"],
        "{answer}"
    );
    Ok(())
}

/// One interface for clients and servers. Whether a server believes a redirect is its
/// own business: those of this world go on answering through the director, so that
/// traffic does not stop here, and it is a warning.
fn send_redirects() -> Result<(), Failed> {
    let world = working("check-redirects");
    let director = &world.director;
    for line in [
        "ip address del 192.168.10.1/24 dev outside",
        "ip link set outside down",
        "sysctl -q -w net.ipv4.conf.all.send_redirects=1",
        "sysctl -q -w net.ipv4.conf.inside.send_redirects=1",
    ] {
        director.line(line).ok();
    }
    let answer = warned(&world, "", "send-redirects");
    run_commands(director, &answer);
    director.lbctl("check").ok();
    Ok(())
}

/// Servers are asked once, however many services share them: twice each, from either
/// side of the director.
fn a_thousand_services() -> Result<(), Failed> {
    let world = working("check-thousand");
    let mut saved = String::new();
    for port in 1000..2000 {
        use std::fmt::Write as _;
        writeln!(saved, "-A -t {VIP}:{port} -s rr")?;
        for server in ["192.168.31.100", "192.168.31.101"] {
            writeln!(saved, "-a -t {VIP}:{port} -r {server}:80 -m -w 1")?;
        }
    }
    let director = &world.director;
    let lbctl = super::lab::lbctl();
    let lbctl = lbctl.to_str().unwrap();
    director.run_with([lbctl, "restore"], &saved).ok();
    let trace = std::env::temp_dir().join("lbctl-check-thousand.trace");
    let trace = trace.to_str().unwrap();
    director
        .run([
            "strace",
            "-f",
            "-e",
            "trace=connect",
            "-o",
            trace,
            lbctl,
            "check",
        ])
        .ok();
    let connects = fs::read_to_string(trace)?;
    let count = connects
        .lines()
        .filter(|line| line.contains("AF_INET,"))
        .count();
    assert_eq!(count, 4, "{connects}");
    Ok(())
}
