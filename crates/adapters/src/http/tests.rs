//! The client against small servers in this process.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};

use http::Request;
use http_body_util::StreamBody;
use hyper::body::Frame;
use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, UnixListener};
use tokio_rustls::TlsAcceptor;

use super::tls::{ClientCertificate, TlsError};
use super::*;

/// Answers every request on one connection with its own head and body, until the peer
/// closes; a request for `/hang-up` is answered by closing.
async fn echo(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    let mut seen = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => seen.extend_from_slice(&chunk[..read]),
            _ => return,
        }
        let text = String::from_utf8_lossy(&seen).into_owned();
        if text.starts_with("GET /hang-up") {
            return;
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_ascii_lowercase();
        let whole = if head.contains("transfer-encoding: chunked") {
            body.ends_with("0\r\n\r\n")
        } else {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            body.len() >= length.map_or(0, |length| length.parse().unwrap())
        };
        if whole {
            let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
            stream.write_all(answer.as_bytes()).await.unwrap();
            stream.write_all(text.as_bytes()).await.unwrap();
            seen.clear();
        }
    }
}

fn get(path: &str) -> Request<Body> {
    Request::get(path).body(full("")).unwrap()
}

async fn ask(client: &HttpClient, request: Request<Body>) -> Result<String, HttpError> {
    let response = client.send(request).await?;
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    Ok(String::from_utf8(bytes.to_vec()).unwrap())
}

/// A folder that is removed at the end of the test.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("rc-http-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// Starts a unix server and counts its connections.
fn unix_server(folder: &Folder) -> (Endpoint, Arc<AtomicUsize>) {
    let path = folder.0.join("s");
    let listener = UnixListener::bind(&path).unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(echo(stream));
        }
    });
    (Endpoint::Unix(path), connections)
}

#[tokio::test]
async fn connections_are_kept_and_the_uri_is_rewritten() {
    let folder = Folder::new();
    let (endpoint, connections) = unix_server(&folder);
    let client = HttpClient::new(endpoint, 4).unwrap();
    for _ in 0..10 {
        let seen = ask(&client, get("unix://2f72756e:0/v1.41/info?a=b")).await.unwrap();
        assert!(seen.starts_with("GET /v1.41/info?a=b HTTP/1.1\r\nhost: localhost\r\n"), "{seen}");
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn bodies_are_bytes_or_streams() {
    let folder = Folder::new();
    let (endpoint, _) = unix_server(&folder);
    let client = HttpClient::new(endpoint, 4).unwrap();
    let request = Request::post("/").body(full("some bytes")).unwrap();
    assert!(ask(&client, request).await.unwrap().ends_with("\r\n\r\nsome bytes"));

    let parts = ["one", "two"].map(|part| Ok::<_, std::io::Error>(Frame::data(part.into())));
    let stream = StreamBody::new(futures_util::stream::iter(parts));
    let body = stream.map_err(Into::into).boxed_unsync();
    let seen = ask(&client, Request::post("/").body(body).unwrap()).await.unwrap();
    assert!(seen.ends_with("3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"), "{seen}");
}

#[tokio::test]
async fn bollard_runs_over_it() {
    let folder = Folder::new();
    let (endpoint, connections) = unix_server(&folder);
    let client = HttpClient::new(endpoint, 4).unwrap();
    let transport = move |request: bollard::BollardRequest| {
        let client = client.clone();
        async move {
            let sent = client.send(request.map(http_body_util::BodyExt::boxed_unsync)).await;
            sent.map_err(|error| std::io::Error::from(error).into())
        }
    };
    let docker = bollard::Docker::connect_with_custom_transport(
        transport,
        Some("http://engine"),
        10,
        bollard::API_DEFAULT_VERSION,
    )
    .unwrap();
    for _ in 0..3 {
        assert!(docker.ping().await.unwrap().starts_with("GET /_ping HTTP/1.1\r\n"));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn why_there_is_no_connection_is_distinguished() {
    let folder = Folder::new();
    let client = |endpoint| HttpClient::new(endpoint, 1).unwrap();
    let unix = |name: &str| client(Endpoint::Unix(folder.0.join(name)));

    let error = ask(&unix("missing"), get("/")).await.unwrap_err();
    assert!(matches!(error, HttpError::NotFound { .. }), "{error:?}");

    // A socket file whose server is gone.
    drop(UnixListener::bind(folder.0.join("left")).unwrap());
    let error = ask(&unix("left"), get("/")).await.unwrap_err();
    assert!(matches!(error, HttpError::Refused { .. }), "{error:?}");

    let port = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
    let closed = client(Endpoint::Tcp { host: "127.0.0.1".to_owned(), port });
    let error = ask(&closed, get("/")).await.unwrap_err();
    assert_eq!(error, HttpError::Refused { at: format!("tcp://127.0.0.1:{port}") });

    // RFC 2606: this name never exists.
    let nowhere = Endpoint::Tcp { host: "nowhere.invalid".to_owned(), port: 1 };
    let error = ask(&client(nowhere), get("/")).await.unwrap_err();
    assert!(matches!(error, HttpError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn a_server_that_hangs_up_may_have_seen_the_request() {
    let folder = Folder::new();
    let (endpoint, connections) = unix_server(&folder);
    let client = HttpClient::new(endpoint, 4).unwrap();
    ask(&client, get("/")).await.unwrap();
    let error = ask(&client, get("/hang-up")).await.unwrap_err();
    assert!(matches!(error, HttpError::Closed { .. }), "{error:?}");
    assert_eq!(connections.load(Ordering::Relaxed), 1, "the request was sent twice");
}

/// Two authorities, and a certificate of each for a server and a client; made once.
struct Pki {
    pem: std::collections::BTreeMap<String, Vec<u8>>,
}

impl Pki {
    fn get(&self, name: &str) -> &[u8] {
        &self.pem[name]
    }
}

static PKI: LazyLock<Pki> = LazyLock::new(|| {
    let folder = Folder::new();
    let mut names = Vec::new();
    for ca in ["ours", "theirs"] {
        openssl(
            &folder.0,
            &format!("req -x509 -nodes -subj /CN={ca} -keyout {ca}.key -out {ca}.pem"),
        );
        names.extend([ca.to_owned()]);
        for who in ["server", "client"] {
            let name = format!("{ca}-{who}");
            openssl(
                &folder.0,
                &format!("req -nodes -subj /CN={who} -keyout {name}.key -out {name}.csr"),
            );
            std::fs::write(folder.0.join("ext"), "subjectAltName=IP:127.0.0.1").unwrap();
            openssl(
                &folder.0,
                &format!(
                    "x509 -req -in {name}.csr -CA {ca}.pem -CAkey {ca}.key -CAcreateserial \
                     -extfile ext -out {name}.pem"
                ),
            );
            names.push(name);
        }
    }
    let mut pem = std::collections::BTreeMap::new();
    for file in names.iter().flat_map(|name| [format!("{name}.pem"), format!("{name}.key")]) {
        pem.insert(file.clone(), std::fs::read(folder.0.join(&file)).unwrap());
    }
    Pki { pem }
});

fn openssl(folder: &Path, arguments: &str) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(arguments.split_whitespace());
    if arguments.starts_with("req") {
        command.args(key);
    }
    let output = command.output().expect("these tests need the openssl command");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A server with a certificate of `ours` that asks for a client certificate of `ours`.
async fn tls_server() -> (u16, Arc<AtomicUsize>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(PKI.get("ours.pem")).unwrap()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), Arc::clone(&provider));
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(PKI.get("ours-server.pem")).unwrap()],
            PrivateKeyDer::from_pem_slice(PKI.get("ours-server.key")).unwrap(),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let handshakes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&handshakes);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            if let Ok(stream) = acceptor.accept(stream).await {
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(echo(stream));
            }
        }
    });
    (port, handshakes)
}

