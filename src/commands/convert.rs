//! `import` and `export`: the file from and in other tools' languages.

use std::fs;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use crate::cli::{ExportArgs, ExportLanguage, ImportArgs, ImportLanguage};
use crate::config::{Config, System};
use crate::formats::{self, Exported, ImportError, Imported, Remark};
use crate::ipvsadm::{self, SystemNames};

use super::context::Context;
use super::{Error, Result, Status, json_error};

/// `import`.
pub(super) fn import(context: &mut Context, args: &ImportArgs) -> Result<Status> {
    let (path, text) = read(&args.file)?;
    let imported = match args.language {
        ImportLanguage::Keepalived => formats::keepalived::import(&path, &text, &System),
        ImportLanguage::Ldirectord => formats::ldirectord::import(&path, &text, &System),
        ImportLanguage::Ipvsadm => table(&path, &text),
    }
    .map_err(|error| Error::Usage(format!("nothing could be made of the file:\n{error}")))?;
    for remark in &imported.remarks {
        context.notice(&format!("lbctl: {remark}"));
    }
    let text = imported.to_toml();
    // What the file names may not be on this machine: programs, above all.
    if let Err(errors) = Config::parse(Path::new("lbctl.toml"), text.as_bytes(), &System) {
        context.notice(&format!(
            "lbctl: as it is, the file will be refused on this machine:\n{errors}"
        ));
    }
    context.output.raw(text.as_bytes())?;
    Ok(Status::Done)
}

/// A saved table.
fn table(path: &Path, text: &[u8]) -> std::result::Result<Imported, ImportError> {
    let saved = ipvsadm::read_saved(text, &SystemNames::default()).map_err(|errors| {
        let remark = |(line, text)| Remark {
            file: path.to_owned(),
            line,
            text,
        };
        ImportError(errors.into_iter().map(remark).collect())
    })?;
    let services = saved
        .services
        .into_iter()
        .map(|wanted| (wanted.service, wanted.servers));
    formats::import_table(path, services.collect(), saved.timeouts)
}

/// The file's name and text.
fn read(path: &Path) -> Result<(PathBuf, Vec<u8>)> {
    if path != Path::new("-") {
        let text = fs::read(path)
            .map_err(|error| Error::Usage(format!("cannot read {}: {error}", path.display())))?;
        return Ok((path.to_owned(), text));
    }
    let mut text = Vec::new();
    io::stdin()
        .read_to_end(&mut text)
        .map_err(|error| Error::Machine(format!("cannot read standard input: {error}")))?;
    Ok((PathBuf::from("standard input"), text))
}

/// `export`.
pub(super) fn export(context: &mut Context, args: &ExportArgs) -> Result<Status> {
    let config = Config::load(&args.file, &System)?;
    let Exported { text, losses } = match args.language {
        ExportLanguage::Keepalived => formats::keepalived::export(&config),
        ExportLanguage::Ldirectord => formats::ldirectord::export(&config),
        ExportLanguage::Ipvsadm => formats::export_table(&config),
        ExportLanguage::Json => Exported {
            text: serde_json::to_string_pretty(&formats::to_json(&config)).map_err(json_error)?
                + "\n",
            losses: Vec::new(),
        },
    };
    for loss in &losses {
        context.notice(&format!("lbctl: not carried over: {loss}"));
    }
    context.output.raw(text.as_bytes())?;
    Ok(Status::Done)
}
