//! The client: one request at a time with curl where there is one, and with a
//! client of our own where not and where many are asked in a row.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, SocketAddrV4, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::plumbing::Namespace;

use super::world::{VIP, World};
use super::{Error, Result, child};

/// An answer that takes longer is none. A busy machine may drop the first packet
/// of a connection, and the next one comes a second later.
const PATIENCE: Duration = Duration::from_secs(10);
/// No page is longer.
const LONGEST: u64 = 64 << 10;

/// What came back: the page's first line, or why there is none.
pub(super) type Reply = std::result::Result<String, String>;

/// The machine that asks the VIP.
pub(super) struct Client<'a> {
    world: &'a World,
    curl: bool,
}

impl<'a> Client<'a> {
    /// Looks whether there is curl.
    pub fn new(world: &'a World) -> Self {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let curl = std::env::split_paths(&path).any(|directory| directory.join("curl").is_file());
        Self { world, curl }
    }

    /// How a request is shown.
    pub fn line(&self) -> String {
        if self.curl {
            format!("curl -s -m 5 http://{VIP}/")
        } else {
            format!("GET http://{VIP}/")
        }
    }

    /// Makes one request in the way that is shown.
    ///
    /// # Errors
    /// The namespace cannot be entered, or curl not be started.
    pub fn fetch(&self) -> Result<Reply> {
        if !self.curl {
            return self.ask();
        }
        let line = self.line();
        let mut words = line.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or_default());
        // What a user's environment and .curlrc say (a proxy, for example) is
        // about another network.
        command
            .args(words)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("CURL_HOME", empty_home(self.world.scratch())?)
            .stdin(Stdio::null());
        let answer = self
            .world
            .client
            .run(|| child::run(command))?
            .map_err(|error| Error::system("run curl", error))?;
        let page = answer.lines.into_iter().next().unwrap_or_default();
        Ok(if answer.status.success() {
            Ok(page)
        } else {
            Err(format!("no answer (curl: {}) {page}", answer.status))
        })
    }

    /// Makes one request without showing it.
    ///
    /// # Errors
    /// The namespace cannot be entered.
    pub fn ask(&self) -> Result<Reply> {
        Ok(self.namespace().run(get)?)
    }

    /// Where it is.
    pub fn namespace(&self) -> &'a Namespace {
        &self.world.client
    }
}

/// A home with an empty .curlrc, which keeps curl from looking for another.
fn empty_home(scratch: &Path) -> Result<&Path> {
    std::fs::write(scratch.join(".curlrc"), "")
        .map_err(|error| Error::system("write an empty .curlrc", error))?;
    Ok(scratch)
}

/// One request to the VIP from the namespace of this thread.
pub(super) fn get() -> Reply {
    request(SocketAddr::V4(SocketAddrV4::new(VIP, 80)))
}

fn request(address: SocketAddr) -> Reply {
    exchange(address)
        .map_err(|error| format!("no answer ({error})"))
        .and_then(|text| first_line(&text))
}

fn exchange(address: SocketAddr) -> io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        address.ip()
    );
    // In one packet: `write!` makes several, and the second waits for the first.
    stream.write_all(request.as_bytes())?;
    let mut text = String::new();
    stream.take(LONGEST).read_to_string(&mut text)?;
    Ok(text)
}

/// The first line of the page in a response.
fn first_line(text: &str) -> Reply {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Err("no answer (it came to an early end)".to_owned());
    };
    let status = head.lines().next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("200") {
        return Err(format!("not the page, but {status}"));
    }
    match body.lines().next() {
        Some(line) => Ok(line.to_owned()),
        None => Err("an empty page".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_page_counts() {
        assert_eq!(
            first_line("HTTP/1.1 200 OK\r\nA: b\r\n\r\nw1\n"),
            Ok("w1".to_owned())
        );
        for broken in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.1 503 Busy\r\n\r\nw1\n",
            "\r\n\r\n",
        ] {
            assert!(first_line(broken).is_err(), "{broken:?}");
        }
    }
}
