//! The questions of `setup`, each with a default and checked as it is typed. A
//! flag answers its question beforehand; without a terminal the defaults stand in
//! for what no flag answers.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::ask::{Ask, Question, Stopped};
use crate::health::{HttpCheck, StatusSet};
use crate::lookup;
use crate::model::{Family, Protocol, Scheduler, ServiceId};

/// How a server's health is found out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// By a page.
    Http {
        /// Its path.
        path: String,
        /// The host that is asked for.
        virtualhost: Option<String>,
    },
    /// By a connection.
    Tcp,
}

/// All that `setup` needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answers {
    /// Where clients connect to.
    pub vip: SocketAddr,
    /// The real servers.
    pub servers: Vec<SocketAddr>,
    /// How they are checked.
    pub health: Health,
    /// Who answers when none is left.
    pub sorry: Option<SocketAddr>,
    /// How a server is picked.
    pub scheduler: Scheduler,
}

impl Answers {
    /// The service.
    #[must_use]
    pub fn id(&self) -> ServiceId {
        ServiceId::Address {
            protocol: Protocol::Tcp,
            address: self.vip.ip(),
            port: self.vip.port(),
        }
    }
}

/// Answers that were given as flags.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// `--vip`.
    pub vip: Option<String>,
    /// `--servers`.
    pub servers: Option<String>,
    /// `--health`.
    pub health: Option<String>,
    /// `--virtualhost`.
    pub virtualhost: Option<String>,
    /// `--sorry`.
    pub sorry: Option<String>,
    /// `--scheduler`.
    pub scheduler: Option<String>,
}

/// Why there are no answers.
#[derive(Debug)]
pub enum QuestionError {
    /// A flag's value cannot be right.
    Wrong {
        /// The flag.
        flag: &'static str,
        /// What is wrong.
        why: String,
    },
    /// Nobody can be asked, and the flag is missing.
    Missing(&'static str),
    /// The person stopped.
    Stopped(Stopped),
}

impl fmt::Display for QuestionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { flag, why } => write!(f, "{flag}: {why}"),
            Self::Missing(flag) => write!(
                f,
                "there is no terminal to ask on, and {flag} is missing; name it as a flag"
            ),
            Self::Stopped(Stopped::Interrupted) => f.write_str("stopped; nothing was changed"),
            Self::Stopped(Stopped::Failed(error)) => write!(f, "cannot ask: {error}"),
        }
    }
}

impl std::error::Error for QuestionError {}

/// One question's parts.
struct Item<'a> {
    flag: &'static str,
    given: Option<&'a str>,
    question: Question<'a>,
}

