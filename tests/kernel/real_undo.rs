//! `real` there and exactly back, killed on the way, and the script beside lbctl.

use std::fs;
use std::path::{Path, PathBuf};

use libtest_mimic::Failed;

use super::Test;
use super::lab;
use super::real::{KINDS, Machine, SIX, VIP};
use super::walkthrough::expect_same;

pub const TESTS: &[Test] = &[
    ("real_undo::there_and_exactly_back", there_and_back),
    ("real_undo::vips_share_what_they_need", shared),
    ("real_undo::killed_anywhere_it_can_be_undone", killed),
    ("real_undo::the_script_does_the_same", script),
];

fn there_and_back() -> Result<(), Failed> {
    let machine = Machine::new("back");
    let real = &machine.real;
    // IPv6 has no such filter.
    for (filter, vips) in [("0", [SIX].as_slice()), ("1", &[VIP])] {
        real.line(&format!(
            "sysctl -q -w net.ipv4.conf.all.rp_filter={filter}"
        ))
        .ok();
        let before = machine.picture();
        for vip in vips {
            for kind in KINDS {
                let line = format!("real setup {vip} {kind}");
                let commands = real.lbctl(&format!("{line} --dry-run")).ok();
                assert!(commands.contains("address add"), "{commands}");
                expect_same(&before, &machine.picture());
                real.lbctl(&line).ok();
                let there = machine.picture();
                let found = machine.check();
                assert!(found.code == 0, "{line}: {found}");
                // Twice is once.
                assert_eq!(real.lbctl(&format!("{line} --dry-run")).ok(), "");
                real.lbctl(&line).ok();
                real.lbctl("real setup").ok();
                expect_same(&there, &machine.picture());
                // The filter that `all` stood for is still at work elsewhere.
                let eth0 = "sysctl -n net.ipv4.conf.eth0.rp_filter";
                let all = "sysctl -n net.ipv4.conf.all.rp_filter";
                let strongest = real.line(eth0).ok().max(real.line(all).ok());
                assert_eq!(strongest.trim(), filter, "{line}");
                real.lbctl(&format!("real undo {vip}")).ok();
                expect_same(&before, &machine.picture());
                // Nothing is left to undo, which is no error.
                real.lbctl(&format!("real undo {vip}")).ok();
            }
        }
    }
    // The commands of --dry-run do the same, by hand.
    let line = format!("real setup {VIP} --tun-type gue --tun-port 6080");
    let commands = real.lbctl(&format!("{line} --dry-run")).ok();
    let before = machine.picture();
    real.lbctl(&line).ok();
    let there = machine.picture();
    real.lbctl("real undo --all").ok();
    expect_same(&before, &machine.picture());
    real.run_with(["sh", "-e"], &commands).ok();
    expect_same(&there, &machine.picture());
    // What is there already is not lbctl's: it stays.
    real.lbctl(&line).ok();
    real.lbctl("real undo --all").ok();
    expect_same(&there, &machine.picture());
    Ok(())
}

fn shared() -> Result<(), Failed> {
    let machine = Machine::new("shared");
    let real = &machine.real;
    let before = machine.picture();
    let other = "192.168.100.101";
    real.lbctl(&format!("real setup {VIP} --method tun")).ok();
    let one = machine.picture();
    real.lbctl(&format!("real setup {other} --method tun")).ok();
    real.lbctl(&format!("real setup {SIX} --tun-type gre")).ok();
    real.lbctl(&format!("real undo {SIX}")).ok();
    real.lbctl(&format!("real undo {other}")).ok();
    expect_same(&one, &machine.picture());
    // The tunnel goes with its last VIP, the silence stays for the direct one.
    real.lbctl(&format!("real setup {other}")).ok();
    real.lbctl(&format!("real undo {VIP}")).ok();
    assert_eq!(machine.check().code, 0);
    let ignore = real.line("sysctl -n net.ipv4.conf.all.arp_ignore").ok();
    assert_eq!(ignore, "1\n");
    assert!(!real.line("ip -br link show up").ok().contains("tunl0"));
    real.lbctl("real undo --all").ok();
    expect_same(&before, &machine.picture());
    Ok(())
}

fn killed() -> Result<(), Failed> {
    let machine = Machine::new("killed");
    let real = &machine.real;
    real.line("sysctl -q -w net.ipv4.conf.all.rp_filter=1").ok();
    let before = machine.picture();
    let program = lab::lbctl();
    let program = program.to_str().expect("a path in UTF-8");
    let setup = format!("real setup {VIP} --tun-type gue --tun-port 6080");
    let undo = format!("real undo {VIP}");
    let record = format!("/var/lib/lbctl/netns/{}/state.json", real.name);
    let record = Path::new(&record);
    let mut ends = 0;
    // At each record that is written, and at each request to the kernel.
    for (call, first, line) in [
        ("rename", None, &setup),
        ("rename", Some(&setup), &undo),
        ("sendto", None, &setup),
    ] {
        for number in 1.. {
            if let Some(first) = first {
                real.lbctl(first).ok();
            }
            let inject = format!("inject={call}:signal=KILL:when={number}");
            let strace = format!("strace -qq -o /dev/null -e trace={call} -e {inject} {program}");
            let words = strace.split(' ').chain(line.split_whitespace());
            let answer = real.run(words);
            let whole = answer.code == 0;
            real.lbctl(&undo).ok();
            expect_same(&before, &machine.picture());
            assert!(!record.exists(), "{call} {number}");
            if whole {
                assert!(number > 5, "{call}: {answer}");
                ends += 1;
                break;
            }
        }
    }
    assert_eq!(ends, 3);
    Ok(())
}

fn script() -> Result<(), Failed> {
    let (ours, theirs) = (Machine::new("ours"), Machine::new("theirs"));
    let directory = PathBuf::from("/tmp/lbctl-real-script");
    let _ = fs::remove_dir_all(&directory);
    fs::create_dir_all(&directory)?;
    let file = directory.join("real.sh");
    let sh = |word: &str| {
        let state = format!("LBCTL_REAL_STATE={}", directory.join("state").display());
        let file = file.to_str().expect("a path in UTF-8");
        theirs.real.run(["env", &state, "sh", file, word])
    };
    for machine in [&ours, &theirs] {
        let line = "sysctl -q -w net.ipv4.conf.all.rp_filter=1";
        machine.real.line(line).ok();
    }
    let before = theirs.picture();
    expect_same(&ours.picture(), &before);
    for kind in KINDS {
        let line = format!("real setup {VIP} {SIX} {kind}");
        fs::write(&file, ours.real.lbctl(&format!("{line} --script")).ok())?;
        expect_same(&before, &ours.picture());
        ours.real.lbctl(&line).ok();
        let answer = sh("setup");
        assert!(answer.code == 0 && answer.stderr.is_empty(), "{answer}");
        let there = ours.picture();
        expect_same(&there, &theirs.picture());
        // Twice is once.
        sh("setup").ok();
        expect_same(&there, &theirs.picture());
        ours.real.lbctl("real undo --all").ok();
        let answer = sh("undo");
        assert!(answer.code == 0 && answer.stderr.is_empty(), "{answer}");
        expect_same(&before, &theirs.picture());
        sh("undo").ok();
        expect_same(&before, &theirs.picture());
    }
    sh("").fails(2);
    fs::remove_dir_all(&directory)?;
    Ok(())
}
