//! A controller with nothing to do: counted by a proxy in front of the engine's socket.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crate::controller::{Setup, service};
use crate::engine::{docker, variable};
use crate::temp::Temp;
use crate::time::{eventually, pause, print, quiet};

type Lines = Arc<Mutex<Vec<String>>>;

/// Relays to the engine and keeps the first line of every request.
fn proxy() -> (String, Lines) {
    let path = PathBuf::from(variable("RECONCILER_LAB")).join("idle-proxy.sock");
    let listener = UnixListener::bind(&path).unwrap();
    let engine = variable("DOCKER_HOST").trim_start_matches("unix://").to_owned();
    let lines = Lines::default();
    let kept = Arc::clone(&lines);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let server = UnixStream::connect(&engine).unwrap();
            let (to_client, from_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            let kept = Arc::clone(&kept);
            thread::spawn(move || relay(client, server, &kept));
            thread::spawn(move || relay(from_server, to_client, &Lines::default()));
        }
    });
    (format!("unix://{}", path.display()), lines)
}

fn relay(mut from: UnixStream, mut to: UnixStream, lines: &Lines) {
    let mut chunk = vec![0; 64 * 1024];
    while let Ok(read) = from.read(&mut chunk)
        && read > 0
    {
        let text = String::from_utf8_lossy(&chunk[..read]);
        let requests = text.lines().filter_map(|line| line.strip_suffix(" HTTP/1.1"));
        lines.lock().unwrap().extend(requests.map(str::to_owned));
        if to.write_all(&chunk[..read]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}

#[test]
fn an_idle_controller_changes_nothing_and_hardly_looks() {
    let folder = Temp::new();
    // The check runs every second: its events are noise, and so must stay unheard.
    let check = "healthcheck: { test: [CMD, \"true\"], interval: 1s }";
    folder.write("idle/compose.yaml", service(&format!("{check}\n    deploy: {{ replicas: 3 }}")));
    let (engine, lines) = proxy();
    let args = ["--resync", "10m", "--poll", "1s"];
    let setup = Setup::folder("idle", folder.path(), &["idle"]);
    let controller = Setup { args: &args, engine: Some(&engine), ..setup }.start();
    controller.settles("idle");
    quiet();
    lines.lock().unwrap().clear();
    pause(Duration::from_secs(12));
    let requests = lines.lock().unwrap().clone();
    print(&format!(
        "figure: requests of an idle controller in 12 s without resync: {}",
        requests.len()
    ));
    assert!(requests.len() <= 2, "{requests:#?}");
    assert!(requests.iter().all(|line| line.starts_with("GET ")), "{requests:#?}");

    // An event is one look, however many requests that takes: it reads and changes nothing.
    docker(&["run", "-d", "--rm", "--name", "idle-stranger", crate::engine::IMAGE, "sleep", "1"]);
    eventually("it looked", || !lines.lock().unwrap().is_empty());
    pause(Duration::from_secs(5));
    let requests = lines.lock().unwrap().clone();
    print(&format!("figure: requests that a stranger's life of 1 s caused: {}", requests.len()));
    assert!(requests.iter().all(|line| line.starts_with("GET ")), "{requests:#?}");
    assert!(requests.len() <= 60, "{requests:#?}");
}
