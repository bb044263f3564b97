//! Is a server well?
