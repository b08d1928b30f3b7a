//! Consul: what is registered, under which names, and that it is kept true.

use serde_json::{Value, json};

use super::support::*;

const SHOP: &str = "
services:
  pricing:
    image: reconciler.demo/base
    command: httpd -f -p 80
    stop_signal: SIGKILL
    expose: [80]
    deploy: { replicas: 3 }
  web:
    image: reconciler.demo/base
    command: sleep 1000
    stop_signal: SIGKILL
";

fn address(container: &str) -> String {
    let networks = inspect(container)["NetworkSettings"]["Networks"].clone();
    let network = networks.as_object().unwrap().values().next().unwrap().clone();
    network["IPAddress"].as_str().unwrap().to_owned()
}

/// A service's entries as `id at address:port`.
fn registered(service: &str) -> Vec<String> {
    let text = |entry: Value| {
        let part = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        format!("{} at {}:{}", part("ServiceID"), part("ServiceAddress"), entry["ServicePort"])
    };
    let mut all: Vec<_> = Consul::service(service).into_iter().map(text).collect();
    all.sort();
    all
}

fn expected(lab: &Lab, slots: u32, suffix: &str) -> Vec<String> {
    let entry = |slot| {
        let at = address(&lab.of(&format!("abc-pricing-{slot}")));
        format!("{slot}.pricing.{}{suffix} at {at}:80", lab.id("abc"))
    };
    (1..=slots).map(entry).collect()
}

#[test]
fn registers_both_forms_and_resolves() {
    let lab = Lab::with_consul("register");
    lab.stack("abc", SHOP);
    lab.once().exits(0);
    let (id, seeds) = (lab.id("abc"), format!("pricing.{}", lab.id("abc")));
    assert_eq!(registered(&seeds), expected(&lab, 3, ""));
    let tagged: Vec<_> = Consul::service(&id)
        .into_iter()
        .filter(|entry| entry["ServiceTags"] == json!(["pricing"]))
        .collect();
    assert_eq!(tagged.len(), 3, "{tagged:?}");

    let name = format!("pricing.{id}.service.consul");
    let answer = docker(&["exec", &lab.of("abc-web-1"), "nslookup", &name]);
    for slot in 1..=3 {
        let at = address(&lab.of(&format!("abc-pricing-{slot}")));
        assert!(answer.contains(&at), "{at} is not in {answer}");
    }
    let passing = Consul::get(&format!("/v1/health/service/{id}?passing&tag=pricing"));
    assert_eq!(passing.as_array().unwrap().len(), 3);

    lab.stack("abc", &SHOP.replace("replicas: 3", "replicas: 1"));
    lab.once().exits(0).prints("deregister");
    assert_eq!(registered(&seeds), expected(&lab, 1, ""));
    lab.once().is_quiet();

    lab.stack("xyz", SHOP);
    lab.once().exits(0);
    lab.drop_stack("abc");
    lab.once().exits(0);
    assert!(Consul::service(&seeds).is_empty());
    assert!(Consul::service(&id).is_empty());
}

/// Writes an entry into our node by hand.
fn plant(like: &Value, id: &str, address: &str) {
    let service = json!({
        "ID": id,
        "Service": like["ServiceName"],
        "Address": address,
        "Port": 80,
        "Meta": like["ServiceMeta"],
        "Tags": like["ServiceTags"],
    });
    let body = json!({ "Node": like["Node"], "SkipNodeUpdate": true, "Service": service });
    Consul::put("/v1/catalog/register", &body);
}

#[test]
fn what_is_stale_or_wrong_in_the_catalog_is_repaired() {
    let lab = Lab::with_consul("mended");
    lab.stack("abc", SHOP);
    lab.once().exits(0);
    let seeds = format!("pricing.{}", lab.id("abc"));
    let like = Consul::service(&seeds)[0].clone();

    plant(&like, &format!("9.{seeds}"), "192.0.2.99");
    assert_eq!(Consul::ids(&seeds).len(), 4);
    lab.once().exits(0).prints("no running replica stands behind it");
    assert_eq!(registered(&seeds), expected(&lab, 3, ""));

    plant(&like, &format!("1.{seeds}"), "192.0.2.99");
    lab.once().exits(0).prints("192.0.2.99");
    assert_eq!(registered(&seeds), expected(&lab, 3, ""));

    let node = like["Node"].as_str().unwrap();
    let gone = json!({ "Node": node, "ServiceID": format!("2.{seeds}") });
    Consul::put("/v1/catalog/deregister", &gone);
    assert_eq!(Consul::ids(&seeds).len(), 2);
    lab.once().exits(0).prints("it is not in the catalog");
    assert_eq!(registered(&seeds), expected(&lab, 3, ""));
    lab.once().is_quiet();
}

#[test]
fn entries_of_other_nodes_are_never_touched() {
    let lab = Lab::with_consul("othernodes");
    let node = lab.of("their-node");
    let theirs = json!({
        "Node": node, "Address": "192.0.2.7",
        "Service": { "ID": "1.pricing", "Service": lab.of("theirs"), "Address": "192.0.2.7",
                     "Meta": { "managed-by": "reconciler", "installation": lab.installation(),
                               "deployment": lab.id("abc"), "service": "pricing", "slot": "1" } },
    });
    Consul::put("/v1/catalog/register", &theirs);
    let before = Consul::service(&lab.of("theirs"));
    assert_eq!(before.len(), 1);
    lab.stack("abc", SHOP);
    lab.once().exits(0);
    lab.stack("abc", &SHOP.replace("replicas: 3", "replicas: 1"));
    lab.once().exits(0);
    lab.once().is_quiet();
    assert_eq!(Consul::service(&lab.of("theirs")), before);
}

#[test]
fn a_replaced_replica_is_registered_under_its_new_address() {
    let lab = Lab::with_consul("readdress");
    lab.stack("abc", SHOP);
    lab.once().exits(0);
    let seeds = format!("pricing.{}", lab.id("abc"));
    lab.stack("abc", &SHOP.replace("expose: [80]", "expose: [80]\n    environment: { A: b }"));
    lab.once().exits(0);
    assert_eq!(registered(&seeds), expected(&lab, 3, ""));
    docker(&["rm", "-f", &lab.of("abc-pricing-2")]);
    lab.once().exits(0);
    assert_eq!(registered(&seeds), expected(&lab, 3, ""));
    lab.once().is_quiet();
}
