//! The kernel's older interface, getsockopt(2) (`do_ip_vs_get_ctl` in
//! net/netfilter/ipvs/ip_vs_ctl.c). It hands out all servers of a service in one answer,
//! read under the table's lock, for about a twentieth of what a dump costs. It knows
//! only IPv4, no tunnels' types, and counters of 32 bits: what it cannot say is left to
//! netlink, and [`Listed`] tells when that is so.

use std::ffi::c_uint;
use std::io;
use std::mem::offset_of;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsRawFd as _, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

use crate::model::{Counters, Family, Forward, Server, ServerState, ServiceId, Stats, Tunnel};

use super::{decode, encode};

/// `IP_VS_SO_GET_SERVICES` and those behind it (include/uapi/linux/ip_vs.h).
const GET_SERVICES: i32 = 64 + 1024 + 64 + 2;
const GET_SERVICE: i32 = GET_SERVICES + 1;
const GET_DESTS: i32 = GET_SERVICES + 2;

/// `struct ip_vs_stats_user`.
#[repr(C)]
struct RawStats {
    conns: u32,
    inpkts: u32,
    outpkts: u32,
    inbytes: u64,
    outbytes: u64,
    cps: u32,
    inpps: u32,
    outpps: u32,
    inbps: u32,
    outbps: u32,
}

/// `struct ip_vs_service_entry`; addresses and ports in network order.
#[repr(C)]
struct RawService {
    protocol: u16,
    addr: u32,
    port: u16,
    fwmark: u32,
    sched_name: [u8; 16],
    flags: c_uint,
    timeout: c_uint,
    netmask: u32,
    num_dests: c_uint,
    stats: RawStats,
}

/// `struct ip_vs_get_services`, without its entries.
#[repr(C)]
struct RawServices {
    num_services: c_uint,
    entries: [RawService; 0],
}

/// `struct ip_vs_dest_entry`; address and port in network order.
#[repr(C)]
struct RawDest {
    addr: u32,
    port: u16,
    conn_flags: c_uint,
    weight: i32,
    u_threshold: u32,
    l_threshold: u32,
    activeconns: u32,
    inactconns: u32,
    persistconns: u32,
    stats: RawStats,
}

/// `struct ip_vs_get_dests`, without its entries.
#[repr(C)]
struct RawDests {
    protocol: u16,
    addr: u32,
    port: u16,
    fwmark: u32,
    num_dests: c_uint,
    entries: [RawDest; 0],
}

/// Numbers at places of an answer, in the machine's own order.
#[derive(Clone, Copy)]
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    /// The bytes of a field; zeros where the answer is too short, which none is.
    fn at<const N: usize>(self, offset: usize) -> [u8; N] {
        self.0
            .get(offset..)
            .and_then(|rest| rest.first_chunk())
            .copied()
            .unwrap_or([0; N])
    }

    fn u32(self, offset: usize) -> u32 {
        u32::from_ne_bytes(self.at(offset))
    }

    fn be16(self, offset: usize) -> u16 {
        u16::from_be_bytes(self.at(offset))
    }

    fn ipv4(self, offset: usize) -> Ipv4Addr {
        Ipv4Addr::from(self.at::<4>(offset))
    }
}

/// The servers of a service, as far as this interface can say.
pub(super) enum Listed {
    /// All of them, with settings, connections and rates, these of 32 bits; totals are 0.
    All(Vec<ServerState>),
    /// There are some that it cannot describe: tunnels.
    Unclear,
    /// There is no such service.
    Gone,
}

/// A socket to ask through, and room for answers.
pub(super) struct Sockopt {
    socket: OwnedFd,
    answer: Vec<u8>,
}

impl Sockopt {
    /// Opens one in the current network namespace.
    ///
    /// # Errors
    /// The system refuses a socket.
    pub(super) fn open() -> io::Result<Self> {
        // Any socket of IPv4 will do, and this one sends nothing.
        let socket = socket(
            AddressFamily::Inet,
            SockType::Datagram,
            SockFlag::SOCK_CLOEXEC,
            None,
        )?;
        Ok(Self {
            socket,
            answer: Vec::new(),
        })
    }

    /// Every IPv4 service in the kernel's order, and how many servers it has, those
    /// of IPv6 among them. `expected` is how many there may be.
    ///
    /// # Errors
    /// No privilege, or a kernel without this interface.
    pub(super) fn services(&mut self, expected: usize) -> io::Result<Vec<(ServiceId, usize)>> {
        let fields = Fields {
            option: GET_SERVICES,
            head: size_of::<RawServices>(),
            count: offset_of!(RawServices, num_services),
            entry: size_of::<RawService>(),
        };
        let entries = self.ask(&fields, expected, |_| {})?;
        Ok(entries.map_while(service).collect())
    }

