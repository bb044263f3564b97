//! A web server small enough to see through: it sends the files of one
//! directory to whoever asks, and closes the connection. A page that others may
//! not read is refused by its mode bits, so that `chmod a-r` takes it away even
//! from a server that runs as root.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// So many requests are answered at once; others wait in the listener's queue.
const WORKERS: usize = 16;
/// A worker reads one page and needs little.
const STACK: usize = 256 << 10;
/// A request that is not complete by then will never be.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest request head.
const LONGEST: usize = 8 << 10;

/// Starts to serve the files of a directory. The threads end with the process.
///
/// # Errors
/// The system has no thread left.
pub(super) fn serve(listener: TcpListener, root: PathBuf) -> io::Result<()> {
    let (listener, root) = (Arc::new(listener), Arc::new(root));
    for _ in 0..WORKERS {
        let (listener, root) = (Arc::clone(&listener), Arc::clone(&root));
        thread::Builder::new()
            .name("web".to_owned())
            .stack_size(STACK)
            .spawn(move || work(&listener, &root))?;
    }
    Ok(())
}

fn work(listener: &TcpListener, root: &Path) {
    loop {
        match listener.accept() {
            // A client that went away is its own affair.
            Ok((stream, _)) => drop(converse(stream, root)),
            // Too many open files, for example: others must come to an end first.
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    }
}

fn converse(mut stream: TcpStream, root: &Path) -> io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    let head = read_head(&mut stream)?;
    let whole = head.is_some();
    let reply = answer(head.as_deref(), root);
    stream.write_all(&reply)?;
    stream.shutdown(Shutdown::Write)?;
    if !whole {
        // Closing with unread bytes resets the connection, and the client may
        // lose the answer.
        stream.set_read_timeout(Some(Duration::from_millis(100)))?;
        io::copy(&mut stream.take(LONGEST as u64), &mut io::sink())?;
    }
    Ok(())
}

/// The request up to its empty line; `None` when there is no such line.
fn read_head(stream: &mut TcpStream) -> io::Result<Option<Vec<u8>>> {
    let begin = Instant::now();
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while head.len() < LONGEST {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        let read = match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        };
        head.extend(buffer.iter().take(read));
        let ends = |end: &[u8]| head.windows(end.len()).any(|window| window == end);
        if ends(b"\r\n\r\n") || ends(b"\n\n") {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

/// The whole response to a request, or to something that is none.
fn answer(head: Option<&[u8]>, root: &Path) -> Vec<u8> {
    let Some((method, target)) = head.and_then(parse) else {
        return response("400 Bad Request", "bad request\n", true);
    };
    let body = match method {
        "GET" => true,
        "HEAD" => false,
        _ => return response("405 Method Not Allowed", "method not allowed\n", true),
    };
    match page(root, target) {
        Page::There(text) => response("200 OK", &text, body),
        Page::Forbidden => response("403 Forbidden", "forbidden\n", body),
        Page::Missing => response("404 Not Found", "not found\n", body),
    }
}

/// Method and target of a request of HTTP/1.0 or HTTP/1.1.
fn parse(head: &[u8]) -> Option<(&str, &str)> {
    let line = head.split(|byte| *byte == b'\n').next()?;
    let mut words = str::from_utf8(line).ok()?.trim_end().split(' ');
    let (method, target, version) = (words.next()?, words.next()?, words.next()?);
    let known = matches!(version, "HTTP/1.0" | "HTTP/1.1");
    (known && words.next().is_none()).then_some((method, target))
}

enum Page {
    There(String),
    Forbidden,
    Missing,
}

fn page(root: &Path, target: &str) -> Page {
    let path = target.split(['?', '#']).next().unwrap_or_default();
    let name = match path.strip_prefix('/') {
        Some("") => "index.html",
        // One flat directory: nothing leads out of it.
        Some(name) if !name.starts_with('.') && !name.contains(['/', '\0']) => name,
        _ => return Page::Missing,
    };
    let path = root.join(name);
    match fs::metadata(&path) {
        Ok(found) if found.is_file() && found.permissions().mode() & 0o004 == 0 => Page::Forbidden,
        Ok(found) if found.is_file() => {
            fs::read_to_string(&path).map_or(Page::Missing, Page::There)
        }
        _ => Page::Missing,
    }
}

fn response(status: &str, text: &str, body: bool) -> Vec<u8> {
    let length = text.len();
    let text = if body { text } else { "" };
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{text}"
    )
    .into_bytes()
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::net::SocketAddr;

    use super::super::scratch::Scratch;
    use super::*;

    fn server() -> (Scratch, SocketAddr) {
        let scratch = Scratch::new().unwrap();
        for (name, mode) in [("index.html", 0o644), ("hidden.html", 0o200)] {
            let path = scratch.path().join(name);
            fs::write(&path, "w1\n").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        serve(listener, scratch.path().to_owned()).unwrap();
        (scratch, address)
    }

    fn ask(address: SocketAddr, request: &[u8]) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn pages_are_sent_refused_and_missing() {
        let (_scratch, address) = server();
        for (request, status, end) in [
            (
                "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
                "200 OK",
                "\r\n\r\nw1\n",
            ),
            ("GET /?a#b HTTP/1.0\n\n", "200 OK", "\r\n\r\nw1\n"),
            (
                "HEAD / HTTP/1.0\r\n\r\n",
                "200 OK",
                "Connection: close\r\n\r\n",
            ),
            (
                "GET /hidden.html HTTP/1.1\r\n\r\n",
                "403 Forbidden",
                "forbidden\n",
            ),
            (
                "GET /gone.html HTTP/1.1\r\n\r\n",
                "404 Not Found",
                "not found\n",
            ),
            (
                "GET /../web.rs HTTP/1.1\r\n\r\n",
                "404 Not Found",
                "not found\n",
            ),
            ("GET /.. HTTP/1.1\r\n\r\n", "404 Not Found", "not found\n"),
            (
                "POST / HTTP/1.1\r\n\r\n",
                "405 Method Not Allowed",
                "allowed\n",
            ),
            ("GET / HTTP/2.0\r\n\r\n", "400 Bad Request", "request\n"),
        ] {
            let answer = ask(address, request.as_bytes());
            assert!(
                answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
                "{answer}"
            );
            assert!(answer.ends_with(end), "{request:?}: {answer:?}");
        }
    }

    #[test]
    fn garbage_is_answered_and_the_server_goes_on() {
        let (_scratch, address) = server();
        let long = vec![b'x'; LONGEST + 10];
        for garbage in [&b""[..], b"\0\xff\n\n", b"GET\r\n\r\n", b"GET /", &long] {
            let answer = ask(address, garbage);
            assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
        }
        assert!(ask(address, b"GET / HTTP/1.0\r\n\r\n").ends_with("w1\n"));
    }
}
