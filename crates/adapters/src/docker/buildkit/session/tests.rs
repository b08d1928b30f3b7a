//! A session, asked as the engine asks: over HTTP/2, without an engine.

use std::io;

use futures_util::StreamExt as _;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::docker::buildkit::protobuf;
use crate::docker::wire::logins::Logins;
use world::{TreeEntry, TreeError};

type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, io::Error>;
type Client = hyper::client::conn::http2::SendRequest<Body>;

/// A tree of one file.
struct OneFile;

impl Tree for OneFile {
    fn read(&self, path: &str, _: u64) -> Result<Vec<u8>, TreeError> {
        match path {
            "web/a" => Ok(vec![b'x'; 40_000]),
            other => Err(TreeError::Missing(other.to_owned())),
        }
    }

    fn list(&self, path: &str) -> Result<Vec<TreeEntry>, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn link(&self, path: &str) -> Result<String, TreeError> {
        Err(TreeError::Missing(path.to_owned()))
    }

    fn host_path(&self) -> Option<&str> {
        None
    }
}

fn offer() -> Offer {
    let files = vec![
        Entry::file("a", false, 40_000, Source::Tree("web/a".to_owned())),
        Entry::file(".dockerignore", false, 1, Source::Bytes(Bytes::from_static(b"#"))),
    ];
    Offer {
        logins: Logins::default(),
        owner: "abc".into(),
        key: Digest::of("key"),
        secrets: BTreeMap::from([("token".to_owned(), Content::new(*b"s3cret"))]),
        agents: BTreeMap::new(),
        files: BTreeMap::from([("context", Entry::with_folders(files))]),
    }
}

async fn connect(offer: Offer) -> (Client, Session) {
    let (ours, engines) = tokio::io::duplex(64 << 10);
    let session = Session::over(TokioIo::new(ours), offer, fresh_id());
    let io = TokioIo::new(engines);
    let (client, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.unwrap();
    tokio::spawn(connection);
    (client, session)
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = vec![0];
    frame.extend(u32::try_from(message.len()).unwrap().to_be_bytes());
    frame.extend(message);
    frame.into()
}

fn text(number: u64, text: &str) -> Vec<u8> {
    let mut message = Vec::new();
    protobuf::put_bytes(&mut message, number, text.as_bytes());
    message
}

fn request(path: &str, message: &[u8]) -> Request<Body> {
    let body = Full::new(framed(message)).map_err(|never| match never {}).boxed_unsync();
    Request::post(format!("http://engine{path}")).body(body).unwrap()
}

/// The messages of an answer, and its status.
async fn whole(response: Response<Incoming>) -> (Vec<Bytes>, String) {
    let body = response.into_body().collect().await.unwrap();
    let status = body.trailers().unwrap()["grpc-status"].to_str().unwrap().to_owned();
    let mut bytes = body.to_bytes();
    let mut messages = Vec::new();
    while !bytes.is_empty() {
        let head = bytes.split_to(5);
        let length = u32::from_be_bytes([head[1], head[2], head[3], head[4]]);
        messages.push(bytes.split_to(length as usize));
    }
    (messages, status)
}

#[tokio::test]
async fn a_secret_is_given_by_its_id_and_nothing_else_is() {
    let (mut client, _session) = connect(offer()).await;
    let mut ask = async |path: &str, message: &[u8]| {
        whole(client.send_request(request(path, message)).await.unwrap()).await
    };
    let (messages, status) = ask(methods::GET_SECRET, &text(1, "token")).await;
    assert_eq!(
        (protobuf::text(&messages[0], 1).as_deref(), status.as_str()),
        (Some("s3cret"), "0")
    );
    assert_eq!(ask(methods::GET_SECRET, &text(1, "other")).await, (vec![], "5".to_owned()));
    assert_eq!(ask(methods::CHECK_AGENT, b"").await, (vec![], "5".to_owned()));
    assert_eq!(ask("/moby.filesync.v1.Auth/FetchToken", b"").await.1, "12");
    let nobody = (vec![Bytes::new()], "0".to_owned());
    assert_eq!(ask(methods::CREDENTIALS, &text(1, "registry.example")).await, nobody);
    let (messages, _) = ask("/grpc.health.v1.Health/Check", b"").await;
    assert_eq!(messages, [Bytes::from_static(b"\x08\x01")]);
}

#[tokio::test]
async fn files_are_listed_and_then_read_from_the_tree() {
    let (mut client, mut session) = connect(offer()).await;
    // The second file (`.dockerignore` comes first), then the end.
    let messages = [b"\x08\x01\x18\x01".as_slice(), b"\x08\x03"];
    let frames = messages.map(|message| Ok(Frame::data(framed(message))));
    let body = StreamBody::new(futures_util::stream::iter(frames)).boxed_unsync();
    let mut request =
        Request::post(format!("http://engine{}", methods::DIFF_COPY)).body(body).unwrap();
    request.headers_mut().insert("dir-name", "context".parse().unwrap());
    let asked = async { whole(client.send_request(request).await.unwrap()).await };
    let (messages, status) = tokio::select! {
        answer = asked => answer,
        () = session.serve(&OneFile) => panic!("the session ended"),
    };
    assert_eq!(status, "0");
    let listed = messages.iter().filter(|packet| packet.starts_with(b"\x12")).count();
    let data: usize = messages.iter().filter(|packet| packet.starts_with(b"\x08\x02")).count();
    // Two files; two pieces and an empty one at the end.
    assert_eq!((listed, data, messages.len()), (2, 3, 7));
    assert_eq!(messages.last().unwrap().as_ref(), b"\x08\x03");
}

#[tokio::test]
async fn a_folder_that_is_not_offered_is_not_found() {
    let (mut client, _session) = connect(offer()).await;
    let mut request = request(methods::DIFF_COPY, b"");
    request.headers_mut().insert("dir-name", "/etc".parse().unwrap());
    let (messages, status) = whole(client.send_request(request).await.unwrap()).await;
    assert_eq!((messages.len(), status.as_str()), (0, "5"));
}

#[tokio::test]
async fn bytes_go_to_the_agent_and_back() {
    let folder = std::env::temp_dir().join(format!("reconciler-agent-{}", fresh_id()));
    std::fs::create_dir(&folder).unwrap();
    let socket = folder.join("agent.sock");
    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let mut offer = offer();
    offer.agents.insert("default".to_owned(), socket);
    let (mut client, _session) = connect(offer).await;
    let agent = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut question = [0; 4];
        stream.read_exact(&mut question).await.unwrap();
        stream.write_all(&question.map(|byte| byte + 1)).await.unwrap();
    });
    assert!(matches!(
        whole(client.send_request(request(methods::CHECK_AGENT, b"")).await.unwrap()).await,
        (messages, status) if messages == [Bytes::new()] && status == "0"
    ));
    // The asking side stays open until the agent has answered.
    let question = Frame::data(framed(&text(1, "abcd")));
    let frames = futures_util::stream::iter([Ok(question)]).chain(futures_util::stream::pending());
    let body = StreamBody::new(frames).boxed_unsync();
    let request = Request::post(format!("http://engine{}", methods::FORWARD_AGENT)).body(body);
    let (messages, status) = whole(client.send_request(request.unwrap()).await.unwrap()).await;
    assert_eq!((protobuf::text(&messages[0], 1).as_deref(), status.as_str()), (Some("bcde"), "0"));
    agent.await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}
