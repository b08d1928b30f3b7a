//! A proxy in front of the engine's socket or Consul's port: it writes down every request
//! that could change something, and can be where the program dies: after a given one of
//! them was answered, it keeps the answer to itself.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use super::lab::variable;

/// The proxy; it runs as long as the test.
pub(crate) struct Proxy {
    /// Where it listens, as `DOCKER_HOST` or `CONSUL_HTTP_ADDR` say it.
    pub(crate) address: String,
    shared: Arc<Shared>,
}

type Shared = Mutex<Calls>;

/// What went through.
#[derive(Default)]
struct Calls {
    mutating: Vec<String>,
    /// How many of them were answered.
    answered: usize,
    crash_after: Option<usize>,
    lose: Option<usize>,
}

impl Calls {
    /// Whether no answer is passed on and no call goes through any more.
    fn is_dying(&self) -> bool {
        self.crash_after.is_some_and(|calls| self.answered >= calls)
    }
}

fn lock(shared: &Shared) -> MutexGuard<'_, Calls> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// One connection, in both directions.
trait Wire: Read + Write + Send {
    fn twin(&self) -> Box<dyn Wire>;
}

impl Wire for UnixStream {
    fn twin(&self) -> Box<dyn Wire> {
        Box::new(self.try_clone().unwrap())
    }
}

impl Wire for TcpStream {
    fn twin(&self) -> Box<dyn Wire> {
        Box::new(self.try_clone().unwrap())
    }
}

impl Proxy {
    /// In front of the engine. `name` must be like no other proxy's.
    pub(crate) fn engine(name: &str) -> Self {
        Self::before_engine(name, Calls::default())
    }

    /// In front of the engine; the answer to this mutating call is lost: the connection
    /// breaks after the engine has done it.
    pub(crate) fn losing(name: &str, call: usize) -> Self {
        Self::before_engine(name, Calls { lose: Some(call), ..Calls::default() })
    }

    /// In front of the engine; the program is to be killed when this many mutating calls
    /// were answered.
    pub(crate) fn crash_after(name: &str, calls: usize) -> Self {
        Self::before_engine(name, Calls { crash_after: Some(calls), ..Calls::default() })
    }

    fn before_engine(name: &str, calls: Calls) -> Self {
        let path = PathBuf::from(variable("RECONCILER_LAB")).join(format!("once-{name}.sock"));
        let listener = UnixListener::bind(&path).unwrap();
        let engine = variable("DOCKER_HOST").trim_start_matches("unix://").to_owned();
        let shared = Arc::new(Mutex::new(calls));
        let kept = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, kept) = (client.unwrap(), Arc::clone(&kept));
                let server = UnixStream::connect(&engine).unwrap();
                thread::spawn(move || relay(&client, &server, &kept));
            }
        });
        Self { address: format!("unix://{}", path.display()), shared }
    }

    /// In front of Consul.
    pub(crate) fn consul() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let consul = variable("CONSUL_HTTP_ADDR").trim_start_matches("http://").to_owned();
        let shared = Arc::new(Mutex::new(Calls::default()));
        let kept = Arc::clone(&shared);
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, kept) = (client.unwrap(), Arc::clone(&kept));
                let server = TcpStream::connect(&consul).unwrap();
                thread::spawn(move || relay(&client, &server, &kept));
            }
        });
        Self { address, shared }
    }

    /// The mutating requests so far, as `POST /v1.41/containers/create?name=x`.
    pub(crate) fn mutating(&self) -> Vec<String> {
        lock(&self.shared).mutating.clone()
    }

    /// Forgets the requests so far.
    pub(crate) fn forget(&self) {
        *lock(&self.shared) = Calls::default();
    }

    /// Whether the call has been answered after which the program is to be killed, and
    /// all that ran beside it.
    pub(crate) fn crashed(&self) -> bool {
        let calls = lock(&self.shared);
        calls.is_dying() && calls.answered == calls.mutating.len()
    }
}

