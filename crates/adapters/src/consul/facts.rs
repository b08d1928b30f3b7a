//! What Consul says of itself and of our token, by calls that change nothing, for a person who
//! looks for what is wrong.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::Consul;
use model::time::Timestamp;
use world::OutsideError;

/// Something that the token must be allowed to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// As a rule of Consul's policies has it: `key_prefix "reconciler/" { policy = "write" }`.
    pub rule: String,
    /// Whether it is.
    pub granted: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Authorization {
    resource: String,
    access: String,
    segment: String,
    #[serde(default, skip_serializing)]
    allow: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Agent {
    debug_config: Option<Debugged>,
}

#[derive(Deserialize)]
struct Debugged {
    #[serde(rename = "DNSRecursors", default)]
    recursors: Option<Vec<String>>,
}

impl Consul {
    /// The leader's address, empty if there is none, and what Consul's clock says.
    ///
    /// # Errors
    /// If Consul cannot be asked.
    pub async fn leader(&self) -> Result<(String, Option<Timestamp>), OutsideError> {
        let answer = self.shared.api.get("/v1/status/leader", &[]).await?.success()?;
        Ok((answer.json()?, answer.date))
    }

    /// What our token may do of what it needs; `None` if Consul has no access control. These are
    /// the services that are registered.
    ///
    /// # Errors
    /// Also if Consul does not know the token, or is too old to say.
    pub async fn rights(
        &self,
        services: &BTreeSet<String>,
    ) -> Result<Option<Vec<Right>>, OutsideError> {
        let of = |resource: &str, access: &str, segment: &str| Authorization {
            resource: resource.to_owned(),
            access: access.to_owned(),
            segment: segment.to_owned(),
            allow: false,
        };
        let key = self.key("");
        let nodes = self.shared.nodes.values().map(|node| of("node", "write", node.as_str()));
        let first = [of("key", "write", &key), of("session", "write", "reconciler")];
        let services = services.iter().map(|name| of("service", "write", name));
        let reads = [of("node", "read", "reconciler"), of("agent", "read", "reconciler")];
        let asked: Vec<_> = first.into_iter().chain(nodes).chain(services).chain(reads).collect();
        let body = serde_json::to_vec(&asked).map_err(|error| {
            OutsideError::Failed(format!("BUG: rights are plain data: {error}"))
        })?;
        let answer = match self.shared.api.ask("/v1/internal/acl/authorize", body).await {
            Ok(answer) => answer.success()?,
            Err(OutsideError::Forbidden(why)) if why.contains("ACL support disabled") => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        };
        let answered: Vec<Authorization> = answer.json()?;
        Ok(Some(answered.iter().map(right).collect()))
    }

    /// The servers that Consul's DNS asks for what it does not know itself.
    ///
    /// # Errors
    /// Also if the token may not read the agent.
    pub async fn recursors(&self) -> Result<Vec<String>, OutsideError> {
        let answer = self.shared.api.get("/v1/agent/self", &[]).await?.success()?;
        let agent: Agent = answer.json()?;
        Ok(agent.debug_config.and_then(|config| config.recursors).unwrap_or_default())
    }
}

/// What a token may do, in the words of a policy.
fn right(answered: &Authorization) -> Right {
    let Authorization { resource, access, segment, allow } = answered;
    let name = match resource.as_str() {
        "key" => format!("key_prefix \"{segment}\""),
        "node" if access == "read" => "node_prefix \"\"".to_owned(),
        "session" | "agent" => format!("{resource}_prefix \"\""),
        _ => format!("{resource} \"{segment}\""),
    };
    Right { rule: format!("{name} {{ policy = \"{access}\" }}"), granted: *allow }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_are_told_in_the_words_of_a_policy() {
        let answered = |resource: &str, access: &str, segment: &str| {
            let (resource, access) = (resource.to_owned(), access.to_owned());
            right(&Authorization { resource, access, segment: segment.to_owned(), allow: true })
                .rule
        };
        for (rule, expected) in [
            (
                answered("key", "write", "reconciler/x/"),
                "key_prefix \"reconciler/x/\" { policy = \"write\" }",
            ),
            (answered("session", "write", "x"), "session_prefix \"\" { policy = \"write\" }"),
            (answered("node", "write", "rc-local"), "node \"rc-local\" { policy = \"write\" }"),
            (answered("node", "read", "x"), "node_prefix \"\" { policy = \"read\" }"),
        ] {
            assert_eq!(rule, expected);
        }
    }
}
