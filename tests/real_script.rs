//! The script of `lbctl real setup --script`, as shellcheck(1) reads it: POSIX, and
//! nothing left to chance. That it does what lbctl does is tried on a kernel
//! (`tests/kernel/real_undo.rs`).

use std::io::Write as _;
use std::process::{Command, Output, Stdio};

const KINDS: [&str; 6] = [
    "--method dr",
    "--method dr --mss 1400",
    "--method tun",
    "--method tun --mss 0",
    "--tun-type gue --tun-port 6080",
    "--tun-type gre",
];

fn script(vips: &str, options: &str) -> String {
    let line = format!("real setup {vips} {options} --script");
    let output = Command::new(env!("CARGO_BIN_EXE_lbctl"))
        .args(line.split_whitespace())
        .output()
        .unwrap();
    assert!(output.status.success(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn read_by(program: &str, arguments: &[&str], text: &str) -> Output {
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} cannot be run ({error}); install it"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn shellcheck_has_nothing_to_say() {
    for vips in [
        "192.0.2.1",
        "2001:db8::1",
        "192.0.2.1 192.0.2.2 2001:db8::1",
    ] {
        for kind in KINDS {
            let text = script(vips, kind);
            let output = read_by("shellcheck", &["--shell=sh", "-"], &text);
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{vips} {kind}: {said}");
        }
    }
}

#[test]
fn shellcheck_would_say_it() {
    let text = script("192.0.2.1", "--method dr").replace("\"$state", "$state");
    let output = read_by("shellcheck", &["--shell=sh", "-"], &text);
    assert!(!output.status.success());
}
