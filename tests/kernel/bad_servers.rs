//! Servers that misbehave, each in its way, beside one that is well: they are down for
//! the right reason, and nobody else notices. Their bad certificates, too.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::os::fd::AsRawFd as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use libtest_mimic::Failed;
use nix::sys::socket::{Shutdown as Both, shutdown};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::crypto::ring;
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;

use super::Test;
use super::apply::ConfigFile;
use super::lab::Namespace;
use super::service::{Service, until};
use super::world::{VIP, World};

pub const TESTS: &[Test] = &[
    ("bad_servers::each_gets_its_sentence", sentences),
    ("bad_servers::certificates", certificates),
];

const W2: &str = "192.168.31.101";
pub const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwell\n";
pub const HOST: &str = "www.example.com";

/// Does the same with every connection; ended when dropped.
pub struct Server(Arc<TcpListener>, Option<JoinHandle<()>>);

impl Server {
    pub fn start(
        namespace: &Namespace,
        port: u16,
        act: impl Fn(&mut TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let listener =
            namespace.enter(|| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).unwrap());
        let (listener, act) = (Arc::new(listener), Arc::new(act));
        let accepting = Arc::clone(&listener);
        let thread = std::thread::spawn(move || {
            while let Ok((mut stream, _)) = accepting.accept() {
                let act = Arc::clone(&act);
                std::thread::spawn(move || act(&mut stream));
            }
        });
        Self(listener, Some(thread))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Who waits in accept is woken by this.
        let _ = shutdown(self.0.as_raw_fd(), Both::Both);
        let _ = self.1.take().map(JoinHandle::join);
    }
}

/// Waits until the other side has gone.
pub fn hold(stream: &mut TcpStream) {
    let _ = std::io::copy(stream, &mut std::io::sink());
}

/// Reads the question.
pub fn listen(stream: &mut TcpStream) {
    let (mut question, mut byte) = (Vec::new(), [0]);
    while !question.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
        question.push(byte[0]);
    }
}

/// A byte a second is what it is bad at.
fn drip(stream: &mut TcpStream) {
    let mut text = ANSWER.iter().cycle();
    while let Some(byte) = text.next()
        && stream.write_all(&[*byte]).is_ok()
    {
        std::thread::sleep(Duration::from_secs(1));
    }
}

fn endless(stream: &mut TcpStream) {
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
    while stream.write_all(&[b'x'; 4096]).is_ok() {}
}

/// What keeps a service at the VIP whose servers listen at these ports of w2.
fn text(check: &str, ports: impl Iterator<Item = u16>) -> String {
    let mut text = format!(
        "[[virtual_server]]\nname = \"web\"\nlisten = \"{VIP}:80\"\nprotocol = \"tcp\"\n\
         scheduler = \"rr\"\nmethod = \"nat\"\n\n[virtual_server.check]\n{check}\
         interval = \"300ms\"\nfall = 1\ntimeout = \"5s\"\n\n"
    );
    for port in ports {
        let _ = write!(
            text,
            "[[virtual_server.real_server]]\naddress = \"{W2}:{port}\"\n\n"
        );
    }
    text
}

/// Port, weight and last result of each server, as `status` says.
fn seen(world: &World) -> Vec<(u64, u64, String)> {
    let answer = world.director.lbctl("status --json").stdout;
    let json: Value = serde_json::from_str(&answer).unwrap_or_default();
    let servers = json["services"][0]["servers"].as_array();
    let of = |server: &Value| {
        (
            server["port"].as_u64().unwrap(),
            server["weight"].as_u64().unwrap_or(0),
            server["reason"].as_str().unwrap_or_default().to_owned(),
        )
    };
    servers.into_iter().flatten().map(of).collect()
}

fn expected(servers: &[(u16, u64, &str)]) -> Vec<(u64, u64, String)> {
    let servers = servers.iter();
    servers
        .map(|(port, weight, reason)| (u64::from(*port), *weight, (*reason).to_owned()))
        .collect()
}

