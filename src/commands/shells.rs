//! Completion scripts: clap_complete's, which know every verb and option, and what
//! they cannot know: the services and servers that are in the table now. For those
//! the shell asks `lbctl candidates`, which needs no privilege.

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;

use crate::cli::Cli;

/// The options whose values are in the table, with their short forms.
pub(super) const LIVE: [(&str, Option<&str>); 5] = [
    ("--tcp-service", Some("-t")),
    ("--udp-service", Some("-u")),
    ("--sctp-service", None),
    ("--fwmark-service", Some("-f")),
    ("--real-server", Some("-r")),
];

/// Users who are not root often lack the directory that lbctl is in.
const BASH: &str = r#"
# The services and servers that are in the table.
_lbctl_live() {
    local typed=${COMP_LINE:0:COMP_POINT} words word option='' prefix='' cut='' value
    read -ra words <<<"$typed"
    # What the cursor stands behind, colons and all: readline splits there.
    word=${typed##*[[:space:]]}
    if [[ -n $word ]]; then unset 'words[-1]'; fi
    option=${words[*]: -1}
    if [[ $word == --*=* ]]; then
        option=${word%%=*} prefix=$option=
        words+=("$option")
    fi
    case $option in
        LIVE) ;;
        *)
            _lbctl "$@"
            return
            ;;
    esac
    COMPREPLY=()
    # No names of files.
    compopt +o default +o bashdefault 2>/dev/null
    if [[ $COMP_WORDBREAKS == *=* ]]; then cut=$prefix; fi
    if [[ $COMP_WORDBREAKS == *:* && $word == *:* ]]; then cut=${word%"${word##*:}"}; fi
    while read -r value; do
        value=$prefix$value
        if [[ $value == "$word"* ]]; then COMPREPLY+=("${value#"$cut"}"); fi
    done < <(PATH=$PATH:/usr/local/sbin:/usr/sbin lbctl candidates -- "${words[@]}" 2>/dev/null)
}
"#;

const ZSH: &str = r#"
# The services and servers that are in the table.
_lbctl_live() {
    # The option stands last, behind what _arguments has for compadd.
    local -a values
    values=(${(f)"$(PATH=$PATH:/usr/local/sbin:/usr/sbin lbctl candidates -- ${(Q)words[1,CURRENT-1]} $@[-1] 2>/dev/null)"})
    compadd "${@[1,-2]}" -a values
}
"#;

const FISH: &str = r"
# The services and servers that are in the table.
function __fish_lbctl_live
    set -lx PATH $PATH /usr/local/sbin /usr/sbin
    lbctl candidates -- (commandline -opc) $argv[1] 2>/dev/null
end
";

/// The script for this shell.
pub(super) fn script(shell: Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut shown(), "lbctl", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    match shell {
        Shell::Bash => bash(&script),
        Shell::Zsh => zsh(&script),
        Shell::Fish => fish(&script),
        _ => script,
    }
}

/// What can be typed, without the verbs that are hidden: clap_complete would offer
/// them.
fn shown() -> Command {
    let all = Cli::command();
    let verbs = all.get_subcommands().filter(|verb| !verb.is_hide_set());
    Command::new("lbctl")
        .version(env!("CARGO_PKG_VERSION"))
        .propagate_version(true)
        .args(all.get_arguments().cloned())
        .subcommands(verbs.cloned())
}

fn bash(script: &str) -> String {
    let names: Vec<&str> = LIVE
        .iter()
        .flat_map(|(long, short)| short.iter().chain([long]))
        .copied()
        .collect();
    let function = BASH.replace("LIVE", &names.join(" | "));
    let script = script.replace("complete -F _lbctl ", "complete -F _lbctl_live ");
    // Registered at the end of the script, by which time both must be there.
    match script.find("\nif [[ \"${BASH_VERSINFO[0]}\" -eq 4 ") {
        Some(at) => format!("{}{function}{}", &script[..at], &script[at..]),
        None => script + &function,
    }
}

/// What an option of zsh's `_arguments` does with its value.
const FILES: &str = ":_default'";

fn zsh(script: &str) -> String {
    let mut lines = String::with_capacity(script.len());
    for line in script.lines() {
        lines.push_str(&zsh_line(line).unwrap_or_else(|| line.to_owned()));
        lines.push('\n');
    }
    // Loaded by itself, the file is the function and calls itself at its end.
    match lines.find("\nif [ \"$funcstack[1]\"") {
        Some(at) => format!("{}{ZSH}{}", &lines[..at], &lines[at..]),
        None => lines + ZSH,
    }
}

/// A line of an option that takes a value: its colons escaped, its values found.
fn zsh_line(line: &str) -> Option<String> {
    let (option, value) = line.split_once("]:")?;
    let (value, end) = value.split_once(FILES)?;
    let name = option
        .trim_start_matches(['\'', '*'])
        .split(['+', '=', '['])
        .next()?;
    let action = if is_live(name) {
        format!("_lbctl_live {name}")
    } else {
        "_default".to_owned()
    };
    Some(format!(
        "{option}]:{}:{action}'{end}",
        value.replace(':', "\\:")
    ))
}

fn is_live(name: &str) -> bool {
    LIVE.iter()
        .any(|(long, short)| *long == name || *short == Some(name))
}

fn fish(script: &str) -> String {
    let mut lines = String::with_capacity(script.len());
    for line in script.lines() {
        lines.push_str(line);
        let live = |(long, _): &&(&str, _)| line.contains(&format!(" -l {} ", &long[2..]));
        if let Some((long, _)) = LIVE.iter().find(live).filter(|_| line.ends_with(" -r")) {
            lines.push_str(" -f -a \"(__fish_lbctl_live ");
            lines.push_str(long);
            lines.push_str(")\"");
        }
        lines.push('\n');
    }
    lines + FISH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_live_option_asks_for_its_values() {
        let scripts = [script(Shell::Zsh), script(Shell::Fish), script(Shell::Bash)];
        for (long, short) in LIVE {
            for name in [Some(long), short].into_iter().flatten() {
                assert!(
                    scripts[0].contains(&format!(":_lbctl_live {name}'")),
                    "{name}"
                );
                assert!(scripts[2].contains(&format!("{name} |")) || name == "--real-server");
            }
            assert!(
                scripts[1].contains(&format!("(__fish_lbctl_live {long})")),
                "{long}"
            );
        }
        assert!(scripts[2].contains("--real-server) ;;"));
        assert_eq!(scripts[2].matches("complete -F _lbctl_live ").count(), 2);
    }

    #[test]
    fn colons_of_a_value_are_escaped_for_zsh() {
        assert_eq!(
            zsh_line("'--vip=[Address]:ADDR[:PORT]:_default' \\").unwrap(),
            "'--vip=[Address]:ADDR[\\:PORT]:_default' \\"
        );
        assert_eq!(zsh_line("'--json[Answer in JSON]' \\"), None);
    }
}