    /// How many servers an IPv4 service has, those of IPv6 among them; none if it is
    /// not there.
    ///
    /// # Errors
    /// As [`Sockopt::services`].
    pub(super) fn count(&mut self, id: &ServiceId) -> io::Result<Option<usize>> {
        self.answer.clear();
        self.answer.resize(size_of::<RawService>(), 0);
        name(id, &mut self.answer);
        match getsockopt(&self.socket, GET_SERVICE, &mut self.answer) {
            Ok(()) => Ok(service(&self.answer).map(|(_, servers)| servers)),
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The servers of an IPv4 service. `expected` is how many there may be.
    ///
    /// # Errors
    /// As [`Sockopt::services`].
    pub(super) fn servers(&mut self, id: &ServiceId, expected: usize) -> io::Result<Listed> {
        let fields = Fields {
            option: GET_DESTS,
            head: size_of::<RawDests>(),
            count: offset_of!(RawDests, num_dests),
            entry: size_of::<RawDest>(),
        };
        let entries = match self.ask(&fields, expected, |question| name(id, question)) {
            Ok(entries) => entries,
            Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(Listed::Gone),
            Err(error) => return Err(error),
        };
        let mut servers = Vec::with_capacity(expected);
        for server in entries.map_while(server) {
            if matches!(server.server.forward, Forward::Tun(_)) {
                return Ok(Listed::Unclear);
            }
            servers.push(server);
        }
        Ok(Listed::All(servers))
    }

    /// Asks until there is room for more entries than there are. The kernel does not
    /// say how many it wrote: room that it left is zeros, and no entry is.
    fn ask(
        &mut self,
        fields: &Fields,
        expected: usize,
        name: impl Fn(&mut [u8]),
    ) -> io::Result<std::slice::ChunksExact<'_, u8>> {
        let mut room = expected + 1;
        loop {
            self.answer.clear();
            self.answer.resize(fields.head + room * fields.entry, 0);
            name(&mut self.answer);
            let number = c_uint::try_from(room).map_err(io::Error::other)?;
            put(&mut self.answer, fields.count, number.to_ne_bytes());
            getsockopt(&self.socket, fields.option, &mut self.answer)?;
            let last = self.answer.len() - fields.entry;
            if self.answer[last..].iter().all(|byte| *byte == 0) {
                break;
            }
            room *= 2;
        }
        Ok(self.answer[fields.head..].chunks_exact(fields.entry))
    }
}

/// A question, and where things are in it: the length of its head, the number of
/// entries in that, and the length of an entry.
struct Fields {
    option: i32,
    head: usize,
    count: usize,
    entry: usize,
}

fn put<const N: usize>(question: &mut [u8], offset: usize, bytes: [u8; N]) {
    if let Some(field) = question.get_mut(offset..offset + N) {
        field.copy_from_slice(&bytes);
    }
}

/// Writes the service that is asked for into the head of a question, which is the
/// same for a service and for its servers.
fn name(id: &ServiceId, question: &mut [u8]) {
    match *id {
        ServiceId::Fwmark { mark, .. } => {
            put(question, offset_of!(RawDests, fwmark), mark.to_ne_bytes());
        }
        ServiceId::Address {
            protocol,
            address,
            port,
        } => {
            let protocol = encode::protocol_number(protocol).to_ne_bytes();
            put(question, offset_of!(RawDests, protocol), protocol);
            // An address of IPv6 is in no question: it finds nothing.
            if let IpAddr::V4(address) = address {
                put(question, offset_of!(RawDests, addr), address.octets());
            }
            put(question, offset_of!(RawDests, port), port.to_be_bytes());
        }
    }
}

/// An entry of services; none for room that was left.
fn service(entry: &[u8]) -> Option<(ServiceId, usize)> {
    let entry = Bytes(entry);
    let mark = entry.u32(offset_of!(RawService, fwmark));
    let protocol = u16::from_ne_bytes(entry.at(offset_of!(RawService, protocol)));
    let id = match (mark, protocol) {
        (0, 0) => return None,
        (0, protocol) => ServiceId::Address {
            protocol: decode::protocol(protocol),
            address: entry.ipv4(offset_of!(RawService, addr)).into(),
            port: entry.be16(offset_of!(RawService, port)),
        },
        (mark, _) => ServiceId::Fwmark {
            mark,
            family: Family::Ipv4,
        },
    };
    let servers = entry.u32(offset_of!(RawService, num_dests));
    Some((id, usize::try_from(servers).ok()?))
}

/// An entry of servers; none for room that was left, since no server has the
/// address 0.0.0.0 (`ip_vs_add_dest` wants a unicast or local one).
fn server(entry: &[u8]) -> Option<ServerState> {
    let entry = Bytes(entry);
    let address = entry.ipv4(offset_of!(RawDest, addr));
    if address.is_unspecified() {
        return None;
    }
    let stats = offset_of!(RawDest, stats);
    let rate = |offset| u64::from(entry.u32(stats + offset));
    Some(ServerState {
        server: Server {
            address: address.into(),
            port: entry.be16(offset_of!(RawDest, port)),
            forward: decode::forward(
                entry.u32(offset_of!(RawDest, conn_flags)),
                Tunnel::default(),
            ),
            weight: entry.u32(offset_of!(RawDest, weight)),
            upper_threshold: entry.u32(offset_of!(RawDest, u_threshold)),
            lower_threshold: entry.u32(offset_of!(RawDest, l_threshold)),
        },
        active: entry.u32(offset_of!(RawDest, activeconns)),
        inactive: entry.u32(offset_of!(RawDest, inactconns)),
        persistent: entry.u32(offset_of!(RawDest, persistconns)),
        stats: Stats {
            totals: Counters::default(),
            rates: Counters {
                connections: rate(offset_of!(RawStats, cps)),
                packets_in: rate(offset_of!(RawStats, inpps)),
                packets_out: rate(offset_of!(RawStats, outpps)),
                bytes_in: rate(offset_of!(RawStats, inbps)),
                bytes_out: rate(offset_of!(RawStats, outbps)),
            },
        },
    })
}

/// getsockopt(2) at the level of IP; what is asked stands where the answer will.
// The only call to the system that no library makes for us.
#[allow(unsafe_code)]
fn getsockopt(socket: &OwnedFd, option: i32, answer: &mut [u8]) -> io::Result<()> {
    let mut length = libc::socklen_t::try_from(answer.len()).map_err(io::Error::other)?;
    // SAFETY: pointer and length are those of one slice, borrowed for writing until
    // the call is over; the kernel touches no more than that, and any bytes that it
    // writes there are bytes.
    let status = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::IPPROTO_IP,
            option,
            answer.as_mut_ptr().cast(),
            &raw mut length,
        )
    };
    if status == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests;
