//! The schema of `deployments.yaml`. Its keys are those that the reader takes.

use serde_json::{Map, Value, json};

use super::DIALECT;
use model::id::DeploymentId;
use reconcile::stack::{DEPLOYMENT_KEYS, ON_FAILURE, SYNC_MODES};

/// The schema.
pub(in crate::cli) fn deployments() -> Value {
    let keys: Map<String, Value> =
        DEPLOYMENT_KEYS.iter().map(|key| ((*key).to_owned(), key_of_deployment(key))).collect();
    json!({
        "$schema": DIALECT,
        "title": "deployments.yaml",
        "description": "Several deployments of the stacks in a folder.",
        "type": "object",
        "required": ["deployments"],
        "additionalProperties": false,
        "patternProperties": { "^x-": true },
        "properties": {
            "deployments": {
                "description": "The deployments by their id, which is also their Compose project name.",
                "type": ["object", "null"],
                "propertyNames": { "pattern": DeploymentId::PATTERN },
                "additionalProperties": { "$ref": "#/$defs/deployment" },
            },
        },
        "$defs": {
            "deployment": {
                "type": "object",
                "required": ["stack"],
                "additionalProperties": false,
                "properties": keys,
            },
        },
    })
}

fn key_of_deployment(key: &str) -> Value {
    let texts = json!({ "type": ["array", "null"], "items": { "type": "string" } });
    let (about, mut schema) = match key {
        "stack" => ("The stack file, or its folder.", json!({ "type": "string" })),
        "files" => ("Files merged onto the stack file, in this order.", texts),
        "engine" => {
            ("An engine of the operator's configuration.", json!({ "type": ["string", "null"] }))
        }
        "profiles" => ("The profiles that are enabled; `*` is all.", texts),
        "variables" => (
            "What `${NAME}` in the stack stands for.",
            json!({
                "type": ["object", "null"],
                "additionalProperties": { "type": ["string", "number", "boolean", "null"] },
            }),
        ),
        "scale" => (
            "The number of replicas by service.",
            json!({
                "type": ["object", "null"],
                "additionalProperties": { "type": "integer", "minimum": 0 },
            }),
        ),
        "sync" => (
            "What is done when something differs: all of it; only what was changed by hand; \
             nothing but a report; nothing at all.",
            json!({ "enum": SYNC_MODES.iter().copied().map(Some).chain([None]).collect::<Vec<_>>() }),
        ),
        "on_failure" => (
            "What is done when a rollout fails and the stack does not say it: the whole deployment \
             returns to its last stable state, or is left as it stands.",
            json!({ "enum": ON_FAILURE.iter().copied().map(Some).chain([None]).collect::<Vec<_>>() }),
        ),
        "env_files" => ("Files with variables, in place of the stack's `.env`.", texts),
        "project_directory" => {
            ("Where relative paths of the stack begin.", json!({ "type": ["string", "null"] }))
        }
        _ => unreachable!("BUG: the key `{key}` of a deployment has no schema"),
    };
    if let Value::Object(schema) = &mut schema {
        schema.insert("description".to_owned(), about.into());
    }
    schema
}
