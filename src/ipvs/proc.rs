//! /proc/net/ip_vs and /proc/net/ip_vs_conn: what everybody may read. Less than
//! netlink shows (no statistics, thresholds, tunnels, scheduler flags), but the
//! only place that lists connections (net/netfilter/ipvs/ip_vs_ctl.c, ip_vs_conn.c).

use std::fs;
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{
    Counters, Family, Forward, Netmask, Protocol, Scheduler, SchedulerFlags, Server, ServerState,
    Service, ServiceId, ServiceState, Stats, Table, Tunnel,
};

/// /proc/net is the main thread's namespace; this is the calling thread's.
const DIRECTORY: &str = "/proc/thread-self/net";

/// Lines of `ip_vs` before the first service: the version, and two of headings.
const HEADINGS: usize = 3;

/// One connection, or a persistence template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// `TCP`, `UDP`, `SCTP`, `IP` (a template of a fwmark service), ...
    pub protocol: String,
    /// Where it comes from.
    pub client: (IpAddr, u16),
    /// Where it went; for a template of a fwmark service the mark as an address.
    pub virtual_service: (IpAddr, u16),
    /// Where it was sent.
    pub server: (IpAddr, u16),
    /// `ESTABLISHED`, `FIN_WAIT`, `NONE`, ...
    pub state: String,
    /// Seconds until it is forgotten, if nothing comes.
    pub expires: u32,
    /// The persistence engine and its data.
    pub engine: Option<(String, String)>,
}

/// Reads a file of /proc in as few pieces as it allows: the kernel looks for its
/// place anew for each.
fn read(name: &str) -> io::Result<String> {
    let mut text = String::with_capacity(1 << 20);
    fs::File::open(format!("{DIRECTORY}/{name}"))?.read_to_string(&mut text)?;
    Ok(text)
}

/// The table, as far as /proc shows it, sorted.
///
/// # Errors
/// The file cannot be read: IPVS is not there, or not yet loaded.
pub fn table() -> io::Result<Table> {
    Ok(parse_table(&read("ip_vs")?))
}

/// As [`table`], read twice: none when services or servers came or went meanwhile,
/// for then the kernel may have passed over some that are there.
///
/// # Errors
/// As [`table`].
pub(super) fn steady_table() -> io::Result<Option<Table>> {
    let first = read("ip_vs")?;
    if reads_again("ip_vs", first.as_bytes())? {
        return Ok(Some(parse_table(&first)));
    }
    // Counters change all the time; names are what counts.
    let second = read("ip_vs")?;
    let same = names(&first).eq(names(&second));
    Ok(same.then(|| parse_table(&second)))
}

