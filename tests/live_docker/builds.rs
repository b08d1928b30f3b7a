//! Builds: with BuildKit's mounts, secrets, named contexts and instructions that are no
//! file of the context; and what is said when one fails.

use std::process::Command;

use adapters::docker::Docker;
use model::ability::ApiVersion;
use model::action::Action;
use model::build::{Build, BuildOwner, BuildSecret, Dockerfile, NamedContext, SshAgent};
use model::id::ImageRef;
use model::limits::Ulimit;
use model::observed::ImageView;
use model::policy::HostPolicy;
use model::secret::Content;
use model::target::Outcome;
use world::{OutsideError, Scope};

use super::engine::{secured, tls};
use super::support::*;

const BASE: &str = "FROM reconciler.demo/base\n";

fn inline(text: &str) -> Dockerfile {
    Dockerfile::Inline(format!("{BASE}{text}"))
}

fn owner() -> BuildOwner {
    BuildOwner { deployment: "builds".into(), service: "web".into() }
}

/// Builds as the plan would: what is needed first, each with its hash.
async fn build(docker: &Docker, tag: &str, build: &Build, tree: &MemoryTree) -> Outcome {
    try_build(docker, tag, build, tree).await.unwrap_or_else(|error| panic!("{tag}: {error}"))
}

async fn try_build(
    docker: &Docker,
    tag: &str,
    build: &Build,
    tree: &MemoryTree,
) -> Result<Outcome, OutsideError> {
    for (image, needed) in build.needed() {
        let (tag, build) = (image.clone(), hashed(needed, tree).into());
        docker.act(&Action::BuildImage { tag, build, owner: owner() }, tree).await?;
    }
    let (tag, build) = (tag.into(), hashed(build, tree).into());
    docker.act(&Action::BuildImage { tag, build, owner: owner() }, tree).await
}

fn hashed(build: &Build, tree: &MemoryTree) -> Build {
    let files = context::digest(tree, &build.context, &build.dockerfile).unwrap();
    Build { hash: context::build_hash(&files, build), ..build.clone() }
}

