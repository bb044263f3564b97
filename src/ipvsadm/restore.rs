//! The lines of a restore: each is a command line, its words apart by blanks and
//! tabs, without quotes.

use std::io::{self, BufRead};
use std::iter;

/// The lines of a text; bytes that are not UTF-8 are replaced.
pub(super) fn lines(mut input: impl BufRead) -> impl Iterator<Item = io::Result<String>> {
    iter::from_fn(move || {
        let mut line = Vec::new();
        match input.read_until(b'\n', &mut line) {
            Ok(0) => None,
            Ok(_) => Some(Ok(match String::from_utf8(line) {
                Ok(line) => line,
                Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
            })),
            Err(error) => Some(Err(error)),
        }
    })
}

/// The words of a line, without the program's name, up to a comment.
pub(super) fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    split(line, &mut words);
    words
}

/// The same, into memory that serves line after line.
pub(super) fn split<'a>(line: &'a str, words: &mut Vec<&'a str>) {
    words.clear();
    words.extend(
        line.split_ascii_whitespace()
            .take_while(|word| !word.starts_with('#'))
            .filter(|word| *word != "ipvsadm"),
    );
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::super::parse;
    use super::*;
    use proptest::prelude::*;

    fn command_lines(text: &str) -> Vec<String> {
        lines(text.as_bytes())
            .map(|line| words(&line.unwrap()).join(" "))
            .filter(|line| !line.is_empty())
            .collect()
    }

    #[test]
    fn blanks_line_ends_comments_and_the_name_are_taken_off() {
        let text = "# saved\n-A -t\t1.1.1.1:80\r\n\n \t\r\nipvsadm  -C # all\n-L";
        assert_eq!(command_lines(text), ["-A -t 1.1.1.1:80", "-C", "-L"]);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            for line in lines(text.as_slice()) {
                let _ = parse("ipvsadm", &words(&line.unwrap()), &NoNames);
            }
        }
    }
}
