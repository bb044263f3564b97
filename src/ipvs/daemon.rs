//! Synchronisation daemons to and from IPVS attributes. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{SyncDaemon, SyncRole};
use crate::netlink::{AttributeWriter, Error, Message, Result};

use super::wire::{self, daemon, top};

/// Writes all settings of a daemon; what is 0 or none is left to the kernel.
pub(super) fn encode(attributes: &mut AttributeWriter, settings: &SyncDaemon) {
    attributes.nest(top::DAEMON, |attributes| {
        attributes
            .u32(daemon::STATE, state(settings.role))
            .string(daemon::MCAST_IFN, &settings.interface)
            .u32(daemon::SYNC_ID, settings.id);
        if settings.max_length != 0 {
            attributes.u16(daemon::SYNC_MAXLEN, settings.max_length);
        }
        match settings.group {
            Some(IpAddr::V4(group)) => {
                attributes.bytes(daemon::MCAST_GROUP, &group.octets());
            }
            Some(IpAddr::V6(group)) => {
                attributes.bytes(daemon::MCAST_GROUP6, &group.octets());
            }
            None => {}
        }
        if settings.port != 0 {
            attributes.u16(daemon::MCAST_PORT, settings.port);
        }
        if settings.ttl != 0 {
            attributes.u8(daemon::MCAST_TTL, settings.ttl);
        }
    });
}

/// Writes only which daemon is meant.
pub(super) fn encode_role(attributes: &mut AttributeWriter, role: SyncRole) {
    attributes.nest(top::DAEMON, |attributes| {
        attributes.u32(daemon::STATE, state(role));
    });
}

fn state(role: SyncRole) -> u32 {
    match role {
        SyncRole::Master => daemon::MASTER,
        SyncRole::Backup => daemon::BACKUP,
    }
}

/// A daemon message.
pub(super) fn decode(message: &Message<'_>) -> Result<SyncDaemon> {
    let attribute = message
        .attributes(wire::GENL_HEADER)?
        .find(top::DAEMON)?
        .ok_or(Error::Malformed("a daemon message without a daemon"))?;
    let short = Error::Malformed("a multicast group is too short");
    let mut found = SyncDaemon {
        role: SyncRole::Master,
        interface: String::new(),
        id: 0,
        max_length: 0,
        group: None,
        port: 0,
        ttl: 0,
    };
    for attribute in attribute.nested() {
        let attribute = attribute?;
        match attribute.kind {
            daemon::STATE => {
                found.role = match attribute.u32()? {
                    daemon::MASTER => SyncRole::Master,
                    daemon::BACKUP => SyncRole::Backup,
                    _ => return Err(Error::Malformed("a daemon is neither master nor backup")),
                }
            }
            daemon::MCAST_IFN => attribute.string()?.clone_into(&mut found.interface),
            daemon::SYNC_ID => found.id = attribute.u32()?,
            daemon::SYNC_MAXLEN => found.max_length = attribute.u16()?,
            daemon::MCAST_GROUP => {
                found.group = Some(Ipv4Addr::from(attribute.be32()?).into());
            }
            daemon::MCAST_GROUP6 => {
                let Some(bytes) = attribute.payload.first_chunk::<16>() else {
                    return Err(short);
                };
                found.group = Some(Ipv6Addr::from(*bytes).into());
            }
            daemon::MCAST_PORT => found.port = attribute.u16()?,
            daemon::MCAST_TTL => found.ttl = attribute.u8()?,
            _ => {}
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::super::encode as request;
    use super::*;
    use crate::netlink::Messages;
    use neli::consts::nl::NlmF;
    use proptest::prelude::*;

    fn round(settings: &SyncDaemon) -> SyncDaemon {
        let mut request = request::request(32, 9);
        encode(request.attributes(), settings);
        let bytes = request.to_bytes(1, NlmF::empty());
        decode(&Messages::new(&bytes).next().unwrap().unwrap()).unwrap()
    }

    proptest! {
        #[test]
        fn is_read_as_it_was_written(
            backup: bool,
            id: u8,
            max_length: u16,
            group in proptest::option::of(any::<IpAddr>()),
            port: u16,
            ttl: u8,
        ) {
            let settings = SyncDaemon {
                role: if backup { SyncRole::Backup } else { SyncRole::Master },
                interface: "eth0".to_owned(),
                id: id.into(),
                max_length,
                group,
                port,
                ttl,
            };
            prop_assert_eq!(round(&settings), settings);
        }

        #[test]
        fn any_payload_is_answered(payload in proptest::collection::vec(any::<u8>(), 0..200)) {
            let message = Message { kind: 32, flags: NlmF::empty(), sequence: 1, payload: &payload };
            let _ = decode(&message);
        }
    }
}
