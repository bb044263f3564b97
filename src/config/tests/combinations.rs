//! What cannot be right together, and what is said to it.

use super::mistakes::{in_check, in_server, in_service, only, server};

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
        &["8:1: 192.0.2.1 reaches IPVS in two ways, first at lbctl.toml:4:7"],
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
fn what_follows_from_a_mistake_is_not_told() {
    in_server(
        "upper_threshold = -1\nlower_threshold = 5",
        &["7:19: upper_threshold -1"],
    );
    let text = server(
        "method = \"dr\"",
        "method = \"nta\"\ntunnel = { type = \"gue\" }",
    );
    only(
        &text.replace("10.0.0.1", "10.0.0.1:8080"),
        &["7:10: unknown method 'nta'"],
    );
    in_service(
        "scheduler = \"xx\"\nscheduler_flags = [\"sh-port\"]",
        &["4:13: unknown scheduler 'xx'"],
    );
    in_service(
        "check_required = true\n[virtual_server.check]\ntype = \"x\"",
        &["6:8: unknown type 'x'"],
    );
}
