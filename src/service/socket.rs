//! A unix socket that answers one question per connection: a word. Root and root's
//! group may ask. Each asker has a thread: the answer to one question may take as long
//! as the service works on it.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The socket's name in the run directory.
pub const SOCKET: &str = "lbctl.sock";

/// A question is a word; whoever says more or says it slowly is not heard.
const LONGEST_QUESTION: u64 = 64;
const PATIENCE: Duration = Duration::from_secs(2);

/// The socket of a running service; gone when dropped.
#[derive(Debug)]
pub struct StatusSocket {
    path: PathBuf,
}

impl StatusSocket {
    /// Listens in this directory; `answer` knows what to say to a question, or that
    /// it is none. The thread that listens lives as long as the process.
    ///
    /// # Errors
    /// There cannot be a socket, or another service answers on it.
    pub fn listen(
        directory: &Path,
        answer: impl Fn(&str) -> Option<String> + Send + Sync + 'static,
    ) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        let path = directory.join(SOCKET);
        if UnixStream::connect(&path).is_ok() {
            let text = format!("another lbctl run answers on {}", path.display());
            return Err(io::Error::new(io::ErrorKind::AddrInUse, text));
        }
        // Nobody answers: who made it was killed.
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o660))?;
        let answer = Arc::new(answer);
        thread::Builder::new()
            .name("status".to_owned())
            .spawn(move || {
                for stream in listener.incoming().flatten() {
                    let answer = Arc::clone(&answer);
                    // Whoever asked and went away needs no answer; nor can there be one
                    // without a thread.
                    let _ = thread::Builder::new()
                        .name("asker".to_owned())
                        .spawn(move || talk(&stream, answer.as_ref()));
                }
            })?;
        Ok(Self { path })
    }
}

impl Drop for StatusSocket {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

fn talk(mut stream: &UnixStream, answer: &dyn Fn(&str) -> Option<String>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = String::new();
    BufReader::new(stream.take(LONGEST_QUESTION)).read_line(&mut question)?;
    let text = answer(question.trim_end());
    stream.write_all(
        text.as_deref()
            .unwrap_or("error: no such question\n")
            .as_bytes(),
    )
}

/// Why there is no answer.
#[derive(Debug)]
pub enum AskError {
    /// No service runs here.
    NotRunning,
    /// It runs, and does not answer us.
    Failed(io::Error),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRunning => f.write_str("lbctl run does not run here"),
            Self::Failed(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                f.write_str("permission denied: root and root's group may ask")
            }
            Self::Failed(error) if error.kind() == io::ErrorKind::WouldBlock => {
                f.write_str("it is busy and has not answered yet; its log says more")
            }
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AskError {}

/// Asks the service whose run directory this is, and waits for a few seconds.
///
/// # Errors
/// [`AskError`].
pub fn ask(directory: &Path, question: &str) -> Result<String, AskError> {
    ask_patiently(directory, question, 2 * PATIENCE)
}

/// As [`ask`], for what takes the service longer.
///
/// # Errors
/// [`AskError`].
pub fn ask_patiently(
    directory: &Path,
    question: &str,
    patience: Duration,
) -> Result<String, AskError> {
    let mut stream =
        UnixStream::connect(directory.join(SOCKET)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NotRunning,
            _ => AskError::Failed(error),
        })?;
    let mut answer = String::new();
    let mut talk = || {
        stream.set_read_timeout(Some(patience))?;
        writeln!(stream, "{question}")?;
        stream.read_to_string(&mut answer)
    };
    talk().map_err(AskError::Failed)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("lbctl-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn whoever_asks_is_answered() {
        let directory = directory("socket");
        assert!(matches!(
            ask(&directory, "status"),
            Err(AskError::NotRunning)
        ));
        let socket = StatusSocket::listen(&directory, |question| {
            (question == "status").then(|| "{}\n".to_owned())
        })
        .unwrap();
        let mode = fs::metadata(directory.join(SOCKET)).unwrap().permissions();
        assert_eq!(mode.mode() & 0o777, 0o660);
        // Neither a silent one nor a long answer delays others.
        let silent = UnixStream::connect(directory.join(SOCKET)).unwrap();
        assert_eq!(ask(&directory, "status").unwrap(), "{}\n");
        assert!(ask(&directory, "what").unwrap().starts_with("error"));
        drop(silent);

        let second = StatusSocket::listen(&directory, |_| None);
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(socket);
        assert!(!directory.join(SOCKET).exists());
        // One that a killed service left is replaced.
        drop(UnixListener::bind(directory.join(SOCKET)).unwrap());
        StatusSocket::listen(&directory, |_| None).unwrap();
        let _ = fs::remove_dir_all(directory);
    }
}
