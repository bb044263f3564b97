//! From what is there and what is asked for to the steps between: pure.

use rustc_hash::FxHashMap;
use std::fmt;
use std::net::IpAddr;

use crate::model::{
    Forward, Impossible, Server, ServerChange, Service, ServiceChange, ServiceId, ServiceState,
    TableStep,
};

/// A change to one service, its servers, or both, as a user asks for it.
#[derive(Debug, Clone)]
pub struct TableRequest {
    /// The service.
    pub id: ServiceId,
    /// The settings that were named; with servers, none means that the service
    /// is not meant.
    pub service: ServiceChange,
    /// Whether the service itself may be added when servers are named too.
    pub may_add_service: bool,
    /// The servers that were named.
    pub servers: Vec<(IpAddr, u16)>,
    /// The settings that were named for them.
    pub server: ServerChange,
}

/// Why a request makes no plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// Settings that cannot work.
    Impossible(Impossible),
    /// The service is not there.
    NoService(ServiceId),
    /// The service to show or delete is not there.
    UnknownService,
    /// The service is there already.
    ServiceExists(ServiceId),
    /// The service is there with other settings than the named ones.
    ServiceDiffers(ServiceId),
    /// The server is not there.
    NoServer(ServiceId, String),
    /// The server is there already.
    ServerExists(ServiceId, String),
    /// An edit that names no setting.
    NothingNamed,
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Impossible(why) => why.fmt(f),
            Self::NoService(id) => write!(
                f,
                "no such service; add it with: lbctl add {} -s rr",
                id.options()
            ),
            Self::UnknownService => f.write_str("no such service; see: lbctl list"),
            Self::ServiceExists(id) => write!(
                f,
                "it is there already; change it with: lbctl edit {0}, or make it exactly so \
                 with: lbctl replace {0}",
                id.options()
            ),
            Self::ServiceDiffers(id) => write!(
                f,
                "{id} is there already with other settings; change them with: lbctl edit {}, or \
                 leave them out",
                id.options()
            ),
            Self::NoServer(id, _) => {
                write!(f, "no such server; see: lbctl list {}", id.options())
            }
            Self::ServerExists(id, endpoint) => write!(
                f,
                "it is there already; change it with: lbctl edit {0} -r {endpoint}, or make it \
                 exactly so with: lbctl replace {0} -r {endpoint}",
                id.options()
            ),
            Self::NothingNamed => {
                f.write_str("nothing to change was named; name a setting, as in -s wlc or -w 0")
            }
        }
    }
}

impl std::error::Error for RequestError {}

impl From<Impossible> for RequestError {
    fn from(why: Impossible) -> Self {
        Self::Impossible(why)
    }
}

impl TableRequest {
    /// Whether the service itself is meant, not only its servers.
    fn means_service(&self) -> bool {
        self.servers.is_empty() || !self.service.is_empty()
    }

    /// A new server with the named settings; the rest as ipvsadm has it.
    fn new_server(&self, (address, port): (IpAddr, u16)) -> Result<Server, RequestError> {
        let server = Server {
            address,
            port,
            forward: Forward::Dr,
            weight: 1,
            upper_threshold: 0,
            lower_threshold: 0,
        };
        Ok(self.server.apply(&server, &self.id)?)
    }

    fn add_server(&self, server: Server) -> TableStep {
        TableStep::AddServer {
            service: self.id,
            server,
        }
    }
}

/// The servers that are there, by what names them.
fn by_name(there: &ServiceState) -> FxHashMap<(IpAddr, u16), &Server> {
    let servers = there.servers.iter().map(|state| &state.server);
    servers.map(|server| (server.name(), server)).collect()
}

fn endpoint((address, port): (IpAddr, u16)) -> String {
    format!("{}:{port}", crate::model::bracketed(address))
}

/// `add`: refuses what is there already.
///
/// # Errors
/// See [`RequestError`].
pub fn add(
    there: Option<&ServiceState>,
    request: &TableRequest,
) -> Result<Vec<TableStep>, RequestError> {
    let mut steps = Vec::new();
    match there {
        Some(_) if request.servers.is_empty() => {
            return Err(RequestError::ServiceExists(request.id));
        }
        Some(there) => {
            if request.service.apply(&there.service)? != there.service {
                return Err(RequestError::ServiceDiffers(request.id));
            }
        }
        None if request.servers.is_empty() || request.may_add_service => {
            let service = request.service.apply(&Service::new(request.id))?;
            steps.push(TableStep::AddService(service));
        }
        None => return Err(RequestError::NoService(request.id)),
    }
    let present = there.map(by_name).unwrap_or_default();
    for name in &request.servers {
        let server = request.new_server(*name)?;
        if present.contains_key(name) {
            return Err(RequestError::ServerExists(request.id, server.endpoint()));
        }
        steps.push(request.add_server(server));
    }
    Ok(steps)
}

