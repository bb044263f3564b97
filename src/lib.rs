//! lbctl.
pub mod model;
pub mod netlink;
pub mod reconcile;
