//! The lines of a restore: each is a command line, its words apart by blanks and
//! tabs, without quotes.

use std::io::{self, BufRead};

/// Reads the lines that hold words.
pub struct Lines<R> {
    input: R,
}

impl<R: BufRead> Lines<R> {
    /// The lines of this text.
    pub fn new(input: R) -> Self {
        Self { input }
    }
}

impl<R: BufRead> Iterator for Lines<R> {
    type Item = io::Result<Vec<String>>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut line = Vec::new();
            match self.input.read_until(b'\n', &mut line) {
                Ok(0) => return None,
                Ok(_) => {
                    let words = words(&String::from_utf8_lossy(&line));
                    if !words.is_empty() {
                        return Some(Ok(words));
                    }
                }
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The words of a line, without the program's name, up to a comment.
fn words(line: &str) -> Vec<String> {
    line.split([' ', '\t', '\r', '\n'])
        .take_while(|word| !word.starts_with('#'))
        .filter(|word| !word.is_empty() && *word != "ipvsadm")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::names::NoNames;
    use super::super::parse;
    use super::*;
    use proptest::prelude::*;

    fn lines(text: &str) -> Vec<String> {
        Lines::new(text.as_bytes())
            .map(|words| words.unwrap().join(" "))
            .collect()
    }

    #[test]
    fn blanks_line_ends_comments_and_the_name_are_taken_off() {
        let text = "# saved\n-A -t\t1.1.1.1:80\r\n\n \t\r\nipvsadm  -C # all\n-L";
        assert_eq!(lines(text), ["-A -t 1.1.1.1:80", "-C", "-L"]);
    }

    proptest! {
        #[test]
        fn any_text_is_answered(text in proptest::collection::vec(any::<u8>(), 0..400)) {
            for words in Lines::new(text.as_slice()) {
                let _ = parse("ipvsadm", &words.unwrap(), &NoNames);
            }
        }
    }
}
