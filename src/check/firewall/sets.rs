//! Looking something up in a set or map of nf_tables.

use super::registers::Registers;
use super::{Byte, Doubt, Step};
use crate::plumbing::ruleset::{Data, Element, Set};

pub(super) fn look_up(
    set: &Set,
    registers: &mut Registers,
    register: u32,
    result: Option<u32>,
    inverted: bool,
) -> Step {
    let Some(elements) = &set.elements else {
        return Step::Perhaps(Doubt::Unread(format!("the long set {}", set.name)));
    };
    let length = elements.iter().map(|element| element.key.len()).max();
    let Some(length) = length else {
        // It is empty.
        return Step::of(Ok(inverted));
    };
    let key = match registers.known(register, length) {
        Ok(key) => key,
        Err(doubt) => {
            // No element may be possible even so.
            let whole = !set.intervals && !set.fields;
            let possible = |element: &Element| !registers.differs(register, &element.key);
            if whole
                && !elements
                    .iter()
                    .any(|element| element.catches_all || possible(element))
            {
                return Step::of(Ok(inverted));
            }
            return Step::Perhaps(doubt);
        }
    };
    let found = find(set, elements, &key);
    match (found, result, inverted) {
        (None, _, inverted) => Step::of(Ok(inverted)),
        (Some(_), None, inverted) => Step::of(Ok(!inverted)),
        (Some(element), Some(register), _) => match &element.data {
            Data::Verdict(verdict) => Step::Verdict(verdict.clone()),
            Data::Value(value) => {
                let known: Vec<Byte> = value.iter().copied().map(Byte::Known).collect();
                registers.put(register, &known);
                Step::On
            }
            Data::Nothing => Step::On,
        },
    }
}

fn find<'a>(set: &Set, elements: &'a [Element], key: &[u8]) -> Option<&'a Element> {
    let single = elements.iter().find(|element| {
        !element.ends_interval
            && !element.catches_all
            && match &element.last {
                Some(last) if set.fields => in_fields(key, &element.key, last),
                Some(last) => *element.key <= *key && *key <= **last,
                None => !set.intervals && element.key == key,
            }
    });
    let among = || {
        if !set.intervals || set.fields {
            return None;
        }
        // The closest bound below decides: a begin, or what is behind an end.
        let below = elements.iter().filter(|element| {
            !element.catches_all && element.last.is_none() && *element.key <= *key
        });
        below
            .max_by_key(|element| (&element.key, !element.ends_interval))
            .filter(|element| !element.ends_interval)
    };
    single
        .or_else(among)
        .or_else(|| elements.iter().find(|element| element.catches_all))
}

/// Fields stand in registers of 32 bits each; their lengths are not kept, and a field
/// of several registers, an address of IPv6, begins with what sets it apart.
fn in_fields(key: &[u8], first: &[u8], last: &[u8]) -> bool {
    let words = key.chunks(4).zip(first.chunks(4).zip(last.chunks(4)));
    words
        .into_iter()
        .all(|(key, (first, last))| first <= key && key <= last)
}
