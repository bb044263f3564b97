//! The options of a real server: the other half of `settings`.

use crate::model::{Protocol, ServiceId};

use super::failure::Failure;
use super::group::Group;
use super::names::Names;
use super::option::Name;
use super::place::{self, Port};
use super::settings::{Method, Settings};
use super::value;

impl<'a> Settings<'a> {
    /// Takes an option of a real server in; false if it is none.
    pub(super) fn take_server_option(
        &mut self,
        name: Name,
        text: &'a str,
        names: &dyn Names,
    ) -> Result<bool, Failure> {
        match name {
            Name::RealServer => self.take_server(text, names)?,
            Name::Masquerading => self.take_method(Method::Nat)?,
            Name::Gatewaying => self.take_method(Method::Dr)?,
            Name::Ipip => self.take_method(Method::Tun)?,
            Name::Weight => {
                self.given.add(Group::Weight)?;
                // Debian's; upstream stops at 65535.
                self.weight = Some(value::number(text, 0, i64::from(i32::MAX), "weight")?);
            }
            Name::UThreshold => {
                self.given.add(Group::UThreshold)?;
                self.upper = value::number(text, 0, i64::from(i32::MAX), "u_threshold")?;
            }
            Name::LThreshold => {
                self.given.add(Group::LThreshold)?;
                self.lower = value::number(text, 0, i64::from(i32::MAX), "l_threshold")?;
            }
            Name::TunType => {
                self.given.add(Group::TunType)?;
                self.tunnel_kind = text
                    .parse()
                    .map_err(|_| Failure::usage("illegal tunnel type specified"))?;
            }
            Name::TunPort => {
                self.given.add(Group::TunPort)?;
                self.tunnel_port = value::small(text, 1, i64::from(u16::MAX), "tunnel port")?;
            }
            Name::TunNocsum => self.given.add(Group::TunNocsum)?,
            Name::TunCsum => self.given.add(Group::TunCsum)?,
            Name::TunRemcsum => self.given.add(Group::TunRemcsum)?,
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_method(&mut self, method: Method) -> Result<(), Failure> {
        self.given.add(Group::ForwardingMethod)?;
        self.method = method;
        Ok(())
    }

    fn take_server(&mut self, text: &'a str, names: &dyn Names) -> Result<(), Failure> {
        self.given.add(Group::RealServer)?;
        let place = place::parse(text, names).ok_or_else(illegal_server)?;
        // Behind no service yet: whichever it will be, it must know the name.
        let known = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp]
            .into_iter()
            .any(|protocol| place.1.number(0, protocol, names).is_some());
        if !known {
            return Err(illegal_server());
        }
        self.server = Some(place);
        if self.service.is_some() {
            self.settle_server_port(names)?;
        }
        Ok(())
    }

    /// Turns the name of the server's port into a number, as soon as the
    /// service tells its protocol, at last when all options are read.
    pub(super) fn settle_server_port(&mut self, names: &dyn Names) -> Result<(), Failure> {
        let protocol = match self.service {
            Some(ServiceId::Address { protocol, .. }) => protocol,
            // A mark has no protocol; TCP stands in.
            Some(ServiceId::Fwmark { .. }) => Protocol::Tcp,
            None => Protocol::Other(0),
        };
        if let Some((_, port @ Port::Named(_))) = &mut self.server {
            let number = port.number(0, protocol, names);
            *port = Port::Number(number.ok_or_else(illegal_server)?);
        }
        Ok(())
    }
}

fn illegal_server() -> Failure {
    Failure::usage("illegal real server address[:port] specified")
}
