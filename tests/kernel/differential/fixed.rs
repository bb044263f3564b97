//! Command lines that chance would not find: the manual's examples, the edges of
//! every rule, the companions, and views of a table that has seen traffic.

use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::time::Duration;

use libtest_mimic::Failed;

use super::super::Test;
use super::super::lab;
use super::{Pair, Program, answer};

pub const TESTS: &[Test] = &[
    ("differential::examples_of_the_manual", examples),
    ("differential::edges", edges),
    ("differential::restore", restore),
    ("differential::companions", companions),
    ("differential::without_privilege", without_privilege),
    ("differential::views_with_traffic", views_with_traffic),
    ("differential::the_verb", the_verb),
];

/// A table with something of everything; each line right in both programs.
pub const FURNITURE: &str = "\
-C
-A -t 10.0.0.100:80 -s wrr
-a -t 10.0.0.100:80 -r 10.0.0.11:80 -m -w 5 -x 100 -y 50
-a -t 10.0.0.100:80 -r 10.0.0.11:8080 -m
-a -t 10.0.0.100:80 -r 10.0.0.12 -i --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 10.0.0.100:80 -r 100.1.1.1 -i --tun-type gre --tun-csum
-a -t 10.0.0.100:80 -r [2001:db8::11]:80 -i
-A -t 10.0.0.100:443 -s sh -b sh-port,sh-fallback -p
-a -t 10.0.0.100:443 -r 10.0.0.254 -w 0
-A -t 10.0.0.101:0 -p 77 -M 255.255.255.0
-A -u 10.0.0.100:53 -o
-a -u 10.0.0.100:53 -r 10.0.0.11
-A -u 10.0.0.102:5060 -p 60 --pe sip
-A --sctp-service 10.0.0.100:9 -s mh -b mh-port
-A -t [2001:db8::100]:80 -s rr -p -M 64
-a -t [2001:db8::100]:80 -r [2001:db8::11]:80 -m -w 2147483647
-A -f 7 -s fo -b flag-1,flag-3
-a -f 7 -r 10.0.0.11 -m
-a -f 7 -r 10.0.0.13:http -m
-A -f 7 -6 -s none
-a -f 7 -6 -r 2001:db8::12 -g
";

const MANUAL: &str = "\
-A -t 207.175.44.110:80 -s rr
-a -t 207.175.44.110:80 -r 192.168.10.1:80 -m
-a -t 207.175.44.110:80 -r 192.168.10.2:80 -m
-Ln
-C
-A -f 1  -s rr
-a -f 1 -r 192.168.10.1:0 -m
-a -f 1 -r 192.168.10.2:0 -m
-Sn
-C
-A -t 207.175.44.110:80 -s rr
-a -t 207.175.44.110:80 -r 192.168.10.1:80 -i --tun-type gue --tun-port 6080 --tun-nocsum
-a -t 207.175.44.110:80 -r 192.168.10.2:80 -i --tun-type gue --tun-port 6080 --tun-csum
-a -t 207.175.44.110:80 -r 192.168.10.3:80 -i --tun-type gue --tun-port 6080 --tun-remcsum
-a -t 207.175.44.110:80 -r 192.168.10.4:80 -i --tun-type gue --tun-port 6078
-Ln --tun-info
-Sn
-C
-A -t 10.0.0.1:80 -s rr
-a -t 10.0.0.1:80 -r 192.168.11.1:80 -i --tun-type gre --tun-csum
-A -t [2001:db8::80]:80 -s rr
-a -t [2001:db8::80]:80 -r [2001:db8::a0a0]:80 -m
-Ln
-Sn
";

fn words(line: &str) -> Vec<String> {
    line.split_whitespace().map(str::to_owned).collect()
}

fn examples() -> Result<(), Failed> {
    let pair = Pair::new("manual");
    for line in MANUAL.lines() {
        pair.compare(&words(line), "")?;
    }
    pair.compare(&words("-C"), "")?;
    pair.compare(&words("-R"), &format!("\n{MANUAL}"))?;
    Ok(())
}

/// One line each; a word `''` is an empty one.
const EDGES: &str = "\
-h
-v
--help

