//! What https checks trust, and the sentences for certificates that fail. The
//! settings are made once for all checks that trust the same, and anew when the
//! CA file has changed.

use std::collections::HashMap;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, ring};
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme,
};

use super::{Outcome, Trust};

/// The TLS settings of all checks.
#[derive(Debug, Default)]
pub(super) struct TrustStore(Mutex<HashMap<Trust, Known>>);

#[derive(Debug)]
struct Known {
    stamp: Option<Stamp>,
    config: Arc<ClientConfig>,
}

/// Tells a file from what stood there before: device, inode, time, length.
type Stamp = (u64, u64, i64, i64, u64);

impl TrustStore {
    /// The settings for checks that trust so.
    ///
    /// # Errors
    /// The sentence for a CA file that is of no use.
    pub(super) fn config(&self, trust: &Trust) -> Result<Arc<ClientConfig>, String> {
        let stamp = match (&trust.ca_file, trust.verify) {
            (Some(path), true) => Some(stamp(path).map_err(|error| unreadable(path, &error))?),
            _ => None,
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known.get(trust)
            && known.stamp == stamp
        {
            return Ok(Arc::clone(&known.config));
        }
        let config = Arc::new(build(trust)?);
        let entry = Known {
            stamp,
            config: Arc::clone(&config),
        };
        known.insert(trust.clone(), entry);
        Ok(config)
    }
}

fn stamp(path: &Path) -> io::Result<Stamp> {
    let meta = path.metadata()?;
    Ok((
        meta.dev(),
        meta.ino(),
        meta.mtime(),
        meta.mtime_nsec(),
        meta.size(),
    ))
}

fn unreadable(path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("cannot read the CA file {}: {error}", path.display())
}

fn build(trust: &Trust) -> Result<ClientConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("cannot set up TLS: {error}"))?;
    let mut config = if trust.verify {
        builder
            .with_root_certificates(roots(trust.ca_file.as_deref())?)
            .with_no_client_auth()
    } else {
        builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody::new(&provider)))
            .with_no_client_auth()
    };
    // A resumed session shows no certificate, and that is what is looked at.
    config.resumption = Resumption::disabled();
    Ok(config)
}

fn roots(ca_file: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca_file else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        return Ok(roots);
    };
    let certificates = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, pem::Error>>)
        .map_err(|error| unreadable(path, &error))?;
    let (added, _) = roots.add_parsable_certificates(certificates);
    if added == 0 {
        return Err(unreadable(path, &"there is no certificate in it"));
    }
    Ok(roots)
}

/// Takes any certificate: `tls_verify = false`. Whether its key signed the
/// handshake says nothing either, once anybody's certificate will do; and old
/// appliances have certificates that cannot even be read.
#[derive(Debug)]
struct Anybody(WebPkiSupportedAlgorithms);

impl Anybody {
    fn new(provider: &CryptoProvider) -> Self {
        Self(provider.signature_verification_algorithms)
    }
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}

/// Judges an error that came from TLS; none: it did not.
pub(super) fn judge(error: &io::Error) -> Option<Outcome> {
    let error = error.get_ref()?.downcast_ref::<Error>()?;
    Some(match error {
        Error::InvalidCertificate(error) => Outcome::failed(certificate(error)),
        Error::FailedToGetCurrentTime | Error::FailedToGetRandomBytes => {
            Outcome::local(format!("this machine cannot do TLS: {error}"))
        }
        Error::InvalidMessage(_) => Outcome::failed("does not speak TLS"),
        other => Outcome::failed(format!("TLS: {other}")),
    })
}

/// What is wrong with a certificate.
fn certificate(error: &CertificateError) -> String {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } => "certificate expired".to_owned(),
        E::NotValidYet | E::NotValidYetContext { .. } => "certificate is not valid yet".to_owned(),
        E::NotValidForNameContext { presented, .. } if !presented.is_empty() => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            format!("certificate is for {}", names.join(", "))
        }
        E::NotValidForName | E::NotValidForNameContext { .. } => {
            "certificate names no host".to_owned()
        }
        // A bad signature is that of another CA of the same name.
        E::UnknownIssuer | E::BadSignature => "certificate is not trusted".to_owned(),
        E::InvalidPurpose | E::InvalidPurposeContext { .. } => {
            "certificate is not one for servers".to_owned()
        }
        E::Revoked => "certificate is revoked".to_owned(),
        // What webpki says of a CA's own certificate as a server's.
        E::Other(other) if other.to_string().contains("CaUsedAsEndEntity") => {
            "certificate is a CA's own, and so not trusted for a server".to_owned()
        }
        other => format!("certificate is not valid: {other}"),
    }
}

/// `DnsName("www.example.com")` without what is around the name.
fn bare(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner);
    inner.trim_end_matches(')').trim_matches('"')
}

#[cfg(test)]
mod tests;
