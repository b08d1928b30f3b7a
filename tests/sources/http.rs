//! A git server over HTTP for tests: it hands requests to `git http-backend` and keeps a
//! log of its requests.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

/// How a server behaves.
#[derive(Clone, Default)]
pub(crate) struct Behaviour {
    /// The folder that holds the repositories.
    pub(crate) root: PathBuf,
    /// The `Authorization` header that is asked for.
    pub(crate) wanted: Option<String>,
    /// Where every request is redirected to, the path appended.
    pub(crate) redirect: Option<String>,
    /// Never answers.
    pub(crate) silent: bool,
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) authorization: Option<String>,
    content_type: String,
    body: Vec<u8>,
}

/// A server on a port of its own, which ends with the test.
pub(crate) struct Server {
    port: u16,
    log: Arc<Mutex<Vec<Request>>>,
    stop: Arc<AtomicBool>,
}

impl Server {
    pub(crate) fn start(behaviour: Behaviour) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let stop = Arc::new(AtomicBool::new(false));
        let (kept, stopped) = (Arc::clone(&log), Arc::clone(&stop));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                let (behaviour, log) = (behaviour.clone(), Arc::clone(&kept));
                thread::spawn(move || serve(stream.unwrap(), &behaviour, &log));
            }
        });
        Self { port, log, stop }
    }

    /// The URL of a repository, by whichever name of this host.
    pub(crate) fn url(&self, host: &str, repository: &str) -> String {
        format!("http://{host}:{}/{repository}", self.port)
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.log.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn serve(mut stream: TcpStream, behaviour: &Behaviour, log: &Mutex<Vec<Request>>) {
    let Some(request) = receive(&stream) else { return };
    log.lock().unwrap().push(request.clone());
    if behaviour.silent {
        // Until the other side hangs up.
        let _ = stream.read(&mut [0]);
        return;
    }
    let (head, body) = if let Some(base) = &behaviour.redirect {
        (format!("302 Found\r\nLocation: {base}{}\r\n", request.target), Vec::new())
    } else if behaviour.wanted.is_some() && behaviour.wanted != request.authorization {
        ("401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"t\"\r\n".to_owned(), Vec::new())
    } else {
        backend(&request, behaviour)
    };
    let size = body.len();
    let head = format!("HTTP/1.1 {head}Content-Length: {size}\r\nConnection: close\r\n\r\n");
    // The client may have given up.
    let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&body));
}

fn receive(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = || {
        let mut text = String::new();
        reader.read_line(&mut text).ok()?;
        Some(text.trim_end().to_owned())
    };
    let first = line()?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, target) = (words.next()?, words.next()?);
    let mut headers = Vec::new();
    loop {
        let text = line()?;
        let Some((name, value)) = text.split_once(':') else { break };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let header = |name: &str| {
        headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    };
    let mut body = Vec::new();
    if header("transfer-encoding").is_some() {
        loop {
            let mut size = String::new();
            reader.read_line(&mut size).ok()?;
            let size = u64::from_str_radix(size.trim(), 16).ok()?;
            reader.by_ref().take(size).read_to_end(&mut body).ok()?;
            reader.read_line(&mut String::new()).ok()?;
            if size == 0 {
                break;
            }
        }
    } else if let Some(size) = header("content-length") {
        reader.take(size.parse().ok()?).read_to_end(&mut body).ok()?;
    }
    let content_type = header("content-type").unwrap_or_default();
    Some(Request { method, target, authorization: header("authorization"), content_type, body })
}

/// The status line and headers, and the body, that `git http-backend` answers.
fn backend(request: &Request, behaviour: &Behaviour) -> (String, Vec<u8>) {
    let (path, query) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_PROJECT_ROOT", &behaviour.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("CONTENT_TYPE", &request.content_type)
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let body = request.body.clone();
    let feeder = thread::spawn(move || drop(input.write_all(&body)));
    let output = child.wait_with_output().unwrap().stdout;
    feeder.join().unwrap();
    let end = output.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let mut status = "200 OK".to_owned();
    let mut head = String::new();
    for line in String::from_utf8_lossy(&output[..end]).lines() {
        match line.strip_prefix("Status: ") {
            Some(text) => text.clone_into(&mut status),
            None => head = format!("{head}{line}\r\n"),
        }
    }
    (format!("{status}\r\n{head}"), output[end + 4..].to_vec())
}
