//! The walkthrough's network, a namespace for each machine:
//!
//! ```text
//! client 192.168.10.10 --- 192.168.10.1 (director) 192.168.31.1 --- w1 192.168.31.100
//!        VIP 192.168.100.100:80, on no interface                --- w2 192.168.31.101
//!        client routes the VIP via the director                 --- w3 192.168.31.102
//! ```

use std::fs::{self, Permissions};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, recv, setsockopt,
    socket, sockopt,
};
use nix::sys::time::{TimeVal, TimeValLike as _};

use super::lab::Namespace;

/// The virtual IP address.
pub const VIP: &str = "192.168.100.100";

/// The machines, and where their files are.
pub struct World {
    pub client: Namespace,
    pub director: Namespace,
    pub workers: [Namespace; 3],
    directory: PathBuf,
}

impl World {
    /// Makes the machines and the wires; nothing of IPVS.
    pub fn new(name: &str) -> Self {
        let named = |part: &str| Namespace::new(&format!("{name}-{part}"));
        let world = Self {
            client: named("client"),
            director: named("director"),
            workers: [named("w1"), named("w2"), named("w3")],
            directory: std::env::temp_dir().join(format!("lbctl-world-{name}")),
        };
        // Link-local addresses that come up later would look like a change.
        for namespace in [&world.client, &world.director]
            .into_iter()
            .chain(&world.workers)
        {
            namespace.enter(|| {
                fs::write("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1").unwrap();
            });
        }
        let director = &world.director.name;
        batch(
            &world.client,
            &format!(
                "link add eth0 type veth peer name outside netns {director}\n\
             address add 192.168.10.10/24 dev eth0\n\
             link set eth0 up\n\
             route add {VIP}/32 via 192.168.10.1\n\
             route add 192.168.31.0/24 via 192.168.10.1\n"
            ),
        );
        batch(
            &world.director,
            "address add 192.168.10.1/24 dev outside\n\
             link set outside up\n\
             link add inside type bridge\n\
             address add 192.168.31.1/24 dev inside\n\
             link set inside up\n",
        );
        for (number, worker) in (100..).zip(&world.workers) {
            batch(
                worker,
                &format!(
                    "link add eth0 type veth peer name port{number} netns {director}\n\
                 address add 192.168.31.{number}/24 dev eth0\n\
                 link set eth0 up\n\
                 route add default via 192.168.31.1\n"
                ),
            );
            batch(
                &world.director,
                &format!(
                    "link set port{number} master inside\n\
                 link set port{number} up\n"
                ),
            );
        }
        settle(&world.client, &["eth0"]);
        let ports = ["outside", "inside", "port100", "port101", "port102"];
        settle(&world.director, &ports);
        world
    }

    /// Makes the machines and starts nginx on each worker: `/` says who it is,
    /// `/health.html` can be made unreadable.
    pub fn with_servers(name: &str) -> Self {
        let world = Self::new(name);
        let _ = fs::remove_dir_all(&world.directory);
        for (worker, name) in world.workers.iter().zip(["w1", "w2", "sorry"]) {
            let root = world.directory.join(name);
            let root_text = root.to_str().expect("a path in UTF-8");
            fs::create_dir_all(&root).unwrap();
            fs::write(root.join("index.html"), format!("{name}\n")).unwrap();
            fs::write(root.join("health.html"), "well\n").unwrap();
            for file in ["index.html", "health.html"] {
                fs::set_permissions(root.join(file), Permissions::from_mode(0o644)).unwrap();
            }
            let config = root.join("nginx.conf");
            fs::write(&config, nginx_config(root_text)).unwrap();
            // nginx goes into the background when it listens.
            worker
                .run([
                    "nginx",
                    "-e",
                    "/dev/null",
                    "-c",
                    config.to_str().expect("a path in UTF-8"),
                ])
                .ok();
        }
        world
    }

    /// `chmod -r` or `chmod +r` of a worker's health page.
    pub fn set_health(&self, worker: &str, readable: bool) {
        let mode = if readable { 0o644 } else { 0o200 };
        let page = self.directory.join(worker).join("health.html");
        fs::set_permissions(page, Permissions::from_mode(mode)).unwrap();
    }

    /// Puts a file there for a worker to serve.
    pub fn put(&self, worker: &str, file: &str, content: &[u8]) {
        fs::write(self.directory.join(worker).join(file), content).unwrap();
    }

    /// What the client sees at the VIP: a body, or the kernel's complaint.
    pub fn get(&self) -> String {
        self.client
            .get(&format!("http://{VIP}/"), Duration::from_secs(10))
    }
}

impl Drop for World {
    fn drop(&mut self) {
        for name in ["w1", "w2", "sorry"] {
            let pid = fs::read_to_string(self.directory.join(name).join("pid"));
            if let Ok(pid) = pid.unwrap_or_default().trim().parse() {
                let _ = nix::sys::signal::kill(
                    nix::unistd::Pid::from_raw(pid),
                    nix::sys::signal::Signal::SIGTERM,
                );
            }
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

/// Waits until the kernel has noticed that these interfaces have a carrier: the
/// routes that it adds then would look like a change.
fn settle(namespace: &Namespace, interfaces: &[&str]) {
    // The multicast route of an interface is the last that comes.
    let is_there = |routes: &str, name: &str| {
        routes.lines().any(|line| {
            line.starts_with("ff000000000000000000000000000000 08 ")
                && line.split_whitespace().last() == Some(name)
        })
    };
    namespace.enter(|| {
        let news = route_news();
        loop {
            let routes = fs::read_to_string("/proc/thread-self/net/ipv6_route").unwrap();
            if interfaces.iter().all(|name| is_there(&routes, name)) {
                return;
            }
            if let Err(error) = recv(news.as_raw_fd(), &mut [0; 8192], MsgFlags::empty()) {
                panic!("{error}; of {interfaces:?} are there:\n{routes}");
            }
        }
    });
}

/// A socket that hears when IPv6 routes come and go in this namespace, and is silent
/// for a minute at most.
fn route_news() -> OwnedFd {
    /// `RTMGRP_IPV6_ROUTE`.
    const IPV6_ROUTES: u32 = 0x400;
    let socket = socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )
    .unwrap();
    bind(socket.as_raw_fd(), &NetlinkAddr::new(0, IPV6_ROUTES)).unwrap();
    setsockopt(&socket, sockopt::ReceiveTimeout, &TimeVal::minutes(1)).unwrap();
    socket
}

fn batch(namespace: &Namespace, commands: &str) {
    namespace.run_with(["ip", "-batch", "-"], commands).ok();
}

fn nginx_config(root: &str) -> String {
    format!(
        "user www-data;\nworker_processes 1;\npid {root}/pid;\nerror_log /dev/null;\n\
         events {{ worker_connections 512; }}\n\
         http {{ access_log off; keepalive_timeout 60;\n\
         server {{ listen 80 backlog=1024 default_server; listen [::]:80; root {root}; }} }}\n"
    )
}