/// `replace`: what was named looks exactly so afterwards; nothing to do, no step.
/// Servers that were not named stay as they are.
///
/// # Errors
/// See [`RequestError`].
pub fn replace(
    there: Option<&ServiceState>,
    request: &TableRequest,
) -> Result<Vec<TableStep>, RequestError> {
    let mut steps = Vec::new();
    match there {
        Some(there) if request.means_service() => {
            let after = request.service.apply(&Service::new(request.id))?;
            if after != there.service {
                steps.push(TableStep::EditService {
                    before: Box::new(there.service.clone()),
                    after: Box::new(after),
                });
            }
        }
        Some(_) => {}
        None if request.servers.is_empty() || request.may_add_service => {
            let service = request.service.apply(&Service::new(request.id))?;
            steps.push(TableStep::AddService(service));
        }
        None => return Err(RequestError::NoService(request.id)),
    }
    let present = there.map(by_name).unwrap_or_default();
    for name in &request.servers {
        let after = request.new_server(*name)?;
        match present.get(name) {
            Some(before) => push_server_edit(&mut steps, request.id, before, after),
            None => steps.push(request.add_server(after)),
        }
    }
    Ok(steps)
}

/// `edit`: changes the named settings and no others.
///
/// # Errors
/// See [`RequestError`].
pub fn edit(
    there: Option<&ServiceState>,
    request: &TableRequest,
) -> Result<Vec<TableStep>, RequestError> {
    let servers_unchanged = request.servers.is_empty() || request.server.is_empty();
    if request.service.is_empty() && servers_unchanged {
        return Err(RequestError::NothingNamed);
    }
    let there = there.ok_or(RequestError::NoService(request.id))?;
    let mut steps = Vec::new();
    let after = request.service.apply(&there.service)?;
    if after != there.service {
        steps.push(TableStep::EditService {
            before: Box::new(there.service.clone()),
            after: Box::new(after),
        });
    }
    let present = by_name(there);
    for name in &request.servers {
        let before = present
            .get(name)
            .ok_or_else(|| RequestError::NoServer(request.id, endpoint(*name)))?;
        let after = request.server.apply(before, &request.id)?;
        push_server_edit(&mut steps, request.id, before, after);
    }
    Ok(steps)
}

/// `del`: the service, or the named servers of it.
///
/// # Errors
/// What is not there, unless `if_exists`.
pub fn delete(
    there: Option<&ServiceState>,
    id: ServiceId,
    servers: &[(IpAddr, u16)],
    if_exists: bool,
) -> Result<Vec<TableStep>, RequestError> {
    let Some(there) = there else {
        return if if_exists {
            Ok(Vec::new())
        } else {
            Err(RequestError::UnknownService)
        };
    };
    if servers.is_empty() {
        return Ok(vec![TableStep::DeleteService(there.service.clone())]);
    }
    let mut steps = Vec::new();
    let present = by_name(there);
    for name in servers {
        match present.get(name) {
            Some(server) => steps.push(TableStep::DeleteServer {
                service: id,
                server: (*server).clone(),
            }),
            None if if_exists => {}
            None => return Err(RequestError::NoServer(id, endpoint(*name))),
        }
    }
    Ok(steps)
}

/// An edit, if there is a difference.
pub(super) fn push_server_edit(
    steps: &mut Vec<TableStep>,
    service: ServiceId,
    before: &Server,
    after: Server,
) {
    if !is_as_asked(before, &after) {
        steps.push(TableStep::EditServer {
            service,
            before: before.clone(),
            after,
        });
    }
}