/// Whether a file of /proc reads exactly so again; it is not kept a second time.
fn reads_again(name: &str, mut expected: &[u8]) -> io::Result<bool> {
    let mut file = fs::File::open(format!("{DIRECTORY}/{name}"))?;
    let mut piece = vec![0; 32 * 1024];
    loop {
        let length = match file.read(&mut piece) {
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if length == 0 {
            return Ok(expected.is_empty());
        }
        match expected.strip_prefix(piece.get(..length).unwrap_or_default()) {
            Some(rest) => expected = rest,
            None => return Ok(false),
        }
    }
}

/// What /proc showed, for comparison with a table from a dump.
pub(super) struct Shown(String);

impl Shown {
    /// Reads it.
    ///
    /// # Errors
    /// As [`table`].
    pub(super) fn read() -> io::Result<Self> {
        read("ip_vs").map(Self)
    }

    /// Whether it has the services and servers of this table, in its order, and no
    /// others. Both come from a walk of the same lists of the kernel, so that a
    /// table as it came from a dump need not be sorted first.
    pub(super) fn is_of(&self, table: &[ServiceState]) -> bool {
        let mut services = table.iter();
        let mut servers = [].iter();
        for line in self.0.lines().skip(HEADINGS) {
            let same = if let Some(server) = line.trim_ascii_start().strip_prefix("-> ") {
                let name = server.split_ascii_whitespace().next();
                let name = name.and_then(parse_endpoint);
                servers
                    .next()
                    .is_some_and(|state: &ServerState| Some(state.server.name()) == name)
            } else if servers.next().is_some() {
                // The dump has more of the service before.
                false
            } else if let (Some(state), Some(shown)) = (services.next(), parse_service(line)) {
                servers = state.servers.iter();
                without_family(&state.service.id) == shown.id
            } else {
                false
            };
            if !same {
                return false;
            }
        }
        servers.next().is_none() && services.next().is_none()
    }
}

/// /proc does not say of which family a mark is: IPv4 stands for both.
pub(super) fn without_family(id: &ServiceId) -> ServiceId {
    match *id {
        ServiceId::Fwmark { mark, .. } => ServiceId::Fwmark {
            mark,
            family: Family::Ipv4,
        },
        id @ ServiceId::Address { .. } => id,
    }
}

/// What stands before the settings of each line: `TCP 0A000064:0050`.
fn names(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().map(|line| {
        let mut words = line.split_ascii_whitespace();
        (words.next().unwrap_or(""), words.next().unwrap_or(""))
    })
}

/// All connections, in the kernel's order.
///
/// # Errors
/// As [`table`].
pub fn connections() -> io::Result<Vec<Connection>> {
    Ok(read("ip_vs_conn")?
        .lines()
        .filter_map(parse_connection)
        .collect())
}

/// Everything that IPVS counted in this network namespace since it began.
///
/// # Errors
/// As [`table`].
pub fn totals() -> io::Result<Counters> {
    Ok(parse_totals(&read("ip_vs_stats")?))
}

/// Two lines of headings, then connections, packets in and out, bytes in and out in
/// hexadecimal; what does not have this shape counts as 0.
fn parse_totals(text: &str) -> Counters {
    let mut numbers = text
        .lines()
        .nth(2)
        .into_iter()
        .flat_map(str::split_ascii_whitespace)
        .map(|word| u64::from_str_radix(word, 16).unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    Counters {
        connections: next(),
        packets_in: next(),
        packets_out: next(),
        bytes_in: next(),
        bytes_out: next(),
    }
}

/// Eight hex digits, or eight groups in brackets.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.contains(':') {
        return bare.parse::<Ipv6Addr>().ok().map(IpAddr::V6);
    }
    match bare.len() {
        8 => u32::from_str_radix(bare, 16)
            .ok()
            .map(|bits| Ipv4Addr::from(bits).into()),
        32 => u128::from_str_radix(bare, 16)
            .ok()
            .map(|bits| Ipv6Addr::from(bits).into()),
        _ => None,
    }
}

fn parse_endpoint(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.rsplit_once(':')?;
    Some((parse_address(address)?, u16::from_str_radix(port, 16).ok()?))
}

fn parse_table(text: &str) -> Table {
    let mut table: Table = Vec::new();
    for line in text.lines().skip(HEADINGS) {
        if let Some(rest) = line.trim_start().strip_prefix("-> ") {
            if let (Some(service), Some(server)) = (table.last_mut(), parse_server(rest)) {
                service.servers.push(server);
            }
        } else if let Some(service) = parse_service(line) {
            table.push(ServiceState {
                service,
                stats: Stats::default(),
                servers: Vec::new(),
            });
        }
    }
    super::read::sort(&mut table);
    table
}

