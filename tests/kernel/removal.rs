//! What weight 0 and removal do to connections, row by row, as the kernel does it; it
//! is what lbctl says of them that is tested with it.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use libtest_mimic::Failed;

use super::Test;
use super::apply::ConfigFile;
use super::lab::Namespace;
use super::service::{BOTH, expected, text, until, weights};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("removal::weight_0_keeps_connections", weight_0),
    ("removal::weight_0_and_no_other", no_other),
    ("removal::weight_0_and_a_port_used_again", port_again),
    ("removal::a_removed_server_is_silence", silence),
    ("removal::a_removed_server_is_a_reset", reset),
    ("removal::udp_sticks_to_weight_0", datagrams),
    ("removal::persistent_clients_move_on", persistent),
    ("removal::what_inhibiting_cannot_do_is_told", told),
];

/// What is not there when this is over does not come.
const PATIENCE: Duration = Duration::from_secs(1);
const PORT: u16 = 5353;

/// The walkthrough applied, with both servers in.
fn applied(name: &str) -> (World, ConfigFile) {
    let world = World::with_servers(name);
    let file = ConfigFile::new(name, &text(BOTH));
    file.run(&world.director, "apply").ok();
    (world, file)
}

fn sysctl(world: &World, name: &str, value: u8) {
    let line = format!("sysctl -q -w net.ipv4.vs.{name}={value}");
    world.director.line(&line).ok();
}

/// The last part of a worker's address, by what it answers.
fn number(name: &str) -> u8 {
    if name == "w1" { 100 } else { 101 }
}

fn other(name: &str) -> &'static str {
    if name == "w1" { "w2" } else { "w1" }
}

fn change(world: &World, verb: &str, name: &str, options: &str) {
    let number = number(name);
    let line = format!("{verb} -t {VIP}:80 -r 192.168.31.{number} {options}");
    world.director.lbctl(&line).ok();
}

/// A connection that stays, and asks again and again.
struct Conversation {
    stream: TcpStream,
    /// Who answers it.
    with: String,
}

impl Conversation {
    fn open(world: &World) -> Self {
        let stream = world
            .client
            .enter(|| TcpStream::connect((VIP, 80)).unwrap());
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut conversation = Self {
            stream,
            with: String::new(),
        };
        conversation.with = conversation.ask().unwrap();
        conversation
    }

    fn ask(&mut self) -> io::Result<String> {
        self.say()?;
        self.hear()
    }

    fn say(&mut self) -> io::Result<()> {
        self.stream
            .write_all(b"GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")
    }