''
foo -L
-L ''
-L -- -n
-L -
-L=n
--list=3
-n -L
-L -n=3
-Lq
-lnX
-LnX --rate --stats
-L --stats --rate --thresholds --persistent-conn --tun-info -n
-Z -t 0.0.0.0:0
-Z -t 9.9.9.9:0
-A -t 10.0.0.2:80 -p -5
-A -t 10.0.0.2:80 -p= -s rr
-A -t 10.0.0.2:80 --persistent= -s rr
-At10.0.0.3:80 -swrr -p77
-A -t=10.0.0.4:80 -s=rr
-A -t 010.0.0.1:80
-A -t 10.1:80
-A -t 1234:80
-A -t [10.0.0.6:90]:80
-A -t :80
-A -t localhost:http
-A -t localhost
-A -t 10.0.0.5:80 -b sh-port -s sh
-A -t 10.0.0.5:81 -s sh -b sh-port,,sh-fallback
-A -t 10.0.0.5:82 -s sh -b mh-port
-A -t 10.0.0.5:83 -s abcdefghijklmnopq
-A -t 10.0.0.5:84 --pe abcdefghijklmnopq
-A -u 10.0.0.5:85 --pe sip
-A -u 10.0.0.5:86 -p --pe sip
-A -t 10.0.0.5:87 -M 255.0.0.0
-E -t 10.0.0.5:87
-A -f 1 -6 -6
-A -6 -f 1
-A -f 1
-a -f 1 -r 10.0.0.9:5 -m
-a -f 1 -6 -r 10.0.0.9
-a -f 1 -6 -r 2001:db8::7 -m
-a -t 10.0.0.3:80 -r 10.0.0.9:8080
-a -t 10.0.0.3:80 -r 10.0.0.9:8080 -m
-a -t 10.0.0.3:80 -r 10.0.0.9:8080 -m
-d -t 10.0.0.3:80 -r 10.0.0.9:8081
-e -t 10.0.0.3:80 -r 10.0.0.9:8080 -m -y 3
-e -t 10.0.0.3:80 -r 10.0.0.9:8080 -m -x 3 -y 3 -w 65536
-a -t 10.0.0.3:80 -r 224.0.0.1 -m
-a -t 10.0.0.3:80 -r [2001:db8::1]:80
-a -t 10.0.0.3:80 -r 10.0.0.10 -m --tun-csum
-a -t 10.0.0.3:80 -r 10.0.0.10 -i --tun-type gue
-a -t 10.0.0.3:80 -r 10.0.0.10 -i --tun-type gue --tun-port 1 --tun-csum --tun-nocsum
-a -t 10.0.0.3:80 -r 10.0.0.10 -i --tun-type gre --tun-remcsum
-a -t 10.0.0.3:80 -r 10.0.0.10 -i --tun-port 1
-L -t 10.0.0.3:80
-L -t 10.0.0.3:81 -n
-L -c --stats
-L --timeout --persistent-conn
-L --daemon --timeout
-Lc -t 10.0.0.3:80
-S --rate
-S -n
-S
-L
--set 1 2
--set 1 2 3 4
--set 1 2 x
--set 0 0 500
-L --timeout
--start-daemon
--start-daemon foo
--stop-daemon foo
--stop-daemon master
--start-daemon backup --mcast-group ff02::5 --syncid 3 --mcast-ttl 4 --mcast-port 99
--start-daemon backup
--start-daemon master --mcast-interface nosuch
-L --daemon
-D -t 10.0.0.99:80
-C -6
-C -n
-R -n
-C
-L
";

fn edges() -> Result<(), Failed> {
    let pair = Pair::new("edges");
    for line in EDGES.lines() {
        let mut words = words(line);
        for word in &mut words {
            *word = word.replace("''", "");
        }
        pair.compare(&words, "")?;
    }
    // A blank within a word.
    let words = ["-A", "-t", "10.0.0.7 x:80"].map(str::to_owned);
    pair.compare(&words, "")?;
    Ok(())
}

fn restore() -> Result<(), Failed> {
    let pair = Pair::new("restore");
    for text in [
        FURNITURE,
        "-L -n\n-S\n-C",
        "-A -t 1.1.1.1:80 --foo\n-L --timeout",
        "-D -t 1.1.1.1:80\n-L --timeout\n-D -t 1.1.1.1:80\n",
        "-A -t 1.1.1.1:80\n-D -t 1.1.1.1:81\n-A -t 1.1.1.1:81\n",
        "A -t 1.1.1.1:82\n-A -t 1.1.1.1:83\n",
        "-R\n-C\n",
        "-v\n-C\n",
        "-h\n",
        "ipvsadm -A ipvsadm -t 1.1.1.1:84 \r\n\r\n\t\n-A -t 1.1.1.1:85",
        "-A -t 1.1.1.1:86 -s \"rr\"\n-L -n --nosort\n",
        "",
        "\n\n",
        "ipvsadm\n",
    ] {
        pair.compare(&words("-R"), text)?;
    }
    // More than goes to the kernel at once, a refusal here and there.
    let many: String = (0..400)
        .map(|number| {
            let (port, server) = (1 + number / 7, number % 5);
            match number % 7 {
                0 => format!("-A -t 1.2.3.4:{port} -s rr\n"),
                _ => format!("-a -t 1.2.3.4:{port} -r 10.0.0.{server} -m\n"),
            }
        })
        .collect();
    pair.compare(&words("-R"), &many)?;
    pair.compare(&words("-Sn"), "")?;
    Ok(())
}

fn companions() -> Result<(), Failed> {
    let pair = Pair::new("companions");
    let restored = format!("# saved\n{FURNITURE}# end\n\n\n");
    pair.compare_as("ipvsadm-restore", &[], &restored)?;
    for line in ["", "-n", "-x", "-n -x", "x", "x -n"] {
        pair.compare_as("ipvsadm-save", &words(line), "")?;
    }
    pair.compare_as("ipvsadm-restore", &[], "-A -t 1.1.1.1:80\nfoo\n")?;
    pair.compare_as("ipvsadm-restore", &[], "")?;
    Ok(())
}

