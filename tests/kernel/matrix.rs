//! Every way from a director to its real servers: method, family, protocol, and
//! service by address or by mark. Bytes go there and come back in each, and who
//! answered is known. lbctl alone prepares the director and the real servers.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use libtest_mimic::Failed;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Test;
use super::lab::Namespace;
use super::world::World;

pub const TESTS: &[Test] = &[
    ("matrix::nat", || try_all(&NAT)),
    ("matrix::dr", || try_all(&DR)),
    ("matrix::ipip", || try_all(&IPIP)),
    ("matrix::gue", || try_all(&GUE)),
    ("matrix::gre", || try_all(&GRE)),
    ("matrix::tunnels_across_families", across),
];

const PORT: u16 = 7000;
/// More than fits a packet, wrapped or not.
const BYTES: usize = 5000;
const PATIENCE: Duration = Duration::from_secs(10);

struct Method {
    name: &'static str,
    /// Options of the director's servers.
    director: &'static str,
    /// Options of `real setup`; none where a real server needs nothing.
    real: Option<&'static str>,
}

const NAT: Method = Method {
    name: "nat",
    director: "--forward nat",
    real: None,
};
const DR: Method = Method {
    name: "dr",
    director: "--forward dr",
    real: Some("--method dr"),
};
const IPIP: Method = Method {
    name: "ipip",
    director: "--forward tun",
    real: Some("--method tun"),
};
const GUE: Method = Method {
    name: "gue",
    director: "--forward tun --tun-type gue --tun-port 6080",
    real: Some("--tun-type gue --tun-port 6080"),
};
const GRE: Method = Method {
    name: "gre",
    director: "--forward tun --tun-type gre",
    real: Some("--tun-type gre"),
};

/// The addresses of a family: the VIP's, and the two real servers'.
#[derive(Clone, Copy)]
struct Addresses {
    vip: &'static str,
    servers: [&'static str; 2],
    six: &'static str,
}

const FOUR: Addresses = Addresses {
    vip: "192.168.100.100",
    servers: ["192.168.31.100", "192.168.31.101"],
    six: "",
};
const SIX: Addresses = Addresses {
    vip: "2001:db8:100::100",
    servers: ["2001:db8:31::100", "2001:db8:31::101"],
    six: "-6",
};

/// The walkthrough's network with IPv6 beside IPv4.
fn world(name: &str) -> World {
    let world = World::new(name);
    let add = |namespace: &Namespace, commands: &[&str]| {
        for command in commands {
            namespace.line(&format!("ip -6 {command}")).ok();
        }
    };
    add(
        &world.client,
        &[
            "address add fe80::10/64 dev eth0 nodad",
            "address add 2001:db8:10::10/64 dev eth0 nodad",
            "route add default via 2001:db8:10::1",
        ],
    );
    add(
        &world.director,
        &[
            "address add fe80::1/64 dev outside nodad",
            "address add fe80::1/64 dev inside nodad",
            "address add 2001:db8:10::1/64 dev outside nodad",
            "address add 2001:db8:31::1/64 dev inside nodad",
        ],
    );
    for (worker, address) in world.workers.iter().zip(SIX.servers) {
        let link_local = address.replace("2001:db8:31", "fe80");
        add(
            worker,
            &[
                &format!("address add {link_local}/64 dev eth0 nodad"),
                &format!("address add {address}/64 dev eth0 nodad"),
                "route add default via 2001:db8:31::1",
            ],
        );
    }
    world.director.lbctl("forward on").ok();
    for addresses in [FOUR, SIX] {
        let vip = addresses.vip;
        world.director.lbctl(&format!("vip add {vip}")).ok();
    }
    world
}

fn try_all(method: &Method) -> Result<(), Failed> {
    let world = world(method.name);
    for addresses in [FOUR, SIX] {
        try_family(&world, method, addresses, addresses.servers, "");
    }
    Ok(())
}

fn try_family(
    world: &World,
    method: &Method,
    addresses: Addresses,
    servers: [&str; 2],
    outer: &str,
) {
    let vip = addresses.vip;
    let workers = &world.workers[..2];
    if let Some(options) = method.real {
        for worker in workers {
            worker
                .lbctl(&format!("real setup {vip} {options} {outer}"))
                .ok();
            assert_eq!(worker.lbctl("real check").code, 0);
        }
    }
    for protocol in ["-t", "-u"] {
        for by_mark in [false, true] {
            let cell = format!("{} {vip} {protocol} by mark: {by_mark}", method.name);
            let (service, port) = if by_mark {
                (format!("-f 1 {}", addresses.six), String::new())
            } else {
                (format!("{protocol} {}", at(vip)), format!(":{PORT}"))
            };
            let servers: Vec<String> = servers
                .iter()
                .map(|server| format!("-r {}{port}", bracketed(server)))
                .collect();
            let (servers, options) = (servers.join(" "), method.director);
            world
                .director
                .lbctl(&format!("add {service} -s rr {servers} {options}"))
                .ok();
            let answered = exchange(world, protocol, addresses, method.real.is_some(), &cell);
            assert!(
                answered == [0, 1, 0, 1] || answered == [1, 0, 1, 0],
                "{cell}: {answered:?}"
            );
            world.director.lbctl(&format!("del {service}")).ok();
        }
    }
    if method.real.is_some() {
        for worker in workers {
            worker.lbctl(&format!("real undo {vip}")).ok();
        }
    }
}

fn bracketed(address: &str) -> String {
    if address.contains(':') {
        format!("[{address}]")
    } else {
        address.to_owned()
    }
}

fn at(address: &str) -> String {
    format!("{}:{PORT}", bracketed(address))
}

/// Four requests, and the number of the server that answered each.
fn exchange(
    world: &World,
    protocol: &str,
    addresses: Addresses,
    own: bool,
    cell: &str,
) -> Vec<usize> {
    let vip: SocketAddr = at(addresses.vip).parse().unwrap();
    // With nat packets come to the server's own address, otherwise to the VIP.
    let ends = world
        .workers
        .iter()
        .zip(addresses.servers)
        .map(|(w, own_address)| {
            let address = if own { addresses.vip } else { own_address };
            let end: SocketAddr = at(address).parse().unwrap();
            (w, end)
        });
    let mut answered = Vec::new();
    if protocol == "-t" {
        let listeners: Vec<TcpListener> = ends
            .map(|(worker, end)| worker.enter(move || TcpListener::bind(end).unwrap()))
            .collect();
        for _ in 0..4 {
            let client = world
                .client
                .enter(|| TcpStream::connect_timeout(&vip, PATIENCE));
            let client = client.unwrap_or_else(|error| panic!("{cell}: {error}"));
            let number = readable(&listeners, cell);
            let (server, peer) = listeners[number].accept().unwrap();
            assert_eq!(peer.ip(), client.local_addr().unwrap().ip(), "{cell}");
            let name = u8::try_from(number).unwrap();
            echo(client, server, name, cell);
            answered.push(number);
        }
    } else {
        let sockets: Vec<UdpSocket> = ends
            .map(|(worker, end)| worker.enter(move || UdpSocket::bind(end).unwrap()))
            .collect();
        for request in 0..4u8 {
            let client = world.client.enter(|| {
                let any: IpAddr = if vip.is_ipv4() {
                    [0; 4].into()
                } else {
                    [0; 16].into()
                };
                let client = UdpSocket::bind((any, 0)).unwrap();
                client.connect(vip).unwrap();
                client.send(&[request; 100]).unwrap();
                client
            });
            let number = readable(&sockets, cell);
            let mut buffer = [0; 200];
            let (length, peer) = sockets[number].recv_from(&mut buffer).unwrap();
            assert_eq!(buffer[..length], [request; 100], "{cell}");
            sockets[number]
                .send_to(&[request, number.try_into().unwrap()], peer)
                .unwrap();
            client.set_read_timeout(Some(PATIENCE)).unwrap();
            let length = client
                .recv(&mut buffer)
                .unwrap_or_else(|error| panic!("{cell}: no answer: {error}"));
            assert_eq!(
                &buffer[..length],
                [request, number.try_into().unwrap()],
                "{cell}"
            );
            answered.push(number);
        }
    }
    answered
}

/// Bytes of the client come back, the server's name before them.
fn echo(mut client: TcpStream, mut server: TcpStream, name: u8, cell: &str) {
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
    }
    let sent: Vec<u8> = (0..BYTES).map(|n| u8::try_from(n % 251).unwrap()).collect();
    client.write_all(&sent).unwrap();
    let mut received = vec![0; BYTES];
    server
        .read_exact(&mut received)
        .unwrap_or_else(|error| panic!("{cell}: the server waits for bytes: {error}"));
    server
        .write_all(&[&[name], received.as_slice()].concat())
        .unwrap();
    drop(server);
    let mut back = Vec::new();
    client
        .read_to_end(&mut back)
        .unwrap_or_else(|error| panic!("{cell}: the client waits for bytes: {error}"));
    assert!(back[0] == name && back[1..] == sent, "{cell}");
}

