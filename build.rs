//! Leaves the tables for unwinding out of a release. A panic ends lbctl at once (profile
//! `release` in Cargo.toml), and a stripped program has no names for a backtrace: nobody
//! reads them, and they are a twelfth of the program. rustc cannot be told so for one
//! profile, the linker can.

use std::env;

const SCRIPT: &str = "packaging/no-unwinding.ld";

fn main() {
    println!("cargo::rerun-if-changed={SCRIPT}");
    let is = |name, value| env::var(name).is_ok_and(|found| found == value);
    // Another linker than the toolchain's own may not know such scripts; the program is
    // right without, too.
    let flags = env::var("CARGO_ENCODED_RUSTFLAGS").unwrap_or_default();
    let own_linker = env::var_os("RUSTC_LINKER").is_some() || flags.contains("link");
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") && !own_linker {
        let here = env::var("CARGO_MANIFEST_DIR").unwrap_or_default();
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!("cargo::rustc-link-arg-bins=-Wl,-T,{here}/{SCRIPT}");
    }
}
