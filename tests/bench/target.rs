//! A web server that is checked: it answers at once whatever is asked, counts its
//! answers by the address they were asked at, and dies the moment it is told to.

use std::collections::BTreeMap;
use std::io::{self, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{Shutdown, shutdown};

use super::lab::Namespace;

/// So many answer at once: as many as the machine in the lab has processors.
const THREADS: usize = 2;

type Counts = BTreeMap<IpAddr, u64>;

#[derive(Default)]
struct Answered {
    counts: Mutex<Counts>,
    more: Condvar,
}

/// A running server; it dies when dropped.
pub struct Target {
    listener: Arc<TcpListener>,
    answered: Arc<Answered>,
    threads: Vec<JoinHandle<()>>,
}

impl Target {
    /// Listens at this address of the namespace; it may be the unspecified one.
    pub fn start(namespace: &Namespace, address: SocketAddr) -> Self {
        let listener = namespace
            .enter(|| TcpListener::bind(address))
            .unwrap_or_else(|error| panic!("cannot listen at {address}: {error}"));
        let (listener, answered) = (Arc::new(listener), Arc::new(Answered::default()));
        let threads = (0..THREADS)
            .map(|_| {
                let (listener, answered) = (Arc::clone(&listener), Arc::clone(&answered));
                std::thread::spawn(move || serve(&listener, &answered))
            })
            .collect();
        Self {
            listener,
            answered,
            threads,
        }
    }

    /// Waits until what was answered is enough, and returns it.
    pub fn wait(&self, mut is_enough: impl FnMut(&Counts) -> bool) -> Counts {
        let counts = self.answered.counts.lock();
        let counts = counts.unwrap_or_else(PoisonError::into_inner);
        let counts = self
            .answered
            .more
            .wait_while(counts, |counts| !is_enough(counts));
        counts.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for so many more answers, of all addresses together.
    pub fn wait_for(&self, more: u64) {
        let total = |counts: &Counts| counts.values().sum::<u64>();
        let goal = total(&self.wait(|_| true)) + more;
        self.wait(|counts| total(counts) >= goal);
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        // A listening socket is closed by this, and who waits in accept is woken.
        let _ = shutdown(self.listener.as_raw_fd(), Shutdown::Both);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn serve(listener: &TcpListener, answered: &Answered) {
    while let Ok((connection, _)) = listener.accept() {
        if let Ok(address) = answer(connection) {
            let mut counts = answered
                .counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            *counts.entry(address).or_default() += 1;
            answered.more.notify_all();
        }
    }
}

/// At which address it was asked.
fn answer(mut connection: TcpStream) -> io::Result<IpAddr> {
    const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\
        Content-Length: 5\r\nConnection: close\r\n\r\nwell\n";
    connection.set_read_timeout(Some(Duration::from_secs(10)))?;
    let (mut request, mut length) = ([0; 2048], 0);
    while !request[..length].ends_with(b"\r\n\r\n") {
        match connection.read(&mut request[length..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            more => length += more,
        }
    }
    connection.write_all(ANSWER)?;
    Ok(connection.local_addr()?.ip())
}
