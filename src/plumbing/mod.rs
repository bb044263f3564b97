//! Getting packets to IPVS.
