//! A first pass makes what git says, and a second one has nothing to do.

use super::support::*;

/// Two services, one of them scaled, with a volume.
const SHOP: &str = "
services:
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
    depends_on: [pricing]
    volumes: [data:/data]
  pricing:
    image: reconciler.demo/base
    command: httpd -f -p 80
    stop_signal: SIGKILL
    expose: [80]
    healthcheck: { test: [CMD, \"true\"], interval: 1s }
    deploy: { replicas: 2 }
volumes:
  data:
";

/// Consul's bookkeeping of who may act, a session with a pulse of its own: given back
/// before the program ends.
fn is_lease(request: &str) -> bool {
    ["/v1/session/", "/v1/agent/", "?acquire=", "?release="].iter().any(|of| request.contains(of))
}

#[test]
fn quiet() {
    let mut lab = Lab::with_consul("quiet");
    let (engine, consul) = (Proxy::engine("quiet"), Proxy::consul());
    lab.engine_at(&engine.address);
    lab.consul_at(&consul.address);
    lab.stack("abc", SHOP);
    lab.once().exits(0).prints("+ create pricing: 2 replicas").prints("+ create web");
    assert_eq!(lab.names(), ["abc-pricing-1", "abc-pricing-2", "abc-web-1"].map(|n| lab.of(n)));
    for name in lab.names() {
        assert_eq!(inspect(&name)["State"]["Running"], true, "{name}");
    }
    assert_eq!(inspect(&lab.of("abc-pricing-1"))["State"]["Health"]["Status"], "healthy");
    assert!(!engine.mutating().is_empty(), "the proxy is in between");

    engine.forget();
    consul.forget();
    let (before, registered) = (lab.containers(), Consul::service(&lab.id("abc")));
    assert_eq!(registered.len(), 3, "{registered:?}");
    lab.once().is_quiet();
    assert_eq!(Consul::service(&lab.id("abc")), registered, "not even a ModifyIndex moves");
    assert_eq!(engine.mutating(), Vec::<String>::new());
    let writes: Vec<_> = consul.mutating().into_iter().filter(|line| !is_lease(line)).collect();
    assert_eq!(writes, Vec::<String>::new());
    assert_eq!(lab.containers(), before);
}

#[test]
fn one_plan() {
    let lab = Lab::new("oneplan");
    lab.stack("abc", SHOP);
    let first = lab.plan().exits(0);
    let second = lab.plan().exits(0);
    assert_eq!(first.stdout, second.stdout);
    assert!(lab.names().is_empty(), "a plan changes nothing");
    let done = lab.once().exits(0);
    assert!(done.stdout.starts_with(&first.stdout), "planned\n{first}\ndone\n{done}");

    lab.stack("abc", &SHOP.replace("replicas: 2", "replicas: 1").replace("1000", "1001"));
    let planned = lab.run(&["plan", "--detailed-exitcode", &lab.source()]).exits(2);
    let done = lab.once().exits(0);
    assert!(done.stdout.starts_with(&planned.stdout), "planned\n{planned}\ndone\n{done}");
}