/// What a command prints in a container of this image.
fn run(tag: &str, command: &[&str]) -> String {
    let output = Command::new("docker")
        .args(["run", "--rm", "--network", "none", tag])
        .args(command)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

async fn image(tag: &str) -> Option<ImageView> {
    let scope = Scope { images: [ImageRef::new(tag)].into(), ..Scope::default() };
    engine().observe(&scope).await.unwrap().images.remove(&ImageRef::new(tag))
}

fn tree() -> MemoryTree {
    MemoryTree::of(&[
        ("web/Dockerfile", b"FROM reconciler.demo/base\nCOPY . /app/\n"),
        ("web/.dockerignore", b"*.md\n.dockerignore\nDockerfile\n"),
        ("web/page", b"hello\n"),
        ("web/deep/er/file", b"x"),
        ("web/deep-er", b"y"),
        ("web/notes.md", b"not for the image"),
        ("web/large", &vec![7; 3 << 20]),
        ("assets/logo", b"a logo\n"),
        ("assets/deep/logo", b"a deep logo\n"),
        ("outside/Special", b"FROM reconciler.demo/base\nCOPY page /special\n"),
    ])
}

fn listing(tag: &str) -> Vec<String> {
    let text = run(tag, &["find", "/app", "-type", "f"]);
    let mut paths: Vec<String> = text.lines().map(str::to_owned).collect();
    paths.sort();
    paths
}

/// The files of `web` that its ignore file lets through.
const SENT: [&str; 4] = ["/app/deep-er", "/app/deep/er/file", "/app/large", "/app/page"];

#[tokio::test]
async fn what_the_ignore_file_names_is_not_in_the_image_not_even_the_dockerfile() {
    let requested = Build::of("web", Dockerfile::Within("Dockerfile".to_owned()));
    build(&engine(), "builds/ignored", &requested, &tree()).await;
    assert_eq!(listing("builds/ignored"), SENT);
    assert_eq!(run("builds/ignored", &["cat", "/app/page"]), "hello\n");
    assert_eq!(run("builds/ignored", &["stat", "-c", "%u %s %Y", "/app/large"]), "0 3145728 0\n");

    // A file of the same size is another file.
    let mut tree = tree();
    tree.0.insert("web/page".to_owned(), b"HELLO\n".to_vec());
    build(&engine(), "builds/ignored", &requested, &tree).await;
    assert_eq!(run("builds/ignored", &["cat", "/app/page"]), "HELLO\n");
}

#[tokio::test]
async fn instructions_may_be_in_the_stack_or_outside_of_the_context() {
    let requested = Build::of("web", inline("COPY . /app/\n"));
    build(&engine(), "builds/inline", &requested, &tree()).await;
    assert_eq!(listing("builds/inline"), SENT);

    let requested = Build::of("web", Dockerfile::Outside("outside/Special".to_owned()));
    build(&engine(), "builds/outside", &requested, &tree()).await;
    assert_eq!(run("builds/outside", &["cat", "/special"]), "hello\n");
}

#[tokio::test]
async fn arguments_target_labels_and_tags_reach_the_image() {
    let text = "ARG WHO=nobody\nENV WHO=$WHO\nFROM reconciler.demo/base AS last\nENV LAST=1\n";
    let mut requested =
        Build::of("web", Dockerfile::Inline(format!("FROM reconciler.demo/base AS first\n{text}")));
    requested.args.insert("WHO".to_owned(), "a b&c=\"d\"".to_owned());
    requested.labels.insert("org.example".to_owned(), "ä \"x\"".to_owned());
    requested.target = Some("first".to_owned());
    requested.tags = vec!["builds/more:2".into()];
    requested.network = Some("none".to_owned());
    requested.extra_hosts = vec!["db.example:10.0.0.9".to_owned()];
    let Outcome::Image(built) = build(&engine(), "builds/args:1", &requested, &tree()).await else {
        panic!("no image")
    };
    let view = image("builds/args:1").await.unwrap();
    assert_eq!((view.env["WHO"].as_str(), view.env.get("LAST")), ("a b&c=\"d\"", None));
    assert_eq!(view.labels["org.example"], "ä \"x\"");
    assert_eq!(view.labels["reconciler.build"], hashed(&requested, &tree()).hash.to_string());
    assert_eq!(view.labels["com.docker.compose.project"], "builds");
    assert_eq!(view.labels["com.docker.compose.service"], "web");
    assert_eq!(image("builds/more:2").await.unwrap().content(), built);
}

#[tokio::test]
async fn hosts_and_the_absence_of_a_network_hold_while_it_is_built() {
    let text =
        "RUN grep db.example /etc/hosts >/hosts; ip -o link | grep -vc ' lo:' >/links; true\n";
    let mut requested = Build::of("assets", inline(text));
    requested.network = Some("none".to_owned());
    requested.extra_hosts = vec!["db.example:10.0.0.9".to_owned()];
    build(&engine(), "builds/hosts", &requested, &tree()).await;
    assert_eq!(run("builds/hosts", &["cat", "/hosts", "/links"]), "10.0.0.9\tdb.example\n0\n");
}

#[tokio::test]
async fn a_cache_mount_keeps_what_one_build_leaves_for_the_next() {
    let step = |number: u32| {
        let mount = "--mount=type=cache,id=builds-cache,target=/cache";
        inline(&format!("RUN {mount} echo {number} >>/cache/log && cp /cache/log /log\n"))
    };
    build(&engine(), "builds/cache", &Build::of("assets", step(1)), &tree()).await;
    build(&engine(), "builds/cache", &Build::of("assets", step(2)), &tree()).await;
    assert_eq!(run("builds/cache", &["cat", "/log"]), "1\n2\n");
}

#[tokio::test]
async fn a_secret_is_read_while_it_is_built_and_stays_nowhere() {
    let text = "RUN --mount=type=secret,id=token cut -c1-3,8- /run/secrets/token >/part\n";
    let mut requested = Build::of("web", inline(text));
    let content = Content::new(*b"hunter2-token");
    let secret = BuildSecret { from: "file token".to_owned(), content };
    requested.secrets.insert("token".to_owned(), secret);
    build(&engine(), "builds/secret", &requested, &tree()).await;
    assert_eq!(run("builds/secret", &["cat", "/part"]), "hun-token\n");
    let commands =
        [["history", "--no-trunc", "builds/secret"], ["inspect", "builds/secret", "-f={{json .}}"]];
    for arguments in commands {
        let output = Command::new("docker").args(arguments).output().unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(!text.contains("hunter2"), "{text}");
    }

    let failing = "RUN --mount=type=secret,id=token cat /run/secrets/token; exit 3\n";
    requested.dockerfile = inline(failing);
    let error = try_build(&engine(), "builds/leak", &requested, &tree()).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("(masked)") && text.contains("exit code: 3"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");

    let unknown = "RUN --mount=type=secret,id=other,required=true cat /run/secrets/other\n";
    requested.dockerfile = inline(unknown);
    let error = try_build(&engine(), "builds/other", &requested, &tree()).await.unwrap_err();
    assert!(error.to_string().contains("secret other"), "{error}");
}

#[tokio::test]
async fn a_session_goes_through_tls_as_well() {
    let docker = secured(tls("", "ca.pem"), tls("", "cert.pem"), tls("", "key.pem"));
    let text =
        "COPY . /app/\nRUN --mount=type=secret,id=token wc -c </run/secrets/token >/length\n";
    let mut requested = Build::of("web", inline(text));
    let secret = BuildSecret { from: "file token".to_owned(), content: Content::new(*b"12345") };
    requested.secrets.insert("token".to_owned(), secret);
    build(&docker, "builds/tls", &requested, &tree()).await;
    assert_eq!(run("builds/tls", &["cat", "/length"]), "5\n");
    assert_eq!(listing("builds/tls"), SENT);
}

#[tokio::test]
async fn contexts_may_be_folders_images_and_what_other_services_build() {
    let base = Build::of("web", inline("RUN echo of the base >/base\n"));
    let folder = hashed(&Build::of_folder("assets"), &tree());
    let text = "ARG FROM=parent\nFROM ${FROM} AS a\nFROM a\nCOPY --from=files . /files/\n\
        RUN --mount=type=bind,from=files,target=/mnt cp /mnt/deep/logo /mounted\n\
        COPY --from=busy:1 /bin/busybox /copied\nCOPY --from=0 /base /zero\n";
    let mut requested = Build::of("web", Dockerfile::Inline(text.to_owned()));
    let contexts = [
        ("parent", NamedContext::Built { image: "builds-base".into(), build: base.into() }),
        ("files", NamedContext::of_folder(folder)),
        ("busy:1", NamedContext::Image(IMAGE.into())),
    ];
    requested.contexts = contexts.into_iter().map(|(name, c)| (name.to_owned(), c)).collect();
    build(&engine(), "builds/contexts", &requested, &tree()).await;
    let rendered = ["cat", "/base", "/files/logo", "/mounted", "/zero"];
    assert_eq!(
        run("builds/contexts", &rendered),
        "of the base\na logo\na deep logo\nof the base\n"
    );
    assert_eq!(run("builds/contexts", &["sh", "-c", "test -x /copied && echo yes"]), "yes\n");
}

#[tokio::test]
async fn an_ssh_agent_is_asked_only_if_the_policy_grants_it() {
    let socket = std::path::Path::new(&variable("RECONCILER_LAB")).join("agent.sock");
    let _agent = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let ask = "RUN --mount=type=ssh,id=deploy test -S \"$SSH_AUTH_SOCK\" && echo yes >/answer\n";
    let mut requested = Build::of("assets", inline(ask));
    let agent = SshAgent::Socket(socket.display().to_string());
    requested.ssh.insert("deploy".to_owned(), agent);
    let error = try_build(&engine(), "builds/ssh", &requested, &tree()).await.unwrap_err();
    let OutsideError::Forbidden(text) = &error else { panic!("{error:?}") };
    assert!(text.contains("--allow 'builds:build=ssh'"), "{text}");

    let mut policy = HostPolicy::default();
    policy.grants.insert("builds".to_owned(), ["build=ssh".to_owned()].into());
    build(&engine_with(policy), "builds/ssh", &requested, &tree()).await;
    assert_eq!(run("builds/ssh", &["cat", "/answer"]), "yes\n");
    let other = "RUN --mount=type=ssh,required=true true\n";
    requested.dockerfile = inline(other);
    let mut policy = HostPolicy::default();
    policy.grants.insert("builds".to_owned(), ["build=ssh".to_owned()].into());
    let outcome = try_build(&engine_with(policy), "builds/ssh", &requested, &tree()).await;
    let text = outcome.unwrap_err().to_string();
    assert!(text.contains("ssh agent default is not part of the build"), "{text}");
}

#[tokio::test]
async fn the_hosts_network_is_denied_before_anything_is_sent() {
    let proxy = Proxy::start("hostbuild");
    let docker = connect(&proxy.address, HostPolicy::default());
    let mut requested = Build::of("assets", inline("RUN true\n"));
    requested.network = Some("host".to_owned());
    let error = try_build(&docker, "builds/host", &requested, &tree()).await.unwrap_err();
    let OutsideError::Forbidden(text) = &error else { panic!("{error:?}") };
    assert!(text.contains("--allow 'builds:build=networkmode=host'"), "{text}");
    let builds: Vec<String> =
        proxy.mutating().into_iter().filter(|line| line.contains("/build")).collect();
    assert_eq!(builds, Vec::<String>::new());
}

#[tokio::test]
async fn a_failure_names_the_step_and_shows_what_it_printed() {
    let text = "RUN echo fine\nRUN echo one >&2; echo two >&2; exit 7\nRUN echo never\n";
    let requested = Build::of("assets", inline(text));
    let error = try_build(&engine(), "builds/failing", &requested, &tree()).await.unwrap_err();
    let OutsideError::Failed(text) = &error else { panic!("{error:?}") };
    assert!(text.contains("3/4] RUN echo one >&2; echo two >&2; exit 7`: exit code: 7"), "{text}");
    assert!(text.contains("it printed: one | two"), "{text}");

    let requested = Build::of("web", inline("COPY nothing /\n"));
    let error = try_build(&engine(), "builds/failing", &requested, &tree()).await.unwrap_err();
    assert!(error.to_string().contains("nothing"), "{error}");
    let requested = Build::of("web", inline("\nSAY hello\n"));
    let error = try_build(&engine(), "builds/failing", &requested, &tree()).await.unwrap_err();
    let text = error.to_string().to_lowercase();
    assert!(text.contains("line 3") && text.contains("unknown instruction"), "{text}");
}

/// The plan asks no older engine for them.
#[tokio::test]
async fn limits_of_a_build_are_heeded_from_docker_23_on() {
    if minor() < 42 {
        let abilities = engine().observe(&Scope::default()).await.unwrap().abilities;
        assert!(abilities.buildkit && abilities.api < ApiVersion::one(42), "{abilities:?}");
        return;
    }
    let mut requested = Build::of(
        "assets",
        inline("RUN ulimit -n >/limit; df /dev/shm | tail -n 1 | awk '{print $2}' >>/limit\n"),
    );
    requested.ulimits.insert("nofile".to_owned(), Ulimit { soft: 77, hard: 99 });
    requested.shm_size = Some(32 << 20);
    build(&engine(), "builds/limits", &requested, &tree()).await;
    assert_eq!(run("builds/limits", &["cat", "/limit"]), "77\n32768\n");
}

#[tokio::test]
async fn buildkit_builds_also_where_the_operator_prefers_the_other_builder() {
    let proxy = Proxy::answering("classic", "Api-Version: ", "Builder-Version: 1\r\nApi-Version: ");
    let docker = connect(&proxy.address, HostPolicy::default());
    let requested = Build::of("web", Dockerfile::Within("Dockerfile".to_owned()));
    build(&docker, "builds/preferred", &requested, &tree()).await;
    assert_eq!(listing("builds/preferred"), SENT);
    assert!(proxy.mutating().iter().any(|line| line.contains("/build?version=2&")));
}

#[tokio::test]
async fn an_engine_without_buildkit_is_known_before_anything_is_asked_of_it() {
    let with = |name, answer| Proxy::answering(name, "Ostype: linux", answer);
    let engines = [with("windows", "Ostype: windows"), with("podman", "Libpod-Api-Version: 5")];
    for proxy in engines {
        let docker = connect(&proxy.address, HostPolicy::default());
        let seen = docker.observe(&Scope::default()).await.unwrap();
        assert!(!seen.abilities.buildkit);
        assert_eq!(proxy.mutating(), Vec::<String>::new());
    }
}

/// The minor number of the engine's own API version.
fn minor() -> u32 {
    let output = Command::new("docker")
        .args(["version", "--format", "{{.Server.APIVersion}}"])
        .output()
        .unwrap();
    let version = String::from_utf8(output.stdout).unwrap();
    version.trim().split_once('.').unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn a_build_that_is_given_up_ends() {
    let docker = engine();
    let (requested, tree) = (Build::of("assets", inline("RUN sleep 300\n")), tree());
    let building = Box::pin(try_build(&docker, "builds/long", &requested, &tree));
    let sleeps = || {
        let output = Command::new("pgrep").args(["-f", "^sleep 300"]).output().unwrap();
        output.status.success()
    };
    let began = Box::pin(async {
        while !sleeps() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    });
    match futures_util::future::select(building, began).await {
        futures_util::future::Either::Left((ended, _)) => panic!("it ended: {ended:?}"),
        futures_util::future::Either::Right(((), building)) => drop(building),
    }
    let ends = async {
        while sleeps() {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_mins(1), ends).await.expect("the build ends");
    assert_eq!(image("builds/long").await, None);
}

/// Here-documents came with a frontend that the oldest engine does not have yet.
#[tokio::test]
async fn a_heredoc_is_built_where_the_engine_knows_it_and_a_named_error_elsewhere() {
    let text = "RUN <<E\necho one >/said\necho two >>/said\nE\nCOPY <<E /file\nFROM parent\nE\n";
    let mut requested = Build::of("assets", inline(text));
    let parent = NamedContext::Image("reconciler.demo/other".into());
    requested.contexts.insert("parent".to_owned(), parent);
    let outcome = try_build(&engine(), "builds/heredoc", &requested, &tree()).await;
    if minor() >= 42 {
        outcome.unwrap();
        let printed = run("builds/heredoc", &["cat", "/said", "/file"]);
        assert_eq!(printed, "one\ntwo\nFROM parent\n");
    } else {
        let text = outcome.unwrap_err().to_string().to_lowercase();
        assert!(text.contains("unknown instruction: echo"), "{text}");
    }
}
