//! A proxy in front of the engine's socket that counts what a command asks.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use tokio::net::UnixListener;

use crate::engine::{Engine, forward};
use crate::{Failure, Watched};

struct Proxy {
    engine: PathBuf,
    /// Method and path of each request.
    requests: Mutex<Vec<(Method, String)>>,
    /// Bytes of the answers' bodies.
    bytes: AtomicU64,
}

/// Runs the command against the proxy and prints `name=value` lines: requests, those that
/// are no GET or HEAD, and the answers' bytes. The log gets the requests.
pub(crate) async fn count(watched: Watched) -> Result<ExitCode, Failure> {
    let engine = Engine::of_environment()?;
    let path = std::env::temp_dir().join(format!("raw-client-{}.sock", std::process::id()));
    let proxy = Arc::new(Proxy {
        engine: engine.socket().to_owned(),
        requests: Mutex::default(),
        bytes: AtomicU64::default(),
    });
    let listener = UnixListener::bind(&path)?;
    let router = Router::new().fallback(pass_on).with_state(Arc::clone(&proxy));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut command = watched.command()?;
    command.env("DOCKER_HOST", format!("unix://{}", path.display()));
    let ended = tokio::task::spawn_blocking(move || command.status()).await?;
    std::fs::remove_file(&path)?;
    report(&watched, &proxy)?;
    Ok(ended?.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(125).into())
}

async fn pass_on(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let line = (request.method().clone(), request.uri().to_string());
    proxy.requests.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    match forward(&proxy.engine, request).await {
        Ok(answer) => answer.map(|body| {
            Body::new(body.map_frame(move |frame| {
                let length = frame.data_ref().map_or(0, bytes::Bytes::len);
                proxy.bytes.fetch_add(length as u64, Ordering::Relaxed);
                frame
            }))
        }),
        Err(why) => (StatusCode::BAD_GATEWAY, why.to_string()).into_response(),
    }
}

fn report(watched: &Watched, proxy: &Proxy) -> Result<(), Failure> {
    let requests = proxy.requests.lock().unwrap_or_else(PoisonError::into_inner);
    let mut log = String::new();
    for (method, path) in requests.iter() {
        writeln!(log, "{method} {path}")?;
    }
    let reads = requests.iter().filter(|(method, _)| method.is_safe()).count();
    println!("requests={}\nmutating={}", requests.len(), requests.len() - reads);
    println!("answer_kb={}", proxy.bytes.load(Ordering::Relaxed) / 1000);
    let before = std::fs::read_to_string(&watched.log)?;
    std::fs::write(&watched.log, before + &log)?;
    Ok(())
}
