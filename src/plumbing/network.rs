//! The interfaces of a network namespace: looking at them, and putting worlds
//! together to try things in. Message and attribute numbers are those of
//! linux/if_link.h and linux/if_addr.h. Routes stand in `way`.

use std::net::IpAddr;
use std::os::fd::AsRawFd;

use neli::consts::nl::NlmF;
use neli::consts::socket::NlFamily;

use super::route::{address, octets};
use super::rule::family_byte;
use super::{Error, Namespace, Reason, Result};
use crate::model::Family;
use crate::netlink::{self, AttributeWriter, Request, Socket};

const RTM_NEWLINK: u16 = 16;
const RTM_DELLINK: u16 = 17;
pub(super) const RTM_GETLINK: u16 = 18;
pub(super) const RTM_NEWADDR: u16 = 20;
pub(super) const RTM_DELADDR: u16 = 21;
pub(super) const RTM_GETADDR: u16 = 22;

/// `struct ifinfomsg`: family, pad, u16 type, i32 index, u32 flags, u32 change.
pub(super) const LINK_HEADER: usize = 16;
/// `struct ifaddrmsg`: family, prefix length, flags, scope, u32 index.
pub(super) const ADDRESS_HEADER: usize = 8;
const IFF_UP: u32 = 1;
/// `IFF_LOOPBACK | IFF_NOARP`.
const NO_NEIGHBOURS: u32 = 0x8 | 0x80;
/// `IFA_F_NODAD`: usable at once, without asking whether another has it.
pub(super) const NO_DETECTION: u8 = 2;

const IFLA_IFNAME: u16 = 3;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_NET_NS_FD: u16 = 28;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const VETH_INFO_PEER: u16 = 1;
pub(super) const IFA_ADDRESS: u16 = 1;
pub(super) const IFA_LOCAL: u16 = 2;

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Its number, from 1.
    pub index: u32,
    /// Whether it is switched on (not: whether a cable is in).
    pub up: bool,
    /// Whether nobody out there asks for its addresses: lo, tunnels, dummies.
    pub quiet: bool,
    /// Its addresses with their prefix lengths.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// The network namespace of the thread that opened it.
pub struct Network {
    pub(super) socket: Socket,
}

impl Network {
    /// Opens the calling thread's network namespace.
    ///
    /// # Errors
    /// The system has no netlink.
    pub fn open() -> Result<Self> {
        match Socket::open(NlFamily::Route) {
            Ok(socket) => Ok(Self { socket }),
            Err(error) => Err(Error::new("talk to the kernel", error)),
        }
    }

    /// All interfaces with their addresses, by number.
    ///
    /// # Errors
    /// The kernel refuses to show them.
    pub fn interfaces(&mut self) -> Result<Vec<Interface>> {
        let failed = |error| Error::new("list the network interfaces", error);
        let request = Request::new(RTM_GETLINK, &[0; LINK_HEADER]);
        let mut interfaces = self.socket.dump(&request, interface).map_err(failed)?;
        interfaces.sort_by_key(|interface| interface.index);
        let request = Request::new(RTM_GETADDR, &[0; ADDRESS_HEADER]);
        let addresses = self.socket.dump(&request, owned_address).map_err(failed)?;
        for (index, address, length) in addresses.into_iter().flatten() {
            if let Some(owner) = interfaces.iter_mut().find(|owner| owner.index == index) {
                owner.addresses.push((address, length));
            }
        }
        Ok(interfaces)
    }

    /// The number of the interface with this name.
    ///
    /// # Errors
    /// [`Reason::UnknownInterface`].
    pub fn index(&mut self, name: &str) -> Result<u32> {
        let doing = || format!("find the interface {}", name.escape_default());
        let mut request = Request::new(RTM_GETLINK, &[0; LINK_HEADER]);
        request.attributes().string(IFLA_IFNAME, name);
        let mut index = None;
        let asked = self.socket.ask(&request, |message| {
            index = Some(interface(message)?.index);
            Ok(())
        });
        match (asked, index) {
            (Ok(()), Some(index)) => Ok(index),
            (Ok(()), None) => Err(Error::new(doing(), Reason::UnknownInterface)),
            // ERANGE, EINVAL: longer than a name can be, or empty.
            (Err(error), _)
                if matches!(
                    error.errno(),
                    Some(libc::ENODEV | libc::ERANGE | libc::EINVAL)
                ) =>
            {
                Err(Error::new(doing(), Reason::UnknownInterface))
            }
            (Err(error), _) => Err(Error::new(doing(), error)),
        }
    }

