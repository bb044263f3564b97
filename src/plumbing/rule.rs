//! Policy routing rules: packets with the mark look into our table.
//!
//! Ours carry their own protocol number, so that a rule somebody else made is
//! told from ours even when it says the same. Message and attribute numbers are
//! those of linux/rtnetlink.h and linux/fib_rules.h.

use neli::consts::nl::NlmF;

use super::{Error, PROTOCOL, Result};
use crate::model::{Family, PolicyRule};
use crate::netlink::{self, Message, Request, Socket};

pub(super) const RTM_NEWRULE: u16 = 32;
pub(super) const RTM_DELRULE: u16 = 33;
const RTM_GETRULE: u16 = 34;

/// `struct fib_rule_hdr`: family, dst_len, src_len, tos, table, 2 reserved,
/// action, u32 flags.
const HEADER: usize = 12;
const FR_ACT_TO_TBL: u8 = 1;
const FIB_RULE_INVERT: u32 = 2;

const FRA_UNSPEC: u16 = 0;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_FLOW: u16 = 11;
const FRA_SUPPRESS_IFGROUP: u16 = 13;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_PAD: u16 = 18;
const FRA_PROTOCOL: u16 = 21;

/// A mask that compares every bit of a mark.
const WHOLE: u32 = u32::MAX;

/// A rule as the kernel has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The family whose packets it sees.
    pub family: Family,
    /// Its place; smaller is earlier.
    pub priority: u32,
    /// The table it leads to; 0 when it leads to none.
    pub table: u32,
    /// The mark it wants, under `mask`; 0 with mask 0 when it wants none.
    pub mark: u32,
    /// The bits of the mark that it compares.
    pub mask: u32,
    /// Who made it (`FRA_PROTOCOL`; 0 on kernels before 4.17).
    pub protocol: u8,
    /// It leads to a table and asks for nothing but the mark.
    pub plain: bool,
    /// It is for the packets that do not fit what it asks for.
    pub inverted: bool,
}

impl Rule {
    /// The rule as it will be once we have made it.
    pub(super) fn ours(rule: &PolicyRule) -> Self {
        Self {
            family: rule.family,
            priority: rule.priority,
            table: rule.table,
            mark: rule.mark,
            mask: WHOLE,
            protocol: PROTOCOL,
            plain: true,
            inverted: false,
        }
    }

    /// What it does, without who made it.
    pub(super) fn named(&self) -> PolicyRule {
        PolicyRule {
            family: self.family,
            priority: self.priority,
            mark: self.mark,
            table: self.table,
        }
    }

    /// Whether it carries our protocol number.
    #[must_use]
    pub fn is_tagged(&self) -> bool {
        self.protocol == PROTOCOL
    }

    /// Whether it does what the wanted rule would do, wherever it stands.
    #[must_use]
    pub fn leads(&self, family: Family, mark: u32, table: u32) -> bool {
        self.plain
            && self.family == family
            && self.mark == mark
            && self.mask == WHOLE
            && self.table == table
    }

    /// Whether it is the wanted rule, whoever made it.
    #[must_use]
    pub fn is(&self, wanted: &PolicyRule) -> bool {
        self.priority == wanted.priority && self.leads(wanted.family, wanted.mark, wanted.table)
    }

    /// Whether a packet with this mark is among those it asks for by mark.
    #[must_use]
    pub fn speaks_of(&self, mark: u32) -> bool {
        self.mark != 0 && mark & self.mask == self.mark & self.mask
    }

    /// Whether a packet with this mark may be for it, as far as marks tell.
    pub(super) fn may_take(&self, mark: u32) -> bool {
        self.mask == 0 || self.inverted || mark & self.mask == self.mark & self.mask
    }
}

/// `AF_INET` or `AF_INET6` as it stands in a header's first byte.
pub(super) const fn family_byte(family: Family) -> u8 {
    match family {
        Family::Ipv4 => 2,
        Family::Ipv6 => 10,
    }
}

