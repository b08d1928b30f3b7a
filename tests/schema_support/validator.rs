//! A small validator of JSON Schemas: it knows exactly the keywords that ours use.

use regex_automata::dfa::regex::Regex;
use serde_json::Value;

/// Why a value does not satisfy a schema; `None` if it does.
#[expect(clippy::too_many_lines, reason = "a table of keywords")]
pub(crate) fn refusal(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let rules = match schema {
        Value::Bool(true) => return None,
        Value::Bool(false) => return Some(format!("{at}: nothing may be here")),
        other => other.as_object().expect("a schema"),
    };
    rules.iter().find_map(|(keyword, rule)| match keyword.as_str() {
        "$schema" | "$defs" | "title" | "description" => None,
        "$ref" => {
            let path = rule.as_str().and_then(|path| path.strip_prefix('#')).expect("in the file");
            refusal(root, root.pointer(path).expect("a definition"), value, at)
        }
        "anyOf" => {
            let all = rule.as_array().expect("a list");
            let why: Vec<String> =
                all.iter().map_while(|one| refusal(root, one, value, at)).collect();
            (why.len() == all.len()).then(|| why.join(" | "))
        }
        "type" => {
            let is = |kind: &Value| is_type(kind.as_str().expect("a type"), value);
            let fits = rule.as_array().map_or_else(|| is(rule), |kinds| kinds.iter().any(is));
            (!fits).then(|| format!("{at}: {value} is not {rule}"))
        }
        "enum" => {
            let words = rule.as_array().expect("a list");
            (!words.contains(value)).then(|| format!("{at}: {value} is none of {rule}"))
        }
        "pattern" => {
            let fits = value.as_str().is_none_or(|text| matches(rule, text));
            (!fits).then(|| format!("{at}: {value} is not {rule}"))
        }
        "minimum" | "maximum" => {
            let bound = rule.as_f64().expect("a number");
            let fits = value
                .as_f64()
                .is_none_or(|n| if keyword == "minimum" { n >= bound } else { n <= bound });
            (!fits).then(|| format!("{at}: {value} is beyond {bound}"))
        }
        "uniqueItems" => {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let twice = (1..items.len()).any(|index| items[..index].contains(&items[index]));
            twice.then(|| format!("{at}: an item is there twice"))
        }
        "items" => {
            let mut items = value.as_array().into_iter().flatten().enumerate();
            items.find_map(|(index, item)| refusal(root, rule, item, &format!("{at}.{index}")))
        }
        "required" => {
            let keys = value.as_object()?;
            let absent = rule.as_array().expect("a list").iter();
            let mut absent = absent.filter(|key| !keys.contains_key(key.as_str().expect("a key")));
            absent.next().map(|key| format!("{at}: {key} is missing"))
        }
        "propertyNames" => {
            let mut keys = value.as_object()?.keys();
            keys.find_map(|key| refusal(root, rule, &Value::from(key.as_str()), at))
        }
        "properties" | "patternProperties" | "additionalProperties" => {
            let mut keys = value.as_object()?.iter();
            keys.find_map(|(key, value)| {
                let at = format!("{at}.{key}");
                let mut schemas = of_key(rules, keyword, rule, key);
                schemas.find_map(|schema| refusal(root, schema, value, &at))
            })
        }
        other => panic!("this validator does not know `{other}`"),
    })
}

/// What a keyword about keys says of one of them.
fn of_key<'a>(
    rules: &'a serde_json::Map<String, Value>,
    keyword: &str,
    rule: &'a Value,
    key: &'a str,
) -> Box<dyn Iterator<Item = &'a Value> + 'a> {
    let patterns = |rule: &'a Value| {
        let all = rule.as_object().expect("a map").iter();
        all.filter(move |(pattern, _)| matches(&Value::from(pattern.as_str()), key))
    };
    match keyword {
        "properties" => Box::new(rule.get(key).into_iter()),
        "patternProperties" => Box::new(patterns(rule).map(|(_, schema)| schema)),
        _ => {
            let named = rules.get("properties").is_some_and(|keys| keys.get(key).is_some());
            let matched =
                rules.get("patternProperties").is_some_and(|rule| patterns(rule).next().is_some());
            Box::new((!named && !matched).then_some(rule).into_iter())
        }
    }
}

fn matches(pattern: &Value, text: &str) -> bool {
    let pattern = pattern.as_str().expect("a pattern");
    Regex::new(pattern).expect("a regular expression").is_match(text)
}

fn is_type(kind: &str, value: &Value) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("no type is called {other}"),
    }
}
