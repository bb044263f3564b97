//! A kernel without the module ip_vs: lbctl says so and what to do.

use std::fs;

use libtest_mimic::Failed;

use super::lab::{self, Answer};

const MODPROBE: &str = "/proc/sys/kernel/modprobe";

/// Keeps the kernel and modprobe from loading the module, and runs lbctl. None
/// where the module is loaded already.
pub fn try_without() -> Option<Answer> {
    if lab::is_native() || fs::exists("/proc/net/ip_vs").ok()? {
        return None;
    }
    let before = fs::read_to_string(MODPROBE).ok()?;
    fs::write(MODPROBE, "/nonexistent").ok()?;
    let lbctl = lab::lbctl();
    // Without PATH lbctl finds no modprobe either.
    let answer = lab::host([
        "env".as_ref(),
        "PATH=/nonexistent".as_ref(),
        lbctl.as_os_str(),
        "list".as_ref(),
    ]);
    fs::write(MODPROBE, before.trim_end()).ok()?;
    Some(answer)
}

/// Whether the message was right.
pub fn verdict(answer: Option<Option<Answer>>) -> Result<(), Failed> {
    let answer = answer
        .flatten()
        .ok_or("the module ip_vs was loaded before the test began")?;
    let message = answer.fails(1);
    for part in ["cannot list the IPVS table", "no IPVS", "modprobe ip_vs"] {
        assert!(message.contains(part), "{message}");
    }
    Ok(())
}
