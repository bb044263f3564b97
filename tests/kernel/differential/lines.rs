//! Command lines, right and wrong, as people and scripts might write them.

use super::random::Random;
use super::words::{
    DAEMON_OPTIONS, SERVER_OPTIONS, SERVERS_V4, SERVERS_V6, SERVICE_OPTIONS, SERVICES, STRAY,
    Spelling, TUNNEL_OPTIONS, TUNNELS, VIEWS, WRONG_SERVERS, WRONG_SERVICES,
};

/// Who writes a command line.
pub struct Author<'a> {
    random: &'a mut Random,
    /// Writes only what can be right, and each option once.
    careful: bool,
}

/// The words of one command line.
pub fn some_line(random: &mut Random) -> Vec<String> {
    let careful = random.chance(70);
    let mut words = Author { random, careful }.line();
    if !careful && random.chance(40) {
        spoil(random, &mut words);
    }
    words
}

/// Text for the standard input of -R.
pub fn some_text(random: &mut Random) -> String {
    let mut text = String::new();
    let lines = 1 + random.below(15);
    for number in 0..lines {
        let careful = random.chance(93);
        let mut words = Author { random, careful }.line();
        // A line cannot hold them.
        words.retain(|word| !word.is_empty());
        // A daemon that is stopped before its thread first ran ends with EINTR,
        // which the kernel never acknowledges: both programs would wait for ever.
        let stops = words.iter().any(|word| word.contains("stop-daemon"));
        if stops || is_known_difference(&words) {
            continue;
        }
        text += &random.pick(&["", "", "", "ipvsadm ", " ", "\t"]);
        text += &words.join(&random.pick(&[" ", " ", "  ", "\t"]));
        if number + 1 < lines || random.chance(80) {
            text += &random.pick(&["\n", "\n", "\r\n", " \n", "\n\n"]);
        }
    }
    text
}

/// Where lbctl follows the manual and ipvsadm does not.
pub fn is_known_difference(words: &[String]) -> bool {
    let is_short = |word: &str| word.starts_with('-') && !word.starts_with("--");
    let is_service = |word: &String| {
        is_short(word) && word.contains(['t', 'u', 'f', '6']) || word.contains("-service")
    };
    let is_early = |word: &String| {
        is_short(word) && word.contains(['r', 'M'])
            || word.contains("--real")
            || word.contains("--netm")
    };
    // -r before -t loses the service's port; -M before -t or -6 is lost itself.
    let first_early = words.iter().position(is_early);
    let last_service = words.iter().rposition(is_service);
    match (first_early, last_service) {
        (Some(early), Some(last)) => early < last,
        // The name of a server's port waits for a service that never comes.
        (Some(_), None) => words.iter().any(|word| word.contains(":http")),
        (None, _) => false,
    }
}

/// A slip of the hand.
fn spoil(random: &mut Random, words: &mut Vec<String>) {
    if words.is_empty() {
        return;
    }
    let at = random.below(words.len());
    match random.below(6) {
        0 => {
            words.remove(at);
        }
        1 => words.insert(at, words[at].clone()),
        2 if at > 0 => words.swap(at - 1, at),
        3 => {
            words[at].pop();
        }
        4 => words[at].push('x'),
        _ => {
            let stray = random.pick(STRAY);
            words.insert(at + 1, stray);
        }
    }
}

