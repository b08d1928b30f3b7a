//! Images of a registry that asks who one is: pulled and built upon with the operator's login,
//! which is shown nowhere.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use serde_json::json;

use super::support::*;

/// `can4ry-password`, as htpasswd writes it.
const HASH: &str = "$2b$05$YnR5VpLtMse1pPfeh0MiSer9FuymLSvmLOYWDtxXkTpNow4x4b/L6";

/// A registry of this test alone, and the folder of a login at it.
struct Private {
    process: Child,
    host: String,
    config: PathBuf,
}

impl Private {
    fn start(lab: &Lab, port: u16) -> Self {
        let (folder, host) = (lab.folder().join("registry"), format!("127.0.0.1:{port}"));
        let config = lab.folder().join("login");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(&config).unwrap();
        let rendered = folder.display();
        fs::write(folder.join("htpasswd"), format!("puller:{HASH}\n")).unwrap();
        let settings = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {rendered}/data}}}}\n\
             http: {{addr: '{host}'}}\nauth: {{htpasswd: {{realm: lab, path: {rendered}/htpasswd}}}}\n"
        );
        fs::write(folder.join("config.yml"), settings).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(folder.join("config.yml")).stdin(Stdio::null());
        let process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let login = json!({ "auths": { (&host): { "username": "puller", "password": "can4ry-password" } } });
        fs::write(config.join("config.json"), login.to_string()).unwrap();
        let private = Self { process, host, config };
        until("the registry answers", || TcpStream::connect(&private.host).is_ok());
        private
    }

    /// The base image under a name there, and no longer on the engine.
    fn with_image(&self, name: &str) -> String {
        let image = format!("{}/{name}", self.host);
        docker(&["tag", IMAGE, &image]);
        docker(&["--config", &self.config.display().to_string(), "push", "-q", &image]);
        docker(&["rmi", &image]);
        image
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What the password looks like in clear, and in base64 wherever it begins in it.
fn spellings() -> Vec<String> {
    let encoded = |before: usize, shared: usize| {
        let text = BASE64_STANDARD_NO_PAD.encode("x".repeat(before) + "can4ry-password");
        text[shared..text.len() - 2].to_owned()
    };
    vec!["can4ry".to_owned(), encoded(0, 0), encoded(1, 2), encoded(2, 3)]
}

fn once(lab: &Lab, config: &str) -> Finished {
    let program = lab.program(&["--once", &lab.source()]).env("RUST_LOG", "trace");
    let finished = program.env("DOCKER_CONFIG", config).run();
    for spelling in spellings() {
        assert!(!finished.to_string().contains(&spelling), "{spelling} in {finished}");
    }
    finished
}

#[test]
fn a_private_image_is_pulled_with_the_operators_login() {
    let lab = Lab::new("logins");
    let private = Private::start(&lab, 5011);
    let image = private.with_image("live/private:1");
    let service = "command: sleep 1000, stop_signal: SIGKILL";
    lab.stack("abc", &format!("services: {{ web: {{ image: '{image}', {service} }} }}\n"));
    let nowhere = lab.folder().join("nowhere").display().to_string();
    once(&lab, &nowhere).exits(1).says("there is no login for 127.0.0.1:5011");

    let helper = lab.folder().join("helper");
    fs::create_dir_all(&helper).unwrap();
    let kept = json!({ "credHelpers": { (&private.host): "vault" } }).to_string();
    fs::write(helper.join("config.json"), kept).unwrap();
    once(&lab, &helper.display().to_string())
        .exits(1)
        .says("leaves 127.0.0.1:5011 to docker-credential-vault, which is not run");

    let config = private.config.join("config.json");
    let wrong = lab.folder().join("none.json").display().to_string();
    lab.run(&["--once", "--registry-config", &wrong, &lab.source()]).exits(65);
    lab.run(&["--once", "--registry-config", &config.display().to_string(), &lab.source()])
        .exits(0);
    once(&lab, &private.config.display().to_string()).is_quiet();
}

#[test]
fn a_build_upon_a_private_image_has_the_login_while_it_is_built() {
    let lab = Lab::new("loginbuild");
    let private = Private::start(&lab, 5012);
    let image = private.with_image("live/upon:1");
    lab.stack(
        "abc",
        "services: { web: { build: ., command: sleep 1000, stop_signal: SIGKILL } }\n",
    );
    lab.file("abc", "Dockerfile", &format!("FROM {image}\nRUN echo made >/made\n"));
    let nowhere = lab.folder().join("nowhere").display().to_string();
    once(&lab, &nowhere).exits(1).says("of logins only the `auths` of");
    once(&lab, &private.config.display().to_string())
        .exits(0)
        .says("loginbuild-abc-web: 2/2 RUN echo made >/made");
    let layers = docker(&["history", "--no-trunc", &lab.of("abc-web")]);
    assert!(!layers.contains("can4ry"), "{layers}");
    once(&lab, &private.config.display().to_string()).is_quiet();
}
