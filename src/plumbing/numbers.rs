//! Which mark, table and priority a VIP gets: those of its family's other
//! VIPs, else 1, 100 and 100 when free, else the next that nobody uses.
//! A number asked for that is somebody else's is refused. Pure.

use std::net::IpAddr;

use super::Reason;
use super::route::Route;
use super::rule::Rule;
use crate::model::{Family, InterfaceName, LocalRoute, Vip, VipMode};

const MARK: u32 = 1;
const TABLE: u32 = 100;
const PRIORITY: u32 = 100;

/// `RT_TABLE_COMPAT`, `DEFAULT`, `MAIN`, `LOCAL`: the kernel's own.
const RESERVED_TABLES: std::ops::RangeInclusive<u32> = 252..=255;
/// The rule that leads everything to table main; ours must come before it.
const MAIN_RULE: u32 = 32766;

/// What was asked for of a VIP; what is left out is picked, or stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The packet mark.
    pub mark: Option<u32>,
    /// The routing table.
    pub table: Option<u32>,
    /// The rule's priority.
    pub priority: Option<u32>,
    /// The way in; fwmark at first.
    pub mode: Option<WantedMode>,
    /// [`Vip::ping`](crate::model::Vip); not at first.
    pub ping: Option<bool>,
    /// [`Vip::snat`](crate::model::Vip); not at first.
    pub snat: Option<bool>,
    /// Whether what somebody made by hand for the address is put in ours' place.
    pub adopt: bool,
}

/// A way in that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WantedMode {
    /// Mark, rule and route.
    Fwmark,
    /// The address on an interface; if none is named, the one whose network the
    /// address lies in, else lo.
    Address(Option<InterfaceName>),
}

impl Wanted {
    /// Whether a VIP with these numbers is what was asked for.
    #[must_use]
    pub fn allows(&self, mark: u32, table: u32, priority: u32) -> bool {
        self.mark.is_none_or(|wanted| wanted == mark)
            && self.table.is_none_or(|wanted| wanted == table)
            && self.priority.is_none_or(|wanted| wanted == priority)
    }

    /// Whether a number was asked for.
    pub(super) fn has_numbers(&self) -> bool {
        self.mark.or(self.table).or(self.priority).is_some()
    }

    /// These numbers, and where there is none, the other's.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            mark: self.mark.or(other.mark),
            table: self.table.or(other.table),
            priority: self.priority.or(other.priority),
            ..self
        }
    }

    /// Whether no number contradicts the other's.
    pub(super) fn agrees(self, other: Self) -> bool {
        fn agree(one: Option<u32>, other: Option<u32>) -> bool {
            one.is_none() || other.is_none() || one == other
        }
        agree(self.mark, other.mark)
            && agree(self.table, other.table)
            && agree(self.priority, other.priority)
    }
}

/// A mark, a table and a priority.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Numbers {
    pub mark: u32,
    pub table: u32,
    pub priority: u32,
}

/// What numbers are picked from.
pub(super) struct Field<'a> {
    /// The VIP that needs them.
    pub address: IpAddr,
    /// Our other VIPs.
    pub ours: Vec<Vip>,
    /// The rules of both families.
    pub rules: &'a [Rule],
    /// The routes of both families.
    pub routes: &'a [Route],
    /// The mark that is taken over from somebody.
    pub adopted: Option<u32>,
    /// The marks that others set.
    pub set: Vec<u32>,
}

