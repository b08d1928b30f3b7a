//! The schema of stack files, made from the table of keys: every object of it is a
//! definition, with our own keys beside Compose's.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::DIALECT;
use compose::spec::{self, Keys, Object, One, Rest, Shape, Types};

/// The schema.
pub(in crate::cli) fn stack() -> Value {
    let mut definitions = Definitions::default();
    let file = definitions.object(&spec::FILE);
    let mut all: Map<String, Value> = definitions.made.into_iter().collect();
    all.insert("x-reconciler".to_owned(), own_keys_of_service());
    let mut root = json!({
        "$schema": DIALECT,
        "title": "Stack file",
        "description": "A stack of the Compose Specification, with `x-reconciler`.",
        "$defs": all,
    });
    if let (Value::Object(root), Value::Object(file)) = (&mut root, file) {
        root.extend(file);
        if let Some(Value::Object(keys)) = root.get_mut("properties") {
            // Nothing is set there yet.
            keys.insert(
                "x-reconciler".to_owned(),
                json!({ "type": ["object", "null"], "additionalProperties": false }),
            );
        }
    }
    root
}

/// What Compose has no word for.
fn own_keys_of_service() -> Value {
    let span = |about: &str| json!({ "description": about, "type": ["string", "null"] });
    json!({
        "type": ["object", "null"],
        "additionalProperties": false,
        "properties": {
            "job": {
                "description": "It runs once, to exit code 0.",
                "type": ["boolean", "string", "null"],
            },
            "register": {
                "description": "How it appears in the catalog; `false` keeps it out.",
                "anyOf": [
                    { "type": ["boolean", "string", "null"] },
                    {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": {
                            "port": { "type": ["integer", "string"] },
                            "tags": { "type": ["array", "string"], "items": { "type": "string" } },
                        },
                    },
                ],
            },
            "min_healthy": span("How long a replica must be healthy before it counts."),
            "deadline": span("By when a replica must have become healthy."),
        },
    })
}

/// Objects that were met, by name.
#[derive(Default)]
struct Definitions {
    made: BTreeMap<String, Value>,
}

impl Definitions {
    /// A reference to an object, which is made unless it is there.
    fn reference(&mut self, object: &'static Object) -> Value {
        if !self.made.contains_key(object.name) {
            // An object may be inside of itself.
            self.made.insert(object.name.to_owned(), Value::Null);
            let made = self.object(object);
            self.made.insert(object.name.to_owned(), made);
        }
        json!({ "$ref": format!("#/$defs/{}", object.name) })
    }

    fn object(&mut self, object: &'static Object) -> Value {
        let fields = object.fields.iter();
        let mut keys: Map<String, Value> =
            fields.map(|field| (field.key.to_owned(), self.shape(&field.shape))).collect();
        if std::ptr::eq(object, &raw const spec::SERVICE) {
            keys.insert("x-reconciler".to_owned(), json!({ "$ref": "#/$defs/x-reconciler" }));
        }
        let mut schema = json!({ "type": "object", "properties": keys });
        if !object.required.is_empty() {
            schema["required"] = json!(object.required);
        }
        match object.rest {
            Rest::Extensions => {
                schema["patternProperties"] = json!({ "^x-": true });
                schema["additionalProperties"] = json!(false);
            }
            Rest::Nothing => schema["additionalProperties"] = json!(false),
            Rest::Anything => {}
        }
        schema
    }

