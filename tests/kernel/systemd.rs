//! systemd/lbctl.service as it stands, under a real systemd: process 1 of its own PID,
//! mount and cgroup namespaces, in the director's network namespace, with the journal.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use libtest_mimic::Failed;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::Test;
use super::lab::{self, Answer, Namespace};
use super::service::{BOTH, expected, text, until, weights};
use super::walkthrough::{expect_same, picture};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("systemd::the_unit_keeps_the_table", the_unit),
    ("systemd::a_wrong_file_is_told", wrong_file),
    ("systemd::whoever_hangs_or_dies_comes_back", comes_back),
    ("systemd::a_boot_brings_all_back", boot),
    ("systemd::in_a_named_namespace", named_namespace),
];

const UNIT: &str = include_str!("../../systemd/lbctl.service");
/// CAP_NET_ADMIN and CAP_NET_RAW.
const CAPABILITIES: u64 = 1 << 12 | 1 << 13;

/// What process 1 is before it is systemd. `$1` is the machine's disk, `$2` its cgroup,
/// `$3` a network namespace that has a name there.
const BEGIN: &str = r#"
set -e
echo 0 >"$2/cgroup.procs"
exec unshare --pid --mount --cgroup --uts --ipc --fork --kill-child bash -e -c '
    mount --make-rprivate /
    mount -t proc proc /proc
    mount -t sysfs sysfs /sys
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
    mount --bind "$1/etc" /etc/lbctl
    mount --bind "$1/lib" /var/lib/lbctl
    mount --bind "$1/units" /etc/systemd/system
    # The namespace is named in the one /run, and moves to the other.
    mount -t tmpfs -o mode=755 tmpfs /mnt
    mkdir -p /mnt/netns /mnt/systemd/system/sysinit.target.wants
    touch "/mnt/netns/$3"
    mount --bind "/run/netns/$3" "/mnt/netns/$3"
    mount -n --move /mnt /run
    cp "$1/lbctl.service" /run/systemd/system
    ln -s /usr/lib/systemd/system/systemd-journald.service /run/systemd/system/sysinit.target.wants
    export container=lab
    exec /usr/lib/systemd/systemd --system --unit=multi-user.target
' begin "$1" "$2" "$3"
"#;

/// A machine with systemd on it; off when dropped.
struct Machine {
    first: Child,
    cgroup: PathBuf,
    disk: PathBuf,
    /// systemd, as the kernel outside numbers it.
    id: i32,
}

impl Machine {
    /// Starts it in this network namespace, from this disk, and waits until it is up.
    fn start(network: &Namespace, disk: &Disk, known: &Namespace) -> Self {
        let cgroup = PathBuf::from(format!("/sys/fs/cgroup/{}", network.name));
        fs::create_dir_all(&cgroup).unwrap();
        let words = ["bash", "-c", BEGIN, "begin"].map(str::to_owned);
        let places = [&disk.0, &cgroup].map(|path| path.display().to_string());
        let first = network.spawn(
            words.iter().chain(&places).chain([&known.name]),
            Stdio::null(),
        );
        let (disk, mut id) = (disk.0.clone(), None);
        // systemd puts itself there.
        until(true, || {
            let own = fs::read_to_string(cgroup.join("init.scope/cgroup.procs"));
            let ids = own.unwrap_or_default();
            id = ids
                .lines()
                .find_map(|id| id.parse().ok().filter(|id| *id != 0));
            id.is_some()
        });
        let machine = Self {
            first,
            cgroup,
            disk,
            id: id.unwrap(),
        };
        until(true, || {
            let answer = machine.run("systemctl is-system-running --wait");
            answer.stdout.trim() == "running"
        });
        machine
    }

    /// Runs a line of words on it.
    fn run(&self, line: &str) -> Answer {
        let enter = format!("nsenter -t {} -p -m -n -C -u -i", self.id);
        lab::host(enter.split(' ').chain(line.split_whitespace()))
    }

    /// What systemd says of the unit.
    fn shown(&self, property: &str) -> String {
        let line = format!("systemctl show lbctl --value -p {property}");
        self.run(&line).ok().trim().to_owned()
    }

