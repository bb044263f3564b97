//! What becomes of a packet, and who did it.

use std::collections::BTreeSet;

/// Why it cannot be told whether a rule sees the packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Doubt {
    /// It hangs on the client, the interface, the time or a rate.
    Varies,
    /// It asks something that is not read here, by this name.
    Unread(String),
}

/// Who stops a packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stop {
    /// The family of the table, as nft names it.
    pub family: &'static str,
    /// The table.
    pub table: String,
    /// The base chain.
    pub chain: String,
    /// Chain and handle of the rule; none for the policy.
    pub rule: Option<(String, u64)>,
    /// What happens: `drops`, `rejects`, `queues`, or the name of a translation.
    pub does: &'static str,
    /// Why it cannot be told whether it does.
    pub doubt: Option<Doubt>,
}

impl Stop {
    /// In words: `the policy of chain input (nft table inet filter) drops`.
    #[must_use]
    pub fn name(&self) -> String {
        let table = format!("nft table {} {}", self.family, self.table);
        match &self.rule {
            None => format!("the policy of chain {} ({table}) {}", self.chain, self.does),
            Some((chain, handle)) => {
                format!("rule {handle} of chain {chain} ({table}) {}", self.does)
            }
        }
    }

    /// Whether iptables-nft owns the table.
    #[must_use]
    pub fn is_iptables(&self) -> bool {
        let names = ["filter", "mangle", "raw", "nat", "security"];
        matches!(self.family, "ip" | "ip6")
            && names.contains(&self.table.as_str())
            && self.chain.chars().all(|letter| letter.is_ascii_uppercase())
    }
}

/// What becomes of a packet at a hook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fate {
    /// Who stops it for sure.
    pub stop: Option<Stop>,
    /// Who may stop it.
    pub may_stop: Vec<Stop>,
    /// It may be let through before it is stopped.
    pub may_pass: bool,
    /// The marks that it may carry afterwards.
    pub marks: BTreeSet<u32>,
    /// A mark was set from something that is not known here.
    pub unread_mark: bool,
}

impl Fate {
    /// Who stops it, whoever sends it.
    #[must_use]
    pub fn certain(&self) -> Option<&Stop> {
        self.stop.as_ref().filter(|_| !self.may_pass)
    }
}
