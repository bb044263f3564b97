//! The table `inet lbctl_real`: handshakes that leave with a VIP as their source ask
//! for segments that still fit when they come wrapped.
//!
//! ```text
//! chain output {
//!     type filter hook output priority mangle; policy accept;
//!     ip saddr 192.0.2.1 tcp flags syn tcp option maxseg size set 1400 comment "192.0.2.1 1400"
//! }
//! ```
//!
//! The kernel only ever lowers the option (`nft_exthdr_tcp_set_eval` in
//! net/netfilter/nft_exthdr.c). The table is replaced as a whole, in one batch; what
//! stands in it is known by the rules' comments.

use std::net::IpAddr;

use neli::consts::nl::NlmF;

use crate::model::{Family, Segments};
use crate::netlink::{self, AttributeWriter, Request, Socket};
use crate::plumbing::elements::generation;
use crate::plumbing::nftables::{
    DATA_VALUE, HEADER, LIST_ELEMENT, Verb, batch_begin, batch_end, request,
};
use crate::plumbing::route::octets;
use crate::plumbing::{Error, Result};

const TABLE: &str = "lbctl_real";
const CHAIN: &str = "output";
/// `mangle`, in network order a signed number.
const PRIORITY: u32 = (-150i32).cast_unsigned();
/// `NF_INET_LOCAL_OUT`.
const HOOK: u32 = 3;
const REGISTER: u32 = 1;
const TCP: u8 = 6;
const SYN: u8 = 2;

/// How often a change is tried again when the ruleset changed meanwhile.
const ATTEMPTS: usize = 20;

/// The greatest segments that the table names; a kernel without nf_tables has none.
///
/// # Errors
/// The kernel refuses to show them.
pub(super) fn inspect(socket: &mut Socket) -> Result<Segments> {
    const USERDATA: u16 = 7;
    let mut dump = request(Verb::GetRule);
    dump.attributes().string(1, TABLE).string(2, CHAIN);
    let found = socket.dump(&dump, |message| {
        let notes = message.attributes(HEADER)?.find(USERDATA)?;
        Ok(notes.and_then(|notes| noted(notes.payload)))
    });
    match found {
        Ok(found) => Ok(found.into_iter().flatten().collect()),
        Err(error)
            if matches!(
                error.errno(),
                Some(libc::EPERM | libc::EINVAL | libc::ENOENT | libc::EOPNOTSUPP)
            ) =>
        {
            Ok(Segments::new())
        }
        Err(error) => {
            let doing = "read the nf_tables table 'inet lbctl_real'";
            Err(Error::new(doing, error))
        }
    }
}

/// A comment as nft keeps it: type 0, a length, text that ends with NUL.
fn note(address: IpAddr, mss: u16) -> Vec<u8> {
    let text = format!("{address} {mss}\0");
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    [&[0, length], text.as_bytes()].concat()
}

fn noted(notes: &[u8]) -> Option<(IpAddr, u16)> {
    let [0, _, text @ .., 0] = notes else {
        return None;
    };
    let (address, mss) = std::str::from_utf8(text).ok()?.split_once(' ')?;
    Some((address.parse().ok()?, mss.parse().ok()?))
}

/// Makes the table say this; none at all removes it.
///
/// # Errors
/// The kernel has no nf_tables, or refuses it; nothing is changed then.
pub(super) fn set(socket: &mut Socket, segments: &Segments) -> Result<()> {
    let doing = || "lower the greatest TCP segment with nf_tables".to_owned();
    // Made before it is removed, so that there is one to remove.
    let mut changes = vec![table(Verb::NewTable), table(Verb::DeleteTable)];
    if !segments.is_empty() {
        changes.push(table(Verb::NewTable));
        changes.push(chain());
        changes.extend(segments.iter().map(|(address, mss)| rule(*address, *mss)));
    }
    let mut attempt = 0;
    loop {
        attempt += 1;
        let generation = generation(socket).map_err(|reason| Error::new(doing(), reason))?;
        match socket.transaction(&batch_begin(generation), &changes, &batch_end()) {
            Ok(()) => return Ok(()),
            Err(error) if error.errno() == Some(libc::ERESTART) && attempt < ATTEMPTS => {}
            // To do it again does no harm.
            Err(netlink::Error::Overflow) if attempt < ATTEMPTS => {}
            Err(error) => return Err(Error::new(doing(), error)),
        }
    }
}

