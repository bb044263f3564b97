//! Steps in ipvsadm's words. Every option stands there: ipvsadm resets what an
//! edit does not name.

use std::fmt::Write as _;

use crate::model::{
    Forward, Server, Service, ServiceId, SettingStep, SyncDaemon, TableStep, Tunnel,
    TunnelChecksum, TunnelKind,
};

/// The command for a step.
pub(super) fn command(step: &TableStep) -> String {
    match step {
        TableStep::AddService(service) => format!("ipvsadm -A {}", service_options(service)),
        TableStep::EditService { after, .. } => format!("ipvsadm -E {}", service_options(after)),
        TableStep::DeleteService(service) => format!("ipvsadm -D {}", service.id.options()),
        TableStep::AddServer { service, server } => {
            format!("ipvsadm -a {}", whole_server(service, server))
        }
        TableStep::EditServer { service, after, .. } => {
            format!("ipvsadm -e {}", whole_server(service, after))
        }
        TableStep::DeleteServer { service, server } => {
            format!("ipvsadm -d {} -r {}", service.options(), server.endpoint())
        }
    }
}

fn whole_server(service: &ServiceId, server: &Server) -> String {
    format!("{} {}", service.options(), server_options(server))
}

/// A service's options in the order of ipvsadm's save format.
#[must_use]
pub fn service_options(service: &Service) -> String {
    let mut text = format!("{} -s {}", service.id.options(), service.scheduler);
    // Writing to a String cannot fail.
    if let Some(seconds) = service.persistence_timeout {
        let _ = write!(text, " -p {seconds}");
    }
    if !service.netmask.is_host() {
        let _ = write!(text, " -M {}", service.netmask);
    }
    if let Some(engine) = &service.persistence_engine {
        let _ = write!(text, " --pe {engine}");
    }
    if service.one_packet {
        text.push_str(" -o");
    }
    let flags = service.scheduler_flags.names(&service.scheduler);
    if !flags.is_empty() {
        let _ = write!(text, " -b {}", flags.join(","));
    }
    text
}

/// A server's options in the order of ipvsadm's save format, thresholds last.
#[must_use]
pub fn server_options(server: &Server) -> String {
    let method = match server.forward {
        Forward::Nat | Forward::Local | Forward::Bypass | Forward::Unknown(_) => "-m",
        Forward::Dr => "-g",
        Forward::Tun(_) => "-i",
    };
    let mut text = format!("-r {} {method} -w {}", server.endpoint(), server.weight);
    if let Forward::Tun(tunnel) = server.forward {
        text.push_str(&tunnel_options(tunnel));
    }
    if server.upper_threshold != 0 || server.lower_threshold != 0 {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            " -x {} -y {}",
            server.upper_threshold, server.lower_threshold
        );
    }
    text
}

fn tunnel_options(tunnel: Tunnel) -> String {
    let checksum = match tunnel.checksum {
        TunnelChecksum::None => "--tun-nocsum",
        TunnelChecksum::Full => "--tun-csum",
        TunnelChecksum::Remote => "--tun-remcsum",
    };
    match tunnel.kind {
        TunnelKind::Ipip | TunnelKind::Unknown(_) => String::new(),
        TunnelKind::Gue => format!(" --tun-type gue --tun-port {} {checksum}", tunnel.port),
        TunnelKind::Gre => format!(" --tun-type gre {checksum}"),
    }
}

/// The command that carries out a step.
pub(super) fn setting(step: &SettingStep) -> String {
    match step {
        SettingStep::SetTimeouts { after, .. } => {
            format!(
                "ipvsadm --set {} {} {}",
                after.tcp, after.tcp_fin, after.udp
            )
        }
        SettingStep::StartDaemon(daemon) => start_daemon(daemon),
        SettingStep::StopDaemon(daemon) => {
            format!("ipvsadm --stop-daemon {}", daemon.role.as_str())
        }
    }
}

fn start_daemon(daemon: &SyncDaemon) -> String {
    let mut text = format!(
        "ipvsadm --start-daemon {} --mcast-interface {} --syncid {}",
        daemon.role.as_str(),
        daemon.interface,
        daemon.id
    );
    // Writing to a String cannot fail.
    if daemon.max_length != 0 {
        let _ = write!(text, " --sync-maxlen {}", daemon.max_length);
    }
    if let Some(group) = daemon.group {
        let _ = write!(text, " --mcast-group {group}");
    }
    if daemon.port != 0 {
        let _ = write!(text, " --mcast-port {}", daemon.port);
    }
    if daemon.ttl != 0 {
        let _ = write!(text, " --mcast-ttl {}", daemon.ttl);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Family, Netmask, Protocol, SchedulerFlags};

    fn web() -> ServiceId {
        ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [10, 0, 0, 100].into(),
            port: 80,
        }
    }

    #[test]
    fn writes_the_lines_that_ipvsadm_saves() {
        let mut service = Service::new(web());
        service.scheduler = "sh".parse().unwrap();
        service.persistence_timeout = Some(360);
        service.netmask = Netmask::V4([255, 255, 255, 0].into());
        service.scheduler_flags = SchedulerFlags::parse("sh-port", &service.scheduler).unwrap();
        assert_eq!(
            command(&TableStep::AddService(service)),
            "ipvsadm -A -t 10.0.0.100:80 -s sh -p 360 -M 255.255.255.0 -b sh-port"
        );
        let mark = ServiceId::Fwmark {
            mark: 2,
            family: Family::Ipv6,
        };
        assert_eq!(
            command(&TableStep::AddService(Service::new(mark))),
            "ipvsadm -A -f 2 -6 -s wlc"
        );
    }

    #[test]
    fn writes_servers_with_thresholds_and_tunnels() {
        let mut server = Server {
            address: [10, 0, 0, 22].into(),
            port: 80,
            forward: Forward::Tun(Tunnel {
                kind: TunnelKind::Gue,
                port: 6080,
                checksum: TunnelChecksum::None,
            }),
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        let step = |server: &Server| TableStep::AddServer {
            service: web(),
            server: server.clone(),
        };
        assert_eq!(
            command(&step(&server)),
            "ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.22:80 -i -w 1 \
             --tun-type gue --tun-port 6080 --tun-nocsum"
        );
        server.forward = Forward::Nat;
        server.upper_threshold = 100;
        assert_eq!(
            command(&step(&server)),
            "ipvsadm -a -t 10.0.0.100:80 -r 10.0.0.22:80 -m -w 1 -x 100 -y 0"
        );
    }
}
