//! What cannot be right, and what is said to it.

use super::*;

/// A virtual server with these lines in it, then a server with those.
pub(super) fn server(lines: &str, below: &str) -> String {
    format!(
        "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nprotocol = \"tcp\"\n{lines}\n\
         [[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n{below}\n"
    )
}

/// The one mistake of a file says all of this.
pub(super) fn only(text: &str, parts: &[&str]) {
    let found = mistakes(text);
    assert_eq!(found.len(), 1, "{text}\n{found:#?}");
    for part in parts {
        assert!(found[0].contains(part), "{text}\n{}\n{part}", found[0]);
    }
}

pub(super) fn in_service(lines: &str, parts: &[&str]) {
    only(&server(lines, ""), parts);
}

pub(super) fn in_server(below: &str, parts: &[&str]) {
    only(&server("", below), parts);
}

pub(super) fn in_check(lines: &str, parts: &[&str]) {
    only(
        &server(&format!("[virtual_server.check]\n{lines}"), ""),
        parts,
    );
}

/// Each of these passes `keepalived -t` with exit status 0.
#[test]
fn the_ten_that_keepalived_lets_pass() {
    in_check(
        "type = \"exec\"\ncommand = [\"/usr/lib/lbctl/no-check\"]",
        &["6:12: /usr/lib/lbctl/no-check: not there"],
    );
    in_check(
        "type = \"https\"\npath = \"/\"\nca_file = \"/etc/ssl/no.pem\"",
        &["7:11: /etc/ssl/no.pem: not there"],
    );
    in_check(
        "type = \"http\"\npath = \"/\"\nbody = \"(\"",
        &["7:8: body is no regular expression"],
    );
    // There are no groups to be missing; a name of keepalived's for one is unknown.
    only(
        "[[virtual_server_group]]\nname = \"web\"\n",
        &[
            "1:3: unknown key 'virtual_server_group'; ",
            "virtual_server",
        ],
    );
    let twice = server("", "") + &server("", "");
    only(
        &twice,
        &["9:10: the service tcp 192.0.2.1:80 is there twice, first at lbctl.toml:2:10;"],
    );
    only(
        "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nprotocol = \"tcp\"\n",
        &["1:1: a virtual server needs a server; add [[virtual_server.real_server]]"],
    );
    in_service(
        "check_required = true",
        &["6:11: 10.0.0.1:80 has no check, and check_required asks for one; add"],
    );
    assert_eq!(read(""), Config::default());
    only(
        &server("", "").replace("\"tcp\"", "\"TCPP\""),
        &["3:12: unknown protocol 'TCPP'; choose among tcp, udp, sctp; did you mean tcp?"],
    );
    only(
        &format!("include = [\"conf.d/web.toml\"]\n{WEB}"),
        &["1:12: cannot read conf.d/web.toml: entity not found"],
    );
}

#[test]
fn unknown_keys_and_words() {
    in_server(
        "wieght = 2",
        &["unknown key 'wieght'; did you mean weight?"],
    );
    in_service(
        "lb_algo = \"rr\"",
        &["unknown key 'lb_algo'; use scheduler instead"],
    );
    in_service(
        "interval = \"3s\"",
        &["does not belong to", "[virtual_server.check]"],
    );
    in_service(
        "[virtual_server.check]\ntype = \"tcp\"\nquorum = 2",
        &["quorum does not belong to [virtual_server.check]; write it right below"],
    );
    in_server("port = 80", &["unknown key 'port'; use address instead"]);
    in_server(
        "colour = 2",
        &["unknown key 'colour'", "knows address, weight"],
    );
    in_service(
        "scheduler = \"rrr\"",
        &["unknown scheduler 'rrr'", "did you mean rr?"],
    );
    in_service(
        "method = \"DR\"",
        &["unknown method 'DR'", "did you mean dr?"],
    );
    in_service(
        "scheduler = \"sh\"\nscheduler_flags = [\"sh-prot\"]",
        &[
            "5:20: unknown scheduler flag 'sh-prot'",
            "did you mean sh-port?",
        ],
    );
    in_service(
        "scheduler = \"mh\"\nscheduler_flags = [\"sh-port\"]",
        &["belongs to sh, not to mh"],
    );
    in_service("vip = \"fwmak\"", &["did you mean fwmark?"]);
    in_service("persistence_engine = \"sid\"", &["did you mean sip?"]);
    in_server(
        "method = \"tun\"\ntunnel = { type = \"gree\" }",
        &["unknown tunnel type 'gree'", "did you mean gre?"],
    );
    in_check(
        "type = \"htpp\"",
        &["unknown type 'htpp'", "did you mean http?"],
    );
    only(
        "[probe]\non_exit = \"leave\"\n",
        &["unknown on_exit 'leave'; choose among keep, remove"],
    );
    only("[hots]\n", &["1:2: unknown key 'hots'; did you mean host?"]);
    only(
        "[[real_server]]\naddress = \"10.0.0.1\"\n",
        &["real_server does not belong to the file; write it right below [[virtual_server]]"],
    );
}