    /// Makes two interfaces with a cable between them. The peer comes to be in
    /// the other namespace, if one is given.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn add_veth(&mut self, name: &str, peer: &str, into: Option<&Namespace>) -> Result<()> {
        self.create(name, "veth", |data| {
            data.nest_behind(VETH_INFO_PEER, &[0; LINK_HEADER], |attributes| {
                attributes.string(IFLA_IFNAME, peer);
                if let Some(namespace) = into {
                    let descriptor = namespace.as_raw_fd();
                    attributes.u32(IFLA_NET_NS_FD, descriptor.cast_unsigned());
                }
            });
        })
    }

    /// Makes a bridge.
    ///
    /// # Errors
    /// The kernel refuses it, as one without the module `bridge` does.
    pub fn add_bridge(&mut self, name: &str) -> Result<()> {
        self.create(name, "bridge", |_| {})
    }

    /// Makes an interface that swallows what is sent.
    ///
    /// # Errors
    /// The kernel refuses it, as one without the module `dummy` does.
    pub fn add_dummy(&mut self, name: &str) -> Result<()> {
        self.create(name, "dummy", |_| {})
    }

    /// Takes an interface away; of a veth, both ends.
    ///
    /// # Errors
    /// There is none, or the kernel refuses it.
    pub fn remove(&mut self, name: &str) -> Result<()> {
        let index = self.index(name)?;
        self.execute(&Request::new(RTM_DELLINK, &link_header(index, 0)), || {
            format!("remove the interface {name}")
        })
    }

    /// Puts an interface into a bridge.
    ///
    /// # Errors
    /// There is no such interface or bridge, or the kernel refuses it.
    pub fn set_bridge(&mut self, name: &str, bridge: &str) -> Result<()> {
        let (index, bridge_index) = (self.index(name)?, self.index(bridge)?);
        let mut request = Request::new(RTM_NEWLINK, &link_header(index, 0));
        request.attributes().u32(IFLA_MASTER, bridge_index);
        self.execute(&request, || format!("put {name} into the bridge {bridge}"))
    }

    /// Gives an interface another name.
    ///
    /// # Errors
    /// There is no such interface, or the kernel refuses it.
    pub fn rename(&mut self, name: &str, new: &str) -> Result<()> {
        let index = self.index(name)?;
        let mut request = Request::new(RTM_NEWLINK, &link_header(index, 0));
        request.attributes().string(IFLA_IFNAME, new);
        self.execute(&request, || format!("rename the interface {name} to {new}"))
    }

    /// Switches an interface on.
    ///
    /// # Errors
    /// There is no such interface, or the kernel refuses it.
    pub fn set_up(&mut self, name: &str) -> Result<()> {
        let index = self.index(name)?;
        let request = Request::new(RTM_NEWLINK, &link_header(index, IFF_UP));
        self.execute(&request, || format!("bring the interface {name} up"))
    }

    /// Switches an interface off; routes over it go.
    ///
    /// # Errors
    /// There is no such interface, or the kernel refuses it.
    pub fn set_down(&mut self, name: &str) -> Result<()> {
        let mut header = link_header(self.index(name)?, IFF_UP);
        header[8..12].copy_from_slice(&0u32.to_ne_bytes());
        let request = Request::new(RTM_NEWLINK, &header);
        self.execute(&request, || format!("take the interface {name} down"))
    }

    /// Gives an interface an address, usable at once: IPv6 does not look
    /// whether another has it.
    ///
    /// # Errors
    /// There is no such interface, or the kernel refuses it.
    pub fn add_address(&mut self, name: &str, address: IpAddr, length: u8) -> Result<()> {
        let index = self.index(name)?;
        let request = address_request(RTM_NEWADDR, index, address, length)
            .with_flags(NlmF::CREATE | NlmF::EXCL);
        self.execute(&request, || format!("add {address}/{length} to {name}"))
    }

    /// Takes an address from an interface.
    ///
    /// # Errors
    /// It is not there, there is no such interface, or the kernel refuses it.
    pub fn remove_address(&mut self, name: &str, address: IpAddr, length: u8) -> Result<()> {
        let index = self.index(name)?;
        let request = address_request(RTM_DELADDR, index, address, length);
        self.execute(&request, || {
            format!("remove {address}/{length} from {name}")
        })
    }

    fn create(
        &mut self,
        name: &str,
        kind: &str,
        data: impl FnOnce(&mut AttributeWriter),
    ) -> Result<()> {
        let mut request =
            Request::new(RTM_NEWLINK, &[0; LINK_HEADER]).with_flags(NlmF::CREATE | NlmF::EXCL);
        request
            .attributes()
            .string(IFLA_IFNAME, name)
            .nest(IFLA_LINKINFO, |info| {
                info.string(IFLA_INFO_KIND, kind);
                info.nest(IFLA_INFO_DATA, data);
            });
        self.execute(&request, || format!("make the {kind} interface {name}"))
    }

    pub(super) fn execute(
        &mut self,
        request: &Request,
        doing: impl FnOnce() -> String,
    ) -> Result<()> {
        self.socket
            .execute(request)
            .map_err(|error| Error::new(doing(), error))
    }
}

