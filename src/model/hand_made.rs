//! What somebody made by hand and lbctl can put in another's place: whole, so that
//! it can be made again.

use std::fmt;

/// A thing that is set aside, as the kernel showed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandMade {
    /// What it is.
    pub kind: HandMadeKind,
    /// How a person writes it, behind `ip rule add` and the like.
    pub text: String,
    /// The kernel's message about it, without its header; of a rule of nf_tables its
    /// list of expressions.
    pub message: Vec<u8>,
}

/// Which kind of thing it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandMadeKind {
    /// A rule of nf_tables, perhaps of iptables-nft, that marks packets.
    Mark {
        /// The family of its table (`NFPROTO_*`).
        family: u8,
        /// Its table.
        table: String,
        /// Its chain.
        chain: String,
        /// What its maker noted, such as a comment.
        notes: Vec<u8>,
    },
    /// A policy routing rule.
    Rule,
    /// A route.
    Route,
}

impl fmt::Display for HandMade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match &self.kind {
            HandMadeKind::Mark { .. } => "nf_tables rule",
            HandMadeKind::Rule => "ip rule",
            HandMadeKind::Route => "ip route",
        };
        write!(f, "the {what} '{}'", self.text)
    }
}