/// Relays calls until either side closes.
fn relay(client: &dyn Wire, server: &dyn Wire, shared: &Shared) {
    let mut from_client = BufReader::new(client.twin());
    let mut from_server = BufReader::new(server.twin());
    let (mut to_client, mut to_server) = (client.twin(), server.twin());
    let mut relay = || -> io::Result<bool> {
        let Some(request) = Head::read(&mut from_client)? else { return Ok(false) };
        let mutates = request.is_mutating();
        if mutates && !begin(shared, &request) {
            return hold(&mut from_client);
        }
        to_server.write_all(&request.raw)?;
        copy_body(request.body(false), &mut from_client, &mut to_server)?;
        let Some(answer) = Head::read(&mut from_server)? else { return Ok(false) };
        let body = answer.body(true);
        if mutates {
            // Whole, before it is known whether it shall be passed on.
            let mut kept = answer.raw;
            copy_body(body, &mut from_server, &mut kept)?;
            match end(shared) {
                Passing::On => {}
                Passing::Lost => return Ok(false),
                Passing::Held => return hold(&mut from_client),
            }
            to_client.write_all(&kept)?;
        } else {
            to_client.write_all(&answer.raw)?;
            copy_body(body, &mut from_server, &mut to_client)?;
        }
        Ok(body != Body::UntilClose)
    };
    while matches!(relay(), Ok(true)) {}
}

/// Writes a call down; `false` if it must not go through.
fn begin(shared: &Shared, request: &Head) -> bool {
    let mut calls = lock(shared);
    let open = !calls.is_dying();
    if open {
        calls.mutating.push(request.first().to_owned());
    }
    open
}

/// What becomes of an answer.
enum Passing {
    On,
    Lost,
    Held,
}

/// A call was answered.
fn end(shared: &Shared) -> Passing {
    let mut calls = lock(shared);
    calls.answered += 1;
    match () {
        () if calls.is_dying() => Passing::Held,
        () if calls.lose == Some(calls.answered) => Passing::Lost,
        () => Passing::On,
    }
}

/// Keeps the connection open until the program is dead: it must not see one break.
fn hold(client: &mut dyn Read) -> io::Result<bool> {
    io::copy(client, &mut io::sink())?;
    Ok(false)
}

/// The first lines of a request or an answer.
struct Head {
    raw: Vec<u8>,
    text: String,
}

/// How long a body is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Body {
    Length(u64),
    Chunked,
    UntilClose,
}

impl Head {
    /// `None` if the other side has closed the connection.
    fn read(from: &mut BufReader<Box<dyn Wire>>) -> io::Result<Option<Self>> {
        let mut raw = Vec::new();
        loop {
            let before = raw.len();
            if from.read_until(b'\n', &mut raw)? == 0 {
                return Ok(None);
            }
            if &raw[before..] == b"\r\n" {
                let text = String::from_utf8_lossy(&raw).to_ascii_lowercase();
                return Ok(Some(Self { raw, text }));
            }
        }
    }

    fn first(&self) -> &str {
        let line = self.raw.split(|byte| *byte == b'\r').next().unwrap_or_default();
        let line = std::str::from_utf8(line).unwrap_or_default();
        line.trim_end_matches(" HTTP/1.1")
    }

    fn is_mutating(&self) -> bool {
        !self.text.starts_with("get ") && !self.text.starts_with("head ")
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
    }

    fn body(&self, is_answer: bool) -> Body {
        let status = self.text.split(' ').nth(1).unwrap_or_default();
        let bare = is_answer && matches!(status, "204" | "304");
        match (self.header("transfer-encoding"), self.header("content-length")) {
            _ if bare => Body::Length(0),
            (Some(coding), _) if coding.contains("chunked") => Body::Chunked,
            (_, Some(length)) => Body::Length(length.parse().expect("a length")),
            _ if is_answer => Body::UntilClose,
            _ => Body::Length(0),
        }
    }
}

fn copy_body(
    body: Body,
    from: &mut BufReader<Box<dyn Wire>>,
    to: &mut dyn Write,
) -> io::Result<()> {
    match body {
        Body::Length(length) => io::copy(&mut from.take(length), to).map(|_| ()),
        Body::UntilClose => io::copy(from, to).map(|_| ()),
        Body::Chunked => loop {
            let mut line = Vec::new();
            from.read_until(b'\n', &mut line)?;
            to.write_all(&line)?;
            let size = std::str::from_utf8(&line).unwrap_or_default().trim();
            let size = u64::from_str_radix(size.split(';').next().unwrap_or_default(), 16)
                .map_err(io::Error::other)?;
            io::copy(&mut from.take(size + 2), to)?;
            if size == 0 {
                return Ok(());
            }
        },
    }
}
