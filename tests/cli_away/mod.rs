//! What stands where an engine should be: what is said of it names the place, the cause and a
//! remedy, once, on stderr.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::Case;

/// A folder that is removed at the end of the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("rc-away-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).expect("removed");
    }
}

/// A server that gives this answer to whatever it is sent; its port.
fn server(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
        }
    });
    port
}

/// What `plan` prints for an engine at a plain port, or with these variables.
fn planned(folder: &Folder, port: Option<u16>, env: &[String]) -> String {
    let mut call = "plan good/compose.yaml".to_owned();
    if let Some(port) = port {
        let config = folder.0.join("config.yaml");
        let text =
            format!("engines: {{ local: {{ url: 'tcp://127.0.0.1:{port}', insecure: true }} }}\n");
        std::fs::write(&config, text).expect("written");
        call = format!("{call} --config {}", config.display());
    }
    Case { call, env: env.to_vec() }.play()
}

/// That the cause and the remedy are there, and the cause only once.
fn told_once(printed: &str, cause: &str, remedy: &str) {
    assert!(printed.contains("exit: 69"), "{printed}");
    assert_eq!(printed.matches(cause).count(), 1, "`{cause}` is not told once: {printed}");
    assert!(printed.contains("until engine local answers"), "{printed}");
    let help = printed.split_once(" = help: ").map(|(_, help)| help);
    assert!(help.is_some_and(|help| help.contains(remedy)), "no `{remedy}`: {printed}");
}

#[test]
fn a_socket_that_was_left_behind_is_a_stopped_engine() {
    let folder = Folder::new("left");
    let socket = folder.0.join("docker.sock");
    drop(UnixListener::bind(&socket).expect("a socket"));
    let env = [format!("DOCKER_HOST=unix://{}", socket.display())];
    let printed = planned(&folder, None, &env);
    told_once(&printed, "but nobody listens: the engine is stopped", "systemctl start docker");
}

#[test]
fn a_server_of_something_else_is_no_engine_and_its_answer_is_not_quoted() {
    let folder = Folder::new("other");
    for answer in [
        "HTTP/1.1 404 x\r\nConnection: close\r\nContent-Length: 14\r\n\r\n<html> canary-",
        "HTTP/1.1 200 x\r\nConnection: close\r\nContent-Length: 14\r\n\r\n<html> canary-",
    ] {
        let printed = planned(&folder, Some(server(answer.as_bytes())), &[]);
        told_once(&printed, "is no Docker engine", "correct the port");
        assert!(!printed.contains("canary-"), "{printed}");
    }
}

#[test]
fn tls_where_plain_was_asked_for_is_told_as_such() {
    let folder = Folder::new("tls");
    // As Go's servers answer, and as others do: with an alert of TLS.
    let go = "HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n";
    let printed = planned(&folder, Some(server(go.as_bytes())), &[]);
    told_once(&printed, "speaks TLS, and is asked without", "DOCKER_TLS_VERIFY=1");
    let printed = planned(&folder, Some(server(b"\x15\x03\x01\x00\x02\x02\x28")), &[]);
    told_once(&printed, "does not speak HTTP", "if it speaks TLS");
}

#[test]
fn plain_where_tls_was_asked_for_is_told_as_such() {
    let folder = Folder::new("plain");
    certificates(&folder.0);
    let port = server(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let env = [
        format!("DOCKER_HOST=tcp://127.0.0.1:{port}"),
        "DOCKER_TLS_VERIFY=1".to_owned(),
        format!("DOCKER_CERT_PATH={}", folder.0.display()),
    ];
    let printed = planned(&folder, None, &env);
    told_once(&printed, "it does not speak TLS", "unset DOCKER_TLS_VERIFY");
}

/// A certificate that is its own authority, as `ca.pem` and `cert.pem`, and its key.
fn certificates(folder: &Path) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-nodes", "-subj", "/CN=x", "-keyout", "key.pem", "-out", "ca.pem"])
        .current_dir(folder)
        .output()
        .expect("openssl starts");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    std::fs::copy(folder.join("ca.pem"), folder.join("cert.pem")).expect("copied");
}

#[test]
fn a_port_where_nothing_listens_is_told_as_such() {
    let folder = Folder::new("closed");
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let port = listener.local_addr().expect("bound").port();
    drop(listener);
    let printed = planned(&folder, Some(port), &[]);
    told_once(&printed, "nothing listens at tcp://127.0.0.1:", "start the engine there");
}

#[test]
fn a_controller_of_another_installation_is_told_as_such() {
    let body = r#"{"schema_version":1,"version":"1","installation":"other","source":"dir:/srv",
        "acts":true,"ready":true,"revision":null,"source_error":null,"seen_at":null,"unseen":{},
        "deployments":{},"blocked":[],"held":[],"last_pass":null}"#;
    let answer = format!("HTTP/1.0 200 OK\r\n\r\n{body}");
    let port = server(Box::leak(answer.into_boxed_str()).as_bytes());
    let status = |words: &str| {
        let call = format!("status --listen 127.0.0.1:{port} {words}");
        let env = vec!["DOCKER_HOST=unix:///nonexistent/docker.sock".to_owned()];
        Case { call, env }.play()
    };
    for words in ["", "-o json"] {
        let printed = status(words);
        let note = format!("the controller at 127.0.0.1:{port} is of installation `other`");
        let remedy = "`reconciler status --installation other`";
        assert!(printed.contains(&note) && printed.contains(remedy), "{printed}");
    }
    let printed = status("--installation other");
    assert!(!printed.contains("is of installation"), "{printed}");
}

/// Who waits learns for whom, and not only at the deadline.
#[test]
fn an_engine_that_is_silent_is_named_while_it_is_waited_for() {
    let folder = Folder::new("silent");
    let socket = folder.0.join("docker.sock");
    let silent = UnixListener::bind(&socket).expect("a socket");
    let mut child = Command::new(env!("CARGO_BIN_EXE_reconciler"))
        .args(["--once", "good/compose.yaml"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cli"))
        .env("DOCKER_HOST", format!("unix://{}", socket.display()))
        .stderr(Stdio::piped())
        .spawn()
        .expect("started");
    let stderr = BufReader::new(child.stderr.take().expect("piped"));
    let mut lines = stderr.lines().map_while(Result::ok);
    let line = lines.find(|line| line.contains("has not answered yet"));
    child.kill().expect("killed");
    child.wait().expect("ended");
    drop(silent);
    let line = line.expect("it says for whom it waits");
    assert!(line.starts_with("waiting: engine local has not answered yet (5s)"), "{line}");
}

#[test]
fn explain_says_that_the_engine_did_not_answer() {
    let folder = Folder::new("explain");
    let env = vec![format!("DOCKER_HOST=unix://{}", folder.0.join("none.sock").display())];
    for word in ["good-web-1", "anything"] {
        let call = format!("explain {word} --source good/compose.yaml");
        let printed = Case { call, env: env.clone() }.play();
        let expected = format!("did not answer: nothing is known of `{word}`");
        assert!(printed.contains("exit: 69") && printed.contains(&expected), "{printed}");
        assert!(!printed.contains("did you mean"), "{printed}");
    }
}
