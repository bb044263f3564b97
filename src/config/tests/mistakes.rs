//! What cannot be right, and what is said to it.

use super::*;

/// A virtual server with these lines in it, then a server with those.
fn server(lines: &str, below: &str) -> String {
    format!(
        "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\nprotocol = \"tcp\"\n{lines}\n\
         [[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n{below}\n"
    )
}

/// The one mistake of a file says all of this.
fn only(text: &str, parts: &[&str]) {
    let found = mistakes(text);
    assert_eq!(found.len(), 1, "{text}\n{found:#?}");
    for part in parts {
        assert!(found[0].contains(part), "{text}\n{}\n{part}", found[0]);
    }
}

fn in_service(lines: &str, parts: &[&str]) {
    only(&server(lines, ""), parts);
}

fn in_server(below: &str, parts: &[&str]) {
    only(&server("", below), parts);
}

fn in_check(lines: &str, parts: &[&str]) {
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
    in_service("lb_algo = \"rr\"", &["here it is called scheduler"]);
    in_service(
        "interval = \"3s\"",
        &["does not belong to", "[virtual_server.check]"],
    );
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
        &["real_server does not belong to the file; write it in [[virtual_server]]"],
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
fn addresses() {
    let listen = |text: &str, parts: &[&str]| {
        only(&server("", "").replace("192.0.2.1:80", text), parts);
    };
    listen(
        "192.0.2.1",
        &["2:10: '192.0.2.1' has no port; write ADDRESS:PORT"],
    );
    listen("192.0.2.1:", &["the port is missing"]);
    listen("192.0.2.256:80", &["is not an IPv4 address"]);
    listen("2001:db8::1:80", &["has no port"]);
    listen("0.0.0.0:80", &["is no address of a machine"]);
    listen("224.0.0.1:80", &["is no address of a machine"]);
    listen("192.0.2.1:no-such-port", &["unknown port 'no-such-port'"]);
    listen("no.example:80", &["cannot look up the host"]);
    listen(
        "192.0.2.1:0",
        &["port 0 means all ports, and needs persistence; name a port"],
    );
    listen(
        "[2001:db8::1]:80",
        &[
            "6:11: 10.0.0.1:80 is of another address family",
            "method = \"tun\"",
        ],
    );
    in_server(
        "method = \"dr\"\n[[virtual_server.real_server]]\naddress = \"10.0.0.1:80\"",
        &["9:11: the server 10.0.0.1:80 is there twice, first at lbctl.toml:6:11;"],
    );
    in_server(
        "method = \"dr\"\n[[virtual_server.real_server]]\n",
        &["a server needs an address"],
    );
    let dr = server("method = \"dr\"", "").replace("10.0.0.1", "10.0.0.1:8080");
    only(
        &dr,
        &["has another port than tcp 192.0.2.1:80, and dr cannot change ports"],
    );
    let zero = server("", "").replace("10.0.0.1", "10.0.0.1:0");
    only(
        &zero,
        &["port 0 is not a port; name a port, or leave it out"],
    );
}

#[test]
fn the_same_written_differently_is_twice() {
    let first = server("", "").replace("192.0.2.1:80", "[2001:db8::1]:80");
    let second = first.replace("[2001:db8::1]:80", "[2001:DB8:0:0::1]:http");
    let text = (first + &second).replace("10.0.0.1", "fd00::1");
    only(&text, &["the service tcp [2001:db8::1]:80 is there twice"]);
    let mark =
        "[[virtual_server]]\nfwmark = 16\n[[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n";
    only(
        &format!("{mark}{}", mark.replace("16", "0x10")),
        &["the service fwmark 16 is there twice"],
    );
    let names =
        server("name = \"web\"", "") + &server("name = \"web\"", "").replace("2.1:", "2.2:");
    only(
        &names,
        &["the name 'web' is given twice, first at lbctl.toml:4:8; choose another"],
    );
}

#[test]
fn settings_that_do_not_go_together() {
    in_service(
        "one_packet = true",
        &[
            "4:14: one-packet scheduling is only for UDP",
            "take one_packet out",
        ],
    );
    in_service("fwmark = 1", &["either listen or fwmark"]);
    in_service("family = \"ipv6\"", &["family belongs to fwmark"]);
    in_service(
        "persistence_netmask = \"255.255.255.0\"",
        &["no effect without persistence_timeout"],
    );
    in_service(
        "persistence_timeout = \"6m\"\npersistence_netmask = 64",
        &["an IPv4 netmask"],
    );
    in_service(
        "sorry_mode = \"join\"",
        &["no effect without a sorry_server"],
    );
    in_service(
        "sorry_server = \"10.0.0.1:80\"",
        &["is the sorry server and one of the servers"],
    );
    in_service(
        "tunnel = { type = \"gue\", port = 6080 }",
        &["4:10: tunnel needs method = \"tun\""],
    );
    in_service(
        "method = \"tun\"\ntunnel = { type = \"gue\" }",
        &["needs the server's UDP port; add port"],
    );
    in_server(
        "lower_threshold = 5",
        &["7:19: lower_threshold 5 needs an upper_threshold"],
    );
    in_server(
        "upper_threshold = 4\nlower_threshold = 5",
        &["lower_threshold (5) is above upper_threshold (4)"],
    );
    in_server("check = true", &["there is no check to take over"]);
    only(
        "[[virtual_server]]\nlisten = \"192.0.2.1:80\"\n[[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n",
        &["1:1: a virtual server with listen needs a protocol"],
    );
    only(
        "[[virtual_server]]\n[[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n",
        &["1:1: a virtual server needs listen"],
    );
    let mark = "[[virtual_server]]\nfwmark = 1\nREST\n[[virtual_server.real_server]]\naddress = \"10.0.0.1\"\n";
    let by_mark = |rest: &str, parts: &[&str]| only(&mark.replace("REST", rest), parts);
    by_mark("protocol = \"tcp\"", &["has no protocol"]);
    by_mark("vip = \"fwmark\"", &["has no address to lead to IPVS"]);
    by_mark("family = \"ipv5\"", &["did you mean ipv4?"]);
    by_mark(
        "[virtual_server.check]\ntype = \"tcp\"",
        &["6:11: ", "has no port of its own", "port = NUMBER"],
    );
    let ways = server("vip = \"none\"", "") + &server("", "").replace("1:80", "1:443");
    only(
        &ways,
        &["8:1: 192.0.2.1 reaches IPVS in another way at lbctl.toml:4:7"],
    );
}

#[test]
fn checks() {
    in_check(
        "path = \"/\"",
        &["4:1: a check needs a type; write type = \"http\""],
    );
    in_check("type = \"http\"", &["needs a path"]);
    in_check(
        "type = \"http\"\npath = \"x\"",
        &["'x' is no path to ask for"],
    );
    in_check(
        "type = \"http\"\npath = \"/\"\nvirtualhost = \"a b\"",
        &["7:15: 'a b' is no host name"],
    );
    in_check(
        "type = \"tcp\"\npath = \"/\"",
        &["6:1: path belongs to a check of type http or https, and this one is of type tcp"],
    );
    in_check("type = \"exec\"", &["needs a command"]);
    in_check("type = \"exec\"\ncommand = []", &["the command is empty"]);
    in_check(
        "type = \"exec\"\ncommand = [\"my-check\"]",
        &["has to begin with '/'"],
    );
    in_check(
        "type = \"exec\"\ncommand = [\"/usr/lib/lbctl/my-check\", \"{adress}\"]",
        &["{adress} stands for nothing", "did you mean {address}?"],
    );
    in_check("type = \"dns\"\nquery = \"a..b\"", &["is no domain name"]);
    in_check("type = \"dns\"\nrecord = \"AAA\"", &["did you mean A"]);
    in_check("type = \"udp\"\npayload = \"0a0\"", &["hexadecimal"]);
    in_check(
        "type = \"ping\"\naddress = \"10.0.0.1:80\"",
        &["is not an IP address"],
    );
    in_server(
        "[virtual_server.real_server.check]\nport = 81",
        &["a check needs a type"],
    );
}

#[test]
fn the_machines_tables() {
    only(
        "[host.sysctl]\n\"kernel.panic\" = 1\n",
        &["does not lie below net"],
    );
    only(
        "[host.sysctl]\n\"net.ipv4.ip_forward\" = 1\n",
        &["write ip_forward = true in [host]"],
    );
    only(
        "[host.sysctl]\n\"net/../kernel\" = 1\n",
        &["is no kernel parameter"],
    );
    only(
        "[host.sysctl]\n\"net.ipv4.vs.conntrack\" = [1]\n",
        &["is a number or a text of one line"],
    );
    only(
        "[sync.master]\nsyncid = 1\n",
        &["1:1: the master daemon has no interface"],
    );
    only(
        "[sync.master]\ninterface = \"a-name-that-is-too-long\"\n",
        &["1 to 15 bytes"],
    );
    only(
        "[sync.backup]\ninterface = \"eth0\"\ngroup = \"10.0.0.1\"\n",
        &["is not a multicast group"],
    );
    only(
        "[sync.backup]\ninterface = \"eth0\"\nttl = 0\n",
        &["ttl 0 is not a number from 1 to 255"],
    );
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
    let text = server(
        "name = 1\nquorum = 0\nbogus = 1",
        "weight = -1\nmaintenance = 2\n[virtual_server.real_server.check]\ntype = \"x\"",
    );
    let found = mistakes(&text);
    let lines: Vec<&str> = found
        .iter()
        .map(|text| text.split(':').next().unwrap())
        .collect();
    assert_eq!(lines, ["4", "5", "6", "9", "10", "12"], "{found:#?}");
}
