//! Facts about the machine that stand in files: who else writes the table, which
//! modules there are, what happens at boot.

use std::fs;
use std::path::Path;

use super::facts::FileFacts;
use super::gather::own_namespace;
use crate::plumbing::ruleset::Ruleset;

/// Programs that write the IPVS table.
const MANAGERS: &[&str] = &["keepalived", "ldirectord", "kube-proxy", "kube-router"];

/// Those of them that run in this network namespace, with their process.
pub(super) fn managers(ruleset: Option<&Ruleset>) -> Vec<String> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let here = own_namespace();
    let mut found: Vec<(String, u32)> = Vec::new();
    for process in processes.flatten() {
        let id = process.file_name().to_str().map(str::parse::<u32>);
        let Some(Ok(id)) = id else {
            continue;
        };
        let path = process.path();
        // The name is 15 bytes at most.
        let Ok(name) = fs::read_to_string(path.join("comm")) else {
            continue;
        };
        let name = name.trim_end();
        if MANAGERS.contains(&name) && fs::read_link(path.join("ns/net")).ok() == here {
            // Its children are called the same.
            match found.iter_mut().find(|(other, _)| other == name) {
                Some((_, other)) => *other = id.min(*other),
                None => found.push((name.to_owned(), id)),
            }
        }
    }
    found.sort();
    let mut names: Vec<String> = found
        .iter()
        .map(|(name, id)| format!("{name} (process {id})"))
        .collect();
    // In a container of its own its process is not seen; what it made is.
    let chains = ruleset.map_or(&[][..], |ruleset| &ruleset.chains);
    if chains.iter().any(|chain| chain.name == "KUBE-SERVICES")
        && !found.iter().any(|(name, _)| name.starts_with("kube"))
    {
        names.push("kube-proxy (by its chain KUBE-SERVICES)".to_owned());
    }
    names
}

/// Packets that the reverse path filter dropped in this namespace since it began.
pub(super) fn reverse_path_drops() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/net/netstat").unwrap_or_default();
    counter(&text, "TcpExt:", "IPReversePathFilter").unwrap_or(0)
}

/// A line of names, and below it one of values.
fn counter(text: &str, group: &str, name: &str) -> Option<u64> {
    let mut lines = text.lines().filter(|line| line.starts_with(group));
    let place = lines.next()?.split_whitespace().position(|it| it == name)?;
    lines.next()?.split_whitespace().nth(place)?.parse().ok()
}

/// Tables of iptables-legacy in this namespace; none may be seen without privilege.
pub(super) fn legacy_tables() -> Vec<String> {
    let mut tables = Vec::new();
    for file in ["ip_tables_names", "ip6_tables_names"] {
        let text = fs::read_to_string(format!("/proc/thread-self/net/{file}")).unwrap_or_default();
        tables.extend(text.lines().map(str::to_owned));
    }
    tables.sort();
    tables.dedup();
    tables
}

/// Modules of the file's schedulers that are neither in the kernel nor on the disk.
/// Where it cannot be told which there are, none is missing.
pub(super) fn missing_modules(file: &FileFacts) -> Vec<String> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let directory = Path::new("/lib/modules").join(release.trim_end());
    let Ok(list) = fs::read_to_string(directory.join("modules.dep")) else {
        return Vec::new();
    };
    let built_in = fs::read_to_string(directory.join("modules.builtin")).unwrap_or_default();
    let mut missing: Vec<String> = file
        .services
        .iter()
        .map(|service| service.service.scheduler.module())
        .filter(|module| !Path::new("/sys/module").join(module).exists())
        .filter(|module| {
            let there = |list: &str| {
                let mut names = list.lines().filter_map(|line| {
                    let path = line.split(':').next()?;
                    path.rsplit('/').next()?.split(".ko").next()
                });
                names.any(|name| name == module)
            };
            !there(&list) && !there(&built_in)
        })
        .collect();
    missing.sort();
    missing.dedup();
    missing
}

/// Whether systemd starts lbctl at boot; none where there is no systemd.
pub(super) fn at_boot() -> Option<bool> {
    if !Path::new("/run/systemd/system").exists() {
        return None;
    }
    let wants = |directory: &str| {
        let entries = fs::read_dir(directory).into_iter().flatten().flatten();
        let mut wants = entries.filter(|entry| {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            name.ends_with(".wants") || name.ends_with(".requires")
        });
        wants.any(|entry| {
            // A link that leads nowhere is an enabled unit, too.
            fs::symlink_metadata(entry.path().join("lbctl.service")).is_ok()
        })
    };
    Some(wants("/etc/systemd/system") || wants("/usr/lib/systemd/system"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_stands_below_its_name() {
        let text = "TcpExt: A IPReversePathFilter B\nTcpExt: 1 7 3\nIpExt: A\nIpExt: 2\n";
        assert_eq!(counter(text, "TcpExt:", "IPReversePathFilter"), Some(7));
        assert_eq!(counter(text, "TcpExt:", "C"), None);
        assert_eq!(counter("", "TcpExt:", "A"), None);
    }
}
