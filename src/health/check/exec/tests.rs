//! The exec check with programs that every system has; a shell stands here for a
//! check script.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use super::*;
use crate::health::check::CheckKind;

const LATE: Duration = Duration::from_mins(1);
const SOON: Duration = Duration::from_millis(300);

fn run(words: &[&str], timeout: Duration) -> Outcome {
    let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    let spec = CheckSpec {
        timeout,
        ..CheckSpec::new(CheckKind::Exec(words.clone()))
    };
    let target = "192.0.2.7:8080".parse().unwrap();
    attempt(&words, target, &spec, &Children::default())
}

fn script(text: &str, timeout: Duration) -> Outcome {
    run(&["/bin/sh", "-c", text], timeout)
}

#[test]
fn the_exit_status_decides_and_the_first_line_says_why() {
    for (text, outcome) in [
        ("exit 0", Outcome::passed("exit status 0")),
        (
            "echo; echo fine; echo more",
            Outcome::passed("exit status 0: fine"),
        ),
        ("exit 1", Outcome::failed("exit status 1")),
        (
            "echo 'disk full' >&2; exit 3",
            Outcome::failed("exit status 3: disk full"),
        ),
        ("kill -9 $$", Outcome::failed("killed by signal 9")),
        ("exec >&- 2>&-; exit 4", Outcome::failed("exit status 4")),
    ] {
        assert_eq!(script(text, LATE), outcome, "{text}");
    }
}

#[test]
fn the_words_are_filled_and_no_shell_reads_them() {
    assert_eq!(
        run(
            &["/bin/echo", "{address}", "-p{port}", "{other}", "$(id)"],
            LATE
        ),
        Outcome::passed("exit status 0: 192.0.2.7 -p8080 {other} $(id)")
    );
}

#[test]
fn the_environment_is_small_and_there_is_nothing_to_read() {
    assert_eq!(
        script(
            "env | grep -v '^PWD\\|^_\\|^SHLVL\\|^OLDPWD' | sort | tr '\\n' ' '; pwd; cat",
            LATE
        ),
        Outcome::passed(format!(
            "exit status 0: LBCTL_ADDRESS=192.0.2.7 LBCTL_PORT=8080 PATH={PATH} /"
        ))
    );
}

#[test]
fn a_command_that_cannot_be_run_is_this_machines_own_fault() {
    assert_eq!(
        run(&["/nonexistent/check"], LATE),
        Outcome::local("cannot run /nonexistent/check: No such file or directory (os error 2)")
    );
    assert!(matches!(run(&["/etc/passwd"], LATE), Outcome::Local { .. }));
}

#[test]
fn much_output_holds_nothing_up() {
    let outcome = script(
        "echo first; head -c 1000000 /dev/zero | tr '\\0' x; exit 2",
        LATE,
    );
    assert_eq!(outcome, Outcome::failed("exit status 2: first"));
}

#[test]
fn a_child_left_behind_does_not_hold_the_end_back() {
    let outcome = script("sleep 1000 & echo started; exit 0", LATE);
    assert_eq!(outcome, Outcome::passed("exit status 0: started"));
    let noisy = script("yes & exit 5", LATE);
    assert!(noisy.text().starts_with("exit status 5"), "{noisy:?}");
}

/// A named pipe that a process holds open for writing as long as it lives.
struct Alive(PathBuf);

impl Alive {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("lbctl-{name}-{}", std::process::id()));
        let _ = fs::remove_file(&path);
        nix::unistd::mkfifo(&path, nix::sys::stat::Mode::S_IRWXU).unwrap();
        Self(path)
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

#[test]
fn the_timeout_kills_grandchildren_too() {
    let alive = Alive::new("grandchild");
    // The pipe's end comes when the last process that writes to it is gone.
    let path = alive.0.clone();
    let reader = std::thread::spawn(move || fs::read_to_string(path).unwrap());
    let text = format!(
        "echo asking; exec 3>{}; (sleep 1000; true) & echo hangs >&3; wait",
        alive.path()
    );
    assert_eq!(
        script(&text, SOON),
        Outcome::failed("no answer within 300ms: asking")
    );
    assert_eq!(reader.join().unwrap(), "hangs\n");
}

#[test]
fn what_runs_when_the_probe_ends_is_killed() {
    let alive = Alive::new("orphan");
    let path = alive.path().to_owned();
    let children = std::sync::Arc::new(Children::default());
    let running = std::sync::Arc::clone(&children);
    let check = std::thread::spawn(move || {
        let text = format!("echo here > {path}; sleep 1000");
        let words = ["/bin/sh", "-c", &text].map(str::to_owned);
        let spec = CheckSpec {
            timeout: LATE,
            ..CheckSpec::new(CheckKind::Ping)
        };
        attempt(&words, "192.0.2.7:80".parse().unwrap(), &spec, &running)
    });
    assert_eq!(fs::read_to_string(&alive.0).unwrap(), "here\n");
    children.kill();
    assert_eq!(check.join().unwrap(), Outcome::failed("killed by signal 9"));
}
