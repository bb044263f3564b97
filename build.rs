//! Leaves the tables for unwinding out of a release. A panic ends lbctl at once (profile
//! `release` in Cargo.toml), and a stripped program has no names for a backtrace: nobody
//! reads them, and they are a twelfth of the program. rustc cannot be told so for one
//! profile, the linker can.

use std::path::Path;
use std::{env, fs, io};

const SCRIPT: &str = "packaging/no-unwinding.ld";

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed={SCRIPT}");
    let value = |name| env::var(name).unwrap_or_default();
    // Another linker than the toolchain's own may not know such scripts; the program is
    // right without, too.
    let own_linker =
        env::var_os("RUSTC_LINKER").is_some() || value("CARGO_ENCODED_RUSTFLAGS").contains("link");
    if value("PROFILE") == "release" && value("CARGO_CFG_TARGET_OS") == "linux" && !own_linker {
        // Into cargo's directory, which it follows when the whole tree is moved.
        let script = Path::new(&value("OUT_DIR")).join("no-unwinding.ld");
        fs::copy(SCRIPT, &script)?;
        println!("cargo::rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
        println!(
            "cargo::rustc-link-arg-bins=-Wl,-T,{}",
            script.to_string_lossy()
        );
    }
    Ok(())
}
