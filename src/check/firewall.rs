//! What the rules of nf_tables do to a packet, as far as can be told by reading
//! them. What a rule asks may hang on something that is not known here, such as
//! the client's address or a rate; then both ways are followed, and the packet's
//! fate is that it depends. Pure.

use std::collections::BTreeSet;

use crate::model::Gather as _;
use crate::plumbing::ruleset::{Base, Chain, Expression, INET, IPV4, IPV6, Ruleset, Verdict};

pub use fate::{Doubt, Fate, Stop};
use packet::Byte;
pub use packet::{Device, Hook, Packet, State};
use registers::Registers;

mod fate;
mod packet;
mod registers;
mod sets;
mod xtables;

/// Calls deeper than this are no longer followed (`NFT_JUMP_STACK_SIZE`).
const DEPTH: usize = 16;
/// `NFT_META_MARK`.
const META_MARK: u32 = 3;

/// Follows a packet through the base chains of a hook. `below` is the priority at
/// which IPVS takes it; what hangs behind never sees it.
#[must_use]
pub fn follow(ruleset: &Ruleset, packet: &Packet, hook: Hook, below: i32) -> Fate {
    let mut chains: Vec<(&Chain, &Base)> = ruleset
        .chains
        .iter()
        .filter(|chain| chain.family == INET || chain.family == packet.nfproto())
        .filter_map(|chain| Some((chain, chain.base.as_ref()?)))
        .filter(|(_, base)| base.hook == hook as u32 && base.priority < below)
        .collect();
    chains.sort_by_key(|(_, base)| base.priority);
    let mut walk = Walk {
        ruleset,
        packet: packet.clone(),
        fate: Fate::default(),
        base: "",
    };
    for (chain, base) in chains {
        // Connections that nobody follows are not translated.
        if base.kind == "nat" && walk.packet.state == State::Untracked {
            continue;
        }
        walk.base = &chain.name;
        // What is stopped already is followed for the marks that it would get.
        let before = walk.fate.stop.is_some().then(|| walk.fate.clone());
        walk.pass(chain, base);
        if let Some(before) = before {
            walk.fate = before;
        }
    }
    walk.fate.may_pass |= walk.fate.stop.is_none();
    walk.fate.marks = walk.packet.marks;
    walk.fate
}

/// How a chain was left.
enum Flow {
    /// At its end, perhaps only perhaps.
    Through(Option<Doubt>),
    Accepted,
    Stopped(Stop),
}

struct Walk<'a> {
    ruleset: &'a Ruleset,
    packet: Packet,
    fate: Fate,
    base: &'a str,
}

impl<'a> Walk<'a> {
    /// Sends the packet through a base chain.
    fn pass(&mut self, chain: &'a Chain, base: &Base) {
        let passed_before = std::mem::take(&mut self.fate.may_pass);
        let ended = self.chain(chain, None, 0);
        let policy = base.drops.then(|| self.stop(chain, None, "drops"));
        let stop = match ended {
            Flow::Stopped(stop) => Some(stop),
            Flow::Accepted => None,
            Flow::Through(None) => policy,
            Flow::Through(Some(doubt)) => {
                let doubt = Some(doubt);
                let policy = policy.map(|stop| Stop { doubt, ..stop });
                self.fate.may_stop.extend(policy);
                None
            }
        };
        match stop {
            // What may be let through here meets the next chain.
            Some(stop) if self.fate.may_pass => self.fate.may_stop.push(Stop {
                doubt: Some(Doubt::Varies),
                ..stop
            }),
            Some(stop) => {
                self.fate.may_pass = passed_before;
                self.fate.stop = Some(stop);
            }
            None => {}
        }
        self.fate.may_pass |= passed_before;
    }

    fn stop(&self, chain: &Chain, handle: Option<u64>, does: &'static str) -> Stop {
        Stop {
            family: match chain.family {
                IPV4 => "ip",
                IPV6 => "ip6",
                _ => "inet",
            },
            table: chain.table.clone(),
            chain: self.base.to_owned(),
            rule: handle.map(|handle| (chain.name.clone(), handle)),
            does,
            doubt: None,
        }
    }

