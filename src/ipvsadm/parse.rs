//! A command line into what it asks for, or into ipvsadm's complaint about it:
//! first the options as they come, then whether they fit together, in ipvsadm's
//! order, so that the first complaint is the same.

use crate::model::{
    Family, Forward, Protocol, Server, ServiceId, SyncRole, TableStep, Timeouts, Tunnel,
};

use super::failure::Failure;
use super::group::{Command, Group};
use super::invocation::{Invocation, ListRequest, Subject, View};
use super::names::Names;
use super::option::Name;
use super::place::Port;
use super::popt::Reader;
use super::settings::{Method, Settings};
use super::tunnel;
use super::value;

/// Reads the words behind the program's name.
///
/// # Errors
/// ipvsadm's complaint.
pub fn parse(program: &str, words: &[&str], names: &dyn Names) -> Result<Invocation, Failure> {
    let mut reader = Reader::new(words);
    let Ok(Some((first, value))) = reader.option() else {
        return Err(Failure::try_help(program));
    };
    let mut role = SyncRole::Master;
    let command = match first {
        Name::Help => return Ok(Invocation::Help),
        Name::Version => return Ok(Invocation::Version),
        Name::StartDaemon => {
            role = daemon_role(value, "illegal start-daemon parameter specified")?;
            Command::StartDaemon
        }
        Name::StopDaemon => {
            role = daemon_role(value, "illegal start_daemon specified")?;
            Command::StopDaemon
        }
        _ => Command::of(first).ok_or_else(|| Failure::try_help(program))?,
    };
    let mut settings = Settings::default();
    loop {
        match reader.option() {
            Ok(Some((name, value))) => {
                if !settings.take(name, value, names)? {
                    let word = reader.last_word();
                    return Err(Failure::usage(format!("invalid option `{word}'")));
                }
            }
            Ok(None) => break,
            Err(wrong) => return Err(Failure::option(reader.last_word(), wrong.as_str())),
        }
    }
    settings.settle_server_port(names)?;
    let mut words = reader.into_words().into_iter();
    let timeouts = match command {
        Command::Set => three_timeouts(&mut words)?,
        _ => Timeouts::default(),
    };
    if let Some(word) = words.next() {
        return Err(Failure::usage(format!("unexpected argument {word}")));
    }
    let scheduler_flags = settings.scheduler_flags()?;
    settings.given.check(command)?;
    match command {
        Command::AddService | Command::EditService => {
            let service = settings.whole_service(service(&settings)?, scheduler_flags)?;
            check_service(&settings, &service.id)?;
            Ok(Invocation::Change(if command == Command::AddService {
                TableStep::AddService(service)
            } else {
                let service = Box::new(service);
                TableStep::EditService {
                    before: service.clone(),
                    after: service,
                }
            }))
        }
        Command::DeleteService => {
            let service = settings.whole_service(service(&settings)?, scheduler_flags)?;
            Ok(Invocation::Change(TableStep::DeleteService(service)))
        }
        Command::AddServer | Command::EditServer | Command::DeleteServer => {
            change_server(command, &settings, names)
        }
        Command::Flush => Ok(Invocation::Clear),
        Command::Zero => Ok(Invocation::Zero(settings.service.filter(is_named))),
        Command::List => list(&settings),
        Command::Save => Ok(Invocation::Save {
            numeric: settings.given.has(Group::Numeric),
        }),
        Command::Restore => Ok(Invocation::Restore),
        Command::Set => Ok(Invocation::SetTimeouts(timeouts)),
        Command::StartDaemon => Ok(Invocation::StartDaemon(settings.daemon(role))),
        Command::StopDaemon => Ok(Invocation::StopDaemon(role)),
    }
}

fn daemon_role(text: Option<&str>, complaint: &str) -> Result<SyncRole, Failure> {
    match text {
        Some("master") => Ok(SyncRole::Master),
        Some("backup") => Ok(SyncRole::Backup),
        _ => Err(Failure::usage(complaint)),
    }
}