    /// The lines that the journal has of the unit, of this priority and above.
    fn journal(&self, priority: &str) -> String {
        let line = format!("journalctl -q -o cat -u lbctl -p {priority}");
        self.run(&line).ok()
    }

    /// The service, as the kernel outside numbers it.
    fn service(&self) -> Option<i32> {
        let path = self.cgroup.join("system.slice/lbctl.service/cgroup.procs");
        fs::read_to_string(path).ok()?.lines().next()?.parse().ok()
    }

    fn set(&self, text: &str) {
        fs::write(self.disk.join("etc/lbctl.toml"), text).unwrap();
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = fs::write(self.cgroup.join("cgroup.kill"), "1");
        let _ = self.first.wait();
        // Removable when the kernel has buried the last of them.
        until(true, || remove_groups(&self.cgroup));
    }
}

fn remove_groups(group: &Path) -> bool {
    for entry in fs::read_dir(group).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            remove_groups(&entry.path());
        }
    }
    fs::remove_dir(group).is_ok()
}

/// What of a machine survives a reboot.
struct Disk(PathBuf);

impl Disk {
    fn new(name: &str, text: &str) -> Self {
        for directory in ["/etc/lbctl", "/var/lib/lbctl", "/etc/systemd/system"] {
            fs::create_dir_all(directory).unwrap();
        }
        let _ = std::os::unix::fs::symlink(lab::lbctl(), "/usr/sbin/lbctl");
        let _ = fs::write("/etc/machine-id", format!("{:032x}\n", 1));
        let disk = std::env::temp_dir().join(format!("lbctl-disk-{name}"));
        let _ = fs::remove_dir_all(&disk);
        for directory in ["etc", "lib", "units"] {
            fs::create_dir_all(disk.join(directory)).unwrap();
        }
        fs::write(disk.join("lbctl.service"), UNIT).unwrap();
        fs::write(disk.join("etc/lbctl.toml"), text).unwrap();
        Self(disk)
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Another service with every kind of check that a sandbox may hinder.
fn hindered() -> String {
    let mut text = String::new();
    for (port, check) in [
        (81, "type = \"ping\""),
        (82, "type = \"tcp\"\nport = 80"),
        (83, "type = \"exec\"\ncommand = [\"/etc/lbctl/check\"]"),
        (
            84,
            "type = \"exec\"\ncommand = [\"/etc/lbctl/check\", \"hang\"]\ntimeout = \"1s\"",
        ),
    ] {
        let _ = write!(
            text,
            "[[virtual_server]]\nlisten = \"{VIP}:{port}\"\nprotocol = \"tcp\"\nmethod = \"nat\"\n\
             [virtual_server.check]\n{check}\ninterval = \"1s\"\nfall = 1\n\
             [[virtual_server.real_server]]\naddress = \"192.168.31.100\"\n\n"
        );
    }
    text
}

fn the_unit() -> Result<(), Failed> {
    let world = World::with_servers("unit");
    let director = &world.director;
    let disk = Disk::new("unit", "");
    let script = disk.0.join("etc/check");
    // What hangs has a child that hangs, too.
    fs::write(
        &script,
        "#!/bin/bash\necho looked\n[[ $1 != hang ]] || { sleep 1000 & wait; }\n",
    )?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    let all = text(BOTH) + &hindered() + "[host.sysctl]\n\"net.ipv4.vs.expire_nodest_conn\" = 1\n";
    let machine = Machine::start(director, &disk, director);
    machine.set(&all);

    // It is ready when systemctl says so: the table is there at once.
    machine.run("systemctl start lbctl").ok();
    // A failure of it would be passed over.
    let loaded = machine.shown("ExecStartPre");
    assert!(
        loaded.contains("ip_vs_lblc") && loaded.contains("code=exited ; status=0"),
        "{loaded}"
    );
    assert_eq!(machine.shown("ActiveState"), "active");
    assert_eq!(weights(&world).len(), 2);
    for (parameter, value) in [("ip_forward", "1"), ("vs.expire_nodest_conn", "1")] {
        let line = format!("sysctl -n net.ipv4.{parameter}");
        assert_eq!(director.line(&line).ok().trim(), value, "{parameter}");
    }
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    until("w1".to_owned(), || world.get());

    let status = fs::read_to_string(format!("/proc/{}/status", machine.service().unwrap()))?;
    let number = |name: &str, base: u32| {
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .unwrap();
        u64::from_str_radix(line.trim(), base).unwrap()
    };
    for set in ["CapEff:", "CapPrm:", "CapBnd:"] {
        assert_eq!(number(set, 16), CAPABILITIES, "{set} {status}");
    }
    for set in ["CapInh:", "CapAmb:"] {
        assert_eq!(number(set, 16), 0, "{set} {status}");
    }
    assert_eq!(number("NoNewPrivs:", 10), 1);
    assert_eq!(number("Seccomp:", 10), 2);

    // Every check is carried out, and nothing of it is left.
    until("5 services, 5 of 6 servers up".to_owned(), || {
        machine.shown("StatusText")
    });
    let shown = machine.run("lbctl status").stdout;
    for reason in [
        "status 200",
        "echo reply",
        "connected",
        "exit status 0",
        "no answer within 1s: looked",
    ] {
        assert!(shown.contains(reason), "{reason} in {shown}");
    }
    machine.set(&text(BOTH));
    machine.run("systemctl reload lbctl").ok();
    until("1 service, 2 of 2 servers up".to_owned(), || {
        machine.shown("StatusText")
    });
    let group = machine
        .cgroup
        .join("system.slice/lbctl.service/cgroup.procs");
    until(1, || fs::read_to_string(&group).unwrap().lines().count());

    // Transitions are information, what could not be done is a warning.
    world.set_health("w1", false);
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    until(true, || {
        machine.journal("info").contains("192.168.31.100:80")
    });
    assert_eq!(machine.journal("warning"), "");
    world.set_health("w1", true);
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    // So is what was put back.
    for (times, clear) in [
        (1, "ipvsadm -C".to_owned()),
        (2, format!("ipvsadm -D -t {VIP}:80")),
    ] {
        director.line(&clear).ok();
        until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
        let told = "was missing from the table; put back";
        until(times, || machine.journal("info").matches(told).count());
    }

    let with = picture(director);
    machine.run("systemctl stop lbctl").ok();
    assert_eq!(machine.shown("ActiveState"), "inactive");
    assert_eq!(machine.shown("Result"), "success");
    expect_same(&with, &picture(director));
    Ok(())
}

fn wrong_file() -> Result<(), Failed> {
    let world = World::with_servers("unit-wrong");
    let wrong = text(BOTH).replace("scheduler", "shceduler");
    let disk = Disk::new("unit-wrong", &text(BOTH));
    let machine = Machine::start(&world.director, &disk, &world.director);
    machine.run("systemctl start lbctl").ok();
    until("1 service, 2 of 2 servers up".to_owned(), || {
        machine.shown("StatusText")
    });
    let with = picture(&world.director);
    machine.set(&wrong);
    machine.run("systemctl reload lbctl").fails(1);
    assert_eq!(machine.shown("ActiveState"), "active");
    expect_same(&with, &picture(&world.director));
    // The place and the caret below it, all of them.
    until(true, || {
        let told = machine.journal("warning");
        [
            "all goes on as before",
            "did you mean scheduler",
            "^^^^^^^^^",
        ]
        .iter()
        .all(|part| told.contains(part))
    });
    assert_eq!(machine.run("lbctl status").code, 0);
    let why = machine.run("lbctl status --reload").fails(2);
    assert!(why.contains("did you mean scheduler"), "{why}");

    // It does not even start with it, nor try for ever.
    machine.run("systemctl restart lbctl").fails(1);
    assert_eq!(machine.shown("ActiveState"), "failed");
    assert_eq!(machine.shown("NRestarts"), "0");
    expect_same(&with, &picture(&world.director));
    until(true, || {
        machine.journal("err").contains("did you mean scheduler")
    });
    machine.set(&text(BOTH));
    machine.run("systemctl start lbctl").ok();
    machine.run("systemctl reload lbctl").ok();
    expect_same(&with, &picture(&world.director));
    Ok(())
}

fn comes_back() -> Result<(), Failed> {
    let world = World::with_servers("unit-back");
    let disk = Disk::new("unit-back", &text(BOTH));
    let machine = Machine::start(&world.director, &disk, &world.director);
    machine.run("systemctl start lbctl").ok();
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    let tell = |signal| kill(Pid::from_raw(machine.service().unwrap()), signal).unwrap();
    // The watchdog is fed.
    let fed = machine.shown("WatchdogTimestampMonotonic");
    until(true, || machine.shown("WatchdogTimestampMonotonic") != fed);
    assert_eq!(machine.shown("NRestarts"), "0");

    // Killed with a server down, which is well when it comes back.
    world.set_health("w1", false);
    until(expected(&[("100", 0), ("101", 1)]), || weights(&world));
    tell(Signal::SIGKILL);
    until("1".to_owned(), || machine.shown("NRestarts"));
    assert_eq!(weights(&world), expected(&[("100", 0), ("101", 1)]));
    until("1 service, 1 of 2 servers up".to_owned(), || {
        machine.shown("StatusText")
    });
    world.set_health("w1", true);
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));

