//! What the probe needs of the IPVS table, as a trait: it is carried out one
//! level up over netlink, and in the simulation by a model of the kernel.

use crate::model::{Server, Service, ServiceId, ServiceState};

/// Why the table could not be read or changed, in the words of the layer below.
pub type PoolError = Box<dyn std::error::Error + Send + Sync>;

/// The IPVS table.
pub trait Pool {
    /// The service as the kernel has it now, none when it is not there.
    ///
    /// # Errors
    /// The table could not be read.
    fn read(&mut self, id: &ServiceId) -> Result<Option<ServiceState>, PoolError>;

    /// Puts back a service that somebody removed.
    ///
    /// # Errors
    /// The kernel refused.
    fn add_service(&mut self, service: &Service) -> Result<(), PoolError>;

    /// Adds a server that is not there.
    ///
    /// # Errors
    /// The kernel refused.
    fn add_server(&mut self, id: &ServiceId, server: &Server) -> Result<(), PoolError>;

    /// Changes a server; both have the same address and port.
    ///
    /// # Errors
    /// The kernel refused.
    fn edit_server(
        &mut self,
        id: &ServiceId,
        before: &Server,
        after: &Server,
    ) -> Result<(), PoolError>;

    /// Removes a server.
    ///
    /// # Errors
    /// The kernel refused.
    fn delete_server(&mut self, id: &ServiceId, server: &Server) -> Result<(), PoolError>;
}
