//! Whether all of it comes back after a reboot.

use std::path::Path;
use std::process::Command;

use crate::cli::{CONFIG_FILE, SetupArgs};
use crate::plumbing::Place;
use crate::wizard::{Ask, Given, Key, Terminal};

use crate::commands::context::Context;
use crate::commands::{Error, Result, Status};

const UNIT: &str = "lbctl.service";
/// Where systemd looks for units (systemd.unit(5)).
const UNITS: [&str; 5] = [
    "/etc/systemd/system",
    "/run/systemd/system",
    "/usr/local/lib/systemd/system",
    "/usr/lib/systemd/system",
    "/lib/systemd/system",
];

/// Offers it where it can be done, and says how otherwise; whether it is done, and how
/// `setup` ends.
pub(super) fn offer(
    context: &mut Context,
    args: &SetupArgs,
    given: &Given,
    terminal: Option<&mut Terminal<'_>>,
) -> Result<(bool, Status)> {
    let wish = given
        .text(Key::Boot)
        .map(|text| ["yes", "y"].contains(&text));
    let by_hand = format!("lbctl run {}", args.file.display());
    if let Some(why) = obstacle(args)? {
        context.notice(&format!(
            "lbctl: nothing starts it at boot: {why}; let whatever starts services here run: \
             {by_hand}"
        ));
        let status = if wish == Some(true) {
            Status::Warning
        } else {
            Status::Done
        };
        return Ok((false, status));
    }
    let wanted = match (wish, terminal) {
        (Some(wish), _) => wish,
        (None, None) => false,
        (None, Some(terminal)) => {
            context.output.flush()?;
            terminal
                .confirm("Start it now and at boot, by systemd?", true)
                .map_err(|_| {
                    Error::Stopped(
                        "stopped; what was set up stays, and nothing starts it at boot".to_owned(),
                    )
                })?
        }
    };
    if !wanted {
        context.notice(
            "lbctl: nothing starts it at boot, and nobody goes on checking; do that with: \
             systemctl enable --now lbctl",
        );
        return Ok((false, Status::Done));
    }
    // The service takes the lock.
    context.unlock();
    match enable() {
        Ok(()) => {
            context.notice(
                "lbctl: systemd starts it at boot, and it runs: it goes on checking; see: lbctl \
                 status",
            );
            Ok((true, Status::Done))
        }
        Err(why) => {
            context.notice(&format!(
                "lbctl: what was set up works and stays, but systemctl enable --now {UNIT} \
                 failed: {why}; see: systemctl status lbctl"
            ));
            Ok((false, Status::Warning))
        }
    }
}

/// Why systemd cannot start it.
fn obstacle(args: &SetupArgs) -> Result<Option<String>> {
    if Place::here()? != Place::Main {
        return Ok(Some("this is a network namespace of its own".to_owned()));
    }
    if !Path::new("/run/systemd/system").is_dir() {
        return Ok(Some("systemd does not run here".to_owned()));
    }
    if !UNITS
        .iter()
        .any(|place| Path::new(place).join(UNIT).exists())
    {
        return Ok(Some(format!("systemd has no {UNIT} here")));
    }
    if args.file != Path::new(CONFIG_FILE) {
        return Ok(Some(format!("{UNIT} reads {CONFIG_FILE}")));
    }
    Ok(None)
}

fn enable() -> std::result::Result<(), String> {
    let output = Command::new("systemctl")
        .args(["enable", "--now", UNIT])
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(said.trim().escape_debug().to_string())
}