fn tls_client(host: &str, port: u16, ca: &str, presented: Option<&str>) -> HttpClient {
    let (chain, key) = match presented {
        Some(name) => (PKI.get(&format!("{name}.pem")), PKI.get(&format!("{name}.key"))),
        None => (&[][..], &[][..]),
    };
    let client = presented.map(|_| ClientCertificate { chain, key });
    let config = tls::config(PKI.get(ca), client).unwrap();
    HttpClient::new(Endpoint::Tls { host: host.to_owned(), port, config }, 4).unwrap()
}

#[tokio::test]
async fn mutual_tls_with_one_handshake_for_many_requests() {
    let (port, handshakes) = tls_server().await;
    let client = tls_client("127.0.0.1", port, "ours.pem", Some("ours-client"));
    for _ in 0..10 {
        let seen = ask(&client, get("/info")).await.unwrap();
        assert!(seen.contains(&format!("host: 127.0.0.1:{port}\r\n")), "{seen}");
    }
    assert_eq!(handshakes.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_certificate_that_either_side_does_not_trust_is_refused() {
    let (port, _) = tls_server().await;
    let refused = async |host: &str, ca: &str, presented: Option<&str>| match ask(
        &tls_client(host, port, ca, presented),
        get("/"),
    )
    .await
    {
        Err(HttpError::TlsRefused { why, .. }) => why,
        other => panic!("not refused: {other:?}"),
    };
    assert_eq!(
        refused("127.0.0.1", "theirs.pem", Some("ours-client")).await,
        "its certificate is not signed by the given authority"
    );
    assert_eq!(
        refused("localhost", "ours.pem", Some("ours-client")).await,
        "its certificate is for another host name"
    );
    for presented in [None, Some("theirs-client")] {
        assert_eq!(
            refused("127.0.0.1", "ours.pem", presented).await,
            "it does not accept our client certificate"
        );
    }
}

#[test]
fn settings_that_cannot_be_used_say_which_part() {
    let ca = PKI.get("ours.pem");
    assert!(matches!(tls::config(b"", None), Err(TlsError::Authority(_))));
    let of = |chain, key| tls::config(ca, Some(ClientCertificate { chain, key })).unwrap_err();
    let (chain, key) = (PKI.get("ours-client.pem"), PKI.get("ours-client.key"));
    assert!(matches!(of(b"", key), TlsError::Certificate(_)));
    assert!(matches!(of(chain, b"no key"), TlsError::Key(_)));
    assert!(matches!(of(chain, PKI.get("theirs-client.key")), TlsError::Key(_)));
}
