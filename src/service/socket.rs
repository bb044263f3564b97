//! A unix socket that answers one question per connection: `status`, `metrics`, or
//! `reload`. Root and root's group may ask.

use std::fmt;
use std::fs::{self, Permissions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::Board;

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
    /// Listens in this directory, and calls `reload` when somebody asks for it. The
    /// thread that listens lives as long as the process.
    ///
    /// # Errors
    /// There cannot be a socket, or another service answers on it.
    pub fn listen(
        directory: &Path,
        board: Board,
        reload: impl Fn() + Send + 'static,
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
        thread::Builder::new()
            .name("status".to_owned())
            .spawn(move || {
                // One after the other: an answer is ready before it is asked for.
                for stream in listener.incoming().flatten() {
                    // Whoever asked and went away needs no answer.
                    let _ = answer(stream, &board, &reload);
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

fn answer(stream: UnixStream, board: &Board, reload: &dyn Fn()) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut question = String::new();
    BufReader::new((&stream).take(LONGEST_QUESTION)).read_line(&mut question)?;
    let text = match question.trim_end() {
        "status" => board.read().status,
        "metrics" => board.read().metrics,
        "reload" => {
            reload();
            "reloading\n".to_owned()
        }
        _ => "error: ask for status, metrics or reload\n".to_owned(),
    };
    (&stream).write_all(text.as_bytes())
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
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AskError {}

/// Asks the service whose run directory this is.
///
/// # Errors
/// [`AskError`].
pub fn ask(directory: &Path, question: &str) -> Result<String, AskError> {
    let mut stream =
        UnixStream::connect(directory.join(SOCKET)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NotRunning,
            _ => AskError::Failed(error),
        })?;
    let mut answer = String::new();
    let mut talk = || {
        stream.set_read_timeout(Some(2 * PATIENCE))?;
        writeln!(stream, "{question}")?;
        stream.read_to_string(&mut answer)
    };
    talk().map_err(AskError::Failed)?;
    Ok(answer)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::super::Snapshot;
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
        let board = Board::default();
        let (sender, reloads) = mpsc::channel();
        let socket = StatusSocket::listen(&directory, board.clone(), move || {
            let _ = sender.send(());
        })
        .unwrap();
        board.post(Snapshot {
            status: "{}\n".to_owned(),
            metrics: "up 1\n".to_owned(),
        });
        // A silent one delays others for a while, and no longer.
        let silent = UnixStream::connect(directory.join(SOCKET)).unwrap();
        assert_eq!(ask(&directory, "status").unwrap(), "{}\n");
        assert_eq!(ask(&directory, "metrics").unwrap(), "up 1\n");
        assert!(ask(&directory, "what").unwrap().starts_with("error"));
        assert_eq!(ask(&directory, "reload").unwrap(), "reloading\n");
        reloads.recv().unwrap();
        drop(silent);

        let second = StatusSocket::listen(&directory, board.clone(), || ());
        assert_eq!(second.unwrap_err().kind(), io::ErrorKind::AddrInUse);
        drop(socket);
        assert!(!directory.join(SOCKET).exists());
        // One that a killed service left is replaced.
        drop(UnixListener::bind(directory.join(SOCKET)).unwrap());
        StatusSocket::listen(&directory, board, || ()).unwrap();
        let _ = fs::remove_dir_all(directory);
    }
}
