//! The image as the controller: not root, nothing writable, no capability, and a socket.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::controller::{service, stack};
use crate::engine::{
    containers, docker, has_variable, id, inspect, is_running, tidy, try_docker, variable,
};
use crate::http::{Behaviour, Server};
use crate::repository::Repository;
use crate::temp::Temp;
use crate::time::{eventually, figures, now, pause, print};

const IMAGE: &str = "reconciler.demo/controller";

/// Builds the image from `dist/reconciler`, which must be as new as the sources.
fn build() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let again = "run `scripts/image --binary` first";
    let binary = fs::metadata(root.join("dist/reconciler")).expect(again).modified().unwrap();
    for folder in ["src", "crates"] {
        let changed = newest(&root.join(folder));
        assert!(changed <= binary, "dist/reconciler is older than {folder}: {again}");
    }
    let built = Command::new(root.join("scripts/image"))
        .arg("--pack")
        .env("RECONCILER_IMAGE", IMAGE)
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

fn newest(folder: &Path) -> SystemTime {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let time = |path: PathBuf| {
        if path.is_dir() { newest(&path) } else { fs::metadata(path).unwrap().modified().unwrap() }
    };
    entries.map(time).max().unwrap_or(SystemTime::UNIX_EPOCH)
}

/// A controller container with this name and folder of stacks.
struct Boxed {
    name: &'static str,
    projects: Vec<&'static str>,
}

impl Boxed {
    fn start(name: &'static str, folder: &Path, projects: &[&'static str], more: &[&str]) -> Self {
        Self::run(name, folder, projects, more, &["run", "/stacks"])
    }

    fn run(
        name: &'static str,
        folder: &Path,
        projects: &[&'static str],
        more: &[&str],
        command: &[&str],
    ) -> Self {
        let socket = variable("DOCKER_HOST").trim_start_matches("unix://").to_owned();
        let group = fs::metadata(&socket).unwrap().gid().to_string();
        let socket = format!("{socket}:/var/run/docker.sock");
        let folder = format!("{}:/stacks:ro", folder.display());
        let user = format!("65532:{group}");
        let mut args = vec!["run", "-d", "--name", name, "--user", &user, "--read-only"];
        args.extend(["--cap-drop", "ALL", "--security-opt", "no-new-privileges"]);
        args.extend(["--health-interval", "1s", "-v", &socket, "-v", &folder]);
        let installation = format!("RECONCILER_INSTALLATION={name}");
        args.extend(["-e", &installation]);
        args.extend(more);
        args.push(IMAGE);
        args.extend(command);
        docker(&args);
        Self { name, projects: projects.to_vec() }
    }

    fn log(&self) -> String {
        let output = Command::new("docker").args(["logs", self.name]).output().unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn says(&self, text: &str) {
        eventually(&format!("the container's log says `{text}`"), || self.log().contains(text));
    }
}

impl Drop for Boxed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            print(&self.log());
        }
        let _ = try_docker(&["rm", "-fv", self.name]);
        tidy(&self.projects, self.name);
    }
}

/// A folder that another user can read, as a mounted checkout is.
fn readable(folder: &Temp) {
    let status = Command::new("chmod").args(["-R", "a+rX"]).arg(folder.path()).status();
    assert!(status.unwrap().success());
}

#[test]
fn the_image_deploys_a_mounted_folder_and_ends_on_sigterm() {
    build();
    let folder = Temp::new();
    folder.write("boxed/compose.yaml", stack("1"));
    readable(&folder);
    // Consul by its name: a static program must be able to ask a name server.
    let more = ["-e", "CONSUL_HTTP_ADDR=http://consul.service.consul:8500"];
    let created = now();
    let controller = Boxed::start("boxed-controller", folder.path(), &["boxed"], &more);
    eventually("it is deployed", || has_variable("boxed-web-1", "V=1"));
    figures(
        "from `docker run` of the controller to a deployed stack",
        vec![now().saturating_sub(created)],
    );
    eventually("the image's own check passes", || {
        inspect(controller.name, "{{.State.Health.Status}}") == "healthy"
    });
    let status = docker(&["exec", controller.name, "/reconciler", "status"]);
    assert!(status.contains("boxed"), "{status}");

    folder.write("boxed/compose.yaml", stack("2"));
    readable(&folder);
    eventually("a change is applied", || has_variable("boxed-web-1", "V=2"));
    docker(&["kill", "boxed-web-1"]);
    eventually("a killed container runs again", || is_running("boxed-web-1"));

    docker(&["stop", "-t", "10", controller.name]);
    let code = inspect(controller.name, "{{.State.ExitCode}}");
    assert_eq!(code, "143", "it ends by itself, and has not to be killed (137)");
    assert!(is_running("boxed-web-1"), "its end ended what it deployed");
}

