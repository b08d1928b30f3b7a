//! What older engines ask for in the bodies of requests, and bollard has no field for.

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use model::ability::ApiVersion;

/// From here on the engine always refuses a second network of the same name, and each
/// endpoint has a MAC address of its own.
pub(in crate::docker) const OF_ENDPOINTS: ApiVersion = ApiVersion::one(44);

/// What bollard 0.21.1 has no field for: up to API 1.43 the engine makes a second network
/// of the same name unless the request says otherwise, and the MAC address is the container's, not
/// its network's.
pub(in crate::docker) fn amend(
    method: &Method,
    path: &str,
    version: ApiVersion,
    body: Bytes,
) -> Bytes {
    if *method != Method::POST || version >= OF_ENDPOINTS {
        return body;
    }
    let amended = match path {
        "/networks/create" => Some(("CheckDuplicate", Value::Bool(true))),
        "/containers/create" => mac_address(&body).map(|mac| ("MacAddress", mac)),
        _ => None,
    };
    match (amended, serde_json::from_slice::<Value>(&body)) {
        (Some((name, value)), Ok(Value::Object(mut members))) => {
            members.insert(name.to_owned(), value);
            Value::Object(members).to_string().into()
        }
        _ => body,
    }
}

/// The MAC address on the network that a container is made on.
fn mac_address(body: &[u8]) -> Option<Value> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let endpoints = body["NetworkingConfig"]["EndpointsConfig"].as_object()?;
    endpoints.values().map(|endpoint| &endpoint["MacAddress"]).find(|mac| mac.is_string()).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(text: &str) -> ApiVersion {
        ApiVersion::parse(text).unwrap()
    }

    #[test]
    fn an_old_engine_takes_the_mac_address_of_the_container() {
        let body = || {
            let endpoints = r#"{"EndpointsConfig":{"n":{"MacAddress":"02:00:00:00:00:01"}}}"#;
            Bytes::from(format!(r#"{{"NetworkingConfig":{endpoints}}}"#))
        };
        let amended = amend(&Method::POST, "/containers/create", version("1.41"), body());
        let amended: Value = serde_json::from_slice(&amended).unwrap();
        assert_eq!(amended["MacAddress"], "02:00:00:00:00:01");
        assert_eq!(amend(&Method::POST, "/containers/create", version("1.44"), body()), body());
    }

    #[test]
    fn an_old_engine_is_asked_to_refuse_a_second_network() {
        let body = || Bytes::from_static(br#"{"Name":"a"}"#);
        let amended = amend(&Method::POST, "/networks/create", version("1.41"), body());
        let amended: Value = serde_json::from_slice(&amended).unwrap();
        assert_eq!(amended["CheckDuplicate"], true);
        assert_eq!(amend(&Method::POST, "/networks/create", version("1.44"), body()), body());
        assert_eq!(amend(&Method::POST, "/volumes/create", version("1.41"), body()), body());
    }
}
