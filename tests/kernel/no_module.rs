//! A kernel without the module ip_vs: lbctl says so and what to do.

use std::fs;

use libtest_mimic::Failed;

use super::lab::{self, Answer};

const MODPROBE: &str = "/proc/sys/kernel/modprobe";

/// Keeps the kernel and modprobe from loading the module, and runs lbctl. No
/// answers where the module is loaded already.
pub fn try_without() -> Vec<Answer> {
    if lab::is_native() || fs::exists("/proc/net/ip_vs").unwrap_or(true) {
        return Vec::new();
    }
    let before = fs::read_to_string(MODPROBE).unwrap();
    fs::write(MODPROBE, "/nonexistent").unwrap();
    let program = lab::lbctl();
    let add = "add -t 192.0.2.10:80 -s rr -r 10.0.0.11 -m";
    let answers = ["list -q", "setup -q", "check --json", add]
        .into_iter()
        .map(str::split_whitespace)
        .map(|words| {
            // Without PATH lbctl finds no modprobe either.
            let words = words.map(AsRef::as_ref);
            let lbctl = [
                "env".as_ref(),
                "PATH=/nonexistent".as_ref(),
                program.as_os_str(),
            ];
            lab::host(lbctl.into_iter().chain(words))
        })
        .collect();
    fs::write(MODPROBE, before.trim_end()).unwrap();
    answers
}

/// Whether the messages were right.
pub fn verdict(answers: Vec<Answer>) -> Result<(), Failed> {
    let [list, setup, check, add] = <[Answer; 4]>::try_from(answers)
        .map_err(|_| "the module ip_vs was loaded before the test began")?;
    let message = list.fails(1);
    for part in ["cannot list the IPVS table", "no IPVS", "modprobe ip_vs"] {
        assert!(message.contains(part), "{message}");
    }
    let message = setup.fails(1);
    for part in ["cannot set up", "no IPVS", "modprobe ip_vs"] {
        assert!(message.contains(part), "{message}");
    }
    let message = add.fails(1);
    for part in ["cannot add tcp 192.0.2.10:80", "no IPVS", "modprobe ip_vs"] {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(check.code, 2, "{check}");
    assert!(check.stdout.contains("\"id\":\"no-module\""), "{check}");
    Ok(())
}
