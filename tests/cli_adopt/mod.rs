//! `adopt` on an engine that answers from canned text: what is asked, what is printed, and that a
//! secret is not.

use super::{CANARY, Case, cli_engine};

/// A folder of one test with an engine in it, and how it is reached.
fn engine(name: &str) -> (std::path::PathBuf, cli_engine::Engine, Vec<String>) {
    let folder = std::env::temp_dir().join(format!("rc-adopt-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let socket = folder.join("engine.sock");
    let engine = cli_engine::Engine::listen(&socket, CANARY);
    let env = vec![format!("DOCKER_HOST=unix://{}", socket.display())];
    (folder, engine, env)
}

const FILE: &str = "\
# Written by `reconciler adopt` from containers of engine local.
# What the image or the engine gives by default is left out.
# Secrets, whose values are not in this file: DB_PASSWORD.
name: shop
services:
  # container web (5e1f5e1f5e1f)
  # not carried: HostConfig.AutoRemove: `--rm`: what a deployment runs stays when it ends
  # not carried: files: 2 of its files (/srv/a, …) differ from the image's, and a new container has
  #   none of them: `docker diff web`
  web:
    image: reconciler.demo/web
    command:
      - serve
      - \"$$HOME\"
      - \"${DB_PASSWORD:?}\"
    environment:
      DB_PASSWORD: \"${DB_PASSWORD:?}\"
    networks:
      - shop_default
    mem_limit: 64m
networks:
  shop_default:
    name: shop_default
    external: true
";

#[test]
fn a_container_is_described_without_its_secret() {
    let (folder, engine, env) = engine("text");
    let values = folder.join("values.env");
    let call = format!("adopt web --name shop --env-out {}", values.display());
    let printed = Case { call: call.clone(), env: env.clone() }.play();
    assert!(printed.contains("exit: 0"), "{printed}");
    let file = printed.split_once("stdout:\n").expect("a result").1;
    let (file, next) = file.split_once("stderr:\n").expect("how to go on");
    assert_eq!(file, FILE);
    assert!(next.contains("docker stop web\n") && !printed.contains(CANARY), "{printed}");
    let written = std::fs::read_to_string(&values).expect("values");
    assert_eq!(written, format!("DB_PASSWORD='{CANARY}'\n"));

    // It is never written over, and nothing is asked before that is known.
    let asked = engine.asked.lock().expect("no panic holds it").len();
    let again = Case { call, env }.play();
    assert!(again.contains("exit: 64") && again.contains("something already"), "{again}");
    let all = engine.asked.lock().expect("no panic holds it");
    assert_eq!(all.len(), asked);
    assert!(all.iter().all(|request| request.starts_with("GET ")), "{all:?}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

const ODD: &str = "\
services:
  # container odd (5e1f5e1f5e1f)
  # not carried: labels.bell: it has a control character or several lines, which no stack file can
  #   hold
  # not carried: HostConfig.AutoRemove: `--rm`: what a deployment runs stays when it ends
  # not carried: image: it runs 9d9d9d9d9d9d, and the engine has no image of that name any more: a
  #   new container gets what a registry has by it, if one has
";

#[test]
fn a_label_that_no_file_holds_and_an_image_without_its_name_are_comments() {
    let (folder, _engine, env) = engine("odd");
    let printed = Case { call: "adopt odd".to_owned(), env }.play();
    assert!(printed.contains("exit: 0"), "{printed}");
    assert!(printed.contains(ODD), "{printed}");
    assert!(printed.contains("tier: front") && !printed.contains(CANARY), "{printed}");
    assert!(printed.contains("mysql -p${COMMAND_PASSWORD:?} -h db"), "{printed}");
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn programs_get_the_file_and_what_it_lacks() {
    let (folder, _engine, env) = engine("json");
    let call = "adopt web --name shop -o json -q".to_owned();
    let output = Case { call, env }.command().output().expect("it starts");
    let result: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((result["schema_version"].as_u64(), result["file"].as_str()), (Some(1), Some(FILE)));
    let lacks = result["services"]["web"]["not_carried"].as_array().expect("a list");
    assert_eq!(lacks.len(), 2, "{lacks:?}");
    assert_eq!(result["variables"], serde_json::json!(["DB_PASSWORD"]));
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn what_is_ours_or_not_there_is_refused() {
    let (folder, _engine, env) = engine("refused");
    for (name, exit, why) in [
        ("shop-web-1", "exit: 65\n", "is of deployment `shop` already"),
        ("nowhere", "exit: 64\n", "there is no container `nowhere` on engine `local`"),
    ] {
        let printed = Case { call: format!("adopt {name}"), env: env.clone() }.play();
        assert!(printed.contains(exit) && printed.contains(why), "{printed}");
        assert!(printed.contains("= help: "), "{printed}");
    }
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn a_word_that_is_no_name_is_no_other_request() {
    let (folder, engine, env) = engine("words");
    for word in ["", "../x", "..", "big/", "web?x", "a b", "-x", "/"] {
        let mut command = Case { call: "adopt".to_owned(), env: env.clone() }.command();
        let output = command.args(["--", word]).output().expect("it starts");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(64), "{word}: {stderr}");
        assert!(stderr.contains(&format!("there is no container `{word}` on engine")), "{stderr}");
    }
    assert!(engine.asked.lock().expect("no panic holds it").is_empty());
    std::fs::remove_dir_all(&folder).expect("removed");
}