/// Whether a server that is there is what was asked for. The kernel turns one that
/// is this machine into `local` by itself; that is no difference.
pub(super) fn is_as_asked(there: &Server, asked: &Server) -> bool {
    let mut comparable = there.clone();
    if there.forward == Forward::Local {
        comparable.forward = asked.forward;
    }
    comparable == *asked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Method, Protocol, ServerState, Stats};

    const A: (IpAddr, u16) = (IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 11)), 80);
    const B: (IpAddr, u16) = (IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 12)), 80);

    fn request(servers: &[(IpAddr, u16)]) -> TableRequest {
        TableRequest {
            id: ServiceId::Address {
                protocol: Protocol::Tcp,
                address: [192, 0, 2, 10].into(),
                port: 80,
            },
            service: ServiceChange::default(),
            may_add_service: false,
            servers: servers.to_vec(),
            server: ServerChange {
                method: Some(Method::Nat),
                ..ServerChange::default()
            },
        }
    }

    fn with_scheduler(mut request: TableRequest, name: &str) -> TableRequest {
        request.service.scheduler = Some(name.parse().unwrap());
        request.may_add_service = true;
        request
    }

    fn state(servers: &[(IpAddr, u16)]) -> ServiceState {
        let request = request(servers);
        ServiceState {
            service: Service::new(request.id),
            stats: Stats::default(),
            servers: servers
                .iter()
                .map(|name| ServerState {
                    server: request.new_server(*name).unwrap(),
                    active: 0,
                    inactive: 0,
                    persistent: 0,
                    stats: Stats::default(),
                })
                .collect(),
        }
    }

    #[test]
    fn add_brings_a_missing_service_only_when_it_was_described() {
        let described = with_scheduler(request(&[A, B]), "rr");
        assert_eq!(add(None, &described).unwrap().len(), 3);
        assert!(matches!(
            add(None, &request(&[A])),
            Err(RequestError::NoService(_))
        ));
    }

    #[test]
    fn add_refuses_what_is_there() {
        let there = state(&[A]);
        let refused = |request: &TableRequest| add(Some(&there), request).unwrap_err();
        assert!(matches!(
            refused(&request(&[])),
            RequestError::ServiceExists(_)
        ));
        assert!(matches!(
            refused(&request(&[B, A])),
            RequestError::ServerExists(..)
        ));
        let other = with_scheduler(request(&[B]), "rr");
        assert!(matches!(refused(&other), RequestError::ServiceDiffers(_)));
        let same = with_scheduler(request(&[B]), "wlc");
        assert_eq!(add(Some(&there), &same).unwrap().len(), 1);
    }

    #[test]
    fn replace_twice_is_once() {
        let there = state(&[A]);
        assert_eq!(replace(Some(&there), &request(&[A])).unwrap(), []);
        assert_eq!(replace(Some(&there), &request(&[])).unwrap(), []);
        assert_eq!(replace(Some(&there), &request(&[A, B])).unwrap().len(), 1);
        let other = with_scheduler(request(&[A]), "rr");
        assert_eq!(replace(Some(&there), &other).unwrap().len(), 1);
    }

    #[test]
    fn replace_resets_what_is_not_named_and_edit_does_not() {
        let mut there = state(&[A]);
        there.service.persistence_timeout = Some(600);
        let rr = with_scheduler(request(&[]), "rr");
        let scheduler_and_timeout = |steps: Vec<TableStep>| match steps.into_iter().next() {
            Some(TableStep::EditService { after, .. }) => {
                (after.scheduler.to_string(), after.persistence_timeout)
            }
            other => panic!("{other:?}"),
        };
        let replaced = replace(Some(&there), &rr).unwrap();
        assert_eq!(scheduler_and_timeout(replaced), ("rr".to_owned(), None));
        let edited = edit(Some(&there), &rr).unwrap();
        assert_eq!(scheduler_and_timeout(edited), ("rr".to_owned(), Some(600)));
    }

    #[test]
    fn edit_needs_something_to_change() {
        let mut nothing = request(&[A]);
        nothing.server = ServerChange::default();
        let there = state(&[A]);
        assert_eq!(
            edit(Some(&there), &nothing),
            Err(RequestError::NothingNamed)
        );
        assert!(matches!(
            edit(Some(&there), &request(&[B])),
            Err(RequestError::NoServer(..))
        ));
    }

    #[test]
    fn delete_names_what_is_missing_unless_told_not_to_mind() {
        let there = state(&[A]);
        let id = there.service.id;
        assert_eq!(delete(Some(&there), id, &[], false).unwrap().len(), 1);
        assert!(delete(Some(&there), id, &[A, B], false).is_err());
        assert_eq!(delete(Some(&there), id, &[A, B], true).unwrap().len(), 1);
        assert!(delete(None, id, &[], false).is_err());
        assert_eq!(delete(None, id, &[], true).unwrap(), []);
    }
}
