//! A scripted person and a scripted machine.

use std::net::{IpAddr, SocketAddr};

use crate::health::Check;
use crate::wizard::ask::Validator;
use crate::wizard::{Ask, Look, Port, Question, Reply, Standing, Stopped};

/// Types prepared answers; a refused one is followed by the next.
pub struct Script<'a> {
    pub typed: std::slice::Iter<'a, &'a str>,
    pub prompts: Vec<String>,
    pub refused: Vec<String>,
    pub said: Vec<String>,
}

impl<'a> Script<'a> {
    pub fn new(typed: &'a [&'a str]) -> Self {
        Self {
            typed: typed.iter(),
            prompts: Vec::new(),
            refused: Vec::new(),
            said: Vec::new(),
        }
    }
}

impl Ask for Script<'_> {
    fn text(&mut self, question: Question<'_>, check: Validator<'_>) -> Result<Reply, Stopped> {
        let default = question.default.unwrap_or_default();
        self.prompts
            .push(format!("{} [{default}]", question.prompt));
        for line in question.help.lines() {
            assert!(line.len() < 80, "{line}");
        }
        loop {
            let typed = self.typed.next().ok_or(Stopped::Interrupted)?;
            let answer = match (*typed, question.default) {
                ("back", _) => return Ok(Reply::Back),
                ("", Some(default)) => default,
                (typed, _) => typed,
            };
            match check(answer) {
                Ok(()) => return Ok(Reply::Text(answer.to_owned())),
                Err(why) => self.refused.push(why),
            }
        }
    }

    fn confirm(&mut self, _: &str, default: bool) -> Result<bool, Stopped> {
        Ok(default)
    }

    fn say(&mut self, text: &str) {
        self.said.push(text.to_owned());
    }
}

/// 192.0.2.0/24 is connected, 192.0.2.1 its own. 10.0.0.0/8 is connected too: .11 and
/// .12 have pages, .80 listens on 80 only, nobody else.
pub struct Scene;

impl Look for Scene {
    fn standing(&mut self, address: IpAddr) -> Standing {
        match address.to_string().as_str() {
            "192.0.2.1" => Standing::Here("eth0".to_owned()),
            text if text.starts_with("192.0.2.") => Standing::Connected("eth0".to_owned()),
            text if text.starts_with("10.") => Standing::Connected("eth1".to_owned()),
            _ => Standing::Away,
        }
    }

    fn ports(&mut self, servers: &[SocketAddr]) -> Vec<(SocketAddr, Port)> {
        let port = |server: &SocketAddr| match server.to_string().as_str() {
            "10.0.0.11:80" => Port::Http(vec!["/health.html", "/"]),
            "10.0.0.12:80" => Port::Http(vec!["/"]),
            "10.0.0.80:80" => Port::Open,
            _ => Port::Refused,
        };
        servers
            .iter()
            .map(|server| (*server, port(server)))
            .collect()
    }

    fn unwell(&mut self, checks: Vec<Check>) -> Vec<(SocketAddr, String)> {
        let all = checks.into_iter().map(|check| check.target());
        all.filter(|target| target.ip().to_string() == "10.0.0.12")
            .map(|target| (target, "status 404, wanted 200".to_owned()))
            .collect()
    }
}
