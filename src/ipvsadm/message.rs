//! What a refusal is called: ipvsadm's sentence for an operation and an error
//! number, else the C library's.

use std::io;

use crate::ipvs;
use crate::model::TableStep;

/// What was tried, as far as messages tell it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operation {
    AddService,
    EditService,
    /// Delete, zero or get one.
    FindService,
    AddServer,
    ChangeServer,
    StartDaemon,
    StopDaemon,
    Other,
}

impl Operation {
    /// What a step tries.
    pub(super) fn of(step: &TableStep) -> Self {
        match step {
            TableStep::AddService(_) => Self::AddService,
            TableStep::EditService { .. } => Self::EditService,
            TableStep::DeleteService(_) => Self::FindService,
            TableStep::AddServer { .. } => Self::AddServer,
            TableStep::EditServer { .. } | TableStep::DeleteServer { .. } => Self::ChangeServer,
        }
    }
}

/// The sentence for an error. A conversation that failed without an answer has
/// its own; ipvsadm takes it for EINVAL.
pub(super) fn sentence(operation: Operation, error: &ipvs::Error) -> String {
    let number = match error {
        ipvs::Error::NoModule { .. } => libc::ENOPROTOOPT,
        ipvs::Error::NoPrivilege => libc::EPERM,
        ipvs::Error::Step { refusal, .. } => refusal.errno,
        ipvs::Error::NoService(_) | ipvs::Error::NoDaemon => libc::ESRCH,
        ipvs::Error::DaemonRuns => libc::EEXIST,
        ipvs::Error::NoInterface(_) => libc::ENODEV,
        ipvs::Error::NotTried => return error.to_string(),
        ipvs::Error::Netlink(failure) => match failure.errno() {
            Some(number) => number,
            None => return error.to_string(),
        },
    };
    named(operation, number)
}

fn named(operation: Operation, number: i32) -> String {
    use Operation as O;
    let text = match (operation, number) {
        (O::AddService, libc::EEXIST) => "Service already exists",
        (O::AddService | O::EditService, libc::ENOENT) => {
            "Scheduler or persistence engine not found"
        }
        (O::EditService | O::FindService, libc::ESRCH) => "No such service",
        (O::AddServer | O::ChangeServer, libc::ESRCH) => "Service not defined",
        (O::AddServer, libc::EEXIST) => "Destination already exists",
        (O::ChangeServer, libc::ENOENT) => "No such destination",
        (O::StartDaemon, libc::EEXIST) => "Daemon has already run",
        (O::StopDaemon, libc::ESRCH) => "No daemon is running",
        (_, libc::EPERM) => "Permission denied (you must be root)",
        (_, libc::EINVAL) => {
            "Invalid operation.  Possibly wrong module version, address not unicast, ..."
        }
        (_, libc::ENOPROTOOPT) => "Protocol not available",
        (_, libc::ENOMEM) => "Memory allocation problem",
        (_, libc::EOPNOTSUPP) => "Operation not supported with IPv6",
        (_, libc::EAFNOSUPPORT) => "Operation not supported with specified address family",
        (_, libc::EMSGSIZE) => "Module is wrong version",
        _ => {
            let text = io::Error::from_raw_os_error(number).to_string();
            // The standard library appends the number.
            let name = text.split(" (os error").next();
            return name.unwrap_or(&text).to_owned();
        }
    };
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_operation_decides() {
        assert_eq!(
            named(Operation::FindService, libc::ESRCH),
            "No such service"
        );
        assert_eq!(
            named(Operation::AddServer, libc::ESRCH),
            "Service not defined"
        );
        assert_eq!(
            named(Operation::AddServer, libc::ERANGE),
            "Numerical result out of range"
        );
        assert_eq!(
            named(Operation::Other, libc::EPERM),
            "Permission denied (you must be root)"
        );
    }
}
