//! Every kind of check, by its flag, against servers in a network of its own: what
//! only a real one shows is a host that is not there.

use libtest_mimic::Failed;

use super::Test;
use super::world::World;

pub const TESTS: &[Test] = &[
    ("probe_kinds::servers_that_answer", servers_that_answer),
    ("probe_kinds::a_host_that_is_not_there", not_there),
    ("probe_kinds::words_that_cannot_be_right", wrong_words),
];

const SERVICE: &str = "-t 192.168.100.100:80";

fn world(name: &str, server: &str) -> World {
    let world = World::with_servers(name);
    world
        .director
        .lbctl(&format!("add {SERVICE} -s rr -r {server} -m"))
        .ok();
    world
}

fn servers_that_answer() -> Result<(), Failed> {
    let world = world("kinds", "192.168.31.100");
    for (flags, code, reason) in [
        ("--ping", 0, "echo reply"),
        ("--tcp", 0, "connected"),
        ("--http /health.html --body .", 0, "status 200"),
        (
            "--http /health.html --body ^nothing$",
            2,
            "body does not match",
        ),
        ("--https /health.html", 2, "does not speak TLS"),
        ("--udp --port 9", 2, "port unreachable"),
        ("--dns example.com --port 9", 2, "port unreachable"),
        ("--tcp --port 9", 2, "connection refused"),
        ("--tcp --address 192.168.31.102", 0, "connected"),
        ("--exec /usr/bin/env X={address}:{port}", 0, "exit status 0"),
        ("--exec /usr/bin/env /nonexistent", 2, "exit status 127"),
    ] {
        // A server that was down comes back with the next check that passes.
        let line = format!("probe {SERVICE} --once --fall 1 {flags}");
        let answer = world.director.lbctl(&line);
        assert_eq!(answer.code, code, "{flags}: {answer}");
        assert!(answer.stdout.contains(reason), "{flags}: {answer}");
    }
    Ok(())
}

fn not_there() -> Result<(), Failed> {
    // Nobody answers ARP for it.
    let world = world("nohost", "192.168.31.99");
    // No route at all is the director's own fault, and nothing is known.
    world.director.line("ip link set dev inside down").ok();
    let line = format!("probe {SERVICE} --once --fall 1 --tcp");
    let answer = world.director.lbctl(&line);
    assert_eq!(answer.code, 3, "{answer}");
    assert!(answer.stdout.contains("has no route"), "{answer}");
    world.director.line("ip link set dev inside up").ok();
    for flags in ["--ping", "--udp", "--dns .", "--tcp", "--http /"] {
        let times = "--timeout 1m --connect-timeout 1m --fall 1";
        let line = format!("probe {SERVICE} --once {times} {flags}");
        let answer = world.director.lbctl(&line);
        assert_eq!(answer.code, 2, "{flags}: {answer}");
        assert!(
            answer.stdout.contains("host unreachable"),
            "{flags}: {answer}"
        );
    }
    Ok(())
}

fn wrong_words() -> Result<(), Failed> {
    let world = world("words", "192.168.31.100");
    for (flags, part) in [
        ("", "which check?"),
        ("--exec true", "write the whole path"),
        ("--exec /nonexistent", "/nonexistent"),
        ("--dns a..b", "no domain name"),
        ("--http / --body (", "no regular expression"),
        ("--tcp --address here", "not an IP address"),
        ("--ping --tcp", "cannot be used with"),
        ("--tcp --body x", "required"),
    ] {
        let answer = world
            .director
            .lbctl(&format!("probe {SERVICE} --once {flags}"));
        assert_eq!(answer.code, 2, "{flags}: {answer}");
        assert!(answer.stderr.contains(part), "{flags}: {answer}");
    }
    Ok(())
}