    fn chain(&mut self, chain: &'a Chain, doubt: Option<Doubt>, depth: usize) -> Flow {
        let mut chain_doubt = doubt;
        for rule in &chain.rules {
            let mut doubt = chain_doubt.clone();
            let mut registers = Registers::default();
            let mut ends = None;
            for expression in &rule.expressions {
                match self.step(chain, expression, &mut registers, doubt.as_ref()) {
                    Step::On => {}
                    Step::Break => {
                        ends = None;
                        break;
                    }
                    Step::Perhaps(why) => {
                        doubt.get_or_insert(why);
                    }
                    Step::Verdict(verdict) => {
                        ends = Some(End::Verdict(verdict));
                        break;
                    }
                    Step::Stops(does) => {
                        ends = Some(End::Stops(does));
                        break;
                    }
                }
            }
            let handle = Some(rule.handle);
            let does = match &ends {
                None | Some(End::Verdict(Verdict::Continue)) => continue,
                Some(End::Stops(does)) => Some(*does),
                Some(End::Verdict(Verdict::Drop)) => Some("drops"),
                Some(End::Verdict(Verdict::Queue)) => Some("queues"),
                Some(End::Verdict(_)) => None,
            };
            if let Some(does) = does {
                let stop = self.stop(chain, handle, does);
                match doubt {
                    None => return Flow::Stopped(stop),
                    doubt => self.fate.may_stop.push(Stop { doubt, ..stop }),
                }
                continue;
            }
            let Some(End::Verdict(verdict)) = ends else {
                continue;
            };
            match (verdict, doubt) {
                (Verdict::Accept, None) => return Flow::Accepted,
                (Verdict::Accept, Some(_)) => self.fate.may_pass = true,
                (Verdict::Return, None) => return Flow::Through(None),
                // What comes after in this chain is seen perhaps only.
                (Verdict::Return, Some(why)) => chain_doubt = Some(why),
                (Verdict::Jump(name), doubt) => {
                    match self.call(chain, &name, doubt.clone(), depth) {
                        _ if doubt.is_some() => {}
                        Flow::Through(None) => {}
                        Flow::Through(why) => chain_doubt = why,
                        ended => return ended,
                    }
                }
                (Verdict::Goto(name), doubt) => {
                    let ended = self.call(chain, &name, doubt.clone(), depth);
                    match doubt {
                        None => return ended,
                        why => chain_doubt = why,
                    }
                }
                _ => {}
            }
        }
        Flow::Through(chain_doubt)
    }

    fn call(&mut self, from: &Chain, name: &str, doubt: Option<Doubt>, depth: usize) -> Flow {
        match self.ruleset.chain(from, name) {
            Some(chain) if depth < DEPTH => self.chain(chain, doubt, depth + 1),
            _ => Flow::Through(Some(Doubt::Unread(format!("chain {name}")))),
        }
    }

    fn step(
        &mut self,
        chain: &Chain,
        expression: &Expression,
        registers: &mut Registers,
        doubt: Option<&Doubt>,
    ) -> Step {
        let packet = &self.packet;
        match expression {
            Expression::Meta { key, register } => {
                registers.put(*register, &packet.meta(*key));
                Step::On
            }
            Expression::Payload {
                base,
                offset,
                length,
                register,
            } => {
                registers.put(*register, &packet.header(*base, *offset, *length));
                Step::On
            }
            Expression::Conntrack { key, register } => {
                registers.put(*register, &packet.connection(*key));
                Step::On
            }
            Expression::Bitwise {
                from,
                to,
                mask,
                xor,
            } => {
                registers.bitwise(*from, *to, mask, xor);
                Step::On
            }
            Expression::Value { register, value } => {
                let known: Vec<Byte> = value.iter().copied().map(Byte::Known).collect();
                registers.put(*register, &known);
                Step::On
            }
            Expression::SetMeta { key, register } if *key == META_MARK => {
                let mark = registers.number(*register);
                self.set_marks(mark.into_iter().gather(), doubt);
                Step::On
            }
            Expression::SetMeta { .. } | Expression::Nothing => Step::On,
            Expression::Compare {
                register,
                operator,
                value,
            } => Step::of(registers.compare(*register, *operator, value)),
            Expression::Range {
                register,
                inverted,
                from,
                to,
            } => Step::of(registers.between(*register, from, to, *inverted)),
            Expression::LookUp {
                set,
                register,
                result,
                inverted,
            } => {
                let Some(set) = self.ruleset.set(chain, set) else {
                    return Step::Perhaps(Doubt::Unread(format!("set {set}")));
                };
                sets::look_up(set, registers, *register, *result, *inverted)
            }
            Expression::Match {
                name,
                revision,
                info,
            } => Step::of(xtables::matches(packet, name, *revision, info)),
            Expression::Target { name, info } if name == "MARK" => {
                let marks = xtables::marks(packet, info);
                self.set_marks(marks, doubt);
                Step::On
            }
            Expression::Target { name, .. } => xtables::target(name),
            Expression::Verdict(verdict) => Step::Verdict(verdict.clone()),
            Expression::Reject => Step::Stops("rejects"),
            Expression::Translate(name) => match name.as_str() {
                "masq" => Step::Verdict(Verdict::Accept),
                _ => Step::Stops("sends elsewhere (nat)"),
            },
            Expression::Unread(name) => Step::Perhaps(match name.as_str() {
                "limit" | "quota" | "connlimit" | "numgen" | "hash" | "fib" | "rt" | "socket" => {
                    Doubt::Varies
                }
                name => Doubt::Unread(name.to_owned()),
            }),
        }
    }

    fn set_marks(&mut self, marks: BTreeSet<u32>, doubt: Option<&Doubt>) {
        self.fate.unread_mark |= marks.is_empty();
        if doubt.is_none() && !marks.is_empty() {
            self.packet.marks = marks;
        } else {
            self.packet.marks.extend(marks);
        }
    }
}

enum End {
    Verdict(Verdict),
    Stops(&'static str),
}

/// What an expression does to the rule that it stands in.
enum Step {
    On,
    Break,
    Perhaps(Doubt),
    Verdict(Verdict),
    Stops(&'static str),
}

impl Step {
    fn of(answer: Result<bool, Doubt>) -> Self {
        match answer {
            Ok(true) => Self::On,
            Ok(false) => Self::Break,
            Err(doubt) => Self::Perhaps(doubt),
        }
    }
}

#[cfg(test)]
mod tests;