    // Whoever does nothing any more is ended by the watchdog, and starts again.
    tell(Signal::SIGSTOP);
    until("2".to_owned(), || machine.shown("NRestarts"));
    until("1 service, 2 of 2 servers up".to_owned(), || {
        machine.shown("StatusText")
    });
    assert!(machine.journal("err").contains("Watchdog timeout"));
    assert_eq!(weights(&world), expected(&[("100", 1), ("101", 1)]));
    Ok(())
}

/// The kernel has forgotten all; the disk has not.
fn boot() -> Result<(), Failed> {
    let by_hand = "lbctl vip add 192.168.101.1";
    let all = text(BOTH) + "[host.sysctl]\n\"net.ipv4.vs.expire_nodest_conn\" = 1\n";
    let disk = Disk::new("unit-boot", &all);
    let there = || expected(&[("100", 1), ("101", 1)]);
    let with = {
        let world = World::with_servers("unit-boot");
        let machine = Machine::start(&world.director, &disk, &world.director);
        machine.run(by_hand).ok();
        machine.run("systemctl enable --now lbctl").ok();
        until(there(), || weights(&world));
        picture(&world.director)
    };
    let world = World::with_servers("unit-boot");
    let before = picture(&world.director);
    let machine = Machine::start(&world.director, &disk, &world.director);
    until(there(), || weights(&world));
    until("1 service, 2 of 2 servers up".to_owned(), || {
        machine.shown("StatusText")
    });
    expect_same(&with, &picture(&world.director));
    until("w1".to_owned(), || world.get());
    machine.run("systemctl disable --now lbctl").ok();
    machine.run("lbctl teardown --yes").ok();
    expect_same(&before, &picture(&world.director));
    Ok(())
}

/// The drop-in that `lbctl run --help` names; whoever asks there finds the service.
fn named_namespace() -> Result<(), Failed> {
    let world = World::with_servers("unit-named");
    let main = Namespace::new("unit-named-main");
    let disk = Disk::new("unit-named", &text(BOTH));
    let drop_in = disk.0.join("units/lbctl.service.d");
    fs::create_dir_all(&drop_in)?;
    let name = &world.director.name;
    fs::write(
        drop_in.join("namespace.conf"),
        format!("[Service]\nNetworkNamespacePath=/run/netns/{name}\n"),
    )?;
    let machine = Machine::start(&main, &disk, &world.director);
    machine.run("systemctl start lbctl").ok();
    until(expected(&[("100", 1), ("101", 1)]), || weights(&world));
    until(0, || {
        machine.run(&format!("lbctl --netns {name} status")).code
    });
    machine.run("lbctl status").fails(3);
    assert_eq!(main.look("ipvsadm -Sn").ok(), "");
    let kept = disk.0.join("lib/netns").join(name);
    assert!(kept.is_dir(), "its record is that namespace's");
    Ok(())
}
