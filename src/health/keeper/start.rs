//! Taking a service over: what is remembered of its servers meets what the table and
//! the list say.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::IpAddr;

use rustc_hash::FxHashMap;

use super::{Keeper, former, is_sorry, words};
use crate::health::check::{Check, CheckSpec};
use crate::health::drains::Drain;
use crate::health::journal::{Journal, Level};
use crate::health::policy::Slot;
use crate::health::pool::Pool;
use crate::health::record::{Entry, Record};
use crate::health::spec::{ProbeError, Roster, ServerSpec, ServiceSpec};
use crate::health::state::{State, Store};
use crate::health::verdict::Verdict;
use crate::model::Server;

impl<S: Store> Keeper<S> {
    /// Takes a service over, with what an earlier run remembered of it. Reads the
    /// table, writes nothing.
    ///
    /// # Errors
    /// The table cannot be read, the service is not known, a check has no port.
    pub fn start(
        spec: ServiceSpec,
        remembered: Option<State>,
        pool: &mut dyn Pool,
        mut store: S,
        now: u64,
        journal: &mut dyn Journal,
    ) -> Result<Self, ProbeError> {
        let id = spec.id;
        let mut state = State::new(&id, now);
        state.name.clone_from(&spec.name);
        let (old, old_sorry, former) = remembered.map_or((Vec::new(), None, None), |s| {
            (s.servers, s.sorry, s.former_sorry)
        });
        // A file that cannot be read is told by the first round.
        let drains = store.drains().unwrap_or_default();
        let mut turns = HashMap::new();
        let found = pool
            .read(&id)
            .map_err(|error| ProbeError::Table { id, error })?;
        let mut checks = Vec::new();
        let service = match (&spec.roster, found) {
            (Roster::Listed { service, servers }, found) => {
                let old = by_name(&old);
                let found = found.map_or(Vec::new(), |found| found.servers);
                let found: HashMap<_, &Server> =
                    found.iter().map(|s| (s.server.name(), &s.server)).collect();
                for listed in servers {
                    let server = &listed.server;
                    if is_sorry(&spec, server) {
                        return Err(ProbeError::SorryTwice(server.endpoint()));
                    }
                    let mut record = old
                        .get(&server.name())
                        .map_or_else(|| Record::new(server.clone(), now), |old| (*old).clone());
                    record.server = server.clone();
                    if listed.maintenance != record.maintenance {
                        if listed.maintenance {
                            record.go_out(Entry::of(found.get(&server.name()).copied()));
                        }
                        let slot = Slot::Member(state.servers.len());
                        turns.insert(slot, words::maintenance(listed.maintenance));
                        record.maintenance = listed.maintenance;
                    }
                    checks.push(attach(listed.check.as_ref(), &mut record, now)?);
                    state.servers.push(record);
                }
                service.clone()
            }
            (Roster::Table { .. }, None) => return Err(ProbeError::NoService(id)),
            (Roster::Table { check }, Some(found)) => {
                let actual: Vec<Server> = found.servers.into_iter().map(|s| s.server).collect();
                state.servers = from_table(&spec, &old, &actual, &drains, now, journal);
                for record in &mut state.servers {
                    checks.push(attach(check.as_ref(), record, now)?);
                }
                found.service
            }
        };
        let mut sorry_check = None;
        state.former_sorry = former::of(&spec, [&old_sorry, &former]);
        if let Some(ServerSpec { server, check, .. }) = &spec.sorry {
            let mut record = old_sorry
                .filter(|record| record.server.name() == server.name())
                .unwrap_or_else(|| Record::new(server.clone(), now));
            record.server = server.clone();
            sorry_check = attach(check.as_ref(), &mut record, now)?;
            state.sorry = Some(record);
        }
        let mut slots: FxHashMap<Check, Vec<Slot>> = FxHashMap::default();
        let members = checks.iter().enumerate().map(|(i, c)| (Slot::Member(i), c));
        for (slot, check) in members.chain([(Slot::Sorry, &sorry_check)]) {
            if let Some(check) = check {
                slots.entry(check.clone()).or_default().push(slot);
            }
        }
        Ok(Self {
            spec,
            service,
            state,
            checks,
            sorry_check,
            slots,
            store,
            turns,
            strangers: BTreeSet::new(),
            troubles: BTreeSet::new(),
            unsaved: true,
            saved_at: 0,
        })
    }
}

fn by_name(records: &[Record]) -> HashMap<(IpAddr, u16), &Record> {
    records.iter().map(|it| (it.server.name(), it)).collect()
}

/// The check of a server; without one it counts as up.
pub(super) fn attach(
    check: Option<&CheckSpec>,
    record: &mut Record,
    now: u64,
) -> Result<Option<Check>, ProbeError> {
    let check = check
        .map(|spec| Check::new(spec, &record.server))
        .transpose()?;
    if check.is_none() && record.verdict != Verdict::Up {
        record.verdict = Verdict::Up;
        record.since = now;
    }
    Ok(check)
}

/// The servers of a table that is itself the list.
fn from_table(
    spec: &ServiceSpec,
    old: &[Record],
    actual: &[Server],
    drains: &[Drain],
    now: u64,
    journal: &mut dyn Journal,
) -> Vec<Record> {
    let remembered = by_name(old);
    let drains: HashMap<_, &Drain> = drains.iter().map(|it| (it.name(), it)).collect();
    let there: HashSet<_> = actual.iter().map(Server::name).collect();
    let mut records = Vec::new();
    for server in actual.iter().filter(|server| !is_sorry(spec, server)) {
        let Some(record) = remembered.get(&server.name()).copied() else {
            if server.weight == 0 && !drains.contains_key(&server.name()) {
                journal.line(Level::Transition, &words::drained(&spec.id, server));
            }
            records.push(Record::new(server.clone(), now));
            continue;
        };
        let mut record = record.clone();
        let held = !matches!(record.written, Some(Entry::Weight(1..)))
            || record.pending.is_some()
            || record.foreign.is_some()
            || record.rising.is_some()
            || record.is_out();
        // While nobody kept it, the table was the only word on its weight; but a 0
        // is a drain, and what is held down comes back as it was.
        if !held && server.weight != 0 {
            record.written = Some(Entry::Weight(server.weight));
            record.server = server.clone();
        } else {
            let weight = record.server.weight;
            record.server = Server {
                weight,
                ..server.clone()
            };
        }
        records.push(record);
    }
    for record in old {
        if there.contains(&record.server.name()) || is_sorry(spec, &record.server) {
            continue;
        }
        // We removed it, or were about to write it when we were killed.
        if record.written == Some(Entry::Absent) || record.pending.is_some() {
            records.push(record.clone());
        } else {
            journal.line(
                Level::Transition,
                &words::forgotten(&spec.id, &record.server),
            );
        }
    }
    records
}