    fn hear(&mut self) -> io::Result<String> {
        let (mut answer, mut piece) = (String::new(), [0; 1024]);
        loop {
            let length = self.stream.read(&mut piece)?;
            answer += &String::from_utf8_lossy(&piece[..length]);
            if let Some((_, body)) = answer.split_once("\r\n\r\n")
                && body.ends_with('\n')
            {
                return Ok(body.trim().to_owned());
            }
            if length == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn weight_0() -> Result<(), Failed> {
    let (world, _file) = applied("weight0");
    for nodest in [0, 1] {
        sysctl(&world, "expire_nodest_conn", nodest);
        let mut conversation = Conversation::open(&world);
        let name = conversation.with.clone();
        change(&world, "edit", &name, "-w 0");
        for _ in 0..3 {
            assert_eq!(world.get(), other(&name));
            assert_eq!(conversation.ask()?, name);
        }
        change(&world, "edit", &name, "-w 1");
    }
    Ok(())
}

fn no_other() -> Result<(), Failed> {
    let (world, _file) = applied("noother");
    let mut conversation = Conversation::open(&world);
    let name = conversation.with.clone();
    for name in ["w1", "w2"] {
        change(&world, "edit", name, "-w 0");
    }
    // Refused, or nothing at all: the kernel limits how much ICMP it sends.
    let (vip, limit) = (format!("{VIP}:80").parse().unwrap(), 3 * PATIENCE);
    let refused = world
        .client
        .enter(|| TcpStream::connect_timeout(&vip, limit).unwrap_err().kind());
    let kinds = [ErrorKind::ConnectionRefused, ErrorKind::TimedOut];
    assert!(kinds.contains(&refused), "{refused}");
    assert_eq!(conversation.ask()?, name);
    let told = world.director.lbctl("check");
    assert_eq!(told.code, 2, "{told}");
    assert!(told.stdout.contains("weight 0"), "{told}");
    Ok(())
}

fn port_again() -> Result<(), Failed> {
    let (world, _file) = applied("portagain");
    // The server closes first, and so the port is free again.
    let from = |port: u16| {
        let line =
            format!("curl -sS -m 10 -0 --ignore-content-length --local-port {port} http://{VIP}/");
        world.client.line(&line).ok().trim().to_owned()
    };
    for (nodest, port) in [(0, 40_001), (1, 40_002)] {
        sysctl(&world, "expire_nodest_conn", nodest);
        let name = from(port);
        change(&world, "edit", &name, "-w 0");
        assert_eq!(from(port), other(&name), "expire_nodest_conn={nodest}");
        change(&world, "edit", &name, "-w 1");
    }
    Ok(())
}

fn silence() -> Result<(), Failed> {
    let (world, _file) = applied("silence");
    let mut conversation = Conversation::open(&world);
    let name = conversation.with.clone();
    change(&world, "del", &name, "");
    assert_eq!(world.get(), other(&name));
    conversation.say()?;
    let nothing = conversation.hear().unwrap_err();
    assert_eq!(nothing.kind(), ErrorKind::WouldBlock);
    // The entry is still there, and works as soon as the server is.
    let port = conversation.stream.local_addr()?.port();
    let known = world.director.look("ipvsadm -Lnc").ok();
    let entry = format!(":{port} ");
    assert!(known.contains(&entry), "{known}");
    change(&world, "add", &name, "-m");
    let mut patience = 60;
    let heard = loop {
        match conversation.hear() {
            Err(error) if error.kind() == ErrorKind::WouldBlock && patience > 0 => patience -= 1,
            other => break other,
        }
    };
    // On a slow machine its server has closed it meanwhile, and that is heard, too.
    let closed = matches!(&heard, Err(error) if error.kind() == ErrorKind::UnexpectedEof);
    assert!(
        closed || heard.as_deref().is_ok_and(|it| it == name),
        "{heard:?}"
    );
    Ok(())
}

fn reset() -> Result<(), Failed> {
    let (world, _file) = applied("reset");
    sysctl(&world, "expire_nodest_conn", 1);
    let removed = |patience: Option<Duration>| {
        let mut conversation = Conversation::open(&world);
        let name = conversation.with.clone();
        change(&world, "del", &name, "");
        assert_eq!(world.get(), other(&name));
        conversation.stream.set_read_timeout(patience).unwrap();
        let error = conversation.ask().unwrap_err();
        change(&world, "add", &name, "-m");
        error.kind()
    };
    // The director's own stack sends no reset from an address that it has not.
    assert_eq!(removed(Some(PATIENCE)), ErrorKind::WouldBlock);

    let line = format!("ip address add {VIP}/32 dev lo");
    world.director.line(&line).ok();
    assert_eq!(removed(None), ErrorKind::ConnectionReset);
    Ok(())
}

/// Says its name to everybody who sends it something.
struct Echo(Arc<AtomicBool>, Option<JoinHandle<()>>);

impl Echo {
    fn start(namespace: &Namespace, name: &'static str) -> Self {
        let socket = namespace.enter(|| UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).unwrap());
        socket
            .set_read_timeout(Some(Duration::from_millis(100)))
            .unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                if let Ok((_, from)) = socket.recv_from(&mut [0; 16]) {
                    let _ = socket.send_to(name.as_bytes(), from);
                }
            }
        });
        Self(stop, Some(thread))
    }
}

impl Drop for Echo {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        let _ = self.1.take().map(JoinHandle::join);
    }
}