fn parse_service(line: &str) -> Option<Service> {
    let mut words = line.split_ascii_whitespace();
    let kind = words.next()?;
    let name = words.next()?;
    let id = if kind == "FWM" {
        ServiceId::Fwmark {
            mark: u32::from_str_radix(name, 16).ok()?,
            // Not shown; the servers tell, if there are any.
            family: Family::Ipv4,
        }
    } else {
        let (address, port) = parse_endpoint(name)?;
        let protocol = match kind {
            "TCP" => Protocol::Tcp,
            "UDP" => Protocol::Udp,
            "SCTP" => Protocol::Sctp,
            _ => return None,
        };
        ServiceId::Address {
            protocol,
            address,
            port,
        }
    };
    let scheduler = Scheduler::from_kernel(words.next()?);
    let rest: Vec<&str> = words.collect();
    let mut service = Service {
        id,
        scheduler,
        scheduler_flags: SchedulerFlags::default(),
        persistence_timeout: None,
        netmask: Netmask::host(id.family()),
        persistence_engine: None,
        one_packet: rest.contains(&"ops"),
    };
    if let Some(at) = rest.iter().position(|word| *word == "persistent") {
        // In jiffies; user space does not know how long one is. 0 says only that
        // the service is persistent.
        service.persistence_timeout = Some(0);
        if let Some(Ok(mask)) = rest.get(at + 2).map(|mask| u32::from_str_radix(mask, 16))
            && id.family() == Family::Ipv4
        {
            service.netmask = Netmask::V4(mask.into());
        }
    }
    Some(service)
}

fn parse_server(line: &str) -> Option<ServerState> {
    let mut words = line.split_ascii_whitespace();
    let (address, port) = parse_endpoint(words.next()?)?;
    let forward = match words.next()? {
        "Masq" => Forward::Nat,
        "Local" => Forward::Local,
        "Tunnel" => Forward::Tun(Tunnel::default()),
        "Route" => Forward::Dr,
        "Bypass" => Forward::Bypass,
        _ => return None,
    };
    let weight = words.next()?.parse().ok()?;
    let active = words.next()?.parse().ok()?;
    let inactive = words.next()?.parse().ok()?;
    Some(ServerState {
        server: Server {
            address,
            port,
            forward,
            weight,
            upper_threshold: 0,
            lower_threshold: 0,
        },
        active,
        inactive,
        persistent: 0,
        stats: Stats::default(),
    })
}