impl Field<'_> {
    /// Picks what was not asked for and checks what was.
    pub fn pick(&self, wanted: Wanted) -> Result<Numbers, Reason> {
        check(wanted)?;
        let ready = || self.shared(wanted).or_else(|| self.leading(wanted));
        if let (None, Some(numbers)) = (self.adopted, ready()) {
            return Ok(numbers);
        }
        let mark = self.mark(wanted.mark)?;
        let table = self.table(wanted.table)?;
        // A rule that leads there already has a priority; a second one would
        // never see a packet.
        let leading = self
            .rules
            .iter()
            .find(|rule| rule.leads(self.family(), mark, table));
        let priority = match (leading, wanted.priority) {
            (Some(rule), Some(priority)) if rule.priority != priority => {
                return Err(Reason::Wrong(format!(
                    "the rule with priority {} leads mark {mark} to table {table} already; \
                     leave --priority out",
                    rule.priority
                )));
            }
            (Some(rule), _) => rule.priority,
            (None, priority) => self.priority(mark, priority)?,
        };
        Ok(Numbers {
            mark,
            table,
            priority,
        })
    }

    fn family(&self) -> Family {
        Family::of(self.address)
    }

    fn family_rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules
            .iter()
            .filter(|rule| rule.family == self.family())
    }

    /// The mark of those that ask for none.
    fn usual_mark(&self) -> Option<u32> {
        (MARK..=u32::MAX)
            .find(|mark| self.foreign_mark(*mark).is_none() && !self.set.contains(mark))
    }

    /// The numbers of another VIP of this family.
    fn shared(&self, wanted: Wanted) -> Option<Numbers> {
        self.ours
            .iter()
            .filter(|vip| vip.family() == self.family() && vip.address != self.address)
            .filter(|vip| vip.mode == VipMode::Fwmark)
            // A mark that was asked for may be that of a service; who asks for none
            // shall not come to be in it.
            .filter(|vip| wanted.mark.is_some() || Some(vip.mark) == self.usual_mark())
            .filter(|vip| wanted.allows(vip.mark, vip.table, vip.priority))
            .map(|vip| Numbers {
                mark: vip.mark,
                table: vip.table,
                priority: vip.priority,
            })
            .min()
    }

    /// The numbers of a rule that does the job already: one of ours that was
    /// left over, or one made by hand with the very numbers that we would take.
    fn leading(&self, wanted: Wanted) -> Option<Numbers> {
        let usual = Numbers {
            mark: wanted.mark.unwrap_or(MARK),
            table: wanted.table.unwrap_or(TABLE),
            priority: 0,
        };
        self.family_rules()
            .filter(|rule| rule.leads(rule.family, rule.mark, rule.table) && rule.mark != 0)
            .filter(|rule| wanted.allows(rule.mark, rule.table, rule.priority))
            .filter(|rule| (1..MAIN_RULE).contains(&rule.priority))
            .filter(|rule| rule.is_tagged() || (rule.mark, rule.table) == (usual.mark, usual.table))
            .filter(|rule| {
                let mut ours = self.ours.iter();
                wanted.mark.is_some()
                    || Some(rule.mark) == self.usual_mark()
                    || !ours.any(|vip| vip.mark == rule.mark)
            })
            .filter(|rule| !RESERVED_TABLES.contains(&rule.table))
            .filter(|rule| self.only_delivers(rule.table))
            .map(|rule| Numbers {
                mark: rule.mark,
                table: rule.table,
                priority: rule.priority,
            })
            .min()
    }

    /// Whether the table holds nothing but single local addresses.
    fn only_delivers(&self, table: u32) -> bool {
        self.routes
            .iter()
            .filter(|route| route.family() == self.family() && route.table == table)
            .all(Route::is_local_host)
    }

    /// The rule of others that has this mark. A mark is one for both families: whoever
    /// has a rule for it in one may well mark packets of the other.
    fn foreign_mark(&self, mark: u32) -> Option<&Rule> {
        let mut rules = self.rules.iter();
        rules.find(|rule| !rule.is_tagged() && rule.speaks_of(mark))
    }

    fn mark(&self, wanted: Option<u32>) -> Result<u32, Reason> {
        let foreign = |mark| {
            self.foreign_mark(mark)
                .filter(|_| self.adopted != Some(mark))
        };
        let own = |mark: u32| {
            let mut vips = self.ours.iter();
            vips.any(|vip| vip.family() == self.family() && vip.mark == mark)
        };
        let free = || {
            (MARK..=u32::MAX)
                .find(|mark| foreign(*mark).is_none() && !own(*mark) && !self.set.contains(mark))
        };
        match wanted {
            None => free().ok_or(Reason::NoneFree("mark")),
            Some(mark) => match foreign(mark) {
                None => Ok(mark),
                Some(rule) => Err(Reason::Taken {
                    what: "mark",
                    number: mark,
                    by: format!("the rule with priority {}", rule.priority),
                    free: free(),
                }),
            },
        }
    }

    fn table(&self, wanted: Option<u32>) -> Result<u32, Reason> {
        let user = |table: u32| -> Option<String> {
            let same_job = LocalRoute {
                address: self.address,
                table,
            };
            let rule = self
                .family_rules()
                .find(|rule| !rule.is_tagged() && rule.table == table);
            let route = self.routes.iter().find(|route| {
                route.family() == self.family()
                    && route.table == table
                    && !route.is_tagged()
                    && !route.is(&same_job)
            });
            match (rule, route) {
                (Some(rule), _) => Some(format!("the rule with priority {}", rule.priority)),
                (None, Some(route)) => Some(format!(
                    "a route to {}/{} that is not lbctl's",
                    route.destination, route.length
                )),
                (None, None) => None,
            }
        };
        let free = || {
            (TABLE..=u32::MAX)
                .find(|table| !RESERVED_TABLES.contains(table) && user(*table).is_none())
        };
        match wanted {
            None => free().ok_or(Reason::NoneFree("table")),
            Some(table) => match user(table) {
                None => Ok(table),
                Some(by) => Err(Reason::Taken {
                    what: "table",
                    number: table,
                    by,
                    free: free(),
                }),
            },
        }
    }

    fn priority(&self, mark: u32, wanted: Option<u32>) -> Result<u32, Reason> {
        let taken = |priority: u32| self.family_rules().any(|rule| rule.priority == priority);
        // A rule of others that may see our packets must come after ours, as
        // WireGuard's `not fwmark 0xca6c` does, which is for all packets but its own.
        let first = self
            .family_rules()
            .filter(|rule| rule.priority > 0 && !rule.is_tagged() && rule.may_take(mark))
            .map(|rule| rule.priority)
            .min();
        let free = || match first {
            Some(first) if first <= PRIORITY => (1..first).rev().find(|it| !taken(*it)),
            _ => (PRIORITY..MAIN_RULE).find(|priority| !taken(*priority)),
        };
        match wanted {
            None => free().ok_or(Reason::NoneFree("priority")),
            Some(priority) if taken(priority) => Err(Reason::Taken {
                what: "priority",
                number: priority,
                by: "another rule".to_owned(),
                free: free(),
            }),
            Some(priority) => Ok(priority),
        }
    }
}

/// Refuses numbers that can never be right.
fn check(wanted: Wanted) -> Result<(), Reason> {
    let wrong = |sentence: String| Err(Reason::Wrong(sentence));
    if wanted.mark == Some(0) {
        return wrong("mark 0 is what every unmarked packet has; take 1 or more".to_owned());
    }
    if let Some(table) = wanted.table
        && (table == 0 || RESERVED_TABLES.contains(&table))
    {
        return wrong(format!(
            "table {table} is one of the kernel's own; take another, such as {TABLE}"
        ));
    }
    match wanted.priority {
        None | Some(1..MAIN_RULE) => Ok(()),
        Some(priority) => wrong(format!(
            "priority {priority} is not between the rules of the tables local (0) \
             and main ({MAIN_RULE}), where the VIP's rule must stand"
        )),
    }
}
