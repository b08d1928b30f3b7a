//! What a controller answers, and the two verbs that ask it.

use serde_json::Value;

use crate::controller::{Setup, program, stack};
use crate::temp::Temp;
use crate::time::eventually;

#[test]
fn a_controller_answers_and_its_end_is_noticed() {
    let folder = Temp::new();
    folder.write("api/compose.yaml", stack("1"));
    let mut controller = Setup::folder("api", folder.path(), &["api"]).start();
    eventually("it lives", || controller.get("/livez").0 == 200);
    controller.settles("api");
    assert_eq!(controller.get("/readyz"), (200, "ok\n".to_owned()));
    let listen = controller.listen().to_owned();
    let ask = |args: &[&str]| {
        let mut call = program(args);
        call.args(["--listen", &listen]).env("RECONCILER_INSTALLATION", "api");
        let output = call.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    assert_eq!(ask(&["healthcheck", "--quiet"]).0, Some(0));
    let (code, text) = ask(&["status"]);
    assert_eq!(code, Some(0));
    assert!(text.contains("controller   installation api, acts, looked "), "{text}");
    assert!(text.contains(" api Healthy, "), "{text}");
    let (_, json) = ask(&["status", "-o", "json"]);
    let status: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(status["schema_version"], 1);
    assert_eq!(status["controller"]["deployments"]["api"]["sync"], "Synced");
    assert_eq!(status["controller"]["acts"], true);

    assert_eq!(controller.terminate().code(), Some(143));
    assert_eq!(ask(&["healthcheck", "--quiet"]).0, Some(1));
    assert_eq!(ask(&["status"]).0, Some(69));
}
