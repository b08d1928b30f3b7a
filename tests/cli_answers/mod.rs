//! Answers about what runs, beside an engine that answers from canned text.

use super::cli_engine::Engine;
use super::{CANARY, Case};

/// The exit code, stdout and stderr of a call in a folder with these files, where the container
/// `shop-web-1` of the source `test` runs; `[HERE]` in the call is the folder.
fn play(name: &str, files: &[(&str, &str)], call: &str) -> (i32, String, String) {
    let folder = std::env::temp_dir().join(format!("rc-answers-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let socket = folder.join("engine.sock");
    let _engine = Engine::listen(&socket, CANARY);
    for (path, text) in files {
        let path = folder.join(path);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, text).expect("written");
    }
    let call = call.replace("[HERE]", &folder.display().to_string());
    let env = vec![format!("DOCKER_HOST=unix://{}", socket.display())];
    let output = Case { call, env }.command().output().expect("it starts");
    let here = folder.display().to_string();
    let [stdout, stderr] = [output.stdout, output.stderr]
        .map(|text| String::from_utf8_lossy(&text).replace(&here, "[HERE]"));
    std::fs::remove_dir_all(&folder).expect("removed");
    (output.status.code().expect("a code"), stdout, stderr)
}

const INVALID: &[(&str, &str)] = &[("ds/shop/compose.yaml", "services:\n  web: { imag: a }\n")];

#[test]
fn a_stack_that_is_not_valid_is_not_said_to_be_gone() {
    for word in ["shop", "shop-web-1", "shop/web"] {
        let call = format!("explain {word} --source [HERE]/ds --source-name test");
        let (_, stdout, stderr) = play(&format!("invalid-{}", word.len()), INVALID, &call);
        let place = "its stack file is not valid (shop/compose.yaml:2:";
        let flat = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains(place), "{stdout}{stderr}");
        assert!(!stdout.contains("by nothing"), "{stdout}");
    }
}

#[test]
fn a_command_that_is_printed_names_the_source() {
    let call = "explain shop --source [HERE]/ds --source-name test";
    let (_, stdout, _) = play("more", INVALID, call);
    let more = "reconciler status shop --source [HERE]/ds --source-name test\n";
    assert!(stdout.ends_with(more), "{stdout}");
}

const STACK: &[(&str, &str)] = &[(
    "st/compose.yaml",
    "name: shop\nservices:\n  web: { image: reconciler.demo/web, environment: { A: b } }\n",
)];

/// Plans into a file, and calls this in another folder where the stack is what `then` makes of it.
fn planned(name: &str, then: Option<&str>, call: &str) -> (i32, String, String) {
    let folder = std::env::temp_dir().join(format!("rc-planned-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("shop.plan").display().to_string();
    let plan = format!("plan [HERE]/st --source-name test --out {file}");
    let (exit, _, stderr) = play(name, STACK, &plan);
    assert_eq!(exit, 0, "{stderr}");
    let changed = then.map(|text| [("st/compose.yaml", text)]);
    let files = changed.as_ref().map_or(STACK, |files| &files[..]);
    let (exit, stdout, stderr) = play(name, files, &call.replace("FILE", &file));
    std::fs::remove_dir_all(&folder).expect("removed");
    (exit, stdout.replace(&file, "FILE"), stderr.replace(&file, "FILE"))
}

#[test]
fn a_plan_file_knows_its_source() {
    // What it says cannot be done on this engine; that it began is enough.
    let (_, _, stderr) = planned("alone", None, "apply FILE");
    assert!(!stderr.contains("the plan file is for") && !stderr.contains("agreed"), "{stderr}");
}

#[test]
fn a_plan_that_is_old_says_the_command_that_makes_it_anew() {
    let other = "name: shop\nservices:\n  web: { image: reconciler.demo/web }\n";
    let (exit, _, stderr) = planned("old", Some(other), "apply FILE");
    assert_eq!(exit, 75, "{stderr}");
    let anew = "`reconciler plan --out FILE [HERE]/st --source-name test`";
    assert!(stderr.contains(anew), "{stderr}");
}

#[test]
fn a_plan_of_another_source_says_the_whole_command() {
    let (exit, _, stderr) = planned("other", None, "apply FILE [HERE]");
    assert_eq!(exit, 64, "{stderr}");
    let whole = "`reconciler apply FILE [HERE]/st --source-name test`";
    assert!(stderr.contains(whole), "{stderr}");
}

/// A controller that withholds something of the deployment `shop`; its address.
fn controller() -> std::net::SocketAddr {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("bound");
    let body = r#"{"schema_version":1,"version":"0","installation":"default","source":"dir:/ctl",
        "acts":true,"ready":true,"revision":null,"source_error":null,"seen_at":null,"unseen":{},
        "deployments":{},"blocked":[],"held":[],"last_pass":null,
        "withheld":[{"deployment":"shop","what":"apply shop (shop/compose.yaml:2:3)",
        "waits":"until its stack is valid","is_notice":false}]}"#;
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = write!(stream, "HTTP/1.0 200 OK\r\n\r\n{body}");
        }
    });
    address
}

#[test]
fn what_a_controller_withholds_is_said() {
    let (_, stdout, stderr) =
        play("withheld", &[], &format!("status shop --listen {}", controller()));
    assert!(stdout.contains("source dir:/ctl"), "{stdout}{stderr}");
    let flat = stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = "withheld: shop: apply shop (shop/compose.yaml:2:3), waits until its stack is valid";
    assert!(flat.contains(line), "{stdout}");
}