fn three_timeouts<'a>(words: &mut impl Iterator<Item = &'a str>) -> Result<Timeouts, Failure> {
    let (Some(tcp), Some(tcp_fin), Some(udp)) = (words.next(), words.next(), words.next()) else {
        return Err(Failure::usage("--set option requires 3 timeout values"));
    };
    Ok(Timeouts {
        tcp: value::timeout(tcp, 0)?,
        tcp_fin: value::timeout(tcp_fin, 0)?,
        udp: value::timeout(udp, 0)?,
    })
}

/// The service, which the table of groups has made sure of.
fn service(settings: &Settings<'_>) -> Result<ServiceId, Failure> {
    settings
        .service
        .ok_or_else(|| Failure::usage("illegal virtual server address[:port] specified"))
}

/// `-Z` on 0.0.0.0:0 means everything: ipvsadm's way to leave the service out.
fn is_named(id: &ServiceId) -> bool {
    match id {
        ServiceId::Address { address, port, .. } => !address.is_unspecified() || *port != 0,
        ServiceId::Fwmark { .. } => true,
    }
}

fn check_service(settings: &Settings<'_>, id: &ServiceId) -> Result<(), Failure> {
    let ServiceId::Address { protocol, port, .. } = id else {
        return Ok(());
    };
    if *port == 0 && !settings.given.has(Group::Persistent) {
        return Err(Failure::usage(
            "Zero port specified for non-persistent service",
        ));
    }
    if settings.one_packet && *protocol != Protocol::Udp {
        return Err(Failure::usage(
            "One-Packet Scheduling is only for UDP virtual services",
        ));
    }
    Ok(())
}

fn change_server(
    command: Command,
    settings: &Settings<'_>,
    names: &dyn Names,
) -> Result<Invocation, Failure> {
    let service = service(settings)?;
    let illegal = || Failure::usage("illegal real server address[:port] specified");
    let (address, port) = settings.server.ok_or_else(illegal)?;
    // A mark's port is 0: the client's own.
    let service_port = service.port().unwrap_or(0);
    let port = match port {
        Port::Absent => service_port,
        Port::Number(port) => port,
        Port::Named(_) => port.number(0, Protocol::Tcp, names).ok_or_else(illegal)?,
    };
    let mut server = Server {
        address,
        port,
        forward: Forward::Dr,
        weight: settings.weight.unwrap_or(1),
        upper_threshold: settings.upper,
        lower_threshold: settings.lower,
    };
    if command == Command::DeleteServer {
        return Ok(Invocation::Change(TableStep::DeleteServer {
            service,
            server,
        }));
    }
    if settings.method != Method::Nat && service.port().is_some() {
        // Neither way can change ports; what was typed is ignored.
        server.port = service_port;
    }
    if Family::of(address) != service.family() && settings.method != Method::Tun {
        return Err(Failure::usage(
            "Different address family is allowed only for tunneling servers",
        ));
    }
    if settings.given.has_any(&tunnel::OPTIONS) && settings.method != Method::Tun {
        return Err(Failure::usage(
            "Tunnel options conflict with forward method",
        ));
    }
    tunnel::check(settings.tunnel_kind, settings.given)?;
    server.forward = match settings.method {
        Method::Nat => Forward::Nat,
        Method::Dr => Forward::Dr,
        Method::Tun => Forward::Tun(Tunnel {
            kind: settings.tunnel_kind,
            port: settings.tunnel_port,
            checksum: tunnel::checksum(settings.given),
        }),
    };
    Ok(Invocation::Change(if command == Command::AddServer {
        TableStep::AddServer { service, server }
    } else {
        TableStep::EditServer {
            service,
            before: server.clone(),
            after: server,
        }
    }))
}

