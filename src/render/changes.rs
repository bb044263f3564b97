//! What would change, as a person reads it and as a script does.

use std::io;

use serde::Serialize;

use crate::model::{
    Forward, HostStep, Server, Service, ServiceId, SettingStep, Step, SyncDaemon, TableStep,
    Timeouts, Vip,
};

use super::{Output, Style};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Op {
    Add,
    Edit,
    Delete,
}

/// One change. Fields are only ever added.
#[derive(Debug, Serialize)]
struct Change {
    op: Op,
    /// `service`, `server`, `timeouts`, `sync`, `sysctl`, `mark`, `rule`, `route`.
    what: &'static str,
    /// The service's name in the file, or how it is written.
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<String>,
    /// What it happens to, within the service or on the machine.
    subject: String,
    fields: Vec<Field>,
}

#[derive(Debug, Serialize)]
struct Field {
    name: &'static str,
    before: Option<String>,
    after: Option<String>,
}

#[derive(Serialize)]
struct ChangesJson {
    changes: Vec<Change>,
    /// Services of others, which are left alone.
    foreign: Vec<String>,
}

/// The name under which a person knows a service.
pub type Title<'a> = &'a dyn Fn(&ServiceId) -> String;

/// Writes a line for each step.
///
/// # Errors
/// The stream's.
pub fn changes(steps: &[Step], title: Title<'_>, output: &mut Output) -> io::Result<()> {
    for step in steps {
        let (line, style) = line(&change(step, title));
        output.styled(&line, style)?;
    }
    Ok(())
}

/// The same lines as text.
#[must_use]
pub fn change_lines(steps: &[Step], title: Title<'_>) -> Vec<String> {
    let changes = steps.iter().map(|step| change(step, title));
    changes.map(|change| line(&change).0).collect()
}

fn line(change: &Change) -> (String, Style) {
    let (sign, style) = match change.op {
        Op::Add => ('+', Style::Good),
        Op::Edit => ('~', Style::Warning),
        Op::Delete => ('-', Style::Bad),
    };
    let mut line = format!("{sign} ");
    if let Some(service) = &change.service {
        line.push_str(service);
        line.push(' ');
    }
    line.push_str(&change.subject);
    for (number, field) in change.fields.iter().enumerate() {
        line.push_str(if number == 0 { "  " } else { ", " });
        line.push_str(&field.text());
    }
    (line, style)
}

/// `{"changes":[...],"foreign":[...]}`.
///
/// # Errors
/// None in practice.
pub fn changes_json(
    steps: &[Step],
    foreign: &[ServiceId],
    title: Title<'_>,
) -> serde_json::Result<String> {
    serde_json::to_string(&ChangesJson {
        changes: steps.iter().map(|step| change(step, title)).collect(),
        foreign: foreign.iter().map(ToString::to_string).collect(),
    })
}

impl Field {
    fn text(&self) -> String {
        match (&self.before, &self.after) {
            (Some(before), Some(after)) if self.name.is_empty() => format!("{before} -> {after}"),
            (Some(before), Some(after)) => format!("{} {before} -> {after}", self.name),
            (None, Some(value)) | (Some(value), None) => format!("{} {value}", self.name),
            (None, None) => self.name.to_owned(),
        }
    }
}

fn change(step: &Step, title: Title<'_>) -> Change {
    match step {
        Step::Table(step) => of_table(step, title),
        Step::Setting(step) => of_setting(step),
        Step::Host(step) => of_host(step),
    }
}

fn of_table(step: &TableStep, title: Title<'_>) -> Change {
    let (op, id, before, after) = match step {
        TableStep::AddService(it) => (Op::Add, it.id, Vec::new(), service(it)),
        TableStep::EditService { before, after } => {
            (Op::Edit, after.id, service(before), service(after))
        }
        TableStep::DeleteService(it) => (Op::Delete, it.id, Vec::new(), Vec::new()),
        TableStep::AddServer {
            service,
            server: it,
        } => (Op::Add, *service, Vec::new(), server(it)),
        TableStep::EditServer {
            service,
            before,
            after,
        } => (Op::Edit, *service, server(before), server(after)),
        TableStep::DeleteServer { service, .. } => (Op::Delete, *service, Vec::new(), Vec::new()),
    };
    let name = title(&id);
    let whole = id.to_string();
    let (what, subject) = match step {
        TableStep::AddServer { server, .. }
        | TableStep::EditServer { after: server, .. }
        | TableStep::DeleteServer { server, .. } => ("server", server.endpoint()),
        _ if name == whole => ("service", String::new()),
        _ => ("service", whole),
    };
    Change {
        op,
        what,
        service: Some(name),
        subject,
        fields: fields(before, after),
    }
}

