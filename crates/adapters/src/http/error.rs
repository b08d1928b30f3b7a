//! Why a request got no response, by what to do about it.

use std::error::Error;
use std::io;

use rustls::{AlertDescription, CertificateError};

use world::OutsideError;

/// Why a request got no response.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// Nothing listens there.
    #[error("nothing listens at {at}")]
    Refused {
        /// The endpoint.
        at: String,
    },
    /// There is no such socket file or host name.
    #[error("{at} does not exist")]
    NotFound {
        /// The endpoint.
        at: String,
    },
    /// This user may not open the socket.
    #[error("no permission to connect to {at}")]
    PermissionDenied {
        /// The endpoint.
        at: String,
    },
    /// One side does not accept the other's certificate.
    #[error("TLS with {at} failed: {why}")]
    TlsRefused {
        /// The endpoint.
        at: String,
        /// Who refused what.
        why: String,
    },
    /// No connection within [`CONNECT_TIMEOUT`](super::CONNECT_TIMEOUT).
    #[error("{at} does not answer")]
    ConnectTimeout {
        /// The endpoint.
        at: String,
    },
    /// No connection, for another reason.
    #[error("cannot connect to {at}: {why}")]
    Unreachable {
        /// The endpoint.
        at: String,
        /// What the system says.
        why: String,
    },
    /// What answers does not speak HTTP.
    #[error("what answers at {at} does not speak HTTP: {why}")]
    NotHttp {
        /// The endpoint.
        at: String,
        /// What is wrong with its answer.
        why: String,
    },
    /// The connection broke after it was made: the request may have been carried out.
    #[error("{at} closed the connection before it answered: {why}")]
    Closed {
        /// The endpoint.
        at: String,
        /// What happened.
        why: String,
    },
}

impl HttpError {
    /// Reads what hyper's client reports.
    pub(super) fn of(at: &str, error: &hyper_util::client::legacy::Error) -> Self {
        let at = at.to_owned();
        if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            return Self::TlsRefused { at, why: tls_text(tls) };
        }
        let kind = causes(error).filter_map(|cause| cause.downcast_ref::<io::Error>()).last();
        let why = causes(error).last().map(ToString::to_string).unwrap_or_default();
        let answer = causes(error).find_map(|cause| cause.downcast_ref::<hyper::Error>());
        if answer.is_some_and(hyper::Error::is_parse) {
            return Self::NotHttp { at, why };
        }
        if !error.is_connect() {
            return Self::Closed { at, why };
        }
        match kind.map(io::Error::kind) {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused { at },
            Some(io::ErrorKind::NotFound) => Self::NotFound { at },
            Some(io::ErrorKind::PermissionDenied) => Self::PermissionDenied { at },
            Some(io::ErrorKind::TimedOut) => Self::ConnectTimeout { at },
            _ => Self::Unreachable { at, why },
        }
    }
}

impl From<HttpError> for OutsideError {
    fn from(error: HttpError) -> Self {
        let text = error.to_string();
        match error {
            HttpError::PermissionDenied { .. } | HttpError::TlsRefused { .. } => {
                Self::Forbidden(text)
            }
            // Whatever it is, the request reached it.
            HttpError::NotHttp { .. } | HttpError::Closed { .. } => Self::Timeout(text),
            HttpError::Refused { .. }
            | HttpError::NotFound { .. }
            | HttpError::ConnectTimeout { .. }
            | HttpError::Unreachable { .. } => Self::Unreachable(text),
        }
    }
}

/// For users that can only carry an [`io::Error`] (bollard's custom transport); it is
/// found again with `downcast_ref` on the inner error.
impl From<HttpError> for io::Error {
    fn from(error: HttpError) -> Self {
        Self::other(error)
    }
}

/// An error and what caused it, outermost first.
///
/// [`io::Error::source`] skips the error that it wraps, so that is looked at by hand.
fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> + use<'a> {
    std::iter::successors(Some(error), |&error: &&'a (dyn Error + 'static)| {
        match error.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Says who refused what.
fn tls_text(error: &rustls::Error) -> String {
    let text = match error {
        rustls::Error::InvalidCertificate(why) => match why {
            CertificateError::UnknownIssuer => {
                "its certificate is not signed by the given authority"
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "its certificate has expired"
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                "its certificate is for another host name"
            }
            other => return format!("its certificate is not valid: {other}"),
        },
        rustls::Error::AlertReceived(
            AlertDescription::CertificateRequired
            | AlertDescription::BadCertificate
            | AlertDescription::UnknownCA
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateRevoked
            | AlertDescription::AccessDenied,
        ) => "it does not accept our client certificate",
        rustls::Error::InvalidMessage(_) => "it does not speak TLS",
        other => return other.to_string(),
    };
    text.to_owned()
}
