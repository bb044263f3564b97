//! A whole file as JSON, every default filled in. Fields are only ever added.

use super::translation::hex;
use serde_json::{Map, Value, json};

use crate::config::{
    Check, CheckKind, Config, HttpQuestion, OnExit, RealServer, SorryMode, SorryServer, VipWay,
    VirtualServer,
};
use crate::health::OnFailure;
use crate::model::{Forward, Netmask, Server, ServiceId, SyncDaemon, TunnelKind, format_duration};

/// The file.
#[must_use]
pub fn to_json(config: &Config) -> Value {
    let seconds = |seconds: u32| (seconds != 0).then_some(seconds);
    json!({
        "virtual_servers": config.virtual_servers.iter().map(virtual_server).collect::<Vec<_>>(),
        "host": { "ip_forward": config.host.ip_forward, "sysctl": config.host.sysctl },
        "timeouts": {
            "tcp": seconds(config.timeouts.tcp),
            "tcpfin": seconds(config.timeouts.tcp_fin),
            "udp": seconds(config.timeouts.udp),
        },
        "sync": config.sync.iter().map(sync).collect::<Vec<_>>(),
        "on_exit": match config.on_exit {
            OnExit::Keep => "keep",
            OnExit::Remove => "remove",
        },
    })
}

fn virtual_server(server: &VirtualServer) -> Value {
    let service = &server.service;
    let protocol = service.id.protocol().map(|protocol| protocol.to_string());
    let mark = match service.id {
        ServiceId::Fwmark { mark, .. } => Some(mark),
        ServiceId::Address { .. } => None,
    };
    let mut value = json!({
        "name": server.name,
        "protocol": protocol,
        "address": service.id.address(),
        "port": service.id.port(),
        "fwmark": mark,
        "family": service.id.family().as_str(),
        "scheduler": service.scheduler.as_str(),
        "scheduler_flags": service.scheduler_flags.names(&service.scheduler),
        "persistence": service.persistence_timeout.map(|timeout| match service.netmask {
            Netmask::V4(bits) => json!({ "timeout": timeout, "netmask": bits }),
            Netmask::V6(length) => json!({ "timeout": timeout, "prefix": length }),
        }),
        "persistence_engine": service.persistence_engine,
        "one_packet": service.one_packet,
        "vip": match server.vip {
            VipWay::Fwmark => "fwmark",
            VipWay::Address => "address",
            VipWay::None => "none",
        },
        "sorry_server": server.sorry.as_ref().map(sorry),
        "sorry_mode": match server.sorry_mode {
            SorryMode::Replace => "replace",
            SorryMode::Join => "join",
        },
        "quorum": server.policy.quorum,
        "hysteresis": server.policy.hysteresis,
        "inhibit_on_failure": server.policy.on_failure == OnFailure::Inhibit,
        "depool_threshold": server.depool_threshold,
        "slow_start": server.slow_start.map(format_duration),
        "check": server.check.as_ref().map(check),
        "snat": server.snat,
        "check_required": server.check_required,
        "real_servers": server.real_servers.iter().map(real).collect::<Vec<_>>(),
    });
    extend(&mut value, forward(server.forward));
    value
}

fn extend(value: &mut Value, more: Map<String, Value>) {
    if let Value::Object(fields) = value {
        fields.extend(more);
    }
}

fn forward(forward: Forward) -> Map<String, Value> {
    let tunnel = match forward {
        Forward::Tun(tunnel) => Some(json!({
            "type": tunnel.kind.as_str(),
            "port": (tunnel.kind == TunnelKind::Gue).then_some(tunnel.port),
            "checksum": tunnel.checksum.as_str(),
        })),
        _ => None,
    };
    let mut fields = Map::new();
    fields.insert("forward".to_owned(), json!(forward.as_str()));
    fields.insert("tunnel".to_owned(), json!(tunnel));
    fields
}

fn server(server: &Server) -> Value {
    let mut value = json!({ "address": server.address, "port": server.port });
    extend(&mut value, forward(server.forward));
    value
}

fn real(real: &RealServer) -> Value {
    let mut value = server(&real.server);
    if let Value::Object(fields) = &mut value {
        fields.insert("weight".to_owned(), json!(real.server.weight));
        fields.insert(
            "upper_threshold".to_owned(),
            json!(real.server.upper_threshold),
        );
        fields.insert(
            "lower_threshold".to_owned(),
            json!(real.server.lower_threshold),
        );
        fields.insert("maintenance".to_owned(), json!(real.maintenance));
        fields.insert("check".to_owned(), json!(real.check.as_ref().map(check)));
    }
    value
}

fn sorry(sorry: &SorryServer) -> Value {
    let mut value = server(&sorry.server);
    if let Value::Object(fields) = &mut value {
        fields.insert("check".to_owned(), json!(sorry.check.as_ref().map(check)));
    }
    value
}

fn check(check: &Check) -> Value {
    let mut value = json!({
        "type": check.kind.as_str(),
        "address": check.address,
        "port": check.port,
        "interval": format_duration(check.interval),
        "connect_timeout": format_duration(check.connect_timeout),
        "timeout": format_duration(check.timeout),
        "fall": check.fall,
        "rise": check.rise,
        "retry_interval": format_duration(check.retry_interval),
    });
    let question = |question: &HttpQuestion| {
        json!({
            "path": question.request.path(),
            "virtualhost": question.request.virtualhost(),
            "status": question.request.status().to_string(),
            "body": question.body,
        })
    };
    let own = match &check.kind {
        CheckKind::Http(asked) => vec![question(asked)],
        CheckKind::Https(asked, trust) => vec![
            question(asked),
            json!({ "tls_verify": trust.verify, "ca_file": trust.ca_file }),
        ],
        CheckKind::Tcp | CheckKind::Ping => Vec::new(),
        CheckKind::Exec(words) => vec![json!({ "command": words })],
        CheckKind::Dns { query, record } => {
            vec![json!({ "query": query, "record": record.as_str() })]
        }
        CheckKind::Udp {
            payload,
            require_reply,
        } => {
            vec![json!({ "payload": hex(payload), "require_reply": require_reply })]
        }
    };
    for more in own {
        if let Value::Object(more) = more {
            extend(&mut value, more);
        }
    }
    value
}

fn sync(daemon: &SyncDaemon) -> Value {
    let unless_zero = |number: u16| (number != 0).then_some(number);
    json!({
        "role": daemon.role.as_str(),
        "interface": daemon.interface,
        "syncid": daemon.id,
        "maxlen": unless_zero(daemon.max_length),
        "group": daemon.group,
        "port": unless_zero(daemon.port),
        "ttl": unless_zero(daemon.ttl.into()),
    })
}
