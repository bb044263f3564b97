//! Namespaces, interfaces, and packets that arrive or do not.

use std::net::UdpSocket;
use std::time::Duration;

use lbctl::model::Family;
use lbctl::plumbing::{Namespace, Network, Place, Via, route};

use crate::world::{World, ip, sh};

pub fn packets_arrive(world: &World) {
    let client = Namespace::anonymous().unwrap();
    let mut network = Network::open().unwrap();
    network.add_veth("inside", "eth0", Some(&client)).unwrap();
    network.set_up("inside").unwrap();
    network
        .add_address("inside", ip("192.168.10.1"), 24)
        .unwrap();
    network
        .add_address("inside", ip("2001:db8:10::1"), 64)
        .unwrap();
    client
        .run(|| {
            let mut network = Network::open().unwrap();
            network.set_up("lo").unwrap();
            network.set_up("eth0").unwrap();
            network
                .add_address("eth0", ip("192.168.10.10"), 24)
                .unwrap();
            network
                .add_address("eth0", ip("2001:db8:10::10"), 64)
                .unwrap();
            let gateway = Via::Gateway(ip("192.168.10.1"));
            network.add_route(ip("192.168.100.0"), 24, gateway).unwrap();
            let gateway = Via::Gateway(ip("2001:db8:10::1"));
            network
                .add_route(ip("2001:db8:100::"), 64, gateway)
                .unwrap();
        })
        .unwrap();
    // For a client on the director: some way to the VIP, which the mark changes.
    network
        .add_route(ip("0.0.0.0"), 0, Via::Interface("inside"))
        .unwrap();
    for (vip, any) in [("192.168.100.100", "0.0.0.0"), ("2001:db8:100::100", "::")] {
        let socket = UdpSocket::bind((ip(any), 4000)).unwrap();
        socket
            .set_read_timeout(Some(Duration::from_millis(200)))
            .unwrap();
        let mut buffer = [0; 16];
        let send = |text: &str| {
            let sender = UdpSocket::bind((ip(any), 0)).unwrap();
            sender.send_to(text.as_bytes(), (ip(vip), 4000)).unwrap();
        };
        client.run(|| send("lost")).unwrap();
        assert!(socket.recv(&mut buffer).is_err(), "{vip} before");
        let (planned, _) = world.add(vip);
        socket
            .set_read_timeout(Some(Duration::from_secs(5)))
            .unwrap();
        client.run(|| send("client")).unwrap();
        let length = socket.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"client", "{vip}");
        let way = network
            .way_to(ip(vip), Some(planned.mark))
            .unwrap()
            .unwrap();
        assert_eq!(way.kind, route::RouteKind::Local);
        if Family::of(ip(vip)) == Family::Ipv4 {
            send("director");
            let length = socket.recv(&mut buffer).unwrap();
            assert_eq!(&buffer[..length], b"director", "{vip}");
            let way = network.way_to(ip(vip), None).unwrap().unwrap();
            assert_eq!(way.device, Some(network.index("inside").unwrap()));
        }
    }
}

pub fn namespaces_have_names(_: &World) {
    let blue = Namespace::create("lbctl-blue").unwrap();
    assert!(Namespace::create("lbctl-blue").is_err());
    assert!(sh("ip netns list").contains("lbctl-blue"));
    let place = blue.run(|| Place::here().unwrap()).unwrap();
    assert_eq!(place, Place::Named("lbctl-blue".into()));
    sh("ip netns add lbctl-green");
    let green = Namespace::named("lbctl-green").unwrap();
    green.run(|| sh("ip link add g0 type veth")).unwrap();
    assert!(sh("ip -n lbctl-green link").contains("g0"));
    let error = Namespace::named("lbctl-red").unwrap_err().to_string();
    assert!(error.contains("lbctl-blue and lbctl-green"), "{error}");
    Namespace::delete("lbctl-blue").unwrap();
    Namespace::delete("lbctl-green").unwrap();
    assert!(Namespace::delete("lbctl-blue").is_err());
    assert!(Namespace::names().unwrap().is_empty());
}

pub fn interfaces(_: &World) {
    let mut network = Network::open().unwrap();
    network.add_veth("a", "b", None).unwrap();
    network.add_bridge("br0").unwrap();
    network.set_bridge("a", "br0").unwrap();
    network.rename("b", "outside").unwrap();
    network.set_up("br0").unwrap();
    network.add_address("br0", ip("10.7.0.1"), 16).unwrap();
    network.add_address("br0", ip("2001:db8:7::1"), 64).unwrap();
    let all = network.interfaces().unwrap();
    let named = |name: &str| all.iter().find(|interface| interface.name == name).unwrap();
    assert!(named("br0").up && !named("outside").up);
    assert_eq!(named("br0").index, network.index("br0").unwrap());
    let addresses = &named("br0").addresses;
    assert!(addresses.contains(&(ip("10.7.0.1"), 16)));
    assert!(addresses.contains(&(ip("2001:db8:7::1"), 64)));
    assert!(sh("ip link show master br0").contains(": a@outside"));
    let way = network.way_to(ip("10.7.1.1"), None).unwrap().unwrap();
    assert_eq!((way.gateway, way.source), (None, Some(ip("10.7.0.1"))));
    assert_eq!(network.way_to(ip("192.0.2.1"), None).unwrap(), None);
    network.remove("a").unwrap();
    assert!(network.index("outside").is_err());
    let error = network.set_up("a-name-that-is-too-long").unwrap_err();
    assert!(error.to_string().contains("no such interface"), "{error}");
}
