//! The man pages: clap_mangen's sections, and those that it does not know. What
//! stands below a verb's help becomes the end of its description, its examples and
//! its exit status.

use std::io;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use crate::cli::Cli;

const EXIT_STATUS: &str =
    "0 done, or nothing to do; 1 the kernel or the machine refused; 2 wrong usage.";

/// What a kind of verb reads or writes.
const FILE: (&str, &str) = ("/etc/lbctl/lbctl.toml", "What the load balancer shall be.");
const STATE: (&str, &str) = (
    "/var/lib/lbctl",
    "What was there before lbctl changed it, and what it made; with LBCTL_STATE_DIR elsewhere.",
);
const RUN: (&str, &str) = (
    "/run/lbctl",
    "What does not survive a reboot: drains, what checks believe, the socket of lbctl run; \
     with LBCTL_RUN_DIR elsewhere.",
);
const TABLE: (&str, &str) = (
    "/proc/net/ip_vs",
    "The table, as far as everybody may see it.",
);
const CONNECTIONS: (&str, &str) = ("/proc/net/ip_vs_conn", "The connections.");
const MODULES: (&str, &str) = (
    "/lib/modules",
    "The kernel's modules: ip_vs, and one for each scheduler.",
);

/// Every page's name and text: lbctl.1 first, then one for each verb.
///
/// # Errors
/// None that comes from writing to memory.
pub(super) fn pages() -> io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    let mut pages = Vec::new();
    below(&root, "lbctl", None, "", &mut pages)?;
    Ok(pages)
}

fn below(
    command: &Command,
    name: &str,
    parent: Option<&str>,
    parents_examples: &str,
    pages: &mut Vec<(String, Vec<u8>)>,
) -> io::Result<()> {
    let mut text = Below::of(command);
    if text.examples.is_empty() {
        // Those of `vip` show `vip del`, too.
        parents_examples.clone_into(&mut text.examples);
    }
    pages.push((format!("{name}.1"), page(command, name, parent, &text)?));
    // Those of lbctl itself are of other verbs.
    let examples = if parent.is_some() { &text.examples } else { "" };
    for verb in verbs(command) {
        // That of ipvsadm, whose options are not ours, is written by hand.
        if verb.get_name() != "ipvsadm" {
            below(
                verb,
                &format!("{name}-{}", verb.get_name()),
                Some(name),
                examples,
                pages,
            )?;
        }
    }
    Ok(())
}

fn verbs(command: &Command) -> impl Iterator<Item = &Command> {
    let shown = |verb: &&Command| !verb.is_hide_set() && verb.get_name() != "help";
    command.get_subcommands().filter(shown)
}

fn page(command: &Command, name: &str, parent: Option<&str>, below: &Below) -> io::Result<Vec<u8>> {
    let man = Man::new(command.clone().display_name(name.to_owned()));
    let mut text = Vec::new();
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    let mut text = String::from_utf8_lossy(&text).into_owned();
    for paragraph in &below.paragraphs {
        text += ".PP\n";
        lines(&mut text, paragraph);
    }
    let mut middle = Vec::new();
    man.render_options_section(&mut middle)?;
    if verbs(command).next().is_some() {
        man.render_subcommands_section(&mut middle)?;
    }
    text += &String::from_utf8_lossy(&middle);

    if !below.examples.is_empty() {
        text += ".SH EXAMPLES\n.nf\n";
        lines(&mut text, &below.examples);
        text += ".fi\n";
    }
    text += ".SH \"EXIT STATUS\"\n";
    lines(
        &mut text,
        below.exit_status.as_deref().unwrap_or(EXIT_STATUS),
    );
    let files = files(name);
    if !files.is_empty() {
        text += ".SH FILES\n";
        for (path, meaning) in files {
            text += ".TP\n.I ";
            lines(&mut text, path);
            lines(&mut text, meaning);
        }
    }
    text += ".SH \"SEE ALSO\"\n";
    text += &see_also(command, name, parent).join(",\n");
    text.push('\n');
    // No date: the page of a version is the same whenever it is made.
    let title = format!(
        "{APOSTROPHE}\n.TH {} 1 \"\" \"lbctl {}\" \"lbctl manual\"\n",
        name.to_uppercase().replace('-', "\\-"),
        env!("CARGO_PKG_VERSION"),
    );
    Ok((title + &tidy(&text)).into_bytes())
}

/// What stands below a verb's help, sorted.
#[derive(Debug, Default, PartialEq, Eq)]
struct Below {
    paragraphs: Vec<String>,
    examples: String,
    exit_status: Option<String>,
}

impl Below {
    fn of(command: &Command) -> Self {
        let text = command.get_after_long_help().or(command.get_after_help());
        Self::read(&text.map(ToString::to_string).unwrap_or_default())
    }

    fn read(text: &str) -> Self {
        let mut below = Self::default();
        for paragraph in text.split("\n\n") {
            let (head, rest) = paragraph.split_once('\n').unwrap_or((paragraph, ""));
            if matches!(head, "Example:" | "Examples:") {
                for line in rest.lines() {
                    below.examples += line.strip_prefix("  ").unwrap_or(line);
                    below.examples.push('\n');
                }
                continue;
            }
            let (before, status) = match paragraph.find("Exit status") {
                Some(at) => paragraph.split_at(at),
                None => (paragraph, ""),
            };
            if !before.trim().is_empty() {
                below.paragraphs.push(before.trim().to_owned());
            }
            if !status.is_empty() {
                let short = status.strip_prefix("Exit status: ").unwrap_or(status);
                below.exit_status = Some(short.to_owned());
            }
        }
        below
    }
}

