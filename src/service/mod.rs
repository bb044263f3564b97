//! What a long-running lbctl says to the outside: to systemd, to whoever asks over
//! its socket, to Prometheus. It knows texts, not what they mean.

mod http;
mod manager;
mod socket;

pub use http::serve_metrics;
pub use manager::Manager;
pub use socket::{AskError, SOCKET, StatusSocket, ask, ask_patiently};
