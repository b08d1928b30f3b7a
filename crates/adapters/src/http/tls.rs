//! TLS settings: only the certificate authority that the operator gave is trusted,
//! never the system's beside it.

use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Why TLS settings cannot be used. Never holds any part of a key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// There is no usable certificate among the authorities.
    #[error("no usable CA certificate: {0}")]
    Authority(String),
    /// The client certificate is not one.
    #[error("no usable client certificate: {0}")]
    Certificate(String),
    /// The key is not one, or belongs to another certificate.
    #[error("no usable private key: {0}")]
    Key(String),
}

/// A client certificate with its key, both PEM.
#[derive(Clone, Copy)]
pub struct ClientCertificate<'a> {
    /// The certificate, with its chain if it has one.
    pub chain: &'a [u8],
    /// The private key: PKCS#8, PKCS#1 or SEC1, not encrypted.
    pub key: &'a [u8],
}

/// Settings that trust the authorities in `ca` (PEM) and nobody else, and show a client
/// certificate if there is one.
///
/// # Errors
/// See [`TlsError`].
pub fn config(
    ca: &[u8],
    client: Option<ClientCertificate<'_>>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let mut roots = RootCertStore::empty();
    let authorities = certificates(ca).map_err(TlsError::Authority)?;
    // A system's bundle may hold a certificate that rustls cannot read; one good is enough.
    if roots.add_parsable_certificates(authorities).0 == 0 {
        return Err(TlsError::Authority("none of them can be read".to_owned()));
    }
    let builder =
        ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("BUG: ring supports the default protocol versions")
            .with_root_certificates(roots);
    let config = match client {
        None => builder.with_no_client_auth(),
        Some(client) => {
            let chain = certificates(client.chain).map_err(TlsError::Certificate)?;
            let key = PrivateKeyDer::from_pem_slice(client.key)
                .map_err(|_| TlsError::Key("it is not an unencrypted PEM key".to_owned()))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| TlsError::Key(error.to_string()))?
        }
    };
    Ok(Arc::new(config))
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    if found.is_empty() {
        return Err("the file holds no PEM certificate".to_owned());
    }
    Ok(found)
}