/// A table number as it stands in a header's byte; the attribute has all of it.
pub(super) fn table_byte(table: u32) -> u8 {
    u8::try_from(table).unwrap_or(0)
}

/// All rules of a family, in the kernel's order. A kernel without the family
/// has none.
///
/// # Errors
/// The kernel refuses the dump.
pub fn dump(socket: &mut Socket, family: Family) -> Result<Vec<Rule>> {
    let all = dump_raw(socket, family)?.into_iter();
    Ok(all.map(|(rule, _)| rule).collect())
}

/// The same, each with the message that makes it again.
///
/// # Errors
/// The kernel refuses the dump.
pub(super) fn dump_raw(socket: &mut Socket, family: Family) -> Result<Vec<(Rule, Vec<u8>)>> {
    let mut header = [0; HEADER];
    header[0] = family_byte(family);
    match socket.dump(&Request::new(RTM_GETRULE, &header), |message| {
        Ok((decode(message, family)?, message.payload.to_vec()))
    }) {
        Ok(all) => Ok(all),
        Err(error) if error.errno() == Some(libc::EAFNOSUPPORT) => Ok(Vec::new()),
        Err(error) => Err(Error::new("read the policy routing rules", error)),
    }
}

fn decode(message: &Message<'_>, family: Family) -> netlink::Result<Rule> {
    let header = message
        .payload
        .first_chunk::<HEADER>()
        .ok_or(netlink::Error::Malformed("a rule without a header"))?;
    let [_, dst, src, tos, table, _, _, action, flags @ ..] = *header;
    let inverted = u32::from_ne_bytes(flags) & FIB_RULE_INVERT != 0;
    let mut rule = Rule {
        family,
        priority: 0,
        table: u32::from(table),
        mark: 0,
        mask: 0,
        protocol: 0,
        plain: action == FR_ACT_TO_TBL && (dst, src, tos) == (0, 0, 0) && !inverted,
        inverted,
    };
    for attribute in message.attributes(HEADER)? {
        let attribute = attribute?;
        match attribute.kind {
            FRA_PRIORITY => rule.priority = attribute.u32()?,
            FRA_FWMARK => rule.mark = attribute.u32()?,
            FRA_FWMASK => rule.mask = attribute.u32()?,
            FRA_TABLE => rule.table = attribute.u32()?,
            FRA_PROTOCOL => rule.protocol = attribute.u8()?,
            FRA_UNSPEC | FRA_FLOW | FRA_PAD => {}
            // -1 is "suppresses nothing".
            FRA_SUPPRESS_IFGROUP | FRA_SUPPRESS_PREFIXLEN if attribute.u32()? == u32::MAX => {}
            // Whatever else it asks for, known to us or not, narrows it.
            _ => rule.plain = false,
        }
    }
    if action != FR_ACT_TO_TBL {
        rule.table = 0;
    }
    Ok(rule)
}

fn request(kind: u16, rule: &PolicyRule) -> Request {
    let mut header = [0; HEADER];
    header[0] = family_byte(rule.family);
    header[4] = table_byte(rule.table);
    header[7] = FR_ACT_TO_TBL;
    let mut request = Request::new(kind, &header);
    request
        .attributes()
        .u32(FRA_PRIORITY, rule.priority)
        .u32(FRA_FWMARK, rule.mark)
        .u32(FRA_FWMASK, WHOLE)
        .u32(FRA_TABLE, rule.table)
        .u8(FRA_PROTOCOL, PROTOCOL);
    request
}

/// Makes the rule unless one that says the same is there. Returns whether it
/// was made.
///
/// # Errors
/// The kernel refuses it.
pub fn ensure(socket: &mut Socket, rule: &PolicyRule) -> Result<bool> {
    let request = request(RTM_NEWRULE, rule).with_flags(NlmF::CREATE | NlmF::EXCL);
    match socket.execute(&request) {
        Ok(()) => Ok(true),
        Err(error) => {
            if error.errno() == Some(libc::EEXIST)
                && dump(socket, rule.family)?
                    .iter()
                    .any(|there| there.is(rule))
            {
                return Ok(false);
            }
            Err(Error::new(
                format!(
                    "add the rule that sends mark {} to table {}",
                    rule.mark, rule.table
                ),
                error,
            ))
        }
    }
}

