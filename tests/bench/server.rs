//! A web server whose capacity is known: one request at a time, each in a fixed
//! time, so that servers and not the machine's processor are what runs out.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::lab::Namespace;

/// A running server; it ends when dropped.
pub struct Server<'a> {
    namespace: &'a Namespace,
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl<'a> Server<'a> {
    /// Listens at this address of the namespace. Every answer is sent `wait` after
    /// its connection was accepted, whatever of that the work itself took.
    pub fn start(namespace: &'a Namespace, address: SocketAddr, wait: Duration) -> Self {
        // A socket stays in the namespace it was made in; its thread need not.
        let listener = namespace
            .enter(|| TcpListener::bind(address))
            .unwrap_or_else(|error| panic!("cannot listen at {address}: {error}"));
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let thread = std::thread::spawn(move || serve(&listener, wait, &seen));
        Self {
            namespace,
            address,
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // It waits for a connection: here is one.
        let woken = self.namespace.enter(|| TcpStream::connect(self.address));
        if let (Ok(_), Some(thread)) = (woken, self.thread.take()) {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, wait: Duration, stop: &AtomicBool) {
    for connection in listener.incoming() {
        let deadline = Instant::now() + wait;
        if stop.load(Ordering::SeqCst) {
            return;
        }
        // A client that fails counts its failure itself.
        if let Ok(connection) = connection {
            let _ = answer(connection, deadline);
        }
    }
}

fn answer(mut connection: TcpStream, deadline: Instant) -> io::Result<()> {
    const ANSWER: &[u8] = b"HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\
        Content-Length: 5\r\nConnection: close\r\n\r\nwell\n";
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut request = Vec::new();
    let mut part = [0; 1024];
    while !request.ends_with(b"\r\n\r\n") {
        match connection.read(&mut part)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            length => request.extend_from_slice(&part[..length]),
        }
    }
    std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
    connection.write_all(ANSWER)
}
