//! The HTTP check against little servers on loopback that do one wrong thing
//! each.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::*;
use crate::health::check::{Check, CheckKind, Kit, Prepared};
use crate::model::{Forward, Server};

/// Takes one connection, reads the request, lets `answer` do the rest. Returns
/// its address and the request as it came.
fn serve(
    address: &str,
    answer: impl FnOnce(&mut TcpStream) + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<String>) {
    let listener = TcpListener::bind(address).unwrap();
    let target = listener.local_addr().unwrap();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = Vec::new();
        let mut byte = [0];
        while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
            request.push(byte[0]);
        }
        let _ = sender.send(String::from_utf8_lossy(&request).into_owned());
        answer(&mut stream);
    });
    (target, receiver)
}

fn spec(status: &str, virtualhost: Option<&str>) -> CheckSpec {
    let check = HttpCheck::new("/health.html?a=b", virtualhost, status.parse().unwrap());
    CheckSpec {
        timeout: Duration::from_mins(1),
        ..CheckSpec::new(CheckKind::Http(HttpQuestion {
            request: check.unwrap(),
            body: None,
        }))
    }
}

/// The same with a pattern for the body.
fn with_body(pattern: &str) -> CheckSpec {
    let mut spec = spec("200", None);
    if let CheckKind::Http(question) = &mut spec.kind {
        question.body = Some(pattern.to_owned());
    }
    spec
}

fn ask(target: SocketAddr, spec: &CheckSpec) -> Outcome {
    let server = Server {
        address: target.ip(),
        port: target.port(),
        forward: Forward::Nat,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
    };
    let check = Check::new(spec, &server).unwrap();
    Prepared::new(check, Arc::new(Kit::default())).attempt()
}

/// The outcome of asking a server that answers so.
fn against(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> Outcome {
    let (target, _request) = serve("127.0.0.1:0", answer);
    ask(target, &spec("200", None))
}

/// The same, with little patience.
fn against_soon(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> Outcome {
    let (target, _request) = serve("127.0.0.1:0", answer);
    let timeout = Duration::from_millis(300);
    ask(
        target,
        &CheckSpec {
            timeout,
            ..spec("200", None)
        },
    )
}

fn say(text: &'static str) -> impl FnOnce(&mut TcpStream) + Send {
    move |stream| drop(stream.write_all(text.as_bytes()))
}

/// Writes the same bytes until the other side goes away.
fn write_for_ever(stream: &mut TcpStream, bytes: &[u8], pause: Duration) {
    while stream.write_all(bytes).is_ok() {
        thread::sleep(pause);
    }
}

#[test]
fn the_status_decides() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    assert_eq!(against(say(ok)), Outcome::passed("status 200"));
    assert_eq!(
        against(say("HTTP/1.0 403 Forbidden\r\nContent-Length: 0\r\n\r\n")),
        Outcome::failed("status 403, wanted 200")
    );
    assert_eq!(
        against(say("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")),
        Outcome::failed("status 503, wanted 200")
    );
}

#[test]
fn a_redirect_is_an_answer_and_not_followed() {
    let moved = "HTTP/1.1 302 Found\r\nLocation: /else\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(
        against(say(moved)),
        Outcome::failed("status 302, wanted 200")
    );
    let (target, _request) = serve("127.0.0.1:0", say(moved));
    assert_eq!(
        ask(target, &spec("200,301-302", None)),
        Outcome::passed("status 302")
    );
}

#[test]
fn broken_servers_get_their_sentences() {
    assert_eq!(
        against(|_| ()),
        Outcome::failed("closed the connection without an answer")
    );
    assert_eq!(
        against(say("SSH-2.0-OpenSSH_9.7\r\n\r\n")),
        Outcome::failed("broken HTTP answer")
    );
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    drop(listener);
    assert_eq!(
        ask(target, &spec("200", None)),
        Outcome::failed("connection refused")
    );
}

#[test]
fn a_header_that_never_ends_is_a_broken_answer() {
    let outcome = against(|stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n");
        write_for_ever(
            stream,
            &b"X-Long: 0123456789\r\n".repeat(100),
            Duration::ZERO,
        );
    });
    assert_eq!(outcome, Outcome::failed("broken HTTP answer"));
}

#[test]
fn no_server_outlives_the_timeout() {
    let (release, hold) = mpsc::channel::<()>();
    let silent = against_soon(move |_| {
        let _ = hold.recv();
    });
    assert_eq!(silent, Outcome::failed("no answer within 300ms"));
    drop(release);
    let pause = Duration::from_millis(20);
    let header = against_soon(move |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Drip: ");
        write_for_ever(stream, b"x", pause);
    });
    assert_eq!(header, Outcome::failed("no answer within 300ms"));
    let body = against_soon(move |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        write_for_ever(stream, b"x", pause);
    });
    assert_eq!(body, Outcome::failed("no complete answer within 300ms"));
}

