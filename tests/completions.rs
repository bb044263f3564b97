//! The completion scripts in the shells that they are for. What is in the table
//! comes from a stand-in for `lbctl candidates`, first in PATH: what the shells make
//! of it is tried here, what lbctl says in its own tests.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Prints a service or server of each kind that is asked for, and remembers every
/// other command line.
const STAND_IN: &str = r#"#!/bin/sh
for last; do :; done
case "$1 $last" in
    "candidates -t" | "candidates --tcp-service")
        printf '%s\n' 192.0.2.1:80 192.0.2.1:443 '[2001:db8::1]:80' ;;
    "candidates -u" | "candidates --udp-service") echo 192.0.2.1:53 ;;
    "candidates -r" | "candidates --real-server")
        case "$*" in
            *" -t 192.0.2.1:80 "*) echo 10.0.0.11:8080 ;;
            *) printf '%s\n' 10.0.0.11:8080 10.0.0.12:8080 ;;
        esac ;;
    candidates*) ;;
    *) printf '%s\n' "$*" >"$HOME/ran" ;;
esac
"#;

/// A home with the stand-in; empty apart from that.
struct Home(PathBuf);

impl Home {
    fn new(name: &str) -> Self {
        let home = std::env::temp_dir().join(format!("lbctl-{name}-{}", std::process::id()));
        fs::create_dir_all(home.join("bin")).unwrap();
        let program = home.join("bin/lbctl");
        fs::write(&program, STAND_IN).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        Self(home)
    }

    /// A shell that starts from nothing but this.
    fn shell(&self, program: &str) -> Command {
        let mut path = self.0.join("bin").into_os_string();
        path.push(":");
        path.push(std::env::var_os("PATH").unwrap_or_default());
        let mut shell = Command::new(program);
        shell
            .env_clear()
            .env("PATH", path)
            .env("HOME", &self.0)
            .env("ZDOTDIR", &self.0)
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm")
            .env("SCRIPTS", scripts())
            .current_dir(&self.0);
        shell
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.0.join(name)).unwrap_or_default()
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn scripts() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("completions")
}