fn table(verb: Verb) -> Request {
    let flags = match verb {
        Verb::NewTable => NlmF::CREATE,
        _ => NlmF::empty(),
    };
    let mut request = request(verb).with_flags(flags);
    request.attributes().string(1, TABLE);
    request
}

fn chain() -> Request {
    let mut request = request(Verb::NewChain).with_flags(NlmF::CREATE);
    request
        .attributes()
        .string(1, TABLE)
        .string(3, CHAIN)
        .string(7, "filter")
        .nest(4, |hook| {
            hook.be32(1, HOOK).be32(2, PRIORITY);
        });
    request
}

fn rule(address: IpAddr, mss: u16) -> Request {
    let source = match Family::of(address) {
        Family::Ipv4 => 12,
        Family::Ipv6 => 8,
    };
    let family = match Family::of(address) {
        Family::Ipv4 => 2,
        Family::Ipv6 => 10,
    };
    let address_bytes = octets(address);
    let length = u32::from(Family::of(address).bits() / 8);
    let mut request = request(Verb::NewRule).with_flags(NlmF::CREATE | NlmF::APPEND);
    request
        .attributes()
        .string(1, TABLE)
        .string(2, CHAIN)
        .nest(4, |list| {
            load_meta(list, 15);
            compare(list, true, &[family]);
            load_header(list, 1, source, length);
            compare(list, true, &address_bytes);
            load_meta(list, 16);
            compare(list, true, &[TCP]);
            load_header(list, 2, 13, 1);
            keep_bits(list, SYN);
            compare(list, false, &[0]);
            set_segment(list, mss);
        })
        .bytes(7, &note(address, mss));
    request
}

fn expression(list: &mut AttributeWriter, name: &str, fill: impl FnOnce(&mut AttributeWriter)) {
    list.nest(LIST_ELEMENT, |element| {
        element.string(1, name).nest(2, fill);
    });
}

/// `NFT_META_NFPROTO` is 15, `NFT_META_L4PROTO` 16.
fn load_meta(list: &mut AttributeWriter, key: u32) {
    expression(list, "meta", |data| {
        data.be32(2, key).be32(1, REGISTER);
    });
}

/// Base 1 is the network header, 2 the transport header.
fn load_header(list: &mut AttributeWriter, base: u32, offset: u32, length: u32) {
    expression(list, "payload", |data| {
        data.be32(1, REGISTER)
            .be32(2, base)
            .be32(3, offset)
            .be32(4, length);
    });
}

fn compare(list: &mut AttributeWriter, equal: bool, value: &[u8]) {
    expression(list, "cmp", |data| {
        data.be32(1, REGISTER)
            .be32(2, u32::from(!equal))
            .nest(3, |data| {
                data.bytes(DATA_VALUE, value);
            });
    });
}

fn keep_bits(list: &mut AttributeWriter, mask: u8) {
    expression(list, "bitwise", |data| {
        data.be32(1, REGISTER).be32(2, REGISTER).be32(3, 1);
        for (kind, value) in [(4, mask), (5, 0)] {
            data.nest(kind, |data| {
                data.bytes(DATA_VALUE, &[value]);
            });
        }
    });
}

/// `tcp option maxseg size set`: option 2, two bytes behind kind and length.
fn set_segment(list: &mut AttributeWriter, mss: u16) {
    const MAXSEG: u8 = 2;
    const TCP_OPTION: u32 = 1;
    expression(list, "immediate", |data| {
        data.be32(1, REGISTER).nest(2, |data| {
            data.bytes(DATA_VALUE, &mss.to_be_bytes());
        });
    });
    expression(list, "exthdr", |data| {
        data.be32(7, REGISTER)
            .u8(2, MAXSEG)
            .be32(3, 2)
            .be32(4, 2)
            .be32(6, TCP_OPTION);
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_note_is_read() {
        for address in ["192.0.2.1", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"] {
            let address: IpAddr = address.parse().unwrap();
            assert_eq!(noted(&note(address, 1400)), Some((address, 1400)));
        }
    }

    proptest! {
        #[test]
        fn any_notes_are_read_or_not(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = noted(&bytes);
        }
    }
}