#[test]
fn a_bind_of_the_tree_is_the_hosts_folder_and_not_the_containers() {
    build();
    let folder = Temp::new();
    folder.write("binds/compose.yaml", service("volumes: [\"./data:/data:ro\"]"));
    folder.write("binds/data/file", "text");
    readable(&folder);
    let _controller = Boxed::start("binds-controller", folder.path(), &["binds"], &[]);
    eventually("it is bound", || {
        let read = try_docker(&["exec", "binds-web-1", "cat", "/data/file"]);
        read.is_ok_and(|text| text == "text")
    });
    let source = inspect("binds-web-1", "{{(index .Mounts 0).Source}}");
    assert_eq!(Path::new(&source), folder.path().join("binds/data"));
}

#[test]
fn a_bind_from_git_is_refused_and_a_file_that_is_only_read_is_delivered() {
    build();
    let (repository, folder) = (Repository::new(), Temp::new());
    repository.push("gitbind/compose.yaml", service("volumes: [\"./data:/data\"]"));
    repository.push("gitbind/data/file", "text");
    repository.push("gitfile/compose.yaml", service("volumes: [\"./file:/etc/file:ro\"]"));
    repository.push("gitfile/file", "text");
    let root = repository.root().to_owned();
    let server = Server::start(Behaviour { root, ..Behaviour::default() });
    let url = server.url("127.0.0.1", "repo.git");
    let source = format!("RECONCILER_SOURCE={url}");
    // The cache is the only thing that is written, and the image has a folder for it.
    let more = ["--network", "host", "--tmpfs", "/var/cache/reconciler:mode=1777", "-e", &source];
    let projects = ["gitbind", "gitfile"];
    let controller = Boxed::run("git-controller", folder.path(), &projects, &more, &["run"]);
    controller.says("the engine's host does not see this tree");
    assert!(controller.log().contains("project_directory"), "the log names no remedy");
    eventually("a file that is only read is delivered", || {
        let read = try_docker(&["exec", "gitfile-web-1", "cat", "/etc/file"]);
        read.is_ok_and(|text| text == "text")
    });
    assert_eq!(containers("gitbind"), Vec::<String>::new());
}

#[test]
fn it_never_touches_its_own_container() {
    build();
    let folder = Temp::new();
    folder.write("own/compose.yaml", service("environment: { V: \"1\" }"));
    readable(&folder);
    // The container that a stack of the same name would have made.
    let labels = [
        "com.docker.compose.project=own",
        "com.docker.compose.service=controller",
        "com.docker.compose.container-number=1",
        "com.docker.compose.oneoff=False",
    ];
    let mut more = Vec::new();
    for label in &labels {
        more.extend(["-l", label]);
    }
    let name = "own-controller-1";
    let controller = Boxed::start(name, folder.path(), &["own"], &more);
    let before = id(name);
    eventually("the stack runs", || has_variable("own-web-1", "V=1"));
    // Now the stack names it, with another image and command.
    let both = format!(
        "{}  controller:\n    image: reconciler.demo/base\n    command: [sleep, \"3600\"]\n",
        service("environment: { V: \"2\" }")
    );
    folder.write("own/compose.yaml", both);
    readable(&folder);
    controller.says("own-controller-1");
    pause(Duration::from_secs(3));
    assert_eq!(id(name), before, "it was replaced");
    assert!(is_running(name));
    assert_eq!(inspect(name, "{{.RestartCount}}"), "0");
}