/// Removes our rule. One that is not there, or that somebody else made, is
/// left as it is.
///
/// # Errors
/// The kernel refuses it.
pub fn remove(socket: &mut Socket, rule: &PolicyRule) -> Result<()> {
    match socket.execute(&request(RTM_DELRULE, rule)) {
        Ok(()) => Ok(()),
        // No rule with our protocol number; no such family.
        Err(error) if matches!(error.errno(), Some(libc::ENOENT | libc::EAFNOSUPPORT)) => Ok(()),
        Err(error) => Err(Error::new(
            format!(
                "remove the rule that sends mark {} to table {}",
                rule.mark, rule.table
            ),
            error,
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn marked(mark: u32, bits: u32) -> Rule {
        Rule {
            family: Family::Ipv4,
            priority: 100,
            table: 100,
            mark,
            mask: bits,
            protocol: 0,
            plain: true,
            inverted: false,
        }
    }

    fn message(payload: &[u8]) -> Message<'_> {
        Message {
            kind: RTM_NEWRULE,
            flags: NlmF::empty(),
            sequence: 1,
            payload,
        }
    }

    #[test]
    fn a_rule_under_a_mask_speaks_of_marks_that_differ_elsewhere() {
        assert!(marked(1, 0xff).speaks_of(0x101));
        assert!(!marked(1, WHOLE).speaks_of(0x101));
        assert!(!marked(0, 0).speaks_of(1));
        assert!(!marked(1, 0xff).leads(Family::Ipv4, 1, 100));
        assert!(marked(1, WHOLE).leads(Family::Ipv4, 1, 100));
    }

    #[test]
    fn a_rule_for_all_but_a_mark_may_take_any_other() {
        let wireguard = Rule {
            inverted: true,
            ..marked(0xca6c, WHOLE)
        };
        assert!(wireguard.may_take(1) && marked(0, 0).may_take(1));
        assert!(!marked(0x8_0000, 0xff_0000).may_take(1));
        assert!(marked(1, WHOLE).may_take(1));
    }

    #[test]
    #[cfg(target_endian = "little")]
    fn a_dumped_rule_is_read() {
        // `ip rule add fwmark 1 lookup 300 priority 100 protocol 76`, as Linux dumps it.
        let plain = [
            2, 0, 0, 0, 252, 0, 0, 1, 0, 0, 0, 0, // fib_rule_hdr, RT_TABLE_COMPAT
            8, 0, 15, 0, 44, 1, 0, 0, // table 300
            8, 0, 14, 0, 255, 255, 255, 255, // suppresses nothing
            8, 0, 6, 0, 100, 0, 0, 0, 8, 0, 10, 0, 1, 0, 0, 0, // priority, mark
            8, 0, 16, 0, 255, 255, 255, 255, 5, 0, 21, 0, 76, 0, 0, 0, // mask, protocol
        ];
        let read = decode(&message(&plain), Family::Ipv4).unwrap();
        assert!(read.is_tagged());
        assert!(read.is(&PolicyRule {
            family: Family::Ipv4,
            priority: 100,
            mark: 1,
            table: 300
        }));
        let mut narrowed = plain.to_vec();
        narrowed.extend_from_slice(&[7, 0, 3, 0, b'l', b'o', 0, 0]); // iif lo
        assert!(!decode(&message(&narrowed), Family::Ipv4).unwrap().plain);
    }

    proptest! {
        #[test]
        fn any_dumped_rule_is_read_or_refused(payload in proptest::collection::vec(any::<u8>(), 0..100)) {
            let _ = decode(&message(&payload), Family::Ipv6);
        }
    }
}
