//! The walkthrough's network, a namespace without a name for each machine:
//!
//! ```text
//! client 192.168.10.10 --- 192.168.10.1 (director) 192.168.31.1 --- w1 192.168.31.100
//!        VIP 192.168.100.100:80, on no interface                --- w2 192.168.31.101
//!        client routes the VIP via the director                 --- w3 192.168.31.102
//! ```

use std::fs::{self, Permissions};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::ipvs;
use crate::plumbing::{self, Namespace, Network, Via, sysctl};

use super::scratch::Scratch;
use super::{Error, Result, web};

/// The virtual IP address.
pub(super) const VIP: Ipv4Addr = Ipv4Addr::new(192, 168, 100, 100);
/// What the third server says.
pub(super) const SORRY: &str = "sorry: please come back later";

const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 168, 10, 10);
const OUTSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 10, 1);
const INSIDE: Ipv4Addr = Ipv4Addr::new(192, 168, 31, 1);
const INSIDE_NET: Ipv4Addr = Ipv4Addr::new(192, 168, 31, 0);
/// The machines behind the director: name, last byte of the address, page.
const WORKERS: [(&str, u8, &str); 3] = [("w1", 100, "w1"), ("w2", 101, "w2"), ("w3", 102, SORRY)];
/// The health page.
pub(super) const HEALTH: &str = "health.html";

/// The machines, and where their files are.
pub(super) struct World {
    pub client: Namespace,
    pub director: Namespace,
    /// Their namespaces last as long as the listeners in them; these say so.
    _workers: Vec<Namespace>,
    scratch: Scratch,
}

impl World {
    /// Makes the machines and the wires, and starts the web servers; nothing of
    /// IPVS.
    ///
    /// # Errors
    /// Privilege or a part of the kernel is missing.
    pub fn new() -> Result<Self> {
        let director = Namespace::anonymous().map_err(|error| match error.reason.errno() {
            Some(libc::EPERM) => Error::NoPrivilege,
            _ => error.into(),
        })?;
        // Before there is anything to clean up.
        director.run(|| ipvs::Client::open().map(drop))??;
        director.run(make_director)??;
        let client = Namespace::anonymous()?;
        client.run(|| make_client(&director))??;
        director.run(connect_client)??;
        let scratch = Scratch::new()?;
        let mut workers = Vec::new();
        for (name, number, page) in WORKERS {
            let root = scratch.directory(name)?;
            write_page(&root.join("index.html"), page)?;
            write_page(&root.join(HEALTH), "well")?;
            let worker = Namespace::anonymous()?;
            worker.run(|| make_worker(number, &director))??;
            director.run(|| connect_worker(number))??;
            worker.run(|| start_server(number, root))??;
            workers.push(worker);
        }
        Ok(Self {
            client,
            director,
            _workers: workers,
            scratch,
        })
    }

    /// Where the state of the `lbctl` that is shown goes, and nothing else.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// `chmod a-r` or `chmod a+r` of a server's health page.
    ///
    /// # Errors
    /// The file system refuses it.
    pub fn set_health(&self, worker: &str, readable: bool) -> Result<()> {
        let mode = if readable { 0o644 } else { 0o200 };
        let page = self.scratch.path().join(worker).join(HEALTH);
        set_mode(&page, mode)
    }

    /// Takes the world away and says whether that went well.
    ///
    /// # Errors
    /// Its files cannot be removed.
    pub fn remove(self) -> Result<()> {
        self.scratch.remove()
    }
}

/// The kernel gives a new namespace some of the first one's settings
/// (`net.core.devconf_inherit_init_net`), so what matters is set here.
fn make_director() -> Result<()> {
    sysctl::write("net.ipv4.ip_forward", "0")?;
    // Addresses that IPv6 makes for itself later would look like changes.
    for which in ["all", "default"] {
        let name = format!("net.ipv6.conf.{which}.disable_ipv6");
        if sysctl::read(&name)?.is_some() {
            sysctl::write(&name, "1")?;
        }
    }
    let mut network = Network::open()?;
    network.set_up("lo")?;
    network.add_bridge("inside")?;
    own(&mut network, "inside", INSIDE)?;
    Ok(())
}

fn make_client(director: &Namespace) -> Result<()> {
    let mut network = Network::open()?;
    network.set_up("lo")?;
    network.add_veth("eth0", "outside", Some(director))?;
    own(&mut network, "eth0", CLIENT)?;
    let via = Via::Gateway(IpAddr::V4(OUTSIDE));
    network.add_route(IpAddr::V4(VIP), 32, via)?;
    network.add_route(IpAddr::V4(INSIDE_NET), 24, via)?;
    Ok(())
}

fn connect_client() -> Result<()> {
    Ok(own(&mut Network::open()?, "outside", OUTSIDE)?)
}

fn make_worker(number: u8, director: &Namespace) -> Result<()> {
    let mut network = Network::open()?;
    network.set_up("lo")?;
    network.add_veth("eth0", &port(number), Some(director))?;
    own(&mut network, "eth0", worker_address(number))?;
    let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    network.add_route(everywhere, 0, Via::Gateway(IpAddr::V4(INSIDE)))?;
    Ok(())
}

fn connect_worker(number: u8) -> Result<()> {
    let mut network = Network::open()?;
    network.set_bridge(&port(number), "inside")?;
    network.set_up(&port(number))?;
    Ok(())
}

/// A listener stays in the namespace where it was made; its threads need not.
fn start_server(number: u8, root: PathBuf) -> Result<()> {
    let address = (worker_address(number), 80);
    TcpListener::bind(address)
        .and_then(|listener| web::serve(listener, root))
        .map_err(|error| Error::system(format!("start the web server {}", address.0), error))
}

fn own(network: &mut Network, name: &str, address: Ipv4Addr) -> plumbing::Result<()> {
    network.add_address(name, IpAddr::V4(address), 24)?;
    network.set_up(name)
}

fn port(number: u8) -> String {
    format!("port{number}")
}

fn worker_address(number: u8) -> Ipv4Addr {
    let [a, b, c, _] = INSIDE_NET.octets();
    Ipv4Addr::new(a, b, c, number)
}

fn write_page(path: &Path, text: &str) -> Result<()> {
    fs::write(path, format!("{text}\n"))
        .map_err(|error| Error::system(format!("write {}", path.display()), error))?;
    // Whatever the umask is.
    set_mode(path, 0o644)
}

fn set_mode(path: &Path, mode: u32) -> Result<()> {
    fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|error| Error::system(format!("change the mode of {}", path.display()), error))
}
