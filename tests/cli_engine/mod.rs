//! An engine that answers from canned text over a unix socket: enough for `plan` to see
//! one running container whose environment holds a secret.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The container's id.
const ID: &str = "4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a4f2a";
/// The image's id.
const IMAGE: &str = "sha256:9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d9d";

/// The canned engine.
pub(crate) struct Engine {
    /// Every request's method and path, in order.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Engine {
    /// Listens at a socket; the container's `DB_PASSWORD` is this secret.
    pub(crate) fn listen(socket: &Path, secret: &str) -> Self {
        let listener = UnixListener::bind(socket).expect("a socket");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, secret) = (Arc::clone(&asked), secret.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (log, secret) = (Arc::clone(&log), secret.clone());
                std::thread::spawn(move || serve(&stream, &log, &secret));
            }
        });
        Self { asked }
    }
}

/// Answers requests without bodies until the client is gone.
fn serve(stream: &UnixStream, log: &Mutex<Vec<String>>, secret: &str) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(reader.read_line(&mut head), Ok(1..)) {
                return;
            }
        }
        let request = head.lines().next().unwrap_or_default().to_owned();
        let (code, body) = answer(&request, secret);
        log.lock().expect("no panic holds it").push(request);
        let head = format!(
            "HTTP/1.1 {code} x\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            body.len()
        );
        let mut writer = stream;
        if writer.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn answer(request: &str, secret: &str) -> (u16, String) {
    let path = request.split(' ').nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default().trim_start_matches("/v1.41");
    let body = match path {
        "/_ping" => "OK".to_owned(),
        "/info" => r#"{"ID":"ENGINE"}"#.to_owned(),
        "/containers/json" => format!("[{}]", summary()),
        "/networks" => r#"[{"Name":"shop_default","Id":"n1","Driver":"bridge","Scope":"local",
            "Labels":{"com.docker.compose.project":"shop"},"IPAM":{"Driver":"default"}}]"#
            .to_owned(),
        "/volumes" => r#"{"Volumes":[],"Warnings":null}"#.to_owned(),
        "/containers/web/json" => foreign(secret),
        "/containers/odd/json" => odd(secret),
        "/containers/nowhere/json" => return (404, r#"{"message":"no such thing"}"#.to_owned()),
        _ if path.ends_with("/changes") => {
            r#"[{"Path":"/srv","Kind":0},{"Path":"/srv/a","Kind":1},{"Path":"/srv/b","Kind":1}]"#
                .to_owned()
        }
        _ if path.starts_with("/containers/") => container(secret),
        _ if path.starts_with("/images/reconciler.demo/web/") || path.contains(IMAGE) => {
            format!(r#"{{"Id":"{IMAGE}","Config":{{"Cmd":["web"],"Env":["PATH=/bin"]}}}}"#)
        }
        _ => return (404, r#"{"message":"no such thing"}"#.to_owned()),
    };
    (200, body)
}

const LABELS: &str = r#"{"com.docker.compose.project":"shop","com.docker.compose.service":"web",
    "com.docker.compose.container-number":"1","com.docker.compose.oneoff":"False",
    "reconciler.installation":"default","reconciler.source":"test",
    "reconciler.deployment":"shop","reconciler.service":"web","reconciler.slot":"1",
    "reconciler.id":"ENGINE/shop-web-1","reconciler.revision":"r1",
    "reconciler.spec-version":"1","reconciler.spec-hash":"00000000"}"#;

fn summary() -> String {
    format!(
        r#"{{"Id":"{ID}","Names":["/shop-web-1"],"Image":"reconciler.demo/web",
            "ImageID":"{IMAGE}","Labels":{LABELS},"State":"running","Status":"Up"}}"#
    )
}

fn container(secret: &str) -> String {
    format!(
        r#"{{"Id":"{ID}","Name":"/shop-web-1","Created":"2026-01-01T00:00:00Z","Image":"{IMAGE}",
            "State":{{"Status":"running","Running":true,"ExitCode":0,
                "StartedAt":"2026-01-01T00:00:01Z","FinishedAt":"0001-01-01T00:00:00Z"}},
            "RestartCount":0,"Mounts":[],
            "Config":{{"Image":"reconciler.demo/web","Labels":{LABELS},"Cmd":["web"],
                "Env":["DB_PASSWORD={secret}","DSN=db://u:{secret}@db/x","PATH=/bin"]}},
            "HostConfig":{{"RestartPolicy":{{"Name":"no"}},"NetworkMode":"shop_default"}},
            "NetworkSettings":{{"Ports":{{}},"Networks":{{"shop_default":{{
                "NetworkID":"n1","IPAddress":"10.9.0.2","Aliases":["web"]}}}}}}}}"#
    )
}

/// A container that nobody labelled.
fn foreign(secret: &str) -> String {
    let id = "5e1f".repeat(16);
    format!(
        r#"{{"Id":"{id}","Name":"/web","Created":"2026-01-01T00:00:00Z","Image":"{IMAGE}",
            "State":{{"Status":"running","Running":true,"ExitCode":0,
                "StartedAt":"2026-01-01T00:00:01Z","FinishedAt":"0001-01-01T00:00:00Z"}},
            "RestartCount":0,"Mounts":[],
            "Config":{{"Image":"reconciler.demo/web","Labels":{{}},"Hostname":"5e1f5e1f5e1f",
                "Cmd":["serve","$HOME","{secret}"],"Env":["DB_PASSWORD={secret}","PATH=/bin"]}},
            "HostConfig":{{"RestartPolicy":{{"Name":"no"}},"NetworkMode":"shop_default",
                "AutoRemove":true,"Memory":67108864,"MemorySwap":134217728}},
            "NetworkSettings":{{"Ports":{{}},"Networks":{{"shop_default":{{
                "NetworkID":"n1","IPAddress":"10.9.0.3","Aliases":["5e1f5e1f5e1f"]}}}}}}}}"#
    )
}

/// A container with a label that no stack file can hold, whose image has lost its name, and with
/// passwords in its commands.
fn odd(secret: &str) -> String {
    foreign(secret)
        .replace("\"/web\"", "\"/odd\"")
        .replace("\"Image\":\"reconciler.demo/web\"", "\"Image\":\"reconciler.demo/gone:1\"")
        .replace("\"Labels\":{}", "\"Labels\":{\"bell\":\"a\\u0007b\",\"tier\":\"front\"}")
        .replace("DB_PASSWORD=", "A=")
        .replace(
            "\"serve\",\"$HOME\"",
            &format!("\"sh\",\"-c\",\"mysql -p{secret} -h db\",\"--password\""),
        )
}