/// What a shell printed, a value a line.
fn lines(mut shell: Command) -> Vec<String> {
    let name = shell.get_program().to_owned();
    let output = shell
        .output()
        .unwrap_or_else(|error| panic!("{} cannot be run ({error}); install it", name.display()));
    assert!(output.status.success(), "{output:?}");
    assert!(output.stderr.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(str::to_owned).collect()
}

/// The lines typed, what has to be offered, and whether nothing else may be.
const WANTED: &[(&str, &[&str], bool)] = &[
    ("lbctl ", &["list", "drain", "setup", "vip"], false),
    ("lbctl li", &["list"], true),
    (
        "lbctl list --",
        &["--tcp-service", "--stats", "--json"],
        false,
    ),
    ("lbctl vip ", &["add", "del", "list"], false),
    (
        "lbctl drain -t ",
        &["192.0.2.1:80", "192.0.2.1:443", "[2001:db8::1]:80"],
        true,
    ),
    ("lbctl drain -t 192.0.2.1:4", &["192.0.2.1:443"], true),
    ("lbctl drain -u ", &["192.0.2.1:53"], true),
    ("lbctl edit --udp-service ", &["192.0.2.1:53"], true),
    ("lbctl drain -t 192.0.2.1:80 -r ", &["10.0.0.11:8080"], true),
    (
        "lbctl drain -t 192.0.2.1:443 -r ",
        &["10.0.0.11:8080", "10.0.0.12:8080"],
        true,
    ),
    ("lbctl drain -f ", &[], true),
];

/// Compares what a shell offers with what it has to.
fn compare(offered: impl Fn(&str) -> Vec<String>) {
    for (line, wanted, only) in WANTED {
        let mut offered = offered(line);
        offered.sort();
        for value in *wanted {
            assert!(offered.iter().any(|it| it == value), "{line}: {offered:?}");
        }
        assert!(
            !*only || offered.len() == wanted.len(),
            "{line}: {offered:?}"
        );
        // It is for these scripts, not for people.
        assert!(!offered.iter().any(|it| it == "candidates"), "{offered:?}");
    }
}

#[test]
fn bash_offers_what_is_there() {
    // As readline calls it; of a word with colons it wants what is behind the last.
    const ASK: &str = r#"
        source "$SCRIPTS/lbctl.bash"
        COMP_LINE=$1 COMP_POINT=${#1}
        read -ra COMP_WORDS <<<"$1"
        [[ $1 != *' ' ]] || COMP_WORDS+=('')
        COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
        specification=$(complete -p lbctl)
        [[ $specification =~ -F\ ([^ ]+) ]]
        ${BASH_REMATCH[1]} lbctl "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
        before=${COMP_WORDS[COMP_CWORD]}
        [[ $before == *:* ]] && before=${before%"${before##*:}"} || before=''
        for value in "${COMPREPLY[@]}"; do echo "$before$value"; done"#;
    let home = Home::new("bash");
    compare(|line| {
        let mut shell = home.shell("bash");
        shell.args(["--norc", "-c", ASK, "bash", line]);
        lines(shell)
    });
}

#[test]
fn bash_completes_at_the_prompt() {
    let home = Home::new("bash-prompt");
    fs::write(
        home.0.join("rc"),
        "source \"$SCRIPTS/lbctl.bash\"\nbind 'set enable-bracketed-paste off'\nPS1='ready> '\n",
    )
    .unwrap();
    for (typed, ran) in [
        (
            "lbctl dra\t-t 192.0.2.1:4\t-r 10.0.0.12\t\n",
            "drain -t 192.0.2.1:443 -r 10.0.0.12:8080",
        ),
        (
            "lbctl drain --tcp-service=[\t\n",
            "drain --tcp-service=[2001:db8::1]:80",
        ),
    ] {
        let mut shell = home.shell("bash");
        shell.args(["--noprofile", "--rcfile", "rc", "-i"]);
        let mut session = rexpect::session::spawn_command(shell, Some(60_000)).unwrap();
        session.exp_string("ready> ").unwrap();
        session.send(typed).unwrap();
        session.send("exit\n").unwrap();
        session.flush().unwrap();
        session.exp_eof().unwrap();
        assert_eq!(home.read("ran").trim_end(), ran);
    }
}

#[test]
fn zsh_offers_what_is_there() {
    // Whatever is offered goes through compadd; the first round is the last.
    const RC: &str = r#"
        fpath=($SCRIPTS $fpath)
        autoload -Uz compinit
        compinit -u -D
        PS1='ready> '
        compadd() {
            if [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]]; then
                builtin compadd "$@"
                return
            fi
            local -a hits
            builtin compadd -A hits "$@"
            # Brackets come quoted.
            print -rl -- ${(Q)hits} >>$HOME/offered
            builtin compadd "$@"
        }
        finish() { exit }
        comppostfuncs=(finish)
        # What is wrong in the script is not for the screen.
        exec 2>$HOME/errors
        setopt no_beep
    "#;
    compare(|line| {
        let home = Home::new("zsh");
        fs::write(home.0.join(".zshrc"), RC).unwrap();
        let mut shell = home.shell("zsh");
        shell.args(["-d", "-i"]);
        let mut session = rexpect::session::spawn_command(shell, Some(60_000))
            .unwrap_or_else(|error| panic!("zsh cannot be run ({error}); install it"));
        session.exp_string("ready> ").unwrap();
        session.send(line).unwrap();
        session.send("\t").unwrap();
        session.flush().unwrap();
        session.exp_eof().unwrap();
        assert_eq!(home.read("errors"), "", "{line}");
        let offered = home.read("offered");
        let offered = offered.lines().filter(|it| !it.is_empty());
        offered.map(str::to_owned).collect()
    });
}

#[test]
fn fish_offers_what_is_there() {
    const ASK: &str = r#"source "$SCRIPTS/lbctl.fish"; complete -C "$argv[1]""#;
    let home = Home::new("fish");
    compare(|line| {
        let mut shell = home.shell("fish");
        shell.args(["--no-config", "-c", ASK, line]);
        let offered = lines(shell);
        let value = |line: &String| line.split('\t').next().unwrap_or_default().to_owned();
        offered.iter().map(value).collect()
    });
}