/// Writes text as roff, line by line.
fn lines(roff: &mut String, text: &str) {
    for line in text.lines() {
        // At the start of a line these make a request of it.
        if line.starts_with(['.', '\'']) {
            roff.push_str("\\&");
        }
        for letter in line.chars() {
            match letter {
                '\\' => roff.push_str("\\e"),
                '-' => roff.push_str("\\-"),
                '\'' => roff.push_str("\\(aq"),
                '`' => roff.push_str("\\(ga"),
                other => roff.push(other),
            }
        }
        roff.push('\n');
    }
}

/// What clap_mangen's sections need: how an apostrophe is written. Each of them
/// would bring it.
const APOSTROPHE: &str = ".ie \\n(.g .ds Aq \\(aq\n.el .ds Aq '";

/// Without the repeated beginnings, the blanks at line ends and the empty lines that
/// clap_mangen leaves, which formatters warn of.
fn tidy(page: &str) -> String {
    let mut tidy = String::with_capacity(page.len());
    let page = page
        .replace(APOSTROPHE, "")
        .replace("\n.br\n\n.br\n", "\n.sp\n");
    for line in page.lines().filter(|line| !line.is_empty()) {
        tidy.push_str(line.trim_end());
        tidy.push('\n');
    }
    tidy
}

/// The verb of a page, without those below it.
fn verb(name: &str) -> &str {
    name.split('-').nth(1).unwrap_or_default()
}

fn files(name: &str) -> Vec<(&'static str, &'static str)> {
    match verb(name) {
        "" => vec![FILE, STATE, RUN, TABLE],
        "add" | "replace" | "edit" => vec![MODULES],
        "list" => vec![TABLE, CONNECTIONS],
        "apply" | "run" | "setup" | "teardown" => vec![FILE, STATE, RUN],
        "diff" | "check" => vec![FILE, STATE],
        "export" => vec![FILE],
        "forward" | "vip" | "real" => vec![STATE],
        "status" | "drain" | "undrain" | "probe" => vec![RUN],
        _ => Vec::new(),
    }
}

/// The pages that go further, as roff.
fn see_also(command: &Command, name: &str, parent: Option<&str>) -> Vec<String> {
    let mut pages: Vec<(String, u8)> = Vec::new();
    if verb(name).is_empty() {
        pages.extend(verbs(command).map(|verb| (format!("lbctl-{}", verb.get_name()), 1)));
    } else {
        pages.push(("lbctl".to_owned(), 1));
    }
    pages.extend(
        parent
            .filter(|it| *it != "lbctl")
            .map(|it| (it.to_owned(), 1)),
    );
    let also: &[&str] = match verb(name) {
        "add" | "replace" | "edit" => &["lbctl-list", "lbctl-probe"],
        "list" => &["lbctl-rate", "lbctl-status"],
        "rate" => &["lbctl-list"],
        "save" => &["lbctl-restore"],
        "restore" => &["lbctl-save"],
        "apply" => &["lbctl-diff", "lbctl-run"],
        "diff" => &["lbctl-apply"],
        "run" => &["lbctl-apply", "lbctl-status", "lbctl-drain"],
        "status" => &["lbctl-run", "lbctl-drain"],
        "drain" => &["lbctl-undrain", "lbctl-status"],
        "undrain" => &["lbctl-drain"],
        "import" => &["lbctl-export", "lbctl-diff"],
        "export" => &["lbctl-import"],
        "setup" => &["lbctl-check", "lbctl-teardown"],
        "teardown" => &["lbctl-clear"],
        _ => &[],
    };
    pages.extend(also.iter().map(|it| ((*it).to_owned(), 1)));
    let with_file = files(name).iter().any(|(path, _)| *path == FILE.0);
    if with_file || matches!(verb(name), "import" | "probe" | "drain" | "undrain") {
        pages.push(("lbctl.toml".to_owned(), 5));
    }
    if matches!(
        verb(name),
        "" | "add"
            | "replace"
            | "edit"
            | "del"
            | "list"
            | "zero"
            | "clear"
            | "save"
            | "restore"
            | "timeouts"
            | "sync"
    ) {
        pages.push(("ipvsadm".to_owned(), 8));
    }
    pages
        .into_iter()
        .map(|(page, section)| format!(".BR {} ({section})", page.replace('-', "\\-")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_below_the_help_is_sorted() {
        let below = Below::read(
            "It says much. Exit status: 0 well;\n1 not.\n\nExamples:\n  lbctl x\n    more\n\nAnd this.",
        );
        assert_eq!(
            below,
            Below {
                paragraphs: vec!["It says much.".to_owned(), "And this.".to_owned()],
                examples: "lbctl x\n  more\n".to_owned(),
                exit_status: Some("0 well;\n1 not.".to_owned()),
            }
        );
    }

    #[test]
    fn text_never_becomes_a_request() {
        let mut roff = String::new();
        lines(&mut roff, ".so x\n'br\na\\b-c");
        assert_eq!(roff, "\\&.so x\n\\&\\(aqbr\na\\eb\\-c\n");
    }
}
