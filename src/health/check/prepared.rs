//! A check that is ready to run: what attempts have in common is made once, and
//! what checks have in common is shared.

use std::sync::Arc;

use super::exec::Children;
use super::http::Get;
use super::tls::TrustStore;
use super::{Check, CheckKind, Outcome, dns, exec, ping, tcp, udp};

/// What the checks of one probe share.
#[derive(Debug, Default)]
pub struct Kit {
    trusts: TrustStore,
    children: Children,
}

impl Kit {
    /// Kills the programs that exec checks are running.
    pub fn kill_children(&self) {
        self.children.kill();
    }
}

/// A check, ready to be attempted any number of times, from any thread.
#[derive(Debug)]
pub struct Prepared {
    check: Check,
    /// What http and https checks send, or why they cannot.
    get: Option<Result<Get, String>>,
    kit: Arc<Kit>,
}

impl Prepared {
    /// Makes it ready.
    #[must_use]
    pub fn new(check: Check, kit: Arc<Kit>) -> Self {
        let get = match &check.spec.kind {
            CheckKind::Http(question) => Some(Get::new(question, None, check.target)),
            CheckKind::Https(question, trust) => {
                Some(Get::new(question, Some(trust), check.target))
            }
            _ => None,
        };
        Self { check, get, kit }
    }

    /// The check.
    #[must_use]
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// Asks once; returns within the timeout.
    #[must_use]
    pub fn attempt(&self) -> Outcome {
        let Check { target, spec } = &self.check;
        match (&spec.kind, &self.get) {
            (_, Some(Ok(get))) => get.attempt(*target, spec, &self.kit.trusts),
            (_, Some(Err(reason))) => Outcome::local(reason.as_str()),
            (CheckKind::Exec(words), _) => exec::attempt(words, *target, spec, &self.kit.children),
            (CheckKind::Dns { query, record }, _) => dns::attempt(*target, query, *record, spec),
            (CheckKind::Ping, _) => ping::attempt(*target, spec),
            (
                CheckKind::Udp {
                    payload,
                    require_reply,
                },
                _,
            ) => udp::attempt(*target, payload, *require_reply, spec),
            _ => tcp::attempt(*target, spec),
        }
    }
}
