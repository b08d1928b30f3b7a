//! Engines over TCP with mutual TLS, as the program is configured for them.

use super::bad::WEB;
use super::support::*;

/// A configuration whose only engine is at this address with these keys.
fn configured(lab: &Lab, url: &str, keys: &str) -> String {
    let path = lab.folder().join("reconciler.yaml");
    let tls = ["ca", "cert", "key"].map(|name| format!("{name}: {keys}/{name}.pem")).join(", ");
    let text = format!("engines:\n  local:\n    url: {url}\n    tls: {{ {tls} }}\n");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

fn once(lab: &Lab, url: &str, keys: &str) -> Finished {
    let config = configured(lab, url, keys);
    lab.run(&["--once", &lab.source(), "--config", &config])
}

#[test]
fn an_engine_over_tls_is_configured_in_the_file_or_as_for_docker() {
    let lab = Lab::new("tls");
    let (keys, host) = (variable("RECONCILER_LAB_TLS"), variable("RECONCILER_LAB_TLS_HOST"));
    lab.stack("abc", WEB);
    once(&lab, &host, &keys).exits(0);
    let running = lab.containers();
    assert!(running.contains_key(&lab.of("abc-web-1")));
    once(&lab, &host, &keys).exits(0).prints("No changes");

    // The same engine, with the docker command's options.
    let program = lab.program(&["--once", &lab.source()]).env("DOCKER_HOST", &host);
    let program = program.env("DOCKER_TLS_VERIFY", "1").env("DOCKER_CERT_PATH", &keys);
    program.run().exits(0).prints("No changes");

    // Without its keys, with foreign ones, and where nobody listens.
    let program = lab.program(&["--once", &lab.source()]).env("DOCKER_HOST", &host);
    program.run().exits(65).says("without TLS");
    once(&lab, &host, &format!("{keys}/wrong")).exits(69).says("certificate");
    once(&lab, "tcp://127.0.0.1:1", &keys).exits(69).says("127.0.0.1:1");
    assert_eq!(lab.containers(), running);
}
