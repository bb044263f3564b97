//! ldirectord as a daemon in a namespace, and which program it has for ipvsadm.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, symlink};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::lab::{self, Namespace};

/// Within this an event must come; ldirectord takes a second or two.
const LIMIT: Duration = Duration::from_mins(2);

/// Lines of the log that may come before or after others: what its commands write
/// there, and that it saw its changed configuration before it is told to read it.
const AT_ANY_TIME: [&str; 3] = [
    "Invoking ldirectord",
    "Configuration file",
    " - ignore new configuration",
];

/// The program that ldirectord finds as ipvsadm.
#[derive(Clone, Copy)]
pub enum Ipvsadm {
    Lbctl,
    Real,
}

/// ldirectord as a daemon of a director, with a `/usr/sbin` of its own that holds
/// only itself and ipvsadm: it knows ipvsadm by that path alone.
pub struct Ldirectord<'a> {
    director: &'a Namespace,
    ipvsadm: Ipvsadm,
    directory: PathBuf,
    config: PathBuf,
    pid_file: PathBuf,
}

impl<'a> Ldirectord<'a> {
    pub fn new(director: &'a Namespace, ipvsadm: Ipvsadm) -> Self {
        let name = format!("ldirectord-{}", director.name);
        let directory = std::env::temp_dir().join(&name);
        let _ = fs::remove_dir_all(&directory);
        let programs = directory.join("sbin");
        fs::create_dir_all(&programs).unwrap();
        fs::copy("/usr/sbin/ldirectord", programs.join("ldirectord")).unwrap();
        let ours = programs.join("ipvsadm");
        match ipvsadm {
            Ipvsadm::Lbctl => symlink(lab::lbctl(), ours).unwrap(),
            Ipvsadm::Real => {
                fs::copy("/usr/sbin/ipvsadm", ours).unwrap();
            }
        }
        Self {
            director,
            ipvsadm,
            config: directory.join(&name),
            directory,
            pid_file: PathBuf::from(format!("/run/ldirectord.{name}.pid")),
        }
    }

    pub fn configure(&self, text: &str) {
        let log = self.directory.join("log");
        let text = format!("checkinterval=1\nlogfile=\"{}\"\n{text}", log.display());
        fs::write(&self.config, text).unwrap();
    }

    /// `ldirectord CONFIG COMMAND`, to the end of what is not the daemon.
    pub fn command(&self, command: &str) {
        let programs = self.directory.join("sbin");
        let words: [&str; 12] = [
            "env",
            // Set, it need not start itself again to set it.
            "PERLIO=perlio",
            // Else perl goes through tables in another order each time.
            "PERL_HASH_SEED=0",
            "unshare",
            "--mount",
            "bash",
            "-c",
            "mount --bind \"$1\" /usr/sbin && exec /usr/sbin/ldirectord \"$2\" \"$3\"",
            "bash",
            programs.to_str().expect("a path in UTF-8"),
            self.config.to_str().expect("a path in UTF-8"),
            command,
        ];
        let answer = self.director.run(words);
        assert!(
            answer.code == 0 && answer.stdout.is_empty() && answer.stderr.is_empty(),
            "{answer}"
        );
    }

    pub fn start(&self) {
        self.command("start");
        let pid = self.wait_for("a process id", || self.pid());
        let sees = PathBuf::from(format!("/proc/{pid}/root/usr/sbin"));
        let entries = fs::read_dir(&sees).unwrap();
        let programs: BTreeSet<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(
            programs,
            ["ipvsadm", "ldirectord"].map(Into::into).into(),
            "what the daemon sees"
        );
        let file = |path: &Path| {
            let metadata = fs::metadata(path).unwrap();
            (metadata.dev(), metadata.ino())
        };
        let found = file(&PathBuf::from(format!("/proc/{pid}/root/sbin/ipvsadm")));
        assert_eq!(
            found == file(&lab::lbctl()),
            matches!(self.ipvsadm, Ipvsadm::Lbctl),
            "ipvsadm is the wrong program"
        );
        assert_ne!(found, file(Path::new("/usr/sbin/ipvsadm")));
    }

    pub fn stop(&self) {
        self.command("stop");
        self.wait_for("the end", || (!self.pid_file.exists()).then_some(()));
    }

    fn pid(&self) -> Option<Pid> {
        let text = fs::read_to_string(&self.pid_file).ok()?;
        text.strip_suffix('\n')?.parse().ok().map(Pid::from_raw)
    }

    pub fn wait_for<T>(&self, what: &str, look: impl Fn() -> Option<T>) -> T {
        let begin = Instant::now();
        loop {
            if let Some(seen) = look() {
                return seen;
            }
            assert!(
                begin.elapsed() < LIMIT,
                "no {what}; table: {:#?}\nlog: {:#?}",
                table(self.director),
                self.log()
            );
        }
    }

    pub fn wait_for_table(&self, wanted: &[&str]) {
        let wanted = lines(wanted);
        self.wait_for(&format!("table {wanted:#?}"), || {
            (table(self.director) == wanted).then_some(())
        });
    }

    /// The daemon's log, without times and process ids.
    pub fn log(&self) -> Vec<String> {
        let text = fs::read_to_string(self.directory.join("log")).unwrap_or_default();
        text.lines()
            .map(|line| line.split_once("] ").map_or(line, |(_, message)| message))
            .filter(|message| !AT_ANY_TIME.iter().any(|start| message.starts_with(start)))
            .map(str::to_owned)
            .collect()
    }
}

impl Drop for Ldirectord<'_> {
    fn drop(&mut self) {
        if let Some(pid) = self.pid() {
            let _ = kill(pid, Signal::SIGKILL);
            let _ = fs::remove_file(&self.pid_file);
        }
        let _ = fs::remove_dir_all(&self.directory);
    }
}

pub fn lines(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// What the real ipvsadm says is there.
pub fn table(director: &Namespace) -> BTreeSet<String> {
    let text = director.look("ipvsadm -Sn").ok();
    text.lines().map(str::to_owned).collect()
}
