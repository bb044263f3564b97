//! From words to a `Cli`. The options of all verbs are many: verbs that scripts
//! call a thousand times are read without building those of the others.

use std::ffi::OsString;

use clap::{Args as _, Command, FromArgMatches as _, Parser as _};

use super::{
    ChangeArgs, ClearArgs, Cli, DelArgs, GlobalOptions, IpvsadmArgs, ListArgs, RestoreArgs,
    ZeroArgs,
};

impl Cli {
    /// Reads a command line, the program's name first.
    ///
    /// # Errors
    /// Words that are not understood, and what clap answers itself: help and
    /// version.
    pub fn read(words: impl Iterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut words: Vec<OsString> = words.collect();
        let verb = verb_at(&words);
        if words.get(verb).is_some_and(|word| word == "ipvsadm") {
            // What stands behind it goes there untouched: its -v is no --verbose.
            words.insert(verb + 1, "--".into());
        }
        match quickly(&words, verb) {
            Some(cli) => Ok(cli),
            // Whoever is not understood needs all verbs: for help, and for the
            // nearest spelling.
            None => Self::try_parse_from(words),
        }
    }
}

/// Where the verb stands, behind options of every verb.
fn verb_at(words: &[OsString]) -> usize {
    let mut at = 1;
    while let Some(word) = words.get(at).and_then(|word| word.to_str()) {
        match word {
            "--netns" | "--color" => at += 2,
            option if option.starts_with('-') => at += 1,
            _ => break,
        }
    }
    at
}

/// What adds a verb's options to its command.
type Options = fn(Command) -> Command;

/// The verbs of which scripts run a thousand.
const QUICK: [(&str, Options); 10] = [
    ("add", ChangeArgs::augment_args),
    ("replace", ChangeArgs::augment_args),
    ("edit", ChangeArgs::augment_args),
    ("del", DelArgs::augment_args),
    ("list", ListArgs::augment_args),
    ("zero", ZeroArgs::augment_args),
    ("clear", ClearArgs::augment_args),
    ("save", std::convert::identity),
    ("restore", RestoreArgs::augment_args),
    ("ipvsadm", IpvsadmArgs::augment_args),
];

/// Reads the words with the options of one verb alone, if that goes.
fn quickly(words: &[OsString], verb: usize) -> Option<Cli> {
    let word = words.get(verb)?;
    let (name, options) = QUICK.into_iter().find(|(name, _)| word == name)?;
    let verb = options(Command::new(name));
    let command = GlobalOptions::augment_args(Command::new("lbctl")).subcommand(verb);
    let mut matches = command.try_get_matches_from(words).ok()?;
    Cli::from_arg_matches_mut(&mut matches).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn one_verb_alone_reads_as_all_verbs_do() {
        for line in [
            "lbctl add -t 192.0.2.1:80 -s rr -p -r 10.0.0.1 -r 10.0.0.2:81 -m -w 3 --json",
            "lbctl --json --netns lb replace --fwmark-service 1 -6 -s wlc --dry-run",
            "lbctl -q edit -t [2001:db8::1]:80 -r [2001:db8::2] -w 0 --color never",
            "lbctl edit -u192.0.2.1:53 -x 10 -y 5",
            "lbctl del -t 192.0.2.1:80 --if-exists",
            "lbctl list --rate --sort -t 192.0.2.1:80 -v",
            "lbctl list",
            "lbctl zero",
            "lbctl --color=always clear --yes",
            "lbctl save",
            "lbctl restore --dry-run table",
            "lbctl -- list",
            "lbctl ipvsadm -- -L -n",
        ] {
            let words = words(line);
            let verb = verb_at(&words);
            let Some(quick) = quickly(&words, verb) else {
                assert!(line.contains("lbctl -- "), "not understood: {line}");
                continue;
            };
            let whole = Cli::try_parse_from(&words).unwrap();
            assert_eq!(format!("{quick:?}"), format!("{whole:?}"), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_answered_by_all_verbs() {
        for line in [
            "lbctl",
            "lbctl lst",
            "lbctl list --sorted",
            "lbctl edit --help",
            "lbctl list --version",
            "lbctl add -w",
            "lbctl -q -v list",
            "lbctl save me",
        ] {
            let one = Cli::read(words(line).into_iter()).unwrap_err();
            let whole = Cli::try_parse_from(words(line)).unwrap_err();
            assert_eq!(one.to_string(), whole.to_string(), "{line}");
        }
    }

    #[test]
    fn the_words_of_ipvsadm_are_its_own() {
        let cli = Cli::read(words("lbctl --netns lb ipvsadm -L -n -v").into_iter()).unwrap();
        let super::super::Verb::Ipvsadm(args) = cli.verb else {
            panic!("{:?}", cli.verb);
        };
        assert_eq!(args.words, ["-L", "-n", "-v"]);
        assert_eq!(cli.global.netns.as_deref(), Some("lb"));
        assert!(!cli.global.verbose);
    }
}
