//! The DNS check against little name servers on loopback.

use std::net::{TcpListener, UdpSocket};
use std::thread;
use std::time::Duration;

use super::*;
use crate::health::check::CheckKind;

const LATE: Duration = Duration::from_mins(1);
const SOON: Duration = Duration::from_millis(300);

/// Answers one question by UDP with what `answer` makes of it, on a port where a
/// TCP server may be, too.
fn serve(answer: impl Fn(Vec<u8>) -> Vec<u8> + Send + 'static) -> (SocketAddr, TcpListener) {
    let (socket, tcp) = loop {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        // The port may be taken for TCP; then another one.
        if let Ok(tcp) = TcpListener::bind(socket.local_addr().unwrap()) {
            break (socket, tcp);
        }
    };
    let target = socket.local_addr().unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        socket
            .send_to(&answer(buffer[..length].to_vec()), from)
            .unwrap();
        // Kept open: a closed port would be an answer.
        let _ = socket.recv_from(&mut buffer);
    });
    (target, tcp)
}

fn ask(target: SocketAddr, timeout: Duration) -> Outcome {
    let spec = CheckSpec {
        timeout,
        ..CheckSpec::new(CheckKind::Tcp)
    };
    attempt(target, "www.example.com", DnsRecord::A, &spec)
}

/// The question turned into an answer with this code.
fn answered(mut question: Vec<u8>, code: u8) -> Vec<u8> {
    question[2] |= 0x80;
    question[3] = 0x80 | code;
    question
}

#[test]
fn the_code_decides() {
    for (code, outcome) in [
        (0, Outcome::passed("NOERROR with 0 answers")),
        (2, Outcome::failed("answered SERVFAIL")),
        (3, Outcome::failed("answered NXDOMAIN")),
        (5, Outcome::failed("answered REFUSED")),
        (9, Outcome::failed("answered code 9")),
    ] {
        let (target, _tcp) = serve(move |question| answered(question, code));
        assert_eq!(ask(target, LATE), outcome);
    }
}

#[test]
fn an_answer_with_a_wrong_id_is_not_taken() {
    let (target, _tcp) = serve(|question| {
        let mut answer = answered(question, 0);
        answer[0] ^= 0xff;
        answer
    });
    assert_eq!(
        ask(target, SOON),
        Outcome::failed("only answers to other questions within 300ms")
    );
}

#[test]
fn what_is_no_answer_is_broken() {
    let (target, _tcp) = serve(|question| question);
    assert_eq!(ask(target, LATE), Outcome::failed("broken DNS answer"));
}

#[test]
fn silence_and_a_closed_port_are_told_apart() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let target = socket.local_addr().unwrap();
    assert_eq!(ask(target, SOON), Outcome::failed("no answer within 300ms"));
    drop(socket);
    assert_eq!(ask(target, LATE), Outcome::failed("port unreachable"));
}

/// Takes one question by TCP and sends these bytes.
fn serve_tcp(tcp: TcpListener, answer: impl FnOnce(Vec<u8>) -> Vec<u8> + Send + 'static) {
    thread::spawn(move || {
        let (mut stream, _) = tcp.accept().unwrap();
        let mut length = [0; 2];
        stream.read_exact(&mut length).unwrap();
        let mut question = vec![0; u16::from_be_bytes(length).into()];
        stream.read_exact(&mut question).unwrap();
        stream.write_all(&answer(question)).unwrap();
    });
}

fn truncated(question: Vec<u8>) -> Vec<u8> {
    let mut answer = answered(question, 0);
    answer[2] |= 0x02;
    answer
}

fn framed(answer: Vec<u8>) -> Vec<u8> {
    [
        &u16::try_from(answer.len()).unwrap().to_be_bytes()[..],
        &answer,
    ]
    .concat()
}

#[test]
fn a_truncated_answer_is_asked_for_by_tcp() {
    let (target, tcp) = serve(truncated);
    serve_tcp(tcp, |question| framed(answered(question, 0)));
    assert_eq!(ask(target, LATE), Outcome::passed("NOERROR with 0 answers"));

    let (target, tcp) = serve(truncated);
    serve_tcp(tcp, |question| framed(answered(question, 3)));
    assert_eq!(ask(target, LATE), Outcome::failed("answered NXDOMAIN"));

    let (target, tcp) = serve(truncated);
    serve_tcp(tcp, |question| framed(truncated(question)));
    assert_eq!(
        ask(target, LATE),
        Outcome::failed("truncated answer by TCP")
    );

    let (target, tcp) = serve(truncated);
    serve_tcp(tcp, |_| vec![0, 100, 1, 2, 3]);
    assert_eq!(
        ask(target, LATE),
        Outcome::failed("closed the connection without an answer")
    );

    // Accepts by TCP, and never answers.
    let (target, _tcp) = serve(truncated);
    assert_eq!(ask(target, SOON), Outcome::failed("no answer within 300ms"));
}