/// A setting's name and value; no value is the usual one, which is not shown when
/// something new has it.
type Setting = (&'static str, Option<String>);

fn service(service: &Service) -> Vec<Setting> {
    let flags = service.scheduler_flags.names(&service.scheduler).join(",");
    vec![
        ("scheduler", Some(service.scheduler.to_string())),
        ("flags", (!flags.is_empty()).then_some(flags)),
        (
            "persistence",
            service.persistence_timeout.map(|it| format!("{it}s")),
        ),
        (
            "netmask",
            (!service.netmask.is_host()).then(|| service.netmask.to_string()),
        ),
        ("persistence engine", service.persistence_engine.clone()),
        ("one-packet", service.one_packet.then(|| "yes".to_owned())),
    ]
}

fn server(server: &Server) -> Vec<Setting> {
    let threshold = |value: u32| (value != 0).then(|| value.to_string());
    let forward = match server.forward {
        Forward::Tun(tunnel) => format!(
            "tun {} port {} checksum {}",
            tunnel.kind.as_str(),
            tunnel.port,
            tunnel.checksum.as_str()
        ),
        other => other.to_string(),
    };
    vec![
        ("method", Some(forward)),
        ("weight", Some(server.weight.to_string())),
        ("upper threshold", threshold(server.upper_threshold)),
        ("lower threshold", threshold(server.lower_threshold)),
    ]
}

fn fields(before: Vec<Setting>, after: Vec<Setting>) -> Vec<Field> {
    if before.is_empty() {
        return after
            .into_iter()
            .filter(|(_, value)| value.is_some())
            .map(|(name, after)| Field {
                name,
                before: None,
                after,
            })
            .collect();
    }
    let usual = |value: Option<String>| Some(value.unwrap_or_else(|| "none".to_owned()));
    before
        .into_iter()
        .zip(after)
        .filter(|((_, before), (_, after))| before != after)
        .map(|((name, before), (_, after))| Field {
            name,
            before: usual(before),
            after: usual(after),
        })
        .collect()
}

fn of_setting(step: &SettingStep) -> Change {
    let daemon = |op, daemon: &SyncDaemon| Change {
        op,
        what: "sync",
        service: None,
        subject: format!("sync {}", daemon.role.as_str()),
        fields: vec![
            known("interface", &daemon.interface),
            known("syncid", daemon.id),
        ],
    };
    match step {
        SettingStep::StartDaemon(it) => daemon(Op::Add, it),
        SettingStep::StopDaemon(it) => daemon(Op::Delete, it),
        SettingStep::SetTimeouts { before, after } => {
            let Timeouts { tcp, tcp_fin, udp } = *before;
            let fields = [
                ("tcp", tcp, after.tcp),
                ("tcpfin", tcp_fin, after.tcp_fin),
                ("udp", udp, after.udp),
            ];
            Change {
                op: Op::Edit,
                what: "timeouts",
                service: None,
                subject: "timeouts".to_owned(),
                fields: fields
                    .into_iter()
                    .filter(|(_, _, after)| *after != 0)
                    .map(|(name, before, after)| Field {
                        name,
                        before: Some(format!("{before}s")),
                        after: Some(format!("{after}s")),
                    })
                    .collect(),
            }
        }
    }
}

fn of_host(step: &HostStep) -> Change {
    let (op, what, subject, fields) = match step {
        HostStep::SetSysctl {
            name,
            before,
            after,
        } => {
            let value = Field {
                name: "",
                before: Some(before.clone()),
                after: Some(after.clone()),
            };
            (Op::Edit, "sysctl", name.clone(), vec![value])
        }
        HostStep::AddMark { vip, .. } | HostStep::RemoveMark { vip, .. } => (
            is_add(step),
            "mark",
            format!("vip {}", vip.address),
            vec![known("mark", vip.mark)],
        ),
        HostStep::AddAddress(vip) | HostStep::RemoveAddress(vip) => (
            is_add(step),
            "address",
            format!("vip {}", vip.address),
            vip.interface()
                .map(|interface| known("interface", interface))
                .into_iter()
                .collect(),
        ),
        HostStep::NoteVip {
            address,
            before,
            after,
        } => (
            match (before, after) {
                (None, _) => Op::Add,
                (_, None) => Op::Delete,
                _ => Op::Edit,
            },
            "vip",
            format!("vip {address}"),
            flags(before.as_ref(), after.as_ref()),
        ),
        HostStep::AddSnat { address, .. } | HostStep::RemoveSnat { address, .. } => {
            (is_add(step), "snat", format!("snat {address}"), Vec::new())
        }
        HostStep::SetAside { thing, .. } | HostStep::PutBack { thing, .. } => {
            (is_add(step), "by-hand", thing.to_string(), Vec::new())
        }
        HostStep::AddRule(rule) | HostStep::RemoveRule(rule) => (
            is_add(step),
            "rule",
            format!("{} rule", rule.family.as_str()),
            vec![
                known("mark", rule.mark),
                known("table", rule.table),
                known("priority", rule.priority),
            ],
        ),
        HostStep::AddRoute(route) | HostStep::RemoveRoute(route) => (
            is_add(step),
            "route",
            format!("local route {}", route.address),
            vec![known("table", route.table)],
        ),
        // No file asks for these.
        HostStep::Real(step) => (Op::Edit, "real server", step.to_string(), Vec::new()),
    };
    Change {
        op,
        what,
        service: None,
        subject,
        fields,
    }
}

/// What can be changed of a VIP that is there.
fn flags(before: Option<&Vip>, after: Option<&Vip>) -> Vec<Field> {
    let (Some(before), Some(after)) = (before, after) else {
        return Vec::new();
    };
    let all = [
        ("ping", before.ping, after.ping),
        ("snat", before.snat, after.snat),
    ];
    all.into_iter()
        .filter(|(_, before, after)| before != after)
        .map(|(name, before, after)| Field {
            name,
            before: Some(before.to_string()),
            after: Some(after.to_string()),
        })
        .collect()
}

fn is_add(step: &HostStep) -> Op {
    match step {
        HostStep::AddMark { .. }
        | HostStep::AddAddress(_)
        | HostStep::AddSnat { .. }
        | HostStep::PutBack { .. }
        | HostStep::AddRule(_)
        | HostStep::AddRoute(_) => Op::Add,
        _ => Op::Delete,
    }
}

fn known(name: &'static str, value: impl ToString) -> Field {
    Field {
        name,
        before: None,
        after: Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::output::tests::written;
    use super::*;
    use crate::model::Protocol;

    #[test]
    fn changes_read_as_people_say_them() {
        let id = ServiceId::Address {
            protocol: Protocol::Tcp,
            address: [192, 0, 2, 1].into(),
            port: 80,
        };
        let before = Server {
            address: [10, 0, 0, 1].into(),
            port: 80,
            forward: Forward::Nat,
            weight: 0,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        let after = Server {
            weight: 1,
            upper_threshold: 9,
            ..before.clone()
        };
        let steps = [
            Step::Table(TableStep::AddService(Service::new(id))),
            Step::Table(TableStep::AddServer {
                service: id,
                server: before.clone(),
            }),
            Step::Table(TableStep::EditServer {
                service: id,
                before,
                after,
            }),
            Step::from(HostStep::SetSysctl {
                name: "net.ipv4.ip_forward".to_owned(),
                before: "0".to_owned(),
                after: "1".to_owned(),
            }),
            Step::Table(TableStep::DeleteService(Service::new(id))),
        ];
        let title = |_: &ServiceId| "web".to_owned();
        assert_eq!(
            written(|output| changes(&steps, &title, output)),
            "\
+ web tcp 192.0.2.1:80  scheduler wlc
+ web 10.0.0.1:80  method nat, weight 0
~ web 10.0.0.1:80  weight 0 -> 1, upper threshold none -> 9
~ net.ipv4.ip_forward  0 -> 1
- web tcp 192.0.2.1:80
"
        );
    }
}