impl Author<'_> {
    fn line(&mut self) -> Vec<String> {
        match self.random.below(100) {
            0..24 => self.service_line(),
            24..60 => self.server_line(),
            60..64 => self.on_service("D", "delete-service"),
            64..86 => self.list_line(),
            86..90 => self.save_line(),
            90..94 => self.daemon_line(),
            94..96 => self.set_line(),
            96 if self.random.chance(30) => self.spell("C", "clear", None),
            96 | 97 => self.zero_line(),
            98 => vec![
                self.random
                    .pick(&["-h", "-v", "--help", "--version", "", "-R", "foo"]),
            ],
            _ => Vec::new(),
        }
    }

    fn spell(&mut self, short: &str, long: &str, value: Option<&str>) -> Vec<String> {
        let letter = !short.is_empty() && self.random.chance(75);
        let Some(value) = value else {
            return vec![if letter {
                format!("-{short}")
            } else {
                format!("--{long}")
            }];
        };
        match (letter, self.random.below(5)) {
            (true, 0) if !value.is_empty() => vec![format!("-{short}{value}")],
            (true, 1) => vec![format!("-{short}={value}")],
            (true, _) => vec![format!("-{short}"), value.to_owned()],
            (false, 0 | 1) => vec![format!("--{long}={value}")],
            (false, _) => vec![format!("--{long}"), value.to_owned()],
        }
    }

    /// Up to so many options; a careful author repeats none.
    fn some_of(&mut self, options: &[Spelling], most: usize) -> Vec<String> {
        let mut used: Vec<usize> = Vec::new();
        let mut words = Vec::new();
        for _ in 0..self.random.below(most + 1) {
            let number = self.random.below(options.len());
            if self.careful
                && used
                    .iter()
                    .any(|used| options[*used].1 == options[number].1)
            {
                continue;
            }
            used.push(number);
            let (short, long, right, wrong) = options[number];
            let bare = right.is_empty() || (short == "p" && self.random.chance(40));
            let values = if self.careful || wrong.is_empty() || self.random.chance(60) {
                right
            } else {
                wrong
            };
            let value = (!bare).then(|| self.random.pick(values));
            words.extend(self.spell(short, long, value.as_deref()));
        }
        words
    }

    fn service(&mut self) -> Vec<String> {
        let (short, long, values) = SERVICES[self.random.below(SERVICES.len())];
        let value = if !self.careful && self.random.chance(20) {
            self.random.pick(WRONG_SERVICES)
        } else {
            self.random.pick(values)
        };
        let mut words = self.spell(short, long, Some(&value));
        if short == "f" && self.random.chance(40) {
            words.extend(self.spell("6", "ipv6", None));
        }
        words
    }

    /// A command with its service, now and then glued.
    fn on_service(&mut self, short: &str, long: &str) -> Vec<String> {
        let command = self.spell(short, long, None);
        let mut service = self.service();
        let is_short = |word: &String| !word.starts_with("--");
        if command.iter().all(is_short) && is_short(&service[0]) && self.random.chance(20) {
            service[0] = format!("{}{}", command.concat(), &service[0][1..]);
            return service;
        }
        [command, service].concat()
    }

    fn service_line(&mut self) -> Vec<String> {
        let mut words = match self.random.below(3) {
            0 => self.on_service("E", "edit-service"),
            _ => self.on_service("A", "add-service"),
        };
        words.extend(self.some_of(SERVICE_OPTIONS, 4));
        words
    }

    fn server_line(&mut self) -> Vec<String> {
        let (mut words, deletes) = match self.random.below(5) {
            0 => (self.on_service("e", "edit-server"), false),
            1 => (self.on_service("d", "delete-server"), true),
            _ => (self.on_service("a", "add-server"), false),
        };
        let is_v6 = words
            .iter()
            .any(|word| word.contains("2001") || word == "-6" || word == "--ipv6");
        let server = match self.random.below(100) {
            0..3 if !self.careful => None,
            3..20 if !self.careful => Some(self.random.pick(WRONG_SERVERS)),
            20..26 => Some(
                self.random
                    .pick(if is_v6 { SERVERS_V4 } else { SERVERS_V6 }),
            ),
            _ => Some(
                self.random
                    .pick(if is_v6 { SERVERS_V6 } else { SERVERS_V4 }),
            ),
        };
        if let Some(server) = server {
            words.extend(self.spell("r", "real-server", Some(&server)));
        }
        if deletes && (self.careful || self.random.chance(80)) {
            return words;
        }
        match self.random.below(4) {
            0 => words.extend(self.spell("m", "masquerading", None)),
            1 => words.extend(self.spell("g", "gatewaying", None)),
            2 => {
                words.extend(self.spell("i", "ipip", None));
                if self.random.chance(50) {
                    let tunnel = self.random.pick(TUNNELS);
                    words.extend(tunnel.split(' ').map(str::to_owned));
                } else {
                    words.extend(self.some_of(TUNNEL_OPTIONS, 3));
                }
            }
            _ => {}
        }
        words.extend(self.some_of(SERVER_OPTIONS, 3));
        words
    }

    fn list_line(&mut self) -> Vec<String> {
        let letter = self.random.pick(&["L", "l"]);
        let mut words = if self.random.chance(30) {
            self.on_service(&letter, "list")
        } else {
            self.spell(&letter, "list", None)
        };
        words.extend(self.some_of(VIEWS, 4));
        words
    }

    fn save_line(&mut self) -> Vec<String> {
        let mut words = self.spell("S", "save", None);
        if self.random.chance(60) {
            words.extend(self.spell("n", "numeric", None));
        }
        words
    }

    fn daemon_line(&mut self) -> Vec<String> {
        let role = self.random.pick(&["master", "backup"]);
        let wrong = !self.careful && self.random.chance(10);
        let role = if wrong { "both" } else { &role };
        let stops = self.random.chance(40);
        let verb = if stops { "stop-daemon" } else { "start-daemon" };
        let mut words = self.spell("", verb, Some(role));
        if !stops || !self.careful {
            words.extend(self.some_of(DAEMON_OPTIONS, 3));
        }
        words
    }

    fn set_line(&mut self) -> Vec<String> {
        let mut words = vec!["--set".to_owned()];
        let count = if self.careful {
            3
        } else {
            2 + self.random.below(3)
        };
        for _ in 0..count {
            let right = self.careful || self.random.chance(70);
            words.push(self.random.pick(if right {
                &["0", "1", "900", "120", "2678400"]
            } else {
                &["2678401", "x", "-1"]
            }));
        }
        words
    }

    fn zero_line(&mut self) -> Vec<String> {
        if self.random.chance(50) {
            self.on_service("Z", "zero")
        } else {
            self.spell("Z", "zero", None)
        }
    }
}
