//! How to talk netlink: requests, batches, dumps, acknowledgements and the
//! kernel's own words about an error. Knows no family; `ipvs` and `plumbing`
//! bring the numbers.
//!
//! neli opens the socket and names the constants. Framing and attributes are
//! ours: they read straight from the receive buffer (a table of 10,000 servers
//! is 150,000 attributes), and no length that the kernel or a fuzzer sends can
//! make them panic.

mod answer;
mod attribute;
mod error;
mod generic;
mod message;
mod socket;

pub use attribute::{Attribute, AttributeWriter, Attributes};
pub use error::{Error, Refusal, Result};
pub use generic::GENERIC_HEADER;
pub use message::{Batch, Message, Messages, Request};
pub use socket::{BATCH_LIMIT, BatchOutcome, Dump, Socket};