fn list(settings: &Settings<'_>) -> Result<Invocation, Failure> {
    let given = settings.given;
    let other = given.has_any(&[Group::Timeout, Group::Daemon]);
    let counts = given.has_any(&[Group::Stats, Group::Rate, Group::Thresholds]);
    if (counts && (other || given.has(Group::Connection)))
        || (other && given.has(Group::PersistentConn))
    {
        return Err(Failure::usage("options conflicts in the list command"));
    }
    let subject = if given.has(Group::Connection) {
        Subject::Connections
    } else if let Some(id) = settings.service {
        Subject::Service(id)
    } else if given.has(Group::Timeout) {
        Subject::Timeouts
    } else if given.has(Group::Daemon) {
        Subject::Daemons
    } else {
        Subject::Table
    };
    let views = [
        (Group::Stats, View::Stats),
        (Group::Rate, View::Rate),
        (Group::Thresholds, View::Thresholds),
        (Group::PersistentConn, View::PersistentConnections),
        (Group::TunInfo, View::Tunnels),
    ];
    let view = views.into_iter().find(|(group, _)| given.has(*group));
    Ok(Invocation::List(ListRequest {
        subject,
        view: view.map_or(View::Settings, |(_, view)| view),
        numeric: given.has(Group::Numeric),
        exact: given.has(Group::Exact),
        sorted: !given.has(Group::NoSort),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::*;
    use proptest::prelude::*;

    fn read(line: &str) -> Result<Invocation, Failure> {
        let words: Vec<&str> = line.split_whitespace().collect();
        parse("ipvsadm", &words, &NoNames)
    }

    fn same(one: &str, other: &str) {
        assert_eq!(read(one).unwrap(), read(other).unwrap(), "{one}");
    }

    #[test]
    fn options_stand_in_any_order() {
        same(
            "-a -r 10.0.0.11 -m -t 10.0.0.100:80",
            "-a -t 10.0.0.100:80 -r 10.0.0.11:80 -m",
        );
        same(
            "-A -M 64 -t [2001:db8::1]:80 -p",
            "-A -t [2001:db8::1]:80 -M 64 -p",
        );
        same("-A -f 7 -M 64 -6 -p", "-A -f 7 -6 -M 64 -p");
        let error = read("-A -M 255.255.255.0 -t [2001:db8::1]:80 -p").unwrap_err();
        assert_eq!(error.message, "illegal ipv6 netmask specified\n");
    }

    #[test]
    fn marks_above_the_signed_numbers_are_marks() {
        let Ok(Invocation::Change(TableStep::AddService(service))) = read("-A -f 4294967295")
        else {
            panic!("no service");
        };
        assert_eq!(service.id.options(), "-f 4294967295");
    }

    #[test]
    fn commas_alone_are_no_flags() {
        same("-A -t 10.0.0.1:80 -b ,", "-A -t 10.0.0.1:80");
    }

    #[test]
    fn some_failures_end_a_restore_and_some_do_not() {
        assert!(!read("-L --foo").unwrap_err().is_final);
        assert!(read("-L foo").unwrap_err().is_final);
        assert_eq!(read("foo").unwrap_err().code, 255);
    }

    /// Words that are nearly right.
    fn word() -> impl Strategy<Value = String> {
        prop_oneof![
            "-[AEDaedLlZCRShvturfspMmigwxynco6Xbq=]{1,4}[0-9.:=,]{0,6}",
            "--[a-z-]{0,16}(=[a-z0-9.:,-]{0,8})?",
            proptest::sample::select(
                &[
                    "-t",
                    "-A",
                    "-a",
                    "-r",
                    "-f",
                    "-6",
                    "-M",
                    "--set",
                    "--tun-type",
                    "gue",
                    "[::1]:80",
                    "10.0.0.1:80",
                    "7",
                    "-b",
                    "sh-port,",
                    "--start-daemon",
                    "master",
                ][..]
            )
            .prop_map(str::to_owned),
            "\\PC{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn any_words_are_answered(words in proptest::collection::vec(word(), 0..9)) {
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let _ = parse("ipvsadm", &words, &NoNames);
        }
    }
}
