//! What the file says, as far as `check` compares the machine with it.

use std::path::{Path, PathBuf};

use crate::check::{FileFacts, FileService};
use crate::cli::ReachArgs;
use crate::commands::context::Context;
use crate::commands::{Result, apply};
use crate::config::{Config, System, VirtualServer};
use crate::health::OnFailure;

/// Where the file is when none is named.
const USUAL: &str = "/etc/lbctl/lbctl.toml";

/// Reads the file that was named, or the usual one if it is there.
///
/// # Errors
/// The file is wrong, or one that was named is missing.
pub(super) fn facts(context: &mut Context, file: Option<&PathBuf>) -> Result<Option<FileFacts>> {
    let path = match file {
        Some(path) => path.as_path(),
        None if Path::new(USUAL).exists() => Path::new(USUAL),
        None => return Ok(None),
    };
    let config = Config::load(path, &System)?;
    let reach = ReachArgs {
        file: path.to_owned(),
        prune: false,
        allow_empty: true,
        keep_weights: true,
    };
    // A machine that cannot be read is a finding of its own.
    let differs = apply::differences(context, &reach).unwrap_or_default();
    Ok(Some(FileFacts {
        path: path.display().to_string(),
        differs,
        services: config.virtual_servers.iter().map(service).collect(),
    }))
}

fn service(server: &VirtualServer) -> FileService {
    let mut real = server.real_servers.iter();
    FileService {
        service: server.service.clone(),
        checked: real.any(|real| real.check.is_some()),
        inhibit: server.policy.on_failure == OnFailure::Inhibit,
        sorry: server.sorry.as_ref().map(|sorry| sorry.server.clone()),
    }
}