fn without_privilege() -> Result<(), Failed> {
    let pair = Pair::new("nobody");
    for line in ["-L", "-A -t 10.0.0.1:80", "foo", "-h", ""] {
        let words = words(line);
        let run = |path: &Path| {
            let mut program = Program::new(path, "ipvsadm");
            program.user = Some(65534);
            answer(&pair.ours, &program, &words, "", false).0
        };
        let (ours, theirs) = (run(&lab::lbctl()), run(Path::new("/usr/sbin/ipvsadm")));
        if ours != theirs {
            return Err(format!("{line}\n{ours}\n{theirs}").into());
        }
    }
    Ok(())
}

/// `lbctl ipvsadm` takes every word behind it as ipvsadm does, lbctl's own too.
fn the_verb() -> Result<(), Failed> {
    let pair = Pair::new("verb");
    let lbctl = Program::new(&lab::lbctl(), "lbctl");
    let peer = Program::new(Path::new("/usr/sbin/ipvsadm"), "ipvsadm");
    for line in [
        "-A -t 10.0.0.1:80",
        "-Ln",
        "",
        "-h",
        "--help",
        "-v",
        "--version",
        "-V",
        "-q",
        "--json",
        "-L --json",
        "help",
        "--netns x",
        "-- -L",
    ] {
        let ours = format!("ipvsadm {line}");
        let ours = answer(&pair.ours, &lbctl, &words(&ours), "", false);
        let theirs = answer(&pair.theirs, &peer, &words(line), "", false);
        if ours != theirs {
            return Err(format!("{line}\n{}\n{}", ours.0, theirs.0).into());
        }
    }
    // What ipvsadm has not is not silently left out.
    let message = pair.ours.lbctl("--dry-run ipvsadm -C").fails(2);
    assert!(message.contains("--dry-run"), "{message}");
    assert!(pair.ours.lbctl("ipvsadm -Sn").ok().contains("10.0.0.1:80"));
    Ok(())
}

const TRAFFIC: &str = "\
-A -u 10.0.0.254:53 -s rr -p 300
-a -u 10.0.0.254:53 -r 10.0.0.11 -m
-a -u 10.0.0.254:53 -r 10.0.0.12 -m -x 5
-A -u 10.0.0.254:5060 -s rr -p 60 --pe sip
-a -u 10.0.0.254:5060 -r 10.0.0.11 -m
-A -t 10.0.0.254:80 -s rr
-a -t 10.0.0.254:80 -r 10.0.0.11:8080 -m
-A -u [2001:db8::254]:53 -s rr
-a -u [2001:db8::254]:53 -r [2001:db8::11]:53 -m
";

const CALL: &str = "INVITE sip:a@example.com SIP/2.0\r\nCall-ID: one@example.com\r\n\r\n";

/// Both programs look at the same namespace.
fn views_with_traffic() -> Result<(), Failed> {
    let pair = Pair::new("traffic");
    pair.compare(&words("-R"), TRAFFIC)?;
    pair.ours.enter(|| {
        let v4 = UdpSocket::bind("10.0.0.254:0").unwrap();
        v4.send_to(b"question", "10.0.0.254:53").unwrap();
        v4.send_to(CALL.as_bytes(), "10.0.0.254:5060").unwrap();
        let v6 = UdpSocket::bind("[2001:db8::254]:0").unwrap();
        v6.send_to(b"question", "[2001:db8::254]:53").unwrap();
        // Nobody answers.
        let address = "10.0.0.254:80".parse().unwrap();
        let _ = TcpStream::connect_timeout(&address, Duration::from_millis(50));
    });
    let mut shown = String::new();
    for view in [
        "",
        "-c",
        "-c --persistent-conn",
        "--stats",
        "--stats --exact",
        "--rate",
        "--thresholds",
        "--persistent-conn",
        "--tun-info",
    ] {
        for line in [format!("-L -n {view}"), format!("-L {view}")] {
            shown += &same(&pair, &line)?;
        }
    }
    for part in ["TCP 00:", "one@example.com", "[2001:db8::11]:53", " UDP "] {
        assert!(shown.contains(part), "no {part} in {shown}");
    }
    Ok(())
}

fn same(pair: &Pair, line: &str) -> Result<String, Failed> {
    let run = |path: &Path| {
        let program = Program::new(path, "ipvsadm");
        answer(&pair.ours, &program, &words(line), "", false).0
    };
    let mut answers = Vec::new();
    // A second may pass between the two.
    for _ in 0..5 {
        let (ours, theirs) = (run(&lab::lbctl()), run(Path::new("/usr/sbin/ipvsadm")));
        if ours == theirs {
            return Ok(ours.stdout);
        }
        answers = vec![ours.to_string(), theirs.to_string()];
    }
    Err(format!("{line}\n{}", answers.join("\n")).into())
}
