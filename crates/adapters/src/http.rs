//! A small pooled HTTP/1.1 client over a unix socket, TCP or TLS: what Docker and Consul
//! are spoken to with.
//!
//! It exists because bollard's own clients pool nothing (one connection, and over TLS
//! one handshake, per request) and trust the system's certificate authorities beside
//! the one that was given.

mod connect;
pub(crate) mod date;
mod error;
pub mod tls;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::{Authority, PathAndQuery, Scheme};
use http_body_util::BodyExt as _;
use http_body_util::Full;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use connect::Connector;
pub use error::HttpError;

/// All but what is itself in every part of a URI (RFC 3986, section 2.3).
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// How long a connection may take to be made, TLS handshake included.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an unused connection is kept.
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

/// A request's body: full bytes or a stream.
pub type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// A body of these bytes.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// Where the server is.
#[derive(Clone)]
pub enum Endpoint {
    /// A unix socket.
    Unix(PathBuf),
    /// Plain TCP.
    Tcp {
        /// Host name or address, an IPv6 one without brackets.
        host: String,
        /// Port.
        port: u16,
    },
    /// TLS over TCP.
    Tls {
        /// Host name or address; the server's certificate must be valid for it.
        host: String,
        /// Port.
        port: u16,
        /// Whom to trust and what to show; see [`tls`].
        config: Arc<rustls::ClientConfig>,
    },
}

impl Endpoint {
    /// What goes into the `Host` header.
    fn authority(&self) -> Result<Authority, HttpError> {
        let text = match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Tcp { host, port } | Self::Tls { host, port, .. } if host.contains(':') => {
                format!("[{host}]:{port}")
            }
            Self::Tcp { host, port } | Self::Tls { host, port, .. } => format!("{host}:{port}"),
        };
        Authority::try_from(text).map_err(|_| HttpError::NotFound { at: self.to_string() })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { host, port } => write!(f, "tcp://{host}:{port}"),
            Self::Tls { host, port, .. } => write!(f, "tls://{host}:{port}"),
        }
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A client of one server, with a pool of connections. Cloning shares the pool.
#[derive(Clone)]
pub struct HttpClient {
    client: Client<Connector, Body>,
    authority: Authority,
    at: Arc<str>,
}

impl HttpClient {
    /// A client that keeps at most `max_idle` unused connections. Nothing is connected
    /// before the first request.
    ///
    /// # Errors
    /// [`HttpError::NotFound`] if the host can be no host's name.
    pub fn new(endpoint: Endpoint, max_idle: usize) -> Result<Self, HttpError> {
        let authority = endpoint.authority()?;
        let at = endpoint.to_string().into();
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(max_idle)
            .build(Connector::new(endpoint));
        Ok(Self { client, authority, at })
    }

    /// Where the server is, in words.
    #[must_use]
    pub fn at(&self) -> &str {
        &self.at
    }

    /// Sends a request and returns once the response's head is there. Only the path and
    /// query of its URI count: scheme and host are those of the endpoint.
    ///
    /// A request is never sent twice. There is no deadline but the one for connecting.
    ///
    /// # Errors
    /// See [`HttpError`]. An HTTP status is no error.
    pub async fn send(
        &self,
        request: http::Request<Body>,
    ) -> Result<http::Response<Incoming>, HttpError> {
        let (mut head, body) = request.into_parts();
        let mut uri = http::uri::Parts::default();
        uri.scheme = Some(Scheme::HTTP);
        uri.authority = Some(self.authority.clone());
        uri.path_and_query =
            Some(head.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/")));
        head.uri = http::Uri::from_parts(uri).expect("BUG: a URI of three valid parts is valid");
        let request = http::Request::from_parts(head, body);
        self.client.request(request).await.map_err(|error| HttpError::of(&self.at, &error))
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpClient({})", self.at)
    }
}

/// A text as one part of a path or query.
#[must_use]
pub fn percent_encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests;
