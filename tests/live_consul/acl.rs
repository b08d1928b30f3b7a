//! A Consul with access control: what a token may not see is never taken for absent.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use adapters::lease::{Holder, Lease};
use adapters::process::Process;
use model::catalog::CheckStatus;
use model::ledger::Stored;
use model::time::Timestamp;
use serde_json::json;
use world::{CatalogScope, Keep as _, OutsideError};

use crate::support::{ENGINE, Server, both_forms, seen};

const ROOT: &str = "99999999-9999-9999-9999-999999999999";
/// The rights that `ConsulSettings::token` asks for.
const ENOUGH: &str = r#"
    key_prefix "reconciler/" { policy = "write" }
    session_prefix "" { policy = "write" }
    node_prefix "rc-" { policy = "write" }
    node_prefix "" { policy = "read" }
    service_prefix "" { policy = "write" }
    agent_prefix "" { policy = "read" }
"#;

/// A Consul of this test's own, which denies what is not allowed.
struct Guarded {
    server: Server,
    child: Child,
    folder: PathBuf,
}

impl Guarded {
    async fn start() -> Self {
        // Between choosing free ports and listening on them another program may take one.
        for _ in 0..5 {
            let mut guarded = Self::spawn();
            if guarded.is_up().await {
                return guarded;
            }
        }
        panic!("Consul with access control did not come up");
    }

    fn spawn() -> Self {
        let program = std::env::var_os("RECONCILER_LAB_CONSUL")
            .expect("RECONCILER_LAB_CONSUL is not set: run with scripts/with-lab --consul");
        let listeners = [(); 4].map(|()| TcpListener::bind(("127.0.0.1", 0)).unwrap());
        let [http, server, lan, wan] = listeners.map(|l| l.local_addr().unwrap().port());
        let folder = std::env::temp_dir().join(format!("rc-acl-{}-{http}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let config = json!({ "acl": { "enabled": true, "default_policy": "deny",
            "tokens": { "master": ROOT } } });
        std::fs::write(folder.join("acl.json"), config.to_string()).unwrap();
        let child = Command::new(program)
            .args(["agent", "-dev", "-node=guarded", "-dns-port=-1", "-grpc-port=-1"])
            .arg(format!("-http-port={http}"))
            .arg(format!("-server-port={server}"))
            .arg(format!("-serf-lan-port={lan}"))
            .arg(format!("-serf-wan-port={wan}"))
            .arg("-config-dir")
            .arg(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = Server { host: "127.0.0.1".to_owned(), port: http, root: Some(ROOT) };
        Self { server, child, folder }
    }

