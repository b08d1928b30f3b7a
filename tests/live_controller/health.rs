//! Health: what Docker says of a container, Consul says too.

use serde_json::Value;

use crate::controller::{Setup, get, service};
use crate::engine::{Events, docker, variable};
use crate::temp::Temp;
use crate::time::{eventually, figures, now, pause, quiet};

/// The statuses of a service's checks in Consul, one per replica.
pub(crate) fn statuses(service: &str) -> Vec<String> {
    let address = variable("CONSUL_HTTP_ADDR");
    let address = address.trim_start_matches("http://");
    let body = get(address, &format!("/v1/health/checks/{service}")).1;
    let checks: Vec<Value> = serde_json::from_str(&body).unwrap_or_default();
    checks.iter().map(|check| check["Status"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_container_that_turns_unhealthy_becomes_critical_in_consul_and_back() {
    let folder = Temp::new();
    let check =
        "{ test: [CMD, test, \"!\", -e, /tmp/sick], interval: 1s, timeout: 5s, retries: 1 }";
    folder.write(
        "health/compose.yaml",
        service(&format!("expose: [\"80\"]\n    healthcheck: {check}")),
    );
    let args = ["--resync", "10m"];
    let controller =
        Setup { consul: true, args: &args, ..Setup::folder("health", folder.path(), &["health"]) }
            .start();
    controller.settles("health");
    eventually("it passes in Consul", || statuses("web.health") == ["passing"]);
    let events = Events::follow();
    let mut delays = Vec::new();
    for (command, word, status) in [
        (["touch", "/tmp/sick"], "health_status: unhealthy", "critical"),
        (["rm", "/tmp/sick"], "health_status: healthy", "passing"),
    ] {
        quiet();
        let since = now();
        docker(&["exec", "health-web-1", command[0], command[1]]);
        let mut seen = now();
        eventually(&format!("it is {status} in Consul"), || {
            seen = now();
            let is_so = statuses("web.health") == [status];
            if !is_so {
                pause(std::time::Duration::from_millis(5));
            }
            is_so
        });
        delays.push(seen.saturating_sub(events.first("health-web-1", word, since)));
    }
    figures("from Docker's health_status to the catalog (seen every 55 ms)", delays);
}