fn parse_connection(line: &str) -> Option<Connection> {
    let words: Vec<&str> = line.split_ascii_whitespace().collect();
    let [
        protocol,
        from,
        from_port,
        to,
        to_port,
        server,
        server_port,
        state,
        expires,
        engine @ ..,
    ] = words.as_slice()
    else {
        return None;
    };
    let port = |text: &str| u16::from_str_radix(text, 16).ok();
    Some(Connection {
        protocol: (*protocol).to_owned(),
        client: (parse_address(from)?, port(from_port)?),
        virtual_service: (parse_address(to)?, port(to_port)?),
        server: (parse_address(server)?, port(server_port)?),
        state: (*state).to_owned(),
        expires: expires.parse().ok()?,
        engine: match engine {
            [name, data, ..] => Some(((*name).to_owned(), (*data).to_owned())),
            _ => None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TABLE: &str = "\
IP Virtual Server version 1.2.1 (size=4096)
Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port Forward Weight ActiveConn InActConn
TCP  0A000064:0050 rr  persistent 90000 FFFFFF00
  -> 0A00000B:1F90      Masq    3      1          2         
TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 sh 
  -> [2001:0db8:0000:0000:0000:0000:0000:0005]:0050      Tunnel  1      0          0         
FWM  00000005 wlc ops 
";

    #[test]
    fn reads_the_table_as_the_kernel_writes_it() {
        let table = parse_table(TABLE);
        let ids: Vec<String> = table
            .iter()
            .map(|state| state.service.id.to_string())
            .collect();
        assert_eq!(
            ids,
            ["tcp 10.0.0.100:80", "tcp [2001:db8::1]:80", "fwmark 5"]
        );
        assert_eq!(table[0].service.persistence_timeout, Some(0));
        assert_eq!(table[0].service.netmask.to_string(), "255.255.255.0");
        let server = &table[0].servers[0];
        assert_eq!(server.server.endpoint(), "10.0.0.11:8080");
        assert_eq!(
            (server.server.weight, server.active, server.inactive),
            (3, 1, 2)
        );
        assert_eq!(table[1].servers[0].server.forward.as_str(), "tun");
        assert!(table[2].service.one_packet);
    }

    #[test]
    fn a_dump_is_held_against_what_is_shown() {
        let shows = |table: &[ServiceState]| Shown(TABLE.to_owned()).is_of(table);
        let table = parse_table(TABLE);
        assert!(shows(&table));
        assert!(!shows(&[]));
        assert!(!shows(&table[..2]));
        assert!(!shows(&[&table[..], &table[..1]].concat()));
        let changed = |change: fn(&mut Table)| {
            let mut table = table.clone();
            change(&mut table);
            shows(&table)
        };
        // As many entries are not the same entries.
        assert!(!changed(|table| table[0].servers[0].server.port = 80));
        assert!(!changed(|table| table.swap(0, 1)));
        assert!(!changed(|table| table[1].servers.clear()));
        assert!(!changed(|table| {
            let server = table[0].servers[0].clone();
            table[2].servers.push(server);
        }));
        // A mark is shown without its family, a weight is no name.
        assert!(changed(|table| {
            table[0].servers[0].server.weight = 7;
            table[2].service.id = ServiceId::Fwmark {
                mark: 5,
                family: Family::Ipv6,
            };
        }));
    }

    #[test]
    fn reads_connections_of_both_families() {
        let line = "TCP C0A80A0A C804 C0A86464 0050 C0A81F65 0050 ESTABLISHED     898";
        let connection = parse_connection(line).unwrap();
        assert_eq!(connection.client.0.to_string(), "192.168.10.10");
        assert_eq!(connection.server.1, 80);
        assert_eq!(connection.expires, 898);
        let line = "UDP 20010db8000000000000000000000001 C804 20010db8000000000000000000000002 \
                    0035 20010db8000000000000000000000003 0035 UDP 291 sip 00ff";
        let connection = parse_connection(line).unwrap();
        assert_eq!(connection.server.0.to_string(), "2001:db8::3");
        assert_eq!(
            connection.engine,
            Some(("sip".to_owned(), "00ff".to_owned()))
        );
        assert!(
            parse_connection(
                "Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData"
            )
            .is_none()
        );
    }

    #[test]
    fn reads_what_was_counted() {
        let text = "   Total Incoming Outgoing         Incoming         Outgoing\n   Conns  \
                    Packets  Packets            Bytes            Bytes\n       2F        A        \
                    B             1000               C\n\n Conns/s   Pkts/s   Pkts/s\n       0\n";
        let totals = parse_totals(text);
        assert_eq!((totals.connections, totals.packets_in), (0x2f, 10));
        assert_eq!((totals.bytes_in, totals.bytes_out), (0x1000, 12));
        assert_eq!(parse_totals("x\n"), Counters::default());
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in "\\PC{0,80}(\n\\PC{0,80}){0,8}") {
            let _ = parse_table(&text);
            let _ = parse_totals(&text);
            let _ = Shown(text.clone()).is_of(&parse_table(&text));
            let _ = text.lines().filter_map(parse_connection).count();
        }

        #[test]
        fn a_broken_table_is_answered(
            changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<char>()), 0..8),
            end in any::<proptest::sample::Index>(),
        ) {
            let connection = "TCP C0A80A0A C804 C0A86464 0050 C0A81F65 0050 ESTABLISHED     898\n";
            let mut text: Vec<char> = TABLE.chars().chain(connection.chars()).collect();
            for (at, other) in changes {
                let length = text.len();
                text[at.index(length)] = other;
            }
            text.truncate(end.index(text.len()));
            let text: String = text.into_iter().collect();
            let table = parse_table(&text);
            let entries: usize = table.iter().map(|state| 1 + state.servers.len()).sum();
            prop_assert!(entries <= text.lines().count());
            prop_assert_eq!(names(&text).count(), text.lines().count());
            let _ = text.lines().filter_map(parse_connection).count();
        }
    }
}
