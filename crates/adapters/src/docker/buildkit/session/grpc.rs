//! gRPC over HTTP/2, as the serving side: messages in their frames, and the status at the end.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Buf as _, Bytes, BytesMut};
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc;

use super::Served;

const FRAMES_AHEAD: usize = 8;
/// The length of a message's header: a flag and its size.
const PREFIX: usize = 5;
/// The largest message that BuildKit sends.
const LARGEST: usize = 16 << 20;

pub(super) type Reply = UnsyncBoxBody<Bytes, Infallible>;

/// Why a call failed.
#[derive(Debug)]
pub(super) struct Status {
    code: u16,
    pub(super) message: String,
}

impl Status {
    pub(super) fn not_found(message: impl Into<String>) -> Self {
        Self { code: 5, message: message.into() }
    }

    pub(super) fn failed(message: impl Into<String>) -> Self {
        Self { code: 13, message: message.into() }
    }

    pub(super) fn unknown_method() -> Self {
        Self { code: 12, message: "there is no such method".to_owned() }
    }
}

/// A call, the path of its method, and the answer that its replies go into.
pub(super) fn begun(
    served: Arc<Served>,
    request: Request<Incoming>,
) -> (Call, String, Response<Reply>) {
    let (head, body) = request.into_parts();
    let (sender, receiver) = mpsc::channel(FRAMES_AHEAD);
    let call = Call {
        served,
        headers: head.headers,
        messages: Messages { body, buffer: BytesMut::new() },
        replies: Replies(sender),
    };
    let frames = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|frame| (Ok(frame), receiver))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let kind = HeaderValue::from_static("application/grpc");
    response.headers_mut().insert(http::header::CONTENT_TYPE, kind);
    (call, head.uri.path().to_owned(), response)
}

/// A call under way.
pub(super) struct Call {
    pub(super) served: Arc<Served>,
    pub(super) headers: HeaderMap,
    pub(super) messages: Messages,
    pub(super) replies: Replies,
}

impl Call {
    /// A value of the call's metadata.
    pub(super) fn metadata(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// What the engine sends.
pub(super) struct Messages {
    body: Incoming,
    buffer: BytesMut,
}

impl Messages {
    /// The next message; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Status> {
        loop {
            if let Some(message) = self.take()? {
                return Ok(Some(message));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(Status::failed(error.to_string())),
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.buffer.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    /// The message of a call that has one.
    pub(super) async fn only(&mut self) -> Result<Bytes, Status> {
        self.next().await?.ok_or_else(|| Status::failed("a call without a message"))
    }

    fn take(&mut self) -> Result<Option<Bytes>, Status> {
        let Some((flag, size)) = self.buffer.get(..PREFIX).map(|prefix| {
            let size = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]);
            (prefix[0], size as usize)
        }) else {
            return Ok(None);
        };
        if flag != 0 || size > LARGEST {
            return Err(Status::failed("a message that is packed or too large"));
        }
        if self.buffer.len() < PREFIX + size {
            return Ok(None);
        }
        self.buffer.advance(PREFIX);
        Ok(Some(self.buffer.split_to(size).freeze()))
    }
}

/// What we send.
#[derive(Clone)]
pub(super) struct Replies(mpsc::Sender<Frame<Bytes>>);

impl Replies {
    /// Sends one message.
    pub(super) async fn send(&self, message: &[u8]) -> Result<(), Status> {
        let size = u32::try_from(message.len()).map_err(|_| Status::failed("too large"))?;
        let mut frame = Vec::with_capacity(PREFIX + message.len());
        frame.push(0);
        frame.extend_from_slice(&size.to_be_bytes());
        frame.extend_from_slice(message);
        let sent = self.0.send(Frame::data(frame.into())).await;
        sent.map_err(|_| Status::failed("the engine listens no more"))
    }

    /// Ends the call.
    pub(super) async fn end(self, ended: Result<(), Status>) {
        let mut trailers = HeaderMap::new();
        let (code, message) = match ended {
            Ok(()) => (0, String::new()),
            Err(status) => (status.code, status.message),
        };
        trailers.insert("grpc-status", HeaderValue::from(code));
        if let Ok(message) = HeaderValue::from_str(&message) {
            trailers.insert("grpc-message", message);
        }
        // Nobody listens any more if the build failed meanwhile.
        let _ = self.0.send(Frame::trailers(trailers)).await;
    }
}
