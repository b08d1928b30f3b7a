//! What builds and their sessions demand, on the final request.

use super::*;

#[test]
fn a_build_takes_nothing_but_its_context() {
    let build = |query: &str| ask(&Method::POST, "/build", query, &Value::Null);
    let plain = "dockerfile=Dockerfile&t=web&buildargs=%7B%7D&version=2";
    assert_eq!(texts(build(plain)), Vec::<String>::new());
    let table = [
        ("networkmode=host", "build=networkmode=host"),
        ("networkmode=ho%73t", "build=networkmode=host"),
        ("extrahosts=a:10.0.0.1&networkmode=none&version=2&session=x&remote=client-session", ""),
        ("networkmode=container%3Aabc", "build=networkmode=container:abc"),
        ("networkmode=none&networkmode=host", "build=networkmode=host"),
        ("remote=https%3A%2F%2Fexample.org", "build=remote=https://example.org"),
        ("remote=git%40example.org%3Aa", "build=remote=git@example.org:a"),
        ("remote=upload-request&buildid=x", "build=buildid=x, build=remote=upload-request"),
        ("version=1&rm=1", "build=rm=1, build=version=1"),
        ("version=3", "build=version=3"),
        ("outputs=%5B%7B%7D%5D", "build=outputs=[{}]"),
        ("securityopt=seccomp%3Dunconfined", "build=securityopt=seccomp=unconfined"),
        ("entitlements=security.insecure", "build=entitlements=security.insecure"),
        ("entitlements=network.host", "build=entitlements=network.host"),
        ("privileged=1", "build=privileged=1"),
        ("cgroupparent=/", "build=cgroupparent=/"),
    ];
    for (query, demands) in table {
        assert_eq!(texts(build(query)).join(", "), demands, "{query}");
    }
    assert!(build("t=reconciler.internal/ledger:1").is_err());
    assert!(build("t=web&t=reconciler.internal/ledger:1").is_err());
    let folder = |hash: &str| build(&format!("t=reconciler.internal/context:{hash}"));
    assert!(folder(&"a1".repeat(32)).is_ok());
    assert!(folder("latest").is_err());
    assert!(build("t=reconciler.internal/context").is_err());
    assert!(
        build("networkmode=host")
            .unwrap()
            .evaluate(&PolicyEvaluator::of(HostPolicy::default()))
            .is_err()
    );
}

#[test]
fn a_build_is_granted_to_the_deployment_that_its_labels_name() {
    let labels = |id: &str| format!("%7B%22com.docker.compose.project%22%3A%22{id}%22%7D");
    let query = |id: &str| format!("networkmode=host&labels={}", labels(id));
    let requested = |id: &str| ask(&Method::POST, "/build", &query(id), &Value::Null).unwrap();
    let mut policy = HostPolicy::default();
    policy.grants.insert("abc".to_owned(), ["build=networkmode=host".to_owned()].into());
    let evaluator = PolicyEvaluator::of(policy);
    assert_eq!(requested("abc").evaluate(&evaluator), Ok(()));
    let denied = requested("xyz").evaluate(&evaluator).unwrap_err();
    assert!(denied.0.contains("--allow 'xyz:build=networkmode=host'"), "{denied}");
}

#[test]
fn a_session_answers_only_what_the_policy_grants() {
    let session = |methods: &[&str]| {
        let mut headers = HeaderMap::new();
        headers.insert("x-docker-expose-session-name", "abc".parse().unwrap());
        for method in methods {
            headers.append("x-docker-expose-session-grpc-method", method.parse().unwrap());
        }
        let (method, path) = (&Method::POST, "/session");
        examine(Outgoing { method, path, query: "", headers: &headers, body: None })
    };
    let given = "/moby.buildkit.secrets.v1.Secrets/GetSecret";
    let files = "/moby.filesync.v1.FileSync/DiffCopy";
    let ssh = "/moby.sshforward.v1.SSH/ForwardAgent";
    let write = "/moby.filesync.v1.FileSend/DiffCopy";
    assert_eq!(texts(session(&[given, files])), Vec::<String>::new());
    assert_eq!(texts(session(&[files, ssh])), ["build=ssh"]);
    assert_eq!(texts(session(&[write])), [format!("build=session={write}")]);
    let denied =
        session(&[ssh]).unwrap().evaluate(&PolicyEvaluator::of(HostPolicy::default())).unwrap_err();
    assert!(denied.0.contains("--allow 'abc:build=ssh'"), "{denied}");
    let nobody = &HeaderMap::new();
    let (method, path) = (&Method::POST, "/session");
    let requested = examine(Outgoing { method, path, query: "", headers: nobody, body: None });
    assert!(requested.is_err());
}
