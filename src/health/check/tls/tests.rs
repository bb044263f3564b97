//! The HTTPS check against a little server with certificates of every bad kind.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, SystemTime};

use rcgen::{BasicConstraints, Certificate, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivatePkcs8KeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use super::*;
use crate::health::check::{
    Check, CheckKind, CheckSpec, HttpCheck, HttpQuestion, Kit, Prepared, StatusSet,
};
use crate::model::{Forward, Server};

const HOST: &str = "www.example.com";

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate for these names, changed by `change`.
    fn sign(&self, names: &[&str], change: impl FnOnce(&mut CertificateParams)) -> Identity {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        change(&mut params);
        let key = KeyPair::generate().unwrap();
        Identity(params.signed_by(&key, &self.0).unwrap(), key)
    }
}

struct Identity(Certificate, KeyPair);

/// A file that goes away again.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("lbctl-ca-{}-{number}.pem", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Answers every connection under this identity; the body is the name that was
/// asked for in the handshake.
fn serve(identity: Identity) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    let Identity(certificate, key) = identity;
    let key = PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let tls = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(tls, stream.unwrap());
            let mut request = [0; 1024];
            if stream.read(&mut request).is_ok() {
                let name = stream.conn.server_name().unwrap_or("nobody").to_owned();
                let _ = write!(stream, "HTTP/1.1 200 OK\r\n\r\nname {name}");
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    target
}

fn prepared(target: SocketAddr, host: Option<&str>, body: &str, trust: Trust) -> Arc<Prepared> {
    let request = HttpCheck::new("/", host, StatusSet::default()).unwrap();
    let question = HttpQuestion {
        request,
        body: Some(body.to_owned()),
    };
    let spec = CheckSpec {
        timeout: Duration::from_mins(1),
        ..CheckSpec::new(CheckKind::Https(question, trust))
    };
    let server = Server {
        address: target.ip(),
        port: target.port(),
        forward: Forward::Nat,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
    };
    Prepared::new(
        Check::new(&spec, &server).unwrap(),
        Arc::new(Kit::default()),
    )
}

fn trusting(file: &File) -> Trust {
    Trust {
        verify: true,
        ca_file: Some(file.0.clone()),
    }
}

const ANYBODY: Trust = Trust {
    verify: false,
    ca_file: None,
};

fn ask(identity: Identity, host: Option<&str>, trust: Trust) -> Outcome {
    prepared(serve(identity), host, "", trust).attempt()
}

#[test]
fn a_certificate_that_is_right_passes_and_the_name_is_sent() {
    let authority = Authority::new();
    let file = File::new(&authority.0.pem());
    let target = serve(authority.sign(&[HOST], |_| ()));
    let named = format!("^name {HOST}$");
    let well = Outcome::passed("status 200");
    assert_eq!(
        prepared(target, Some(HOST), &named, trusting(&file)).attempt(),
        well
    );
    let with_port = format!("{HOST}:8443");
    assert_eq!(
        prepared(target, Some(&with_port), &named, trusting(&file)).attempt(),
        well
    );
    // Without a name the address is what the certificate has to be for.
    let target = serve(authority.sign(&["127.0.0.1"], |_| ()));
    assert_eq!(
        prepared(target, None, "^name nobody$", trusting(&file)).attempt(),
        well
    );
}

#[test]
fn certificates_of_every_bad_kind() {
    let authority = Authority::new();
    let file = File::new(&authority.0.pem());
    let day = Duration::from_hours(24);
    let now = SystemTime::now();
    let good = || authority.sign(&[HOST], |_| ());
    let expired = || authority.sign(&[HOST], |it| it.not_after = (now - day).into());
    let early = || authority.sign(&[HOST], |it| it.not_before = (now + day).into());
    let other = || authority.sign(&["other.example", "192.0.2.1"], |_| ());
    let nobody = || authority.sign(&[], |_| ());
    let client = || {
        authority.sign(&[HOST], |it| {
            it.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ClientAuth];
        })
    };
    let alone = || {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
        Identity(params.self_signed(&key).unwrap(), key)
    };
    let cases: [(&dyn Fn() -> Identity, &str); 6] = [
        (&expired, "certificate expired"),
        (&early, "certificate is not valid yet"),
        (&other, "certificate is for other.example, 192.0.2.1"),
        (&nobody, "certificate names no host"),
        (&client, "certificate is not one for servers"),
        (&alone, "certificate is not trusted"),
    ];
    for (identity, reason) in cases {
        let outcome = ask(identity(), Some(HOST), trusting(&file));
        assert_eq!(outcome, Outcome::failed(reason));
        assert_eq!(
            ask(identity(), Some(HOST), ANYBODY),
            Outcome::passed("status 200")
        );
    }
    // The well-known authorities do not know ours, nor does another one.
    let known = Trust {
        verify: true,
        ca_file: None,
    };
    let untrusted = Outcome::failed("certificate is not trusted");
    assert_eq!(ask(good(), Some(HOST), known), untrusted);
    let other = File::new(&Authority::new().0.pem());
    assert_eq!(ask(good(), Some(HOST), trusting(&other)), untrusted);
    // As `openssl req -x509` makes them.
    let mut params = CertificateParams::new(vec![HOST.to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let own = Identity(params.self_signed(&key).unwrap(), key);
    let itself = File::new(&own.0.pem());
    assert_eq!(
        ask(own, Some(HOST), trusting(&itself)),
        Outcome::failed("certificate is a CA's own, and so not trusted for a server")
    );
}

#[test]
fn a_ca_file_that_is_of_no_use_is_this_machines_own_fault() {
    let authority = Authority::new();
    let file = File::new(&authority.0.pem());
    let target = serve(authority.sign(&[HOST], |_| ()));
    let check = prepared(target, Some(HOST), "", trusting(&file));
    let path = file.0.display();
    assert_eq!(check.attempt(), Outcome::passed("status 200"));
    fs::write(&file.0, "nothing\n").unwrap();
    assert_eq!(
        check.attempt(),
        Outcome::local(format!(
            "cannot read the CA file {path}: there is no certificate in it"
        ))
    );
    fs::remove_file(&file.0).unwrap();
    assert_eq!(
        check.attempt(),
        Outcome::local(format!(
            "cannot read the CA file {path}: No such file or directory (os error 2)"
        ))
    );
    // Another authority in its place is seen without a restart.
    fs::write(&file.0, Authority::new().0.pem()).unwrap();
    assert_eq!(
        check.attempt(),
        Outcome::failed("certificate is not trusted")
    );
    fs::write(&file.0, authority.0.pem()).unwrap();
    assert_eq!(check.attempt(), Outcome::passed("status 200"));
}

#[test]
fn a_server_without_tls_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    assert_eq!(
        prepared(target, Some(HOST), "", ANYBODY).attempt(),
        Outcome::failed("does not speak TLS")
    );
}

#[test]
fn a_server_that_is_silent_in_the_handshake_does_not_outlive_the_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let target = listener.local_addr().unwrap();
    let check = prepared(target, Some(HOST), "", ANYBODY);
    let spec = CheckSpec {
        timeout: Duration::from_millis(300),
        ..check.check().spec().clone()
    };
    let server = Server {
        address: target.ip(),
        port: target.port(),
        forward: Forward::Nat,
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
    };
    let check = Prepared::new(
        Check::new(&spec, &server).unwrap(),
        Arc::new(Kit::default()),
    );
    assert_eq!(check.attempt(), Outcome::failed("no answer within 300ms"));
    drop(listener);
    assert_eq!(check.attempt(), Outcome::failed("connection refused"));
}