fn address_request(kind: u16, index: u32, address: IpAddr, length: u8) -> Request {
    let family = Family::of(address);
    let mut header = [0; ADDRESS_HEADER];
    header[0] = family_byte(family);
    header[1] = length;
    header[2] = match family {
        Family::Ipv4 => 0,
        Family::Ipv6 => NO_DETECTION,
    };
    header[4..].copy_from_slice(&index.to_ne_bytes());
    let mut request = Request::new(kind, &header);
    request
        .attributes()
        .bytes(IFA_LOCAL, &octets(address))
        .bytes(IFA_ADDRESS, &octets(address));
    request
}

/// A header that names an interface and switches these flags on.
fn link_header(index: u32, flags: u32) -> [u8; LINK_HEADER] {
    let mut header = [0; LINK_HEADER];
    header[4..8].copy_from_slice(&index.to_ne_bytes());
    header[8..12].copy_from_slice(&flags.to_ne_bytes());
    header[12..].copy_from_slice(&flags.to_ne_bytes());
    header
}

pub(super) fn interface(message: &netlink::Message<'_>) -> netlink::Result<Interface> {
    let short = netlink::Error::Malformed("an interface without a header");
    let Some([_, _, _, _, i0, i1, i2, i3, f0, f1, f2, f3, ..]) =
        message.payload.first_chunk::<LINK_HEADER>()
    else {
        return Err(short);
    };
    let name = message.attributes(LINK_HEADER)?.find(IFLA_IFNAME)?;
    let flags = u32::from_ne_bytes([*f0, *f1, *f2, *f3]);
    Ok(Interface {
        name: match name {
            Some(name) => name.string()?.to_owned(),
            None => String::new(),
        },
        index: u32::from_ne_bytes([*i0, *i1, *i2, *i3]),
        up: flags & IFF_UP != 0,
        quiet: flags & NO_NEIGHBOURS != 0,
        addresses: Vec::new(),
    })
}

fn owned_address(message: &netlink::Message<'_>) -> netlink::Result<Option<(u32, IpAddr, u8)>> {
    let short = netlink::Error::Malformed("an address without a header");
    let Some([_, length, _, _, index @ ..]) = message.payload.first_chunk::<ADDRESS_HEADER>()
    else {
        return Err(short);
    };
    let attributes = message.attributes(ADDRESS_HEADER)?;
    // On a point-to-point link, IFA_ADDRESS is the other end.
    let found = match attributes.find(IFA_LOCAL)? {
        Some(local) => Some(local),
        None => attributes.find(IFA_ADDRESS)?,
    };
    match found {
        Some(found) => Ok(Some((u32::from_ne_bytes(*index), address(found)?, *length))),
        None => Ok(None),
    }
}
