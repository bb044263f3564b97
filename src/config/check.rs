//! A health check as the file describes it: every kind, whichever this lbctl runs.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::health::{CheckKind as Runnable, CheckSpec, HttpCheck};

/// A check, apart from whom it asks. The times are 1 ms to one day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What is asked.
    pub kind: CheckKind,
    /// The address to ask, when it is not the server's.
    pub address: Option<IpAddr>,
    /// The port to ask, when it is not the server's.
    pub port: Option<u16>,
    /// From the start of one attempt to the start of the next.
    pub interval: Duration,
    /// For the connection alone; http, https and tcp.
    pub connect_timeout: Duration,
    /// For the whole attempt, connection included.
    pub timeout: Duration,
    /// Failures in a row that take a server down, 1 to 1000.
    pub fall: u32,
    /// Successes in a row that bring it back, 1 to 1000.
    pub rise: u32,
    /// Between attempts while a change is in doubt.
    pub retry_interval: Duration,
}

impl Check {
    /// A check of this kind, with the defaults of `health`.
    #[must_use]
    pub fn new(kind: CheckKind) -> Self {
        // The defaults are the same for every kind.
        let defaults = CheckSpec::new(Runnable::Tcp);
        Self {
            kind,
            address: None,
            port: None,
            interval: defaults.interval,
            connect_timeout: defaults.connect_timeout,
            timeout: defaults.timeout,
            fall: defaults.fall,
            rise: defaults.rise,
            retry_interval: defaults.retry_interval,
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CheckKind {
    /// A GET, judged by its status and perhaps its body.
    Http(HttpQuestion),
    /// The same under TLS.
    Https(HttpQuestion, Trust),
    /// A connection that is accepted.
    Tcp,
    /// A program; it ends with 0 when the server is well. The first word is the
    /// program's absolute path; `{address}` and `{port}` in the others stand for
    /// whom it asks. At least one word.
    Exec(Vec<String>),
    /// A question to a name server.
    Dns {
        /// The name that is asked for; `.` is the root.
        query: String,
        /// The type of record.
        record: DnsRecord,
    },
    /// An ICMP echo.
    Ping,
    /// A datagram; an ICMP error is a failure.
    Udp {
        /// What is sent; may be empty.
        payload: Vec<u8>,
        /// Whether silence is a failure, too.
        require_reply: bool,
    },
}

impl CheckKind {
    /// The word behind `type`.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Https(..) => "https",
            Self::Tcp => "tcp",
            Self::Exec(_) => "exec",
            Self::Dns { .. } => "dns",
            Self::Ping => "ping",
            Self::Udp { .. } => "udp",
        }
    }

    /// The kinds that there are, as [`CheckKind::as_str`] names them.
    #[must_use]
    pub fn names() -> &'static [&'static str] {
        &["http", "https", "tcp", "exec", "dns", "ping", "udp"]
    }
}

/// A GET and which answers are well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpQuestion {
    /// Path, virtual host and statuses.
    pub request: HttpCheck,
    /// What must be found somewhere in the body: a regular expression of
    /// [`regex_lite`] that compiles.
    pub body: Option<String>,
}

/// Whom an https check trusts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trust {
    /// Whether certificate and name are verified.
    pub verify: bool,
    /// The certificates to trust, an absolute path; none: the well-known ones.
    pub ca_file: Option<PathBuf>,
}

/// The type of a DNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsRecord {
    /// An IPv4 address.
    A,
    /// An IPv6 address.
    Aaaa,
    /// Another name.
    Cname,
    /// Mail servers.
    Mx,
    /// Name servers.
    Ns,
    /// The start of a zone.
    Soa,
    /// Text.
    Txt,
}

impl DnsRecord {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::A,
        Self::Aaaa,
        Self::Cname,
        Self::Mx,
        Self::Ns,
        Self::Soa,
        Self::Txt,
    ];

    /// `A`, `AAAA`, ...
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::A => "A",
            Self::Aaaa => "AAAA",
            Self::Cname => "CNAME",
            Self::Mx => "MX",
            Self::Ns => "NS",
            Self::Soa => "SOA",
            Self::Txt => "TXT",
        }
    }
}
