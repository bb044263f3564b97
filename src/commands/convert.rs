//! `import` and `export`: the file from and in other tools' languages.

use std::collections::HashMap;
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

/// Losses with the same reason in one line: `web and 99 more: vip: ...`.
fn together(losses: &[String]) -> Vec<String> {
    let mut reasons: Vec<(&str, &str, usize)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for loss in losses {
        let (subject, reason) = loss.split_once(": ").unwrap_or((loss, ""));
        let key = if reason.is_empty() { subject } else { reason };
        let place = *places.entry(key).or_insert_with(|| {
            reasons.push((subject, reason, 0));
            reasons.len() - 1
        });
        if let Some((_, _, count)) = reasons.get_mut(place) {
            *count += 1;
        }
    }
    let line = |(subject, reason, count): (&str, &str, usize)| match (reason, count) {
        ("", _) => subject.to_owned(),
        (reason, 1) => format!("{subject}: {reason}"),
        (reason, count) => format!("{subject} and {} more: {reason}", count - 1),
    };
    reasons.into_iter().map(line).collect()
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
    for loss in together(&losses) {
        context.notice(&format!("lbctl: not carried over: {loss}"));
    }
    context.output.raw(text.as_bytes())?;
    Ok(Status::Done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_of_one_kind_are_one_line() {
        let losses = [
            "a: vip: no",
            "b: vip: no",
            "alone",
            "c: other",
            "b: vip: no",
            "also",
        ];
        assert_eq!(
            together(&losses.map(str::to_owned)),
            ["a and 2 more: vip: no", "alone", "c: other", "also"]
        );
    }
}
