//! What cannot work, in the words of the file.

use crate::model::Impossible;

/// The sentence with the file's keys in it, where the command line's options stand.
pub(super) fn advice(why: &Impossible) -> String {
    match why {
        Impossible::AllPorts => "port 0 means all ports, and needs persistence; name a port, or \
             set persistence_timeout"
            .to_owned(),
        Impossible::OnePacket(_) => format!("{why}; take one_packet out"),
        Impossible::TunnelOptions(forward) => {
            format!("tunnel needs method = \"tun\"; the method is {forward}")
        }
        Impossible::Thresholds { lower, upper: 0 } => format!(
            "lower_threshold {lower} needs an upper_threshold; without one there is no limit"
        ),
        Impossible::Thresholds { lower, upper } => {
            format!("lower_threshold ({lower}) is above upper_threshold ({upper}); make it smaller")
        }
        Impossible::Families { server, service } => format!(
            "{server} is of another address family than {service}; only method = \"tun\" can \
             cross families"
        ),
        Impossible::Ports {
            server,
            service,
            forward,
        } => format!(
            "{server} has another port than {service}, and {forward} cannot change ports: leave \
             the port out, or set method = \"nat\""
        ),
        Impossible::PortZero(_) => format!("{why}; name a port, or leave it out"),
        Impossible::GuePort => {
            "a gue tunnel needs the server's UDP port; add port to tunnel".to_owned()
        }
        Impossible::IpipOptions | Impossible::GrePort | Impossible::GreRemote => {
            format!("{why}; take it out of tunnel")
        }
        Impossible::SchedulerFlags(why) => why.clone(),
    }
}
