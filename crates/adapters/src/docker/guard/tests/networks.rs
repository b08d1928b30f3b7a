//! Networks that a request names by their ids: a name beside the id proves nothing.

use serde_json::json;

use super::{of_container, owned, post};

#[test]
fn a_network_that_an_id_names_is_one_to_be_read() {
    let id = "a".repeat(64);
    let endpoint = json!({ "NetworkID": id });
    let body = json!({"NetworkingConfig": {"EndpointsConfig": {"abc_default": endpoint}}});
    let requested = post("/containers/create", &owned(body)).unwrap();
    assert_eq!((requested.demands.len(), requested.networks), (0, [id.clone()].into()));
    let body = json!({"Container": "b", "EndpointConfig": endpoint});
    let requested = post(&format!("/networks/{id}/connect"), &body).unwrap();
    assert_eq!((requested.demands.len(), requested.networks), (0, [id].into()));
}

#[test]
fn an_id_that_is_none_is_denied() {
    let endpoint = json!({ "abc_default": { "NetworkID": "host" } });
    let body = json!({ "NetworkingConfig": { "EndpointsConfig": endpoint } });
    assert_eq!(of_container(body), ["field=EndpointsConfig.NetworkID"]);
}
