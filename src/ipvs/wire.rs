//! The numbers of generic netlink family `IPVS`, from
//! include/uapi/linux/ip_vs.h (Linux 6.1). Gaps are what lbctl does not use.

/// The family's name; asking for it loads the module since Linux 5.17
/// (`MODULE_ALIAS_GENL_FAMILY`).
pub(super) const FAMILY_NAME: &str = "IPVS";
/// `IPVS_GENL_VERSION`.
pub(super) const VERSION: u8 = 1;
pub(super) use crate::netlink::GENERIC_HEADER as GENL_HEADER;

/// `IPVS_CMD_*`.
pub(super) mod command {
    pub const NEW_SERVICE: u8 = 1;
    pub const SET_SERVICE: u8 = 2;
    pub const DEL_SERVICE: u8 = 3;
    pub const GET_SERVICE: u8 = 4;
    pub const NEW_DEST: u8 = 5;
    pub const SET_DEST: u8 = 6;
    pub const DEL_DEST: u8 = 7;
    pub const GET_DEST: u8 = 8;
    pub const NEW_DAEMON: u8 = 9;
    pub const DEL_DAEMON: u8 = 10;
    pub const GET_DAEMON: u8 = 11;
    pub const SET_CONFIG: u8 = 12;
    pub const GET_CONFIG: u8 = 13;
    pub const GET_INFO: u8 = 15;
    pub const ZERO: u8 = 16;
    pub const FLUSH: u8 = 17;
}

/// `IPVS_CMD_ATTR_*`: the top level of every message.
pub(super) mod top {
    pub const SERVICE: u16 = 1;
    pub const DEST: u16 = 2;
    pub const DAEMON: u16 = 3;
    /// u32, seconds; so too the next two.
    pub const TIMEOUT_TCP: u16 = 4;
    pub const TIMEOUT_TCP_FIN: u16 = 5;
    pub const TIMEOUT_UDP: u16 = 6;
}

/// `IPVS_INFO_ATTR_*`, u32.
pub(super) mod info {
    pub const VERSION: u16 = 1;
    pub const CONN_TAB_SIZE: u16 = 2;
}

/// `IPVS_DAEMON_ATTR_*`; those from 4 on since Linux 4.3.
pub(super) mod daemon {
    /// u32: 1 master, 2 backup.
    pub const STATE: u16 = 1;
    pub const MCAST_IFN: u16 = 2;
    pub const SYNC_ID: u16 = 3;
    /// u16, host order.
    pub const SYNC_MAXLEN: u16 = 4;
    /// u32, network order.
    pub const MCAST_GROUP: u16 = 5;
    pub const MCAST_GROUP6: u16 = 6;
    /// u16, host order, unlike every other port.
    pub const MCAST_PORT: u16 = 7;
    pub const MCAST_TTL: u16 = 8;
    pub const MASTER: u32 = 1;
    pub const BACKUP: u32 = 2;
}

/// `IPVS_SVC_ATTR_*`.
pub(super) mod service {
    /// u16, host order.
    pub const AF: u16 = 1;
    /// u16, host order.
    pub const PROTOCOL: u16 = 2;
    /// 16 bytes, IPv4 in the first four.
    pub const ADDR: u16 = 3;
    /// u16, network order.
    pub const PORT: u16 = 4;
    /// u32, host order.
    pub const FWMARK: u16 = 5;
    pub const SCHED_NAME: u16 = 6;
    /// `struct ip_vs_flags`: u32 flags, u32 mask.
    pub const FLAGS: u16 = 7;
    /// u32, seconds.
    pub const TIMEOUT: u16 = 8;
    /// IPv4: the mask in network order; IPv6: u32 prefix length, host order.
    pub const NETMASK: u16 = 9;
    pub const STATS: u16 = 10;
    pub const PE_NAME: u16 = 11;
    pub const STATS64: u16 = 12;
}

/// `IPVS_DEST_ATTR_*`.
pub(super) mod dest {
    pub const ADDR: u16 = 1;
    pub const PORT: u16 = 2;
    pub const FWD_METHOD: u16 = 3;
    pub const WEIGHT: u16 = 4;
    pub const U_THRESH: u16 = 5;
    pub const L_THRESH: u16 = 6;
    pub const ACTIVE_CONNS: u16 = 7;
    pub const INACT_CONNS: u16 = 8;
    pub const PERSIST_CONNS: u16 = 9;
    pub const STATS: u16 = 10;
    pub const ADDR_FAMILY: u16 = 11;
    pub const STATS64: u16 = 12;
    pub const TUN_TYPE: u16 = 13;
    /// u16, network order.
    pub const TUN_PORT: u16 = 14;
    pub const TUN_FLAGS: u16 = 15;
}

/// `IPVS_STATS_ATTR_*`; in STATS64 all are u64, in STATS all but the byte
/// counters are u32.
pub(super) mod stats {
    pub const CONNS: u16 = 1;
    pub const INPKTS: u16 = 2;
    pub const OUTPKTS: u16 = 3;
    pub const INBYTES: u16 = 4;
    pub const OUTBYTES: u16 = 5;
    pub const CPS: u16 = 6;
    pub const INPPS: u16 = 7;
    pub const OUTPPS: u16 = 8;
    pub const INBPS: u16 = 9;
    pub const OUTBPS: u16 = 10;
}

/// `IP_VS_SVC_F_*`. 0x2 (HASHED) is the kernel's own.
pub(super) mod flag {
    pub const PERSISTENT: u32 = 0x1;
    pub const ONE_PACKET: u32 = 0x4;
    pub const SCHED_1: u32 = 0x8;
    pub const SCHED_2: u32 = 0x10;
    pub const SCHED_3: u32 = 0x20;
    /// All that lbctl decides.
    pub const OURS: u32 = PERSISTENT | ONE_PACKET | SCHED_1 | SCHED_2 | SCHED_3;
}

/// `IP_VS_CONN_F_FWD_MASK` and the methods below it.
pub(super) mod method {
    pub const MASK: u32 = 0x7;
    pub const NAT: u32 = 0;
    pub const LOCAL: u32 = 1;
    pub const TUN: u32 = 2;
    pub const DR: u32 = 3;
    pub const BYPASS: u32 = 4;
}

/// `IP_VS_CONN_F_TUNNEL_TYPE_*` and `IP_VS_TUNNEL_ENCAP_FLAG_*`.
pub(super) mod tunnel {
    pub const IPIP: u8 = 0;
    pub const GUE: u8 = 1;
    pub const GRE: u8 = 2;
    pub const CSUM: u16 = 1;
    pub const REMCSUM: u16 = 2;
}