    /// Whether it comes up; `false` as soon as it ended.
    async fn is_up(&mut self) -> bool {
        for _ in 0..300 {
            // Once its own node is there, there is a leader too.
            if !self.server.get("/v1/catalog/node/guarded").await["Node"].is_null() {
                return true;
            }
            if self.child.try_wait().unwrap().is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    /// A token with these rights.
    async fn token(&self, name: &str, rules: &str) -> String {
        let policy = json!({ "Name": name, "Rules": rules }).to_string();
        self.server.raw("PUT", "/v1/acl/policy", &policy).await;
        let token = json!({ "Policies": [{ "Name": name }] }).to_string();
        let made = self.server.raw("PUT", "/v1/acl/token", &token).await;
        made["SecretID"].as_str().unwrap().to_owned()
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
        std::fs::remove_dir_all(&self.folder).unwrap();
    }
}

#[tokio::test]
async fn only_rights_make_an_empty_answer_believed() {
    let guarded = Guarded::start().await;
    let engines = [ENGINE.into()].into();
    let scope = CatalogScope::new(engines, BTreeSet::new());

    let token = guarded.token("none", r#"key_prefix "other/" { policy = "write" }"#).await;
    let blind = guarded.server.client("main", Some(&token));
    let error = blind.read_ledger().await.unwrap_err();
    assert!(matches!(error, OutsideError::Forbidden(_)), "{error:?}");
    let error = blind.catalog(&scope).await.unwrap_err();
    assert!(matches!(error, OutsideError::Forbidden(_)), "{error:?}");
    assert!(!format!("{error:?} {blind:?}").contains(&token));

    // Without a token, and with one that does not exist.
    let anonymous = guarded.server.client("main", None);
    assert!(anonymous.read_ledger().await.is_err());
    assert!(anonymous.catalog(&scope).await.is_err());
    let unknown = guarded.server.client("main", Some("11111111-1111-1111-1111-111111111111"));
    assert!(matches!(unknown.read_ledger().await, Err(OutsideError::Forbidden(_))));

    // The documented rights are enough for everything.
    let token = guarded.token("enough", ENOUGH).await;
    let consul = guarded.server.client("main", Some(&token));
    let holder = Holder {
        holder: "me".to_owned(),
        since: Timestamp::from_secs(1),
        process: Process::default(),
    };
    let lease = Lease::acquire(&consul, &holder).await.unwrap();
    consul.act(&both_forms("main", "abc", 1, CheckStatus::Passing)).await.unwrap();
    assert_eq!(seen(&consul).await.unwrap().entries.len(), 2);
    assert_eq!(consul.read_ledger().await.unwrap(), Stored::default());
    lease.release().await.unwrap();

    // Now that something is there, the blind still do not see nothing.
    assert!(blind.catalog(&scope).await.is_err());
    assert!(anonymous.catalog(&scope).await.is_err());
}

#[tokio::test]
async fn a_token_is_told_what_it_lacks() {
    let guarded = Guarded::start().await;
    let services = BTreeSet::from(["abc".to_owned(), "web.abc".to_owned()]);
    let client = |token: &str| guarded.server.client("main", Some(token));

    let enough = client(&guarded.token("enough", ENOUGH).await);
    let rights = enough.rights(&services).await.unwrap().expect("there is access control");
    assert!(rights.len() >= 6 && rights.iter().all(|right| right.granted), "{rights:?}");
    let (leader, date) = enough.leader().await.unwrap();
    assert!(!leader.is_empty() && date.is_some(), "{leader} {date:?}");
    assert_eq!(enough.recursors().await, Ok(Vec::new()));

    let keys =
        client(&guarded.token("keys", r#"key_prefix "reconciler/" { policy = "write" }"#).await);
    let rights = keys.rights(&services).await.unwrap().expect("there is access control");
    let granted = |granted| {
        let of = rights.iter().filter(move |right| right.granted == granted);
        of.map(|right| right.rule.clone()).collect::<Vec<_>>().join("; ")
    };
    assert!(granted(true).starts_with("key_prefix \"reconciler/main/\""), "{rights:?}");
    for rule in ["session_prefix", "service \"web.abc\"", "node_prefix", "agent_prefix"] {
        assert!(granted(false).contains(rule), "{rights:?}");
    }
    let unknown = client("11111111-1111-1111-1111-111111111111");
    assert!(matches!(unknown.rights(&services).await, Err(OutsideError::Forbidden(_))));
}

#[tokio::test]
async fn the_lease_needs_no_right_on_the_agent() {
    let guarded = Guarded::start().await;
    let rules = r#"
        key_prefix "reconciler/" { policy = "write" }
        session_prefix "" { policy = "write" }
    "#;
    let token = guarded.token("sessions", rules).await;
    let consul = guarded.server.client("main", Some(&token));
    let holder = Holder {
        holder: "me".to_owned(),
        since: Timestamp::from_secs(1),
        process: Process::default(),
    };
    let lease = Lease::acquire(&consul, &holder).await.unwrap();
    let span = Duration::from_secs(3);
    assert!(tokio::time::timeout(span, lease.keep()).await.is_err());
    lease.release().await.unwrap();
}