fn sentences() -> Result<(), Failed> {
    let world = World::new("bad-servers");
    let w2 = &world.workers[1];
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    let _servers = [
        Server::start(w2, 8000, move |stream| {
            listen(stream);
            let _ = stream.write_all(ANSWER);
            counted.fetch_add(1, Ordering::Relaxed);
        }),
        Server::start(w2, 8001, hold),
        Server::start(w2, 8002, drip),
        Server::start(w2, 8003, |stream| {
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.7\r\n");
            hold(stream);
        }),
        Server::start(w2, 8004, |stream| {
            listen(stream);
            let _ = stream.shutdown(Shutdown::Both);
        }),
        Server::start(w2, 8005, |stream| {
            listen(stream);
            let _ = stream.write_all(&ANSWER[..ANSWER.len() - 2]);
        }),
        Server::start(w2, 8006, endless),
    ];
    let file = ConfigFile::new(
        "bad-servers",
        &text("type = \"http\"\npath = \"/\"\n", 8000..8008),
    );
    let _service = Service::start(&world, &file, "127.0.0.1:9881");
    let mut outcomes = [
        (8000, 1, "status 200"),
        (8001, 0, "no answer within 5s"),
        (8002, 0, "no answer within 5s"),
        (8003, 0, "broken HTTP answer"),
        (8004, 0, "closed the connection without an answer"),
        (8005, 0, "closed the connection in the middle of the answer"),
        // Its status is what was asked for; of its body only so much is read.
        (8006, 1, "status 200"),
        (8007, 0, "connection refused"),
    ];
    until(expected(&outcomes), || seen(&world));
    // However they hang, the one that is well is asked on its beat.
    let goal = asked.load(Ordering::Relaxed) + 20;
    until(true, || {
        assert_eq!(seen(&world)[0].1, 1);
        asked.load(Ordering::Relaxed) >= goal
    });

    // Who wants something in the body does not find it in an endless one.
    let with_body = "type = \"http\"\npath = \"/\"\nbody = \"we[l]l\"\n";
    file.set(&text(with_body, 8000..8008));
    world.director.lbctl("status --reload").ok();
    outcomes[6] = (8006, 0, "body does not match");
    until(expected(&outcomes), || seen(&world));
    assert_eq!(
        world
            .client
            .line(&format!("curl -sS -m 10 http://{VIP}/"))
            .ok(),
        "well\n"
    );
    Ok(())
}

pub type Authority = CertifiedIssuer<'static, KeyPair>;

pub fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    // Of the name of what it signs, it would look self-signed to curl.
    params
        .distinguished_name
        .push(DnType::CommonName, "authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A server with a certificate for this name; without an authority it signs itself.
pub fn secure(
    namespace: &Namespace,
    port: u16,
    by: Option<&Authority>,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> Server {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = match by {
        Some(authority) => params.signed_by(&key, authority),
        None => params.self_signed(&key),
    };
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.unwrap().der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    Server::start(namespace, port, move |stream| {
        let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = StreamOwned::new(tls, stream);
        if stream.read(&mut [0; 1024]).is_ok() {
            let _ = stream.write_all(ANSWER);
            stream.conn.send_close_notify();
            let _ = stream.flush();
        }
    })
}

fn certificates() -> Result<(), Failed> {
    let world = World::new("certificates");
    let w2 = &world.workers[1];
    let (trusted, unknown) = (authority(), authority());
    let ca_file = ConfigFile::new("certificates-ca", &trusted.pem());
    let _servers = [
        secure(w2, 8000, Some(&trusted), HOST, |_| ()),
        secure(w2, 8001, None, HOST, |_| ()),
        secure(w2, 8002, Some(&unknown), HOST, |_| ()),
        secure(w2, 8003, Some(&trusted), "other.example.com", |_| ()),
        secure(w2, 8004, Some(&trusted), HOST, |params| {
            let day = Duration::from_hours(24);
            params.not_before = (SystemTime::now() - 2 * day).into();
            params.not_after = (SystemTime::now() - day).into();
        }),
        Server::start(w2, 8005, |stream| {
            let _ = stream.write_all(ANSWER);
            hold(stream);
        }),
    ];
    let check = format!(
        "type = \"https\"\npath = \"/\"\nvirtualhost = \"{HOST}\"\nca_file = \"{}\"\n",
        ca_file.0.display()
    );
    let file = ConfigFile::new("certificates", &text(&check, 8000..8006));
    let _service = Service::start(&world, &file, "127.0.0.1:9882");
    let mut outcomes = [
        (8000, 1, "status 200"),
        (8001, 0, "certificate is not trusted"),
        (8002, 0, "certificate is not trusted"),
        (8003, 0, "certificate is for other.example.com"),
        (8004, 0, "certificate expired"),
        (8005, 0, "does not speak TLS"),
    ];
    until(expected(&outcomes), || seen(&world));
    // Whoever does not want to know is not told.
    let check =
        format!("type = \"https\"\npath = \"/\"\nvirtualhost = \"{HOST}\"\ntls_verify = false\n");
    file.set(&text(&check, 8000..8006));
    world.director.lbctl("status --reload").ok();
    for outcome in &mut outcomes[1..5] {
        (outcome.1, outcome.2) = (1, "status 200");
    }
    until(expected(&outcomes), || seen(&world));
    Ok(())
}
