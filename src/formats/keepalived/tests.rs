//! Files that people write.
