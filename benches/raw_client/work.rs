//! What any tool must at least ask of the engine for the same result.

use futures_util::stream::{self, StreamExt, TryStreamExt};
use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::Failure;
use crate::engine::Engine;

/// Requests under way at once. More brings nothing on a bridge network: the kernel makes
/// and unmakes its ends one after another.
const CONCURRENCY: usize = 8;
/// The label that Compose and we give to the containers of the project `bench`.
const OURS: &str = "/containers/json?all=1&filters=%7B%22label%22%3A%5B%22com.docker.compose.project%3Dbench%22%5D%7D";
const NETWORK: &str = "bench_raw";

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
}

async fn list(engine: &Engine) -> Result<Vec<Listed>, Failure> {
    let answer = engine.ask(Method::GET, OURS, None).await?;
    Ok(serde_json::from_slice(&answer)?)
}

/// Lists the containers and inspects each. The answers are read, not parsed.
pub(crate) async fn noop(engine: &Engine) -> Result<(), Failure> {
    let paths = list(engine).await?.into_iter().map(|c| Ok(format!("/containers/{}/json", c.id)));
    stream::iter(paths)
        .try_for_each_concurrent(CONCURRENCY, async |path: String| {
            engine.ask(Method::GET, &path, None).await.map(drop)
        })
        .await
}

/// Makes a network, and containers that run on it.
pub(crate) async fn apply(engine: &Engine, number: usize) -> Result<(), Failure> {
    let network = json!({ "Name": NETWORK, "Driver": "bridge" });
    engine.ask(Method::POST, "/networks/create", Some(&network)).await?;
    stream::iter((1..=number).map(Ok))
        .try_for_each_concurrent(CONCURRENCY, async |n| start(engine, n, "1").await)
        .await
}

async fn start(engine: &Engine, number: usize, value: &str) -> Result<(), Failure> {
    let body = json!({
        "Image": "reconciler.demo/base",
        "Cmd": ["sleep", "infinity"],
        "Env": [format!("VALUE={value}")],
        "Labels": { "com.docker.compose.project": "bench" },
        "StopSignal": "SIGKILL",
        "HostConfig": { "NetworkMode": NETWORK },
    });
    let path = format!("/containers/create?name=bench-raw-{number}");
    let created: Listed =
        serde_json::from_slice(&engine.ask(Method::POST, &path, Some(&body)).await?)?;
    let path = format!("/containers/{}/start", created.id);
    engine.ask(Method::POST, &path, None).await.map(drop)
}

/// Replaces one of the containers.
pub(crate) async fn change(engine: &Engine) -> Result<(), Failure> {
    list(engine).await?;
    engine.ask(Method::DELETE, "/containers/bench-raw-1?force=1", None).await?;
    start(engine, 1, "2").await
}

/// Removes the containers and their network.
pub(crate) async fn remove(engine: &Engine) -> Result<(), Failure> {
    let all = list(engine).await?;
    stream::iter(all)
        .map(Ok)
        .try_for_each_concurrent(CONCURRENCY, async |container: Listed| {
            let path = format!("/containers/{}?force=1", container.id);
            engine.ask(Method::DELETE, &path, None).await.map(drop)
        })
        .await?;
    engine.ask(Method::DELETE, &format!("/networks/{NETWORK}"), None).await.map(drop)
}