/// The number of the socket that something comes in at.
fn readable<T: std::os::fd::AsFd>(sockets: &[T], cell: &str) -> usize {
    let mut waiting: Vec<PollFd<'_>> = sockets
        .iter()
        .map(|socket| PollFd::new(socket, PollFlags::IN))
        .collect();
    let limit = Timespec::try_from(PATIENCE).unwrap();
    poll(&mut waiting, Some(&limit)).unwrap();
    waiting
        .iter()
        .position(|found| !found.revents().is_empty())
        .unwrap_or_else(|| panic!("{cell}: nothing came to a server"))
}

/// A director may reach its servers by the other family than the service's.
fn across() -> Result<(), Failed> {
    let world = world("across");
    for method in [&IPIP, &GUE, &GRE] {
        try_family(&world, method, SIX, FOUR.servers, "--outer ipv4");
    }
    try_family(&world, &GRE, FOUR, SIX.servers, "--outer ipv6");
    // The kernel has no end for these; the real server says so.
    for method in [&IPIP, &GUE] {
        let options = method.real.unwrap();
        let line = format!("real setup {} {options} --outer ipv6", FOUR.vip);
        let why = world.workers[0].lbctl(&line).fails(2);
        assert!(why.contains("ip6tnl0 takes only IPv6"), "{why}");
    }
    // Without a tunnel, families cannot be crossed; the director says so.
    for method in [&NAT, &DR] {
        let line = format!(
            "add -t {} -s rr -r {} {}",
            at(SIX.vip),
            at(FOUR.servers[0]),
            method.director
        );
        let why = world.director.lbctl(&line).fails(2);
        assert!(
            why.contains("only --forward tun can cross families"),
            "{why}"
        );
    }
    Ok(())
}
