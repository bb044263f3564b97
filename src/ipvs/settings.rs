//! What is set apart from the table: timeouts and synchronisation daemons; and
//! what IPVS says of itself.

use crate::model::{SyncDaemon, SyncRole, Timeouts};

use super::wire::{self, command};
use super::{Client, Error, Result, daemon, encode};

/// What `GET_INFO` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Info {
    /// 0x010201 is 1.2.1.
    pub version: u32,
    /// Buckets of the connection table.
    pub table_size: u32,
}

impl Client {
    /// The version of IPVS and the size of its connection table.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn info(&mut self) -> Result<Info> {
        let request = encode::request(self.family, command::GET_INFO);
        let mut info = Info::default();
        let answer = self.socket.ask(&request, |message| {
            for attribute in message.attributes(wire::GENL_HEADER)? {
                let attribute = attribute?;
                match attribute.kind {
                    wire::info::VERSION => info.version = attribute.u32()?,
                    wire::info::CONN_TAB_SIZE => info.table_size = attribute.u32()?,
                    _ => {}
                }
            }
            Ok(())
        });
        answer.map_err(Error::from_netlink)?;
        Ok(info)
    }

    /// The timeouts of the connection table.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn timeouts(&mut self) -> Result<Timeouts> {
        let request = encode::request(self.family, command::GET_CONFIG);
        let mut timeouts = Timeouts::default();
        let answer = self.socket.ask(&request, |message| {
            for attribute in message.attributes(wire::GENL_HEADER)? {
                let attribute = attribute?;
                match attribute.kind {
                    wire::top::TIMEOUT_TCP => timeouts.tcp = attribute.u32()?,
                    wire::top::TIMEOUT_TCP_FIN => timeouts.tcp_fin = attribute.u32()?,
                    wire::top::TIMEOUT_UDP => timeouts.udp = attribute.u32()?,
                    _ => {}
                }
            }
            Ok(())
        });
        answer.map_err(Error::from_netlink)?;
        Ok(timeouts)
    }

    /// Sets those timeouts that are not 0.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn set_timeouts(&mut self, timeouts: &Timeouts) -> Result<()> {
        let mut request = encode::request(self.family, command::SET_CONFIG);
        request
            .attributes()
            .u32(wire::top::TIMEOUT_TCP, timeouts.tcp)
            .u32(wire::top::TIMEOUT_TCP_FIN, timeouts.tcp_fin)
            .u32(wire::top::TIMEOUT_UDP, timeouts.udp);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }

    /// The synchronisation daemons: none, one, or one of each role.
    ///
    /// # Errors
    /// As [`Client::services`].
    pub fn daemons(&mut self) -> Result<Vec<SyncDaemon>> {
        let request = encode::request(self.family, command::GET_DAEMON);
        self.socket
            .dump(&request, daemon::decode)
            .map_err(Error::from_netlink)
    }

    /// Starts a synchronisation daemon.
    ///
    /// # Errors
    /// It runs already (EEXIST), there is no such interface (ENODEV), or as
    /// [`Client::services`].
    pub fn start_daemon(&mut self, settings: &SyncDaemon) -> Result<()> {
        let mut request = encode::request(self.family, command::NEW_DAEMON);
        daemon::encode(request.attributes(), settings);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }

    /// Stops the synchronisation daemon of this role.
    ///
    /// # Errors
    /// It does not run (ESRCH), or as [`Client::services`].
    pub fn stop_daemon(&mut self, role: SyncRole) -> Result<()> {
        let mut request = encode::request(self.family, command::DEL_DAEMON);
        daemon::encode_role(request.attributes(), role);
        self.socket.execute(&request).map_err(Error::from_netlink)
    }
}
