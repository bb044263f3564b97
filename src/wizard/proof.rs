//! The proof: requests to the VIP from a throw-away network namespace, as a
//! client's packets would come, and who answered them.

use std::io::{Read as _, Write as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::time::Duration;

use crate::plumbing::{self, Namespace, Network, Via, sysctl};

/// The wire's end on this machine.
const WIRE: &str = "lbctl-proof";
/// How long a request may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// As much of an answer as is looked at.
const ENOUGH: u64 = 4096;

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The server that the kernel gave it to, where that can be told.
    pub server: Option<String>,
    /// The first line of the answer, or why there was none.
    pub answer: Result<String, String>,
}

/// What the requests showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Each request in order.
    pub requests: Vec<Request>,
}

impl Proof {
    /// Whether every request was answered.
    #[must_use]
    pub fn holds(&self) -> bool {
        !self.requests.is_empty() && self.requests.iter().all(|request| request.answer.is_ok())
    }
}

/// The client's and our end of the wire, and the prefix length.
struct Addresses {
    client: IpAddr,
    ours: IpAddr,
    length: u8,
}

/// Nets that are nobody's: 198.18.0.0/15 is for tests of networks (RFC 2544), and
/// an fd00::/8 net of a random-looking number (RFC 4193).
fn candidates(v4: bool) -> impl Iterator<Item = Addresses> {
    (0..=255_u8).map(move |number| {
        if v4 {
            Addresses {
                client: Ipv4Addr::new(198, 18, number, 2).into(),
                ours: Ipv4Addr::new(198, 18, number, 1).into(),
                length: 30,
            }
        } else {
            let end = |last| {
                let number = u16::from(number);
                IpAddr::from(Ipv6Addr::new(0xfd6c, 0x6263, 0x746c, number, 0, 0, 0, last))
            };
            Addresses {
                client: end(2),
                ours: end(1),
                length: 64,
            }
        }
    })
}

/// The wire, gone when dropped. The namespace at its other end goes with it.
struct Wire {
    network: Network,
    client: Namespace,
}

impl Wire {
    fn new(vip: IpAddr) -> plumbing::Result<Self> {
        let client = Namespace::anonymous()?;
        let mut network = Network::open()?;
        let addresses = free(&mut network, vip.is_ipv4())?;
        network.add_veth(WIRE, "eth0", Some(&client))?;
        let mut wire = Self { network, client };
        wire.bring_up(vip, &addresses)?;
        Ok(wire)
    }

    fn bring_up(&mut self, vip: IpAddr, addresses: &Addresses) -> plumbing::Result<()> {
        let (ours, length) = (addresses.ours, addresses.length);
        if vip.is_ipv6() {
            // Nobody else is on this wire: its addresses need not be tried first.
            sysctl::write(&format!("net/ipv6/conf/{WIRE}/accept_dad"), "0")?;
        }
        self.network.add_address(WIRE, ours, length)?;
        self.network.set_up(WIRE)?;
        let client = addresses.client;
        self.client.run(|| {
            let mut network = Network::open()?;
            network.set_up("lo")?;
            if vip.is_ipv6() {
                sysctl::write("net/ipv6/conf/eth0/accept_dad", "0")?;
            }
            network.add_address("eth0", client, length)?;
            network.set_up("eth0")?;
            let host = if vip.is_ipv4() { 32 } else { 128 };
            network.add_route(vip, host, Via::Gateway(ours))
        })?
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        // The other end's namespace may have taken it away already.
        let _ = self.network.remove(WIRE);
    }
}

/// The first net that no interface here has.
fn free(network: &mut Network, v4: bool) -> plumbing::Result<Addresses> {
    let taken: Vec<IpAddr> = network
        .interfaces()?
        .into_iter()
        .flat_map(|interface| interface.addresses)
        .map(|(address, _)| address)
        .collect();
    candidates(v4)
        .find(|candidate| !taken.contains(&candidate.ours) && !taken.contains(&candidate.client))
        .ok_or_else(|| {
            plumbing::Error::new(
                "make a throw-away client",
                plumbing::Reason::Wrong("all nets for tests are in use".to_owned()),
            )
        })
}

/// Sends requests to the VIP, one after the other, and asks `connections` before
/// and after each how many connections every server has.
///
/// # Errors
/// The throw-away client cannot be made.
pub fn prove(
    vip: SocketAddr,
    host: Option<&str>,
    http: bool,
    requests: usize,
    connections: &mut dyn FnMut() -> Vec<(String, u32)>,
) -> plumbing::Result<Proof> {
    let wire = Wire::new(vip.ip())?;
    let name = host.map_or_else(|| vip.to_string(), str::to_owned);
    let mut proof = Proof {
        requests: Vec::with_capacity(requests),
    };
    for _ in 0..requests {
        let before = connections();
        let answer = wire.client.run(|| ask(vip, &name, http))?;
        let after = connections();
        let server = after
            .into_iter()
            .find(|(server, count)| {
                let known = before.iter().find(|(other, _)| other == server);
                *count > known.map_or(0, |(_, count)| *count)
            })
            .map(|(server, _)| server);
        proof.requests.push(Request { server, answer });
    }
    Ok(proof)
}

/// One request as a client sends it; the first line of the body, or of the
/// headers when there is no body.
fn ask(vip: SocketAddr, host: &str, http: bool) -> Result<String, String> {
    let problem = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => {
            format!("no answer within {} s", PATIENCE.as_secs())
        }
        std::io::ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        _ => error.to_string(),
    };
    let mut stream = TcpStream::connect_timeout(&vip, PATIENCE).map_err(problem)?;
    if !http {
        return Ok("connected".to_owned());
    }
    stream.set_read_timeout(Some(PATIENCE)).map_err(problem)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(problem)?;
    let request = format!("GET / HTTP/1.0\r\nHost: {host}\r\nUser-Agent: lbctl\r\n\r\n");
    stream.write_all(request.as_bytes()).map_err(problem)?;
    let mut answer = Vec::new();
    // An answer that ends in a reset is an answer.
    match stream.take(ENOUGH).read_to_end(&mut answer) {
        Err(error) if answer.is_empty() => return Err(problem(error)),
        _ => {}
    }
    let text = String::from_utf8_lossy(&answer);
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.lines().next().unwrap_or_default();
    if !status.starts_with("HTTP/") {
        return Err("closed the connection without an HTTP answer".to_owned());
    }
    let status = status.split_once(' ').map_or(status, |(_, status)| status);
    let first = body.lines().map(str::trim).find(|line| !line.is_empty());
    Ok(first.map_or_else(|| status.to_owned(), |line| format!("{status}: {line}")))
}
