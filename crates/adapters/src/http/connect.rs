//! Makes the connections of the pool: one connector for all kinds of endpoints.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::{CONNECT_TIMEOUT, Endpoint};

type BoxError = Box<dyn std::error::Error + Send + Sync>;
type Made<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// A connection of any kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Connection for Box<dyn Stream> {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

/// Connects to one endpoint, whatever URI it is asked for.
#[derive(Clone)]
pub(super) struct Connector {
    endpoint: Endpoint,
    tcp: HttpConnector<Resolver>,
}

impl Connector {
    pub(super) fn new(endpoint: Endpoint) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Resolver);
        tcp.set_nodelay(true);
        // A peer that vanished without a word (power, firewall) ends a stream of events
        // after about a minute instead of never.
        tcp.set_keepalive(Some(Duration::from_secs(30)));
        tcp.set_keepalive_interval(Some(Duration::from_secs(10)));
        tcp.set_keepalive_retries(Some(3));
        Self { endpoint, tcp }
    }
}

impl Service<Uri> for Connector {
    type Response = TokioIo<Box<dyn Stream>>;
    type Error = BoxError;
    type Future = Made<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let connecting = connect(self.endpoint.clone(), self.tcp.clone(), uri);
        Box::pin(async {
            let stream = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
            Ok(TokioIo::new(stream))
        })
    }
}

async fn connect(
    endpoint: Endpoint,
    mut tcp: HttpConnector<Resolver>,
    uri: Uri,
) -> Result<Box<dyn Stream>, BoxError> {
    Ok(match endpoint {
        Endpoint::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Endpoint::Tcp { .. } => Box::new(tcp.call(uri).await?.into_inner()),
        Endpoint::Tls { host, config, .. } => {
            let name = ServerName::try_from(host)?;
            let stream = tcp.call(uri).await?.into_inner();
            Box::new(TlsConnector::from(Arc::clone(&config)).connect(name, stream).await?)
        }
    })
}

/// Resolves host names; one that cannot be resolved is "not found", which the resolver
/// that comes with the connector does not say.
#[derive(Clone)]
pub(super) struct Resolver;

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<std::net::SocketAddr>;
    type Error = io::Error;
    type Future = Made<Self::Response, Self::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0))
                .await
                .map_err(|_| io::Error::from(io::ErrorKind::NotFound))?;
            Ok(found.collect::<Vec<_>>().into_iter())
        })
    }
}
