//! The proof: requests to the VIP from a throw-away network namespace, as a
//! client's packets would come, and who answered them.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;

use super::interrupt::Interrupt;
use super::request::{self, NoPage, Patience};
use crate::plumbing::{self, Namespace, Network, Via, sysctl};

/// The wire's end on this machine.
const WIRE: &str = "lbctl-proof";
/// How long a request may take whose answer comes back through this machine.
const PATIENCE: Duration = Duration::from_secs(5);
/// And one whose answer most likely does not.
const GLANCE: Duration = Duration::from_secs(1);

/// How a client speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Manner {
    /// It asks for a page of this host.
    Http(Option<String>),
    /// It connects.
    Tcp,
    /// It sends a datagram.
    Udp,
}

/// What became of one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The server that the kernel gave it to, where that can be told.
    pub server: Option<String>,
    /// How it was answered.
    pub answer: Answer,
}

/// How a request was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// By a server: its first line.
    Good(String),
    /// Not that it could be seen here.
    Silence(String),
    /// By a refusal, or by something that makes no sense.
    Bad(String),
}

impl Answer {
    /// What is said of it.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Good(text) | Self::Silence(text) | Self::Bad(text) => text,
        }
    }
}

/// What the requests showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Each request in order; none after the client was interrupted.
    pub requests: Vec<Request>,
}

/// What follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every request was answered.
    Answered,
    /// Every request was given to a server; whether it answers was not seen.
    Given,
    /// Some request came to nothing.
    Failed,
}

impl Proof {
    /// What follows; answers that pass this machine are `expected` to be seen.
    #[must_use]
    pub fn verdict(&self, expected: bool) -> Verdict {
        let all = |holds: fn(&Request) -> bool| {
            !self.requests.is_empty() && self.requests.iter().all(holds)
        };
        let is_given = |request: &Request| {
            request.server.is_some() && !matches!(request.answer, Answer::Bad(_))
        };
        if all(|request| matches!(request.answer, Answer::Good(_))) {
            Verdict::Answered
        } else if !expected && all(is_given) {
            Verdict::Given
        } else {
            Verdict::Failed
        }
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
/// and after each how many connections every server has. It ends at once when
/// somebody interrupts it. Answers are waited for as long as they are `expected`.
///
/// # Errors
/// The throw-away client cannot be made.
pub fn prove(
    vip: SocketAddr,
    manner: &Manner,
    expected: bool,
    requests: usize,
    connections: &mut dyn FnMut() -> Vec<(String, u64)>,
    interrupt: &Interrupt,
) -> plumbing::Result<Proof> {
    let wire = Wire::new(vip.ip())?;
    let mut proof = Proof {
        requests: Vec::with_capacity(requests),
    };
    for number in 0..requests {
        // The kernel may take a second to notice that a new wire carries: what is sent
        // until then is lost, and sent again.
        let patience = Patience {
            time: if expected || number == 0 {
                PATIENCE
            } else {
                GLANCE
            },
            interrupt: Some(interrupt),
        };
        let before = connections();
        let answer = wire.client.run(|| ask(vip, manner, patience))?;
        if interrupt.came() {
            break;
        }
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
fn ask(vip: SocketAddr, manner: &Manner, patience: Patience<'_>) -> Answer {
    let problem = |error: NoPage| match error {
        NoPage::NoConnection(why) => Answer::Silence(why),
        error => Answer::Bad(error.to_string()),
    };
    match manner {
        Manner::Udp => datagram(vip, patience),
        Manner::Tcp => request::connect(vip, patience).map_or_else(problem, |_| {
            Answer::Good("by taking the connection".to_owned())
        }),
        Manner::Http(host) => {
            let host = host.clone().unwrap_or_else(|| vip.to_string());
            request::get(vip, "/", &host, patience).map_or_else(problem, |page| {
                Answer::Good(match page.first {
                    Some(line) => format!("{}: {line}", page.status),
                    None => page.status,
                })
            })
        }
    }
}

/// One datagram; few services answer one that says nothing.
fn datagram(vip: SocketAddr, patience: Patience<'_>) -> Answer {
    let any: IpAddr = match vip {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let exchange = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect(vip)?;
        socket.set_nonblocking(true)?;
        socket.send(b"lbctl\n")?;
        patience.wait(&socket, PollFlags::IN, Instant::now())?;
        socket.recv(&mut [0; 512])
    };
    match exchange() {
        Ok(length) => Answer::Good(format!("with {length} bytes")),
        Err(error) => match error.kind() {
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Answer::Silence("no answer".to_owned()),
            ErrorKind::ConnectionRefused => {
                Answer::Bad("port unreachable: nothing listens there".to_owned())
            }
            _ => Answer::Bad(error.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(server: Option<&str>, answer: fn(String) -> Answer) -> Request {
        Request {
            server: server.map(str::to_owned),
            answer: answer(String::new()),
        }
    }

    #[test]
    fn what_requests_show() {
        let verdict = |requests: &[&Request], expected| {
            let requests = requests.iter().map(|it| (*it).clone()).collect();
            Proof { requests }.verdict(expected)
        };
        let answered = &request(Some("a"), Answer::Good);
        let given = &request(Some("a"), Answer::Silence);
        let lost = &request(None, Answer::Silence);
        let refused = &request(Some("a"), Answer::Bad);
        assert_eq!(verdict(&[answered], true), Verdict::Answered);
        assert_eq!(verdict(&[answered, given], true), Verdict::Failed);
        assert_eq!(verdict(&[answered, given], false), Verdict::Given);
        assert_eq!(verdict(&[given, lost], false), Verdict::Failed);
        assert_eq!(verdict(&[given, refused], false), Verdict::Failed);
        assert_eq!(verdict(&[], true), Verdict::Failed);
    }
}
