//! Generated stacks: what is printed is read again as the same model, from YAML and from
//! JSON, and an independent YAML library reads the same values.

#[path = "stack/config.rs"]
mod config;
#[path = "normal_form/generate.rs"]
mod generate;
#[path = "stack/tree.rs"]
mod tree;

use proptest::prelude::*;
use serde_json::Value;

use self::config::{Config, ConfigRequest, config};
use self::tree::MemoryTree;

/// A stack's normal form; what is wrong with it otherwise.
fn load(text: &str) -> Result<Config, String> {
    let mut tree = MemoryTree::default();
    tree.bytes("compose.yaml", text.as_bytes());
    let request = ConfigRequest {
        files: vec!["compose.yaml".to_owned()],
        root: Some("/srv/shop".to_owned()),
        environment: [("GIVEN".to_owned(), "from outside".to_owned())].into(),
        ..ConfigRequest::default()
    };
    config(&tree, &request)
        .map_err(|found| found.iter().map(|d| d.message.as_str()).collect::<Vec<_>>().join("\n"))
}

fn value(config: &Config) -> Value {
    serde_json::from_str(&config.json()).expect("JSON")
}

/// Where two readings of one text differ, as far as both have it.
fn differs(path: &str, json: &Value, yaml: &serde_yaml::Value) -> Option<String> {
    use serde_yaml::Value as Y;
    let equal = match (json, yaml) {
        (Value::Object(map), Y::Mapping(other)) => {
            return map.iter().find_map(|(key, value)| {
                differs(&format!("{path}.{key}"), value, other.get(key.as_str())?)
            });
        }
        (Value::Array(list), Y::Sequence(other)) if list.len() == other.len() => {
            let mut pairs = list.iter().zip(other).enumerate();
            return pairs.find_map(|(index, (a, b))| differs(&format!("{path}.{index}"), a, b));
        }
        // An empty list in an extension is null in Compose's JSON.
        (Value::Null, Y::Null) => true,
        (Value::Null, Y::Sequence(items)) => items.is_empty(),
        (Value::String(a), Y::String(b)) => a == b,
        (Value::Bool(a), Y::Bool(b)) => a == b,
        (Value::Number(a), Y::Number(b)) => a.as_f64() == b.as_f64(),
        _ => false,
    };
    (!equal).then(|| format!("{path}: {json} in JSON, {yaml:?} in YAML"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_again_as_the_same_model(stack in generate::stack()) {
        let first = load(&stack).map_err(|why| TestCaseError::fail(format!("{why}\n{stack}")))?;
        for text in [first.yaml(), first.json()] {
            let again = load(&text).map_err(|why| TestCaseError::fail(format!("{why}\n{text}")))?;
            prop_assert_eq!(value(&first), value(&again), "{}", text);
            prop_assert_eq!(first.service_hashes(), again.service_hashes());
            prop_assert_eq!(first.network_hashes(), again.network_hashes());
            prop_assert_eq!(first.volume_hashes(), again.volume_hashes());
        }
    }

    #[test]
    fn another_library_reads_the_same(stack in generate::stack()) {
        let loaded = load(&stack).map_err(|why| TestCaseError::fail(format!("{why}\n{stack}")))?;
        let yaml = loaded.yaml();
        let read: serde_yaml::Value = serde_yaml::from_str(&yaml).expect("YAML");
        prop_assert_eq!(differs("", &value(&loaded), &read), None, "{}", yaml);
    }
}
