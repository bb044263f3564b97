//! A check that is ready to run: what attempts have in common is made once, and
//! what checks have in common is shared.

use std::sync::Arc;

use super::exec::Children;
use super::http::Get;
use super::tls::TrustStore;
use super::{Check, CheckKind, Outcome, dns, exchange, exec, ping, udp};

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
    pub fn new(check: Check, kit: Arc<Kit>) -> Arc<Self> {
        let get = match &check.spec.kind {
            CheckKind::Http(question) => Some(Get::new(question, None, check.target)),
            CheckKind::Https(question, trust) => {
                Some(Get::new(question, Some(trust), check.target))
            }
            _ => None,
        };
        Arc::new(Self { check, get, kit })
    }

    /// The check.
    #[must_use]
    pub fn check(&self) -> &Check {
        &self.check
    }

    /// What an http or https check asks; none: it is of another kind, or cannot ask.
    pub(super) fn get(&self) -> Option<&Get> {
        self.get.as_ref()?.as_ref().ok()
    }

    /// Whether it needs no thread: all that it does is to wait for its socket. To look
    /// for a pattern may take long, and TLS does.
    #[must_use]
    pub fn is_light(&self) -> bool {
        match (&self.check.spec.kind, &self.get) {
            (CheckKind::Tcp, _) => true,
            (_, Some(Ok(get))) => get.tls.is_none() && !get.wants_body(),
            _ => false,
        }
    }

    /// Asks once; returns within the timeout.
    #[must_use]
    pub fn attempt(self: &Arc<Self>) -> Outcome {
        let Check { target, spec } = &self.check;
        match (&spec.kind, &self.get) {
            (_, Some(Ok(get))) => match &get.tls {
                Some(tls) => get.attempt(tls, *target, spec, &self.kit.trusts),
                None => exchange::attempt(self),
            },
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
            _ => exchange::attempt(self),
        }
    }
}
