//! A program that checks servers, keepalived or lbctl, and the network that it does
//! so in.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, SysconfVar, sysconf};

use super::lab::{self, Namespace};
use super::measure;
use super::target::Target;

/// Where the servers listen.
pub const PORT: u16 = 8080;

/// The number of a server is in its address.
pub fn server(number: u16) -> Ipv4Addr {
    let [high, low] = (number + 1).to_be_bytes();
    Ipv4Addr::new(10, 20, high, low)
}

/// A director and the machine behind it, which has all addresses of 10.20.0.0/16.
pub struct Pair {
    pub director: Namespace,
    pub behind: Namespace,
}

impl Pair {
    pub fn new(name: &str) -> Self {
        let pair = Self {
            director: Namespace::new(&format!("{name}-director")),
            behind: Namespace::new(&format!("{name}-behind")),
        };
        let batch = |namespace: &Namespace, commands: &str| {
            namespace.run_with(["ip", "-batch", "-"], commands).ok();
        };
        batch(
            &pair.behind,
            &format!(
                "link add eth0 type veth peer name inside netns {}\n\
                 address add 10.19.0.2/24 dev eth0\nlink set eth0 up\n\
                 route add local 10.20.0.0/16 dev lo\n",
                pair.director.name
            ),
        );
        batch(
            &pair.director,
            "address add 10.19.0.1/24 dev inside\nlink set inside up\n\
             route add 10.20.0.0/16 via 10.19.0.2\n",
        );
        pair
    }

    pub fn everywhere(&self) -> Target {
        Target::start(&self.behind, (Ipv4Addr::UNSPECIFIED, PORT).into())
    }

    /// Weights of the servers in the table, in its order.
    pub fn weights(&self) -> Vec<u32> {
        let path = "/proc/thread-self/net/ip_vs";
        let table = self.director.enter(|| fs::read_to_string(path)).unwrap();
        let servers = table.lines().filter(|line| line.starts_with("  -> "));
        servers
            .filter_map(|line| line.split_whitespace().nth(3)?.parse().ok())
            .collect()
    }

    /// Nothing tells when the table changes: it is looked at again and again, with
    /// pauses that leave the processor to those who are measured.
    pub fn wait_for(&self, is_so: impl Fn(&[u32]) -> bool) {
        while !is_so(&self.weights()) {
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

#[derive(Clone, Copy, PartialEq)]
pub enum Way {
    Keepalived,
    Lbctl,
}

/// A program that checks, with its file; gone when dropped, and its table with it.
pub struct Checker<'a> {
    pair: &'a Pair,
    child: Child,
    file: PathBuf,
}

impl<'a> Checker<'a> {
    /// Starts it with one service of so many servers, each checked once a second.
    pub fn start(pair: &'a Pair, way: Way, servers: u16) -> Self {
        let text = match way {
            Way::Keepalived => keepalived(servers),
            Way::Lbctl => service(80, (0..servers).map(server)),
        };
        Self::with(pair, way, &text)
    }

    pub fn with(pair: &'a Pair, way: Way, text: &str) -> Self {
        let name = &pair.director.name;
        let file = PathBuf::from(format!("/tmp/lbctl-bench-{name}"));
        fs::write(&file, text).unwrap();
        let mut command = match way {
            Way::Keepalived => {
                let mut command = Command::new(measure::find("keepalived"));
                // In the foreground, and only what checks of it.
                command.args(["--dont-fork", "--check", "--use-file"]);
                command.arg(&file);
                for (option, process) in [("--pid", "parent"), ("--checkers_pid", "checker")] {
                    command.arg(format!("{option}=/tmp/lbctl-bench-{name}.{process}"));
                }
                command
            }
            Way::Lbctl => {
                let mut command = Command::new(lab::lbctl());
                command.arg("run").arg(&file);
                command
            }
        };
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = pair.director.enter(|| command.spawn()).unwrap();
        Self { pair, child, file }
    }

    /// Its processes: itself and its children.
    fn processes(&self) -> Vec<u32> {
        let id = self.child.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let children = children.split_whitespace().map(|id| id.parse().unwrap());
        std::iter::once(id).chain(children).collect()
    }

    /// Processor time so far of all its processes, in microseconds.
    pub fn processor_time(&self) -> f64 {
        let ticks: u32 = (self.processes().iter())
            .map(|id| {
                let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap();
                // proc(5): utime and stime are fields 14 and 15; behind the name,
                // which may hold spaces, comes field 3.
                let (_, behind) = stat.rsplit_once(')').unwrap();
                let fields = behind.split_whitespace().skip(11).take(2);
                fields.map(|text| text.parse::<u32>().unwrap()).sum::<u32>()
            })
            .sum();
        let hertz = sysconf(SysconfVar::CLK_TCK).unwrap().unwrap();
        f64::from(ticks) * 1e6 / f64::from(u32::try_from(hertz).unwrap())
    }

    /// Resident kilobytes of all its processes by this count of the kernel's.
    pub fn memory(&self, count: &str) -> f64 {
        (self.processes().iter())
            .map(|id| {
                let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).unwrap();
                let line = text.lines().find_map(|line| line.strip_prefix(count));
                let number = line.and_then(|line| line.split_whitespace().next());
                number.unwrap().parse::<f64>().unwrap()
            })
            .sum()
    }
}

impl Drop for Checker<'_> {
    fn drop(&mut self) {
        let id = i32::try_from(self.child.id()).unwrap();
        let _ = kill(Pid::from_raw(id), Signal::SIGTERM);
        let _ = self.child.wait();
        let _ = fs::remove_file(&self.file);
        self.pair.director.line("ipvsadm -C");
    }
}

fn keepalived(servers: u16) -> String {
    let mut text = "virtual_server 192.0.2.1 80 {\n delay_loop 1\n lb_algo rr\n lb_kind NAT\n \
         protocol TCP\n inhibit_on_failure\n"
        .to_owned();
    for number in 0..servers {
        let _ = write!(
            text,
            " real_server {} {PORT} {{\n  weight 1\n  HTTP_GET {{\n   \
             url {{\n    path /\n    status_code 200\n   }}\n   \
             connect_timeout 3\n   retry 0\n  }}\n }}\n",
            server(number)
        );
    }
    text + "}\n"
}

pub fn service(port: u16, servers: impl Iterator<Item = Ipv4Addr>) -> String {
    let mut text = format!(
        "[[virtual_server]]\nlisten = \"192.0.2.1:{port}\"\nprotocol = \"tcp\"\n\
         scheduler = \"rr\"\nmethod = \"nat\"\nvip = \"none\"\n\n[virtual_server.check]\n\
         type = \"http\"\npath = \"/\"\nstatus = [200]\ninterval = \"1s\"\nfall = 1\n\n"
    );
    for address in servers {
        let _ = write!(
            text,
            "[[virtual_server.real_server]]\naddress = \"{address}:{PORT}\"\nweight = 1\n\n"
        );
    }
    text
}