#[test]
fn of_an_endless_body_only_so_much_is_read() {
    let (target, _request) = serve("127.0.0.1:0", |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        write_for_ever(stream, &b"x".repeat(65536), Duration::ZERO);
    });
    assert_eq!(
        ask(target, &spec("200", None)),
        Outcome::passed("status 200")
    );
}

#[test]
fn the_request_names_the_virtual_host_and_closes() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (target, request) = serve("127.0.0.1:0", say(ok));
    let outcome = ask(target, &spec("200", Some("www.example.com")));
    assert_eq!(outcome, Outcome::passed("status 200"));
    let request = request.recv().unwrap().to_lowercase();
    assert!(
        request.starts_with("get /health.html?a=b http/1.1\r\n"),
        "{request}"
    );
    let version = env!("CARGO_PKG_VERSION");
    for line in [
        "\r\nhost: www.example.com\r\n",
        "\r\nconnection: close\r\n",
        &format!("\r\nuser-agent: lbctl/{version}\r\n"),
    ] {
        assert!(request.contains(line), "{line:?} in {request}");
    }
    assert_eq!(request.matches("\r\nhost:").count(), 1);
}

#[test]
fn without_a_virtual_host_the_address_is_the_host() {
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (target, request) = serve("127.0.0.1:0", say(ok));
    assert_eq!(
        ask(target, &spec("200", None)),
        Outcome::passed("status 200")
    );
    let request = request.recv().unwrap().to_lowercase();
    assert!(
        request.contains(&format!("\r\nhost: {target}\r\n")),
        "{request}"
    );
}

#[test]
fn ipv6_servers_are_asked_too() {
    if TcpListener::bind("[::1]:0").is_err() {
        return;
    }
    let ok = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    let (target, _request) = serve("[::1]:0", say(ok));
    assert_eq!(
        ask(target, &spec("200", Some("v6.example.com"))),
        Outcome::passed("status 200")
    );
}

#[test]
fn the_body_is_looked_at() {
    for (body, outcome) in [
        ("all is well", Outcome::passed("status 200")),
        ("all is bad", Outcome::failed("body does not match")),
        ("", Outcome::failed("body does not match")),
    ] {
        let (target, _request) = serve("127.0.0.1:0", move |stream| {
            let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\n{body}");
        });
        assert_eq!(ask(target, &with_body("is w[e]ll$")), outcome, "{body}");
    }
    // Chunks are put together, and bytes that are no text do no harm.
    let (target, _request) = serve("127.0.0.1:0", |stream| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        let _ = stream.write_all(&[&head[..], b"4\r\n\xff\xfewe\r\n2\r\nll\r\n0\r\n\r\n"].concat());
    });
    assert_eq!(
        ask(target, &with_body("well")),
        Outcome::passed("status 200")
    );
    // Behind the cap nothing is found.
    let (target, _request) = serve("127.0.0.1:0", |stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        let _ = stream.write_all(&b"x".repeat(answer::BODY_CAP));
        let _ = stream.write_all(b"well");
    });
    assert_eq!(
        ask(target, &with_body("well")),
        Outcome::failed("body does not match")
    );
}

#[test]
fn a_server_that_answers_and_closes_in_the_middle_is_told() {
    let cut = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok";
    assert_eq!(
        against(say(cut)),
        Outcome::failed("closed the connection in the middle of the answer")
    );
}

#[test]
fn what_cannot_stand_in_a_request_is_refused() {
    for path in ["", "health", "/a b", "/a\r\nX: y", "/#top", "http://x/"] {
        assert!(
            HttpCheck::new(path, None, StatusSet::default()).is_err(),
            "{path:?}"
        );
    }
    for host in [
        "",
        "a b",
        "a\r\nX: y",
        "me@example.com",
        "a:b",
        "a:",
        "[::1",
        "[::1]80",
    ] {
        assert!(
            HttpCheck::new("/", Some(host), StatusSet::default()).is_err(),
            "{host:?}"
        );
    }
    for host in [
        "[::1]",
        "[::1]:80",
        "a:80",
        "192.0.2.1",
        "under_score.example",
    ] {
        assert!(
            HttpCheck::new("/", Some(host), StatusSet::default()).is_ok(),
            "{host}"
        );
    }
}
