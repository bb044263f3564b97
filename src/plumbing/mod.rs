//! Getting packets to IPVS, which schedules only what is delivered locally:
//! forwarding, the mark, the policy rule, the local route; what a real server
//! must have; and the record of what was there before. Speaks netlink and /proc/sys, knows no IPVS.
//!
//! Whoever only looks asks `look`. Whoever changes something opens a
//! `Plumbing`, which holds the lock, plans with its `Vips` and runs the
//! steps through `reconcile`. `namespace` and `network` are for `--netns` and
//! for throw-away worlds.

/// Addresses on interfaces.
pub mod address;
mod announce;
mod applied;
mod aside;
mod by_hand;
mod draw;
mod elements;
mod error;
/// Whether this machine forwards packets.
pub mod forwarding;
mod host;
mod link;
/// The table `inet lbctl`.
pub mod mark;
mod namespace;
mod network;
mod nftables;
mod numbers;
mod place;
mod plan;
mod plan_away;
mod real;
mod record;
/// Local routes.
pub mod route;
/// Policy routing rules.
pub mod rule;
/// All nf_tables rules of the machine, to look at.
pub mod ruleset;
mod shape;
/// The table `inet lbctl_snat`.
pub mod snat;
mod store;
/// Kernel parameters by name.
pub mod sysctl;
mod vip;
mod vips;
mod way;
mod wish;

pub use by_hand::{ByHand, Marking};
pub use error::{Error, Reason, Result};
pub use host::{Plumbing, look, look_by_hand};
pub use link::{Frame, LinkAddress};
pub use namespace::Namespace;
pub use network::{Interface, Network};
pub use numbers::{Wanted, WantedMode};
pub use place::{Place, run_dir, state_dir, state_directory};
pub use real::{RealWish, Reals, look_at_reals};
pub use record::{Before, Distrust, Record};
pub use store::{Store, Warning};
pub use vip::{Note, Part, Planned, VipState};
pub use vips::Vips;
pub use way::{Via, Way};
pub use wish::WishPlan;

/// The protocol number that our rules and routes carry (`rtm_protocol`,
/// `FRA_PROTOCOL`): an 'L'. iproute2's rt_protos names 0 to 4, 8 to 18, 42, 99
/// and 186 to 192; FRR goes on to 199, Calico takes 80, OVN 84. The kernel
/// gives numbers above 4 no meaning (linux/rtnetlink.h).
pub const PROTOCOL: u8 = 76;