fn datagrams() -> Result<(), Failed> {
    let world = World::new("datagrams");
    let director = &world.director;
    let _echoes = [
        Echo::start(&world.workers[0], "w1"),
        Echo::start(&world.workers[1], "w2"),
    ];
    director.lbctl("forward on").ok();
    director.lbctl(&format!("vip add {VIP}")).ok();
    let add = format!("add -u {VIP}:{PORT} -s rr -r 192.168.31.100 -r 192.168.31.101 -m");
    director.lbctl(&add).ok();
    let change = |verb: &str, name: &str, options: &str| {
        let number = number(name);
        let line = format!("{verb} -u {VIP}:{PORT} -r 192.168.31.{number} {options}");
        director.lbctl(&line).ok();
    };
    let socket = world.client.enter(|| {
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        socket.connect((VIP, PORT)).unwrap();
        socket
    });
    socket.set_read_timeout(Some(PATIENCE))?;
    let ask = || {
        socket.send(b"?").ok()?;
        let mut answer = [0; 16];
        let length = socket.recv(&mut answer).ok()?;
        Some(String::from_utf8_lossy(&answer[..length]).into_owned())
    };
    let name = ask().ok_or("no answer")?;
    // Down with inhibit_on_failure, or drained: its old clients still go to it.
    change("edit", &name, "-w 0");
    for _ in 0..3 {
        assert_eq!(ask().as_deref(), Some(name.as_str()));
    }
    // Down without: they get nothing.
    change("del", &name, "");
    assert_eq!(ask(), None);
    change("add", &name, "-m");
    until(Some(name.clone()), ask);
    // Only this moves them.
    sysctl(&world, "expire_nodest_conn", 1);
    change("del", &name, "");
    until(Some(other(&name).to_owned()), ask);
    Ok(())
}

fn persistent() -> Result<(), Failed> {
    let (world, _file) = applied("removal-sticky");
    let edit = format!("edit -t {VIP}:80 -p 300");
    world.director.lbctl(&edit).ok();
    let name = world.get();
    for _ in 0..3 {
        assert_eq!(world.get(), name);
    }
    change(&world, "del", &name, "");
    assert_eq!(world.get(), other(&name));
    // Where it is now, it stays.
    change(&world, "add", &name, "-m");
    assert_eq!(world.get(), other(&name));
    Ok(())
}

/// What keeps a service says what its way to take servers out does not do.
fn told() -> Result<(), Failed> {
    let (world, _file) = applied("told");
    let director = &world.director;
    let probe = |service: &str, words: &str| {
        let line = format!("probe {service} --tcp --port 80 --once {words}");
        director.lbctl(&line).stderr
    };
    let tcp = format!("-t {VIP}:80");
    let nothing = probe(&tcp, "");
    assert!(!nothing.contains("net.ipv4.vs"), "{nothing}");
    let removes = probe(&tcp, "--on-failure remove");
    assert!(removes.contains("expire_nodest_conn=1"), "{removes}");
    sysctl(&world, "expire_nodest_conn", 1);
    let nothing = probe(&tcp, "--on-failure remove");
    assert!(!nothing.contains("net.ipv4.vs"), "{nothing}");

    director.lbctl(&format!("edit {tcp} -p 300")).ok();
    let sticks = probe(&tcp, "");
    assert!(sticks.contains("expire_quiescent_template=1"), "{sticks}");
    sysctl(&world, "expire_quiescent_template", 1);
    let nothing = probe(&tcp, "");
    assert!(!nothing.contains("net.ipv4.vs"), "{nothing}");

    let udp = format!("-u {VIP}:80");
    let add = format!("add {udp} -s rr -r 192.168.31.100 -m");
    director.lbctl(&add).ok();
    let sticks = probe(&udp, "");
    assert!(sticks.contains("inhibit_on_failure"), "{sticks}");
    assert_eq!(weights(&world), expected(&[("100", 1), ("101", 1)]));
    Ok(())
}
