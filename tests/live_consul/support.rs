//! What the tests share: where Consul is, raw calls beside the adapter, and a DNS query.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use adapters::consul::{Consul, ConsulSettings, Token};
use adapters::http::{Endpoint, HttpClient, full};
use http::Request;
use http_body_util::BodyExt as _;
use model::action::{Action, Endpoint as Reach, Registrant};
use model::catalog::{CheckStatus, NodeView, owner_meta};
use model::id::NodeName;
use serde_json::Value;
use world::CatalogScope;

/// The only engine of these tests.
pub(crate) const ENGINE: &str = "local";

/// A Consul: its address, and a token that may do everything.
pub(crate) struct Server {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) root: Option<&'static str>,
}

impl Server {
    /// The lab's Consul.
    pub(crate) fn of_the_lab() -> Self {
        let address = std::env::var_os("CONSUL_HTTP_ADDR")
            .expect("CONSUL_HTTP_ADDR is not set: run these tests with scripts/with-lab --consul");
        let address = address.into_string().unwrap();
        let (host, port) = address.trim_start_matches("http://").rsplit_once(':').unwrap();
        Self { host: host.to_owned(), port: port.parse().unwrap(), root: None }
    }

    pub(crate) fn client(&self, installation: &str, token: Option<&str>) -> Consul {
        let settings = ConsulSettings {
            address: format!("http://{}:{}", self.host, self.port),
            token: token.map(|token| Token::new(token).unwrap()),
            ca: None,
            installation: installation.into(),
            engines: BTreeMap::from([(ENGINE.into(), None)]),
        };
        Consul::new(&settings).unwrap()
    }

    /// A raw call; the answer's JSON, `null` if there is none.
    pub(crate) async fn raw(&self, method: &str, path: &str, body: &str) -> Value {
        let endpoint = Endpoint::Tcp { host: self.host.clone(), port: self.port };
        let client = HttpClient::new(endpoint, 1).unwrap();
        let mut request = Request::builder().method(method).uri(path);
        if let Some(root) = self.root {
            request = request.header("X-Consul-Token", root);
        }
        let request = request.body(full(body.to_owned())).unwrap();
        let Ok(response) = client.send(request).await else {
            return Value::Null;
        };
        let body = response.into_body().collect().await.unwrap();
        serde_json::from_slice(&body.to_bytes()).unwrap_or_default()
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.raw("GET", path, "").await
    }

    /// The IPv4 addresses that Consul's DNS has for a name.
    pub(crate) fn resolve(&self, name: &str) -> BTreeSet<Ipv4Addr> {
        let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        // RFC 1035: id 7, recursion desired, one question of type A, class IN.
        let mut query = vec![0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
        for label in name.split('.') {
            query.push(u8::try_from(label.len()).unwrap());
            query.extend(label.bytes());
        }
        query.extend([0, 0, 1, 0, 1]);
        socket.send_to(&query, (self.host.as_str(), 8600)).unwrap();
        let mut answer = [0; 1500];
        let length = socket.recv(&mut answer).unwrap();
        let count = u16::from_be_bytes([answer[6], answer[7]]);
        let mut at = query.len();
        let mut found = BTreeSet::new();
        for _ in 0..count {
            // A compressed name, type, class, TTL and length: 12 bytes; then the data.
            assert!(answer[at] >= 0xc0, "an answer whose name is not compressed");
            let data = at + 12;
            let size = usize::from(u16::from_be_bytes([answer[at + 10], answer[at + 11]]));
            if size == 4 {
                let bytes: [u8; 4] = answer[data..data + 4].try_into().unwrap();
                found.insert(Ipv4Addr::from(bytes));
            }
            at = data + size;
        }
        assert!(at <= length);
        found
    }
}

pub(crate) fn node(installation: &str) -> NodeName {
    NodeName::of(&installation.into(), &ENGINE.into())
}

/// Both forms of the replica of `pricing` in `deployment` with this slot.
pub(crate) fn both_forms(
    installation: &str,
    deployment: &str,
    slot: u8,
    status: CheckStatus,
) -> Action {
    let id = format!("{slot}.pricing.{deployment}");
    let registrant = |id: &str, service: &str, tags: &[&str]| Registrant {
        id: id.into(),
        service: service.to_owned(),
        tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
        meta: owner_meta(&installation.into()),
        status,
        endpoint: Reach::Known { address: format!("10.9.8.{slot}"), port: 80 },
    };
    Action::Register {
        node: node(installation),
        entries: vec![
            registrant(&id, &format!("pricing.{deployment}"), &[]),
            registrant(&format!("{id}@dns"), deployment, &["pricing"]),
        ],
    }
}

/// Our node as the adapter sees it.
pub(crate) async fn seen(consul: &Consul) -> Option<NodeView> {
    let contents =
        consul.catalog(&CatalogScope::new([ENGINE.into()].into(), BTreeSet::new())).await.unwrap();
    contents.nodes.get(&ENGINE.into()).cloned()
}