#[test]
fn values_of_another_type() {
    in_server(
        "weight = \"2\"",
        &["weight is a string, and has to be a whole number"],
    );
    in_server("weight = 1.5", &["weight is a number with a fraction"]);
    in_service(
        "one_packet = \"yes\"",
        &["has to be true or false, without quotes"],
    );
    in_service("name = 5", &["name is a number, and has to be a string"]);
    in_service("scheduler_flags = \"sh-port\"", &["has to be a list"]);
    in_service(
        "tunnel = \"gue\"",
        &["tunnel is a string, and has to be a table"],
    );
    in_service(
        "check = \"http\"",
        &["check is a table of its own, or false for none"],
    );
    in_check(
        "type = \"tcp\"\ninterval = 3",
        &["interval has no unit; write interval = \"3s\""],
    );
    in_check(
        "type = \"tcp\"\ninterval = 08:00:00",
        &["interval is a date or time"],
    );
    in_check(
        "type = \"http\"\npath = \"/\"\nstatus = true",
        &["statuses"],
    );
    only("host = 1\n", &["host is not a table; write [host]"]);
    only("[virtual_server]\n", &["write [[virtual_server]]"]);
    only("virtual_server = [1]\n", &["a virtual_server is a table"]);
    only(
        "include = \"conf.d/*.toml\"\n",
        &["has to be a list of files"],
    );
    only(
        "[defaults]\nquorum = \"1\"\n",
        &["2:10: quorum is a string"],
    );
    only(
        "[defaults.check]\nfall = \"1\"\n",
        &["2:8: fall is a string"],
    );
}

#[test]
fn values_out_of_range() {
    in_server(
        "weight = 2147483648",
        &["weight 2147483648 is not a number from 0 to 2147483647"],
    );
    in_server("weight = -1", &["weight -1 is not a number from 0"]);
    in_server(
        "weight = 99999999999999999999999999999999999999999999",
        &["is not a number"],
    );
    in_service("quorum = 0", &["quorum 0 is not a number from 1"]);
    in_service(
        "quorum = 2\nhysteresis = 2",
        &["hysteresis 2 is not below quorum 2"],
    );
    in_service(
        "depool_threshold = 1.5",
        &["is not a number from 0.0 to 1.0"],
    );
    in_service(
        "depool_threshold = nan",
        &["is not a number from 0.0 to 1.0"],
    );
    in_service(
        "persistence_timeout = \"32days\"",
        &["whole seconds from 1s to 31days"],
    );
    in_service("persistence_timeout = \"1500ms\"", &["whole seconds"]);
    in_service("slow_start = \"2days\"", &["from 1ms to 1day"]);
    in_check("type = \"tcp\"\ninterval = \"0s\"", &["is not a duration"]);
    in_check(
        "type = \"tcp\"\ninterval = \"3\"",
        &["'3' is not a duration; write a number with"],
    );
    in_check(
        "type = \"tcp\"\ninterval = \"100 years\"",
        &["out of range"],
    );
    in_check(
        "type = \"tcp\"\nfall = 0",
        &["fall 0 is not a number from 1 to 1000"],
    );
    in_check(
        "type = \"tcp\"\nport = 70000",
        &["port 70000 is not a number from 0 to 65535"],
    );
    for status in ["99", "600", "\"299-200\"", "\"2xx\"", "\"\""] {
        let lines = format!("type = \"http\"\npath = \"/\"\nstatus = [200, {status}]");
        in_check(&lines, &["7:16: status: ", "is no list of HTTP statuses"]);
    }
    in_check(
        "type = \"http\"\npath = \"/\"\nstatus = []",
        &["status names none"],
    );
    in_service(
        &format!("name = \"{}\"", "x".repeat(101)),
        &["1 to 100 characters"],
    );
    in_service("name = \"\"", &["1 to 100 characters"]);
    in_service("name = \"a\\u001bb\"", &["printable"]);
    only("[timeouts]\ntcp = \"0s\"\n", &["is not a duration"]);
    only("[timeouts]\ntcp = \"40days\"\n", &["from 1s to 31days"]);
}

#[test]
fn syntax() {
    only(
        "a = \n",
        &["1:5: a value is missing, or a text without quotes"],
    );
    only("[[virtual_server]\n", &["this is not TOML: "]);
    only(
        "[host]\nip_forward = true\nip_forward = false\n",
        &["3:1: this is not TOML: duplicate key; it stands"],
    );
    let found = mistakes("a = \nb = 1 2\n[x\n");
    assert!(found.len() >= 3, "{found:#?}");
}

#[test]
fn a_mistake_in_the_defaults_is_told_once() {
    let text = format!(
        "[defaults]\nscheduler = \"x\"\ninterval = 3\n{}",
        server("", "")
    );
    assert_eq!(mistakes(&text).len(), 2, "{:#?}", mistakes(&text));
}

#[test]
fn all_at_once_and_in_order() {
    let text = r#"
[[virtual_server]]
listen = "192.0.2.1"
protocol = "tpc"
name = 1
quorum = 0
bogus = 1
[virtual_server.check]
type = "http"
path = "x"
virtualhost = "a b"
status = 99
body = "("
interval = "3"
[[virtual_server.real_server]]
address = "10.0.0.256"
weight = -1
maintenance = 2
lower_threshold = 1
method = "tun"
tunnel = { type = "gue" }
[virtual_server.real_server.check]
type = "x"
[host]
ip_forward = 1
"#;
    let found = mistakes(text);
    let lines: Vec<usize> = found
        .iter()
        .map(|text| text.split(':').next().unwrap().parse().unwrap())
        .collect();
    let right = [1, 2, 8, 9, 15, 20, 22, 24];
    let wrong: Vec<usize> = (1..=25).filter(|line| !right.contains(line)).collect();
    assert_eq!(lines, wrong, "{found:#?}");
}
