//! The runner with real sockets on loopback: what hangs delays nobody.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};

use super::*;
use crate::health::check::{CheckKind, CheckSpec, HttpCheck, HttpQuestion, Outcome, StatusSet};
use crate::model::{Forward, Server};

fn check(kind: CheckKind, target: SocketAddr, timeout: Duration) -> Check {
    let spec = CheckSpec {
        timeout,
        interval: Duration::from_millis(1),
        ..CheckSpec::new(kind)
    };
    let server = Server {
        address: target.ip(),
        port: target.port(),
        forward: Forward::Nat,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
    };
    Check::new(&spec, &server).unwrap()
}

fn page() -> CheckKind {
    let request = HttpCheck::new("/", None, StatusSet::default()).unwrap();
    CheckKind::Http(HttpQuestion {
        request,
        body: None,
    })
}

/// Waits until `done` says so of an attempt; answers the lines of trouble.
fn run_until(runner: &mut Runner, mut done: impl FnMut(CheckId, &Outcome) -> bool) -> Vec<String> {
    let mut troubles = Vec::new();
    let mut journal = |level: Level, line: &str| {
        if level == Level::Trouble {
            troubles.push(line.to_owned());
        }
    };
    loop {
        if let Some(Event::Finished(id, Attempt { outcome, .. })) = runner.wait(None, &mut journal)
        {
            if done(id, &outcome) {
                break;
            }
            runner.finished(id, false);
        }
    }
    troubles
}

#[test]
fn a_network_that_hangs_delays_nobody_and_is_told_once() {
    // Its queue takes connections, and nobody answers them.
    let hung = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = hung.local_addr().unwrap().port();
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut runner = Runner::new().unwrap();
    let count = admission::MOST_IN_NETWORK + 10;
    for number in 0..count {
        let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
        // One network has 256 addresses; the others differ by name.
        let host = Ipv4Addr::new(127, 7, 7, low);
        let timeout = Duration::from_mins(1) + Duration::from_secs(high.into());
        let check = check(page(), (host, port).into(), timeout);
        runner.insert(&check, Duration::ZERO);
    }
    let quick = check(
        CheckKind::Tcp,
        open.local_addr().unwrap(),
        Duration::from_mins(1),
    );
    let quick = runner.insert(&quick, Duration::ZERO);
    let mut passes = 0;
    let troubles = run_until(&mut runner, |id, outcome| {
        assert_eq!(id, quick, "{outcome:?}");
        passes += 1;
        passes == 100
    });
    assert!(runner.admission.waiting() > 0);
    let [line] = &troubles[..] else {
        panic!("{troubles:?}");
    };
    assert!(line.contains("checks wait for others"), "{line}");
}

#[test]
fn a_check_never_runs_twice_at_the_same_time() {
    let hung = TcpListener::bind("127.0.0.1:0").unwrap();
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut runner = Runner::new().unwrap();
    let soon = Duration::from_millis(200);
    // It is due again each millisecond while it hangs.
    let slow = check(page(), hung.local_addr().unwrap(), soon);
    let slow = runner.insert(&slow, Duration::from_millis(1));
    let quick = check(
        CheckKind::Tcp,
        open.local_addr().unwrap(),
        Duration::from_mins(1),
    );
    runner.insert(&quick, Duration::from_millis(1));
    let mut ends: HashMap<CheckId, u32> = HashMap::new();
    run_until(&mut runner, |id, outcome| {
        let ends = ends.entry(id).or_default();
        *ends += 1;
        if id == slow {
            assert_eq!(outcome.text(), "no answer within 200ms");
        }
        id == slow && *ends == 3
    });
    // As many connections as attempts.
    hung.set_nonblocking(true).unwrap();
    assert_eq!(hung.incoming().map_while(Result::ok).count(), 3);
}

#[test]
fn programs_do_not_outlive_the_runner() {
    let pipe = std::env::temp_dir().join(format!("lbctl-runner-{}", std::process::id()));
    let _ = std::fs::remove_file(&pipe);
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let script = format!("exec 3>{}; echo here >&3; sleep 1000", pipe.display());
    let kind = CheckKind::Exec(["/bin/sh", "-c", &script].map(str::to_owned).to_vec());
    let target = SocketAddr::from(([192, 0, 2, 1], 80));
    let mut runner = Runner::new().unwrap();
    runner.insert(&check(kind, target, Duration::from_mins(1)), Duration::ZERO);
    let mut silent = |_: Level, _: &str| {};
    let stopper = runner.stopper();
    let path = pipe.clone();
    // Its end comes when nobody has it open for writing any more.
    let reader = std::thread::spawn(move || {
        let mut file = std::fs::File::open(path).unwrap();
        let mut line = [0; 5];
        io::Read::read_exact(&mut file, &mut line).unwrap();
        stopper.stop();
        let mut rest = String::new();
        io::Read::read_to_string(&mut file, &mut rest).unwrap();
        rest
    });
    assert!(matches!(runner.wait(None, &mut silent), Some(Event::Stop)));
    drop(runner);
    assert_eq!(reader.join().unwrap(), "");
    std::fs::remove_file(&pipe).unwrap();
}

/// Takes connections and does this with each of them.
fn serve(act: impl Fn(TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    std::thread::spawn(move || listener.incoming().flatten().for_each(act));
    target
}

/// Each socket is told of once, at the edge, and nothing may be missed.
#[test]
fn whatever_servers_do_is_seen_at_once() {
    let hold = |mut stream: TcpStream| drop(io::copy(&mut stream, &mut io::sink()));
    let answer: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwell\n";
    let targets = [
        // Before it is asked.
        (
            serve(move |mut stream| {
                let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.7\r\n");
                hold(stream);
            }),
            "broken HTTP answer",
        ),
        (serve(drop), "closed the connection without an answer"),
        // Whole, in pieces, and with much behind it.
        (
            serve(move |mut stream| {
                for byte in answer {
                    let _ = stream.write_all(&[*byte]);
                    std::thread::yield_now();
                }
                hold(stream);
            }),
            "status 200",
        ),
        (
            serve(|mut stream| {
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
                while stream.write_all(&[b'x'; 8192]).is_ok() {}
            }),
            "status 200",
        ),
    ];
    let mut runner = Runner::new().unwrap();
    for (target, _) in &targets {
        let check = check(page(), *target, Duration::from_mins(1));
        runner.insert(&check, Duration::from_millis(1));
    }
    let mut seen = HashMap::new();
    run_until(&mut runner, |id, outcome| {
        // Who closes with the question unread may reset the connection.
        if outcome.text() != "connection reset" {
            assert_eq!(outcome.text(), targets[id].1);
            *seen.entry(id).or_insert(0) += 1;
        }
        seen.len() == targets.len() && seen.values().all(|times| *times >= 3)
    });
}

/// Results of worker threads may come at the same moment; the bell is told once.
#[test]
fn every_message_is_told_whenever_the_bell_was_rung() {
    let mut runner = Runner::new().unwrap();
    let stopper = runner.stopper();
    let mut silent = |_: Level, _: &str| {};
    stopper.wake();
    stopper.wake();
    stopper.stop();
    let limit = now() + Duration::from_mins(1);
    for wanted in ["Wake", "Wake", "Stop"] {
        let told = runner.wait(Some(limit), &mut silent);
        assert_eq!(format!("{told:?}"), format!("Some({wanted})"));
        // Not slept over until the end of the waiting.
        assert!(runner.time() < limit, "{wanted}");
    }
}