/// The parsed answer: from the flag, else from the person, else the default.
fn one<T>(
    item: &Item<'_>,
    ask: &mut Option<&mut dyn Ask>,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, QuestionError> {
    let wrong = |why| QuestionError::Wrong {
        flag: item.flag,
        why,
    };
    if let Some(text) = item.given {
        return parse(text).map_err(wrong);
    }
    let Some(ask) = ask else {
        let default = item.question.default;
        return parse(default.ok_or(QuestionError::Missing(item.flag))?).map_err(wrong);
    };
    let answer = ask
        .text(item.question, &|text| parse(text).map(|_| ()))
        .map_err(QuestionError::Stopped)?;
    // It was checked as it was typed; a name may resolve differently by now.
    parse(&answer).map_err(wrong)
}

/// Asks whatever no flag answers.
///
/// # Errors
/// See [`QuestionError`].
pub fn answers(given: &Given, mut ask: Option<&mut dyn Ask>) -> Result<Answers, QuestionError> {
    let vip = one(
        &Item {
            flag: "--vip",
            given: given.vip.as_deref(),
            question: Question {
                prompt: "Virtual IP address and port",
                help: "Clients connect to this address. It need not be on any interface.",
                default: None,
            },
        },
        &mut ask,
        parse_vip,
    )?;
    let servers = one(
        &Item {
            flag: "--servers",
            given: given.servers.as_deref(),
            question: Question {
                prompt: "Real servers, comma separated",
                help: "They do the work; this machine must be their default gateway.",
                default: None,
            },
        },
        &mut ask,
        |text| parse_servers(text, vip),
    )?;
    let path = one(
        &Item {
            flag: "--health",
            given: given.health.as_deref(),
            question: Question {
                prompt: "Health page",
                help: "A server is well if this page answers 200; or, with tcp, if it connects.",
                default: Some("/"),
            },
        },
        &mut ask,
        parse_health,
    )?;
    let health = match path {
        None => Health::Tcp,
        Some(path) => {
            let virtualhost = one(
                &Item {
                    flag: "--virtualhost",
                    given: given.virtualhost.as_deref(),
                    question: Question {
                        prompt: "Host name to ask for",
                        help: "Servers with several sites need it. None: the server's address.",
                        default: Some("none"),
                    },
                },
                &mut ask,
                parse_virtualhost,
            )?;
            Health::Http { path, virtualhost }
        }
    };
    let sorry = one(
        &Item {
            flag: "--sorry",
            given: given.sorry.as_deref(),
            question: Question {
                prompt: "Sorry server",
                help: "It answers when no real server is left. None: clients are refused then.",
                default: Some("none"),
            },
        },
        &mut ask,
        |text| parse_sorry(text, vip, &servers),
    )?;
    let scheduler = one(
        &Item {
            flag: "--scheduler",
            given: given.scheduler.as_deref(),
            question: Question {
                prompt: "Scheduler",
                help: "rr: in turn. wlc: fewest connections. sh: same client, same server.",
                default: Some("rr"),
            },
        },
        &mut ask,
        |text| text.parse::<Scheduler>().map_err(|error| error.to_string()),
    )?;
    Ok(Answers {
        vip,
        servers,
        health,
        sorry,
        scheduler,
    })
}

fn parse_vip(text: &str) -> Result<SocketAddr, String> {
    let (address, port) = lookup::socket(text, Some(Protocol::Tcp))?;
    match port {
        None | Some(0) => Err("a port is needed, as in 192.0.2.10:80".to_owned()),
        Some(_) if !is_unicast(address) => Err(format!(
            "{address} is no address that clients can connect to"
        )),
        Some(port) => Ok(SocketAddr::new(address, port)),
    }
}

fn is_unicast(address: IpAddr) -> bool {
    let broadcast = matches!(address, IpAddr::V4(address) if address.is_broadcast());
    !(address.is_unspecified() || address.is_loopback() || address.is_multicast() || broadcast)
}

fn parse_server(text: &str, vip: SocketAddr) -> Result<SocketAddr, String> {
    let (address, port) = lookup::socket(text, Some(Protocol::Tcp))?;
    if address == vip.ip() {
        return Err(format!("{address} is the virtual IP address itself"));
    }
    if Family::of(address) != Family::of(vip.ip()) {
        return Err(format!(
            "{address} is of another address family than {}",
            vip.ip()
        ));
    }
    match port.unwrap_or(vip.port()) {
        0 => Err("port 0 is not a port".to_owned()),
        _ if !is_unicast(address) => Err(format!("{address} is no server's address")),
        port => Ok(SocketAddr::new(address, port)),
    }
}

fn parse_servers(text: &str, vip: SocketAddr) -> Result<Vec<SocketAddr>, String> {
    let mut servers = Vec::new();
    for word in text.split([',', ' ']).filter(|word| !word.is_empty()) {
        let server = parse_server(word, vip)?;
        if servers.contains(&server) {
            return Err(format!("{server} is named twice"));
        }
        servers.push(server);
    }
    if servers.is_empty() {
        return Err("at least one server is needed".to_owned());
    }
    Ok(servers)
}

fn parse_health(text: &str) -> Result<Option<String>, String> {
    if text == "tcp" {
        return Ok(None);
    }
    HttpCheck::new(text, None, StatusSet::default())
        .map(|_| Some(text.to_owned()))
        .map_err(|error| error.to_string())
}

fn parse_virtualhost(text: &str) -> Result<Option<String>, String> {
    if text == "none" {
        return Ok(None);
    }
    HttpCheck::new("/", Some(text), StatusSet::default())
        .map(|_| Some(text.to_owned()))
        .map_err(|error| error.to_string())
}

fn parse_sorry(
    text: &str,
    vip: SocketAddr,
    servers: &[SocketAddr],
) -> Result<Option<SocketAddr>, String> {
    if text == "none" {
        return Ok(None);
    }
    let sorry = parse_server(text, vip)?;
    if servers.contains(&sorry) {
        return Err(format!("{sorry} is one of the real servers"));
    }
    Ok(Some(sorry))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types prepared answers; a refused one is followed by the next.
    struct Script<'a>(std::slice::Iter<'a, &'a str>, Vec<String>);

    impl Ask for Script<'_> {
        fn text(
            &mut self,
            question: Question<'_>,
            check: super::super::ask::Validator<'_>,
        ) -> Result<String, Stopped> {
            loop {
                let typed = self.0.next().ok_or(Stopped::Interrupted)?;
                let answer = match (*typed, question.default) {
                    ("", Some(default)) => default,
                    (typed, _) => typed,
                };
                match check(answer) {
                    Ok(()) => return Ok(answer.to_owned()),
                    Err(why) => self.1.push(why),
                }
            }
        }

        fn confirm(&mut self, _: &str, default: bool) -> Result<bool, Stopped> {
            Ok(default)
        }
    }

    fn play(typed: &[&str]) -> (Result<Answers, QuestionError>, Vec<String>) {
        let mut script = Script(typed.iter(), Vec::new());
        let answers = answers(&Given::default(), Some(&mut script));
        (answers, script.1)
    }

    #[test]
    fn enter_gives_the_defaults() {
        let (answers, refused) =
            play(&["192.0.2.10:80", "10.0.0.11, 10.0.0.12:8080", "", "", "", ""]);
        let answers = answers.unwrap();
        assert!(refused.is_empty(), "{refused:?}");
        assert_eq!(answers.id().options(), "-t 192.0.2.10:80");
        assert_eq!(answers.servers[0].port(), 80);
        assert_eq!(answers.servers[1].port(), 8080);
        assert_eq!(answers.scheduler.as_str(), "rr");
        assert_eq!(answers.sorry, None);
    }

    #[test]
    fn every_mistake_is_named_and_asked_again() {
        let (answers, refused) = play(&[
            "192.0.2.10",
            "127.0.0.1:80",
            "192.0.2.10:80",
            "10.0.0.11,10.0.0.11",
            "2001:db8::1",
            "192.0.2.10",
            "10.0.0.11",
            "health.html",
            "/health.html",
            "bad host",
            "example.com",
            "10.0.0.11",
            "10.0.0.13",
            "rrr",
            "wlc",
        ]);
        let answers = answers.unwrap();
        for (refused, part) in refused.iter().zip([
            "a port is needed",
            "no address that clients can connect to",
            "named twice",
            "another address family",
            "the virtual IP address itself",
            "",
            "",
            "is one of the real servers",
            "unknown scheduler",
        ]) {
            assert!(refused.contains(part), "{refused}");
        }
        assert_eq!(refused.len(), 9);
        assert_eq!(answers.sorry.unwrap().to_string(), "10.0.0.13:80");
    }

    #[test]
    fn without_a_terminal_flags_must_answer() {
        let mut given = Given::default();
        let error = answers(&given, None).unwrap_err().to_string();
        assert!(error.contains("--vip is missing"), "{error}");
        given.vip = Some("192.0.2.10:80".to_owned());
        given.servers = Some("10.0.0.11".to_owned());
        assert!(answers(&given, None).is_ok());
        given.sorry = Some("10.0.0.11".to_owned());
        let error = answers(&given, None).unwrap_err().to_string();
        assert!(
            error.contains("--sorry: 10.0.0.11:80 is one of the real servers"),
            "{error}"
        );
    }
}