    fn shape(&mut self, shape: &'static Shape) -> Value {
        let texts = |unique: bool| {
            let mut schema = json!({ "type": "array", "items": { "type": "string" } });
            if unique {
                schema["uniqueItems"] = json!(true);
            }
            schema
        };
        match shape {
            Shape::One(one) => scalar(one),
            Shape::List { item, unique } => {
                let mut schema = json!({ "type": "array", "items": self.shape(item) });
                if *unique {
                    schema["uniqueItems"] = json!(true);
                }
                schema
            }
            Shape::TextOrList { unique } => any_of([json!({ "type": "string" }), texts(*unique)]),
            Shape::Map { keys, value, closed } => {
                let mut schema = json!({
                    "type": "object",
                    "patternProperties": { keys_of(*keys): self.shape(value) },
                });
                if *closed {
                    schema["additionalProperties"] = json!(false);
                }
                schema
            }
            Shape::Object(object) => self.reference(object),
            Shape::OrNull(shape) => any_of([self.shape(shape), json!({ "type": "null" })]),
            Shape::Forms(short, long) => {
                let short: Vec<Value> = short.iter().map(|shape| self.shape(shape)).collect();
                any_of(short.into_iter().chain([self.shape(long)]))
            }
            Shape::Either(shapes) => {
                let shapes: Vec<Value> = shapes.iter().map(|shape| self.shape(shape)).collect();
                any_of(shapes)
            }
            Shape::Pairs(_) => any_of([by_name(&json!({ "type": SCALAR })), texts(true)]),
            Shape::Hosts => {
                let address = any_of([json!({ "type": "string" }), texts(false)]);
                any_of([by_name(&address), texts(true)])
            }
            Shape::Ssh => any_of([by_name(&json!({ "type": SCALAR })), texts(false)]),
            Shape::Command => any_of([json!({ "type": ["string", "null"] }), texts(false)]),
            Shape::HealthTest => any_of([json!({ "type": "string" }), texts(false)]),
        }
    }
}

/// Any scalar.
const SCALAR: [&str; 4] = ["string", "number", "boolean", "null"];

fn any_of(schemas: impl IntoIterator<Item = Value>) -> Value {
    json!({ "anyOf": schemas.into_iter().collect::<Vec<_>>() })
}

fn by_name(value: &Value) -> Value {
    json!({ "type": "object", "additionalProperties": value })
}

fn keys_of(keys: Keys) -> &'static str {
    match keys {
        Keys::Some => ".+",
        Keys::Name => "^[a-zA-Z0-9._-]+$",
        Keys::Lower => "^[a-z]+$",
    }
}

fn scalar(one: &One) -> Value {
    let all = [
        (Types::STRING, "string"),
        (Types::INTEGER, "integer"),
        (Types::NUMBER, "number"),
        (Types::BOOLEAN, "boolean"),
        (Types::NULL, "null"),
    ];
    let types = all.into_iter().filter(|(kind, _)| one.types.has(*kind));
    let mut types: Vec<&str> = types.map(|(_, name)| name).collect();
    // What has to be a number or a truth value in the end may be a reference in the file.
    if !types.contains(&"string") {
        types.push("string");
    }
    let mut schema = json!({ "type": types });
    if let Some((least, most)) = one.range {
        schema["minimum"] = json!(least);
        if most != i64::MAX {
            schema["maximum"] = json!(most);
        }
    }
    let reference = json!({ "type": "string", "pattern": "\\$" });
    if !one.words.is_empty() {
        return any_of([json!({ "enum": one.words }), reference]);
    }
    match one.pattern {
        Some(pattern) => any_of([json!({ "type": "string", "pattern": pattern.regex }), reference]),
        None => schema,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(shape: &'static Shape, found: &mut Vec<&'static Object>) {
        match shape {
            Shape::Object(object) if !found.iter().any(|known| std::ptr::eq(*known, *object)) => {
                found.push(object);
                object.fields.iter().for_each(|field| objects(&field.shape, found));
            }
            Shape::List { item, .. } => objects(item, found),
            Shape::Map { value, .. } => objects(value, found),
            Shape::OrNull(shape) => objects(shape, found),
            Shape::Forms(short, long) => {
                short.iter().chain([*long]).for_each(|shape| objects(shape, found));
            }
            Shape::Either(shapes) => shapes.iter().for_each(|shape| objects(shape, found)),
            _ => {}
        }
    }

    #[test]
    fn every_key_of_the_table_is_in_the_schema() {
        let schema = stack();
        let keys = |schema: &Value| -> Vec<String> {
            let keys = schema["properties"].as_object().expect("an object").keys().cloned();
            keys.filter(|key| key != "x-reconciler").collect()
        };
        let mut found = Vec::new();
        spec::FILE.fields.iter().for_each(|field| objects(&field.shape, &mut found));
        assert!(found.len() > 30, "the table is gone");
        for (schema, object) in found
            .iter()
            .map(|object| (&schema["$defs"][object.name], *object))
            .chain([(&schema, &spec::FILE)])
        {
            let mut wanted: Vec<&str> = object.fields.iter().map(|field| field.key).collect();
            wanted.sort_unstable();
            // Two objects of one name would hide each other here.
            assert_eq!(keys(schema), wanted, "{}", object.name);
        }
    }
}
