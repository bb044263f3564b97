//! What a check is, as the file and the flags describe it, apart from whom it
//! asks. Values only; how each kind is carried out stands in the files beside.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::HttpCheck;

/// A check, apart from whom it asks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CheckSpec {
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
    /// Failures in a row that take a server down; 0 is read as 1.
    pub fall: u32,
    /// Successes in a row that bring it back; 0 is read as 1.
    pub rise: u32,
    /// Between attempts while a change is in doubt.
    pub retry_interval: Duration,
}

impl CheckSpec {
    /// A check with the defaults of lbctl.toml, the same for every kind.
    #[must_use]
    pub fn new(kind: CheckKind) -> Self {
        Self {
            kind,
            address: None,
            port: None,
            interval: Duration::from_secs(10),
            connect_timeout: Duration::from_secs(3),
            timeout: Duration::from_secs(5),
            fall: 2,
            rise: 1,
            retry_interval: Duration::from_secs(1),
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
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

    /// Whether it asks at a port.
    #[must_use]
    pub fn needs_port(&self) -> bool {
        match self {
            Self::Ping => false,
            Self::Exec(words) => words.iter().any(|word| word.contains("{port}")),
            _ => true,
        }
    }
}

/// A GET and which answers are well.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HttpQuestion {
    /// Path, virtual host and statuses.
    pub request: HttpCheck,
    /// What must be found somewhere in the first 256 KiB of the body: a regular
    /// expression of [`regex_lite`] that compiles. Bytes that are not UTF-8 stand
    /// as U+FFFD.
    pub body: Option<String>,
}

/// Whom an https check trusts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Trust {
    /// Whether certificate and name are verified.
    pub verify: bool,
    /// The certificates to trust, an absolute path; none: the well-known ones.
    pub ca_file: Option<PathBuf>,
}

/// The type of a DNS record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
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

/// Whether a name server can be asked for this name: labels of letters, digits, `-`
/// and `_`, or `.` for the root.
#[must_use]
pub fn is_domain_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
    };
    let labels = text.strip_suffix('.').unwrap_or(text);
    text == "." || (text.len() <= 253 && labels.split('.').all(label))
}
