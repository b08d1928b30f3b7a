//! Plain fields in the engine's JSON: written into bodies, and read from answers, by the rows of
//! the tables of fields.

use std::collections::BTreeMap;

use serde::de::{DeserializeOwned, DeserializeSeed, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value as Json, json};

use model::field::{Class, Field, Form, Owned, Part, Row, Value};
use model::fields::{self, Fields};
use model::host_path::cleaned;
use model::share::Namespace;
use model::spec::ContainerSpec;

/// A plain field with the value that an answer has for it.
pub(in crate::docker) type Member<S> = (&'static Field<S>, Owned);

/// A create body with all plain fields in it.
pub(in crate::docker) fn with_plain<T: Serialize + DeserializeOwned, S: Fields>(
    body: &T,
    spec: &S,
) -> T {
    let mut body = serde_json::to_value(body).expect("BUG: the engine's models are valid JSON");
    for field in fields::plain::<S>() {
        let value = (field.value)(spec);
        if field.part.has_all_members() || !value.is_unset() {
            let at = match field.part {
                Part::Config | Part::Network | Part::Volume => &mut body,
                Part::HostConfig => &mut body["HostConfig"],
                Part::Ipam => &mut body["IPAM"],
            };
            at[field.member] = written(field.form, value);
        }
    }
    serde_json::from_value(body).expect("BUG: a plain field's form is not its member's type")
}

/// Everything of a container that changes in place, as a body. What is not set is left out,
/// because the engine takes nothing for "leave it as it is", unless it can be lifted.
pub(in crate::docker) fn in_place(spec: &ContainerSpec) -> Map<String, Json> {
    let mut body = Map::new();
    for field in fields::plain() {
        let value = (field.value)(spec);
        if let Class::InPlace { lifts } = field.class
            && (lifts || !value.is_unset())
        {
            body.insert(field.member.to_owned(), written(field.form, value));
        }
    }
    body
}

fn written(form: Form, value: Value<'_>) -> Json {
    match value {
        Value::Text(text) => json!(text),
        Value::Flag(on) => json!(on),
        Value::Switch(on) => json!(on),
        Value::Number(number) => json!(number),
        Value::Optional(number) => json!(number),
        Value::List(texts) => json!(texts),
        Value::Set(texts) => json!(texts),
        Value::Texts(texts) => json!(texts),
        Value::Rates(rates) => {
            let Form::Rates { member } = form else { return Json::Null };
            rates.iter().map(|(path, rate)| json!({ "Path": path, member: rate })).collect()
        }
        Value::Namespace(namespace) => json!(namespace.to_string()),
    }
}

/// Reads the value of a field; nothing if it is not set.
pub(in crate::docker) struct Seed(pub(in crate::docker) &'static Row);

impl<'de> DeserializeSeed<'de> for Seed {
    type Value = Option<Owned>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        let read = match self.0.form {
            Form::Text | Form::Word { .. } => text(from)?.map(Owned::Text),
            Form::TextBut(word) => text(from)?.filter(|text| text != word).map(Owned::Text),
            Form::Path => text(from)?.map(|path| Owned::Text(cleaned(path))),
            Form::Flag => Option::deserialize(from)?.map(Owned::Flag),
            Form::Number(normal) => number(from)?.map(|number| Owned::Number(normal(number))),
            Form::Bytes { .. } | Form::Decimal { .. } | Form::Seconds => {
                number(from)?.map(Owned::Number)
            }
            Form::Optional => number(from)?.filter(|number| *number >= 0).map(Owned::Number),
            Form::List => texts(from)?.map(Owned::List),
            Form::Set { normal, .. } => texts(from)?
                .map(|texts| Owned::List(texts.iter().map(|text| normal(text)).collect())),
            Form::Texts | Form::Labels => Option::<BTreeMap<_, _>>::deserialize(from)?
                .filter(|texts| !texts.is_empty())
                .map(Owned::Texts),
            Form::Rates { member } => rates(from, member)?.map(Owned::Rates),
            Form::Namespace(known) => text(from)?.map(|word| Owned::Namespace(of(&word, known))),
        };
        Ok(read)
    }
}

fn text<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.filter(|text| !text.is_empty()))
}

fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    Option::deserialize(from)
}

fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Vec<String>>, D::Error> {
    Ok(Option::<Vec<String>>::deserialize(from)?.filter(|texts| !texts.is_empty()))
}

/// `[{"Path": "/dev/sda", "Rate": 1}]`
fn rates<'de, D: Deserializer<'de>>(
    from: D,
    member: &str,
) -> Result<Option<BTreeMap<String, i64>>, D::Error> {
    let Some(devices) = Option::<Vec<Map<String, Json>>>::deserialize(from)? else {
        return Ok(None);
    };
    let rate = |device: &Map<String, Json>| {
        Some((device.get("Path")?.as_str()?.to_owned(), device.get(member)?.as_i64()?))
    };
    let rates: Option<BTreeMap<_, _>> = devices.iter().map(rate).collect();
    let rates = rates.ok_or_else(|| D::Error::custom(format!("a device without {member}")))?;
    Ok(Some(rates).filter(|rates| !rates.is_empty()))
}

/// A word of the engine's that means none of these leaves the choice to the engine.
fn of(word: &str, known: &[Namespace]) -> Namespace {
    known.iter().find(|namespace| namespace.to_string() == word).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use bollard::models::{ContainerCreateBody, NetworkCreateRequest, VolumeCreateRequest};

    use super::*;
    use model::field::Slot;
    use model::spec::{NetworkSpec, VolumeSpec};

    /// One with every plain field set.
    fn everything<S: Fields>() -> S {
        let mut spec = S::nothing();
        for field in fields::plain::<S>() {
            let value = match ((field.slot)(&mut spec), field.form) {
                (Slot::Text(_), Form::Word { known, .. }) => Owned::Text(known[1].to_owned()),
                (Slot::Text(_) | Slot::Name(_), _) => Owned::Text("/a".to_owned()),
                (Slot::Flag(_) | Slot::Switch(_), _) => Owned::Flag(true),
                (Slot::Number(_) | Slot::Optional(_), _) => Owned::Number(7),
                (Slot::List(_) | Slot::Set(_), _) => Owned::List(vec!["A:1".to_owned()]),
                (Slot::Texts(_), _) => Owned::Texts([("a".to_owned(), "b".to_owned())].into()),
                (Slot::Rates(_), _) => Owned::Rates([("/dev/x".to_owned(), 7)].into()),
                (Slot::Namespace(_), Form::Namespace(known)) => Owned::Namespace(known[0].clone()),
                (slot, form) => panic!("{}: {slot:?} is never {form:?}", field.key),
            };
            field.set(&mut spec, value);
        }
        spec
    }

    fn survives<T, S>(body: &T)
    where
        T: Serialize + DeserializeOwned,
        S: Fields + PartialEq + std::fmt::Debug,
    {
        let spec: S = everything();
        let body = serde_json::to_value(with_plain(body, &spec)).unwrap();
        let mut read = S::nothing();
        for field in fields::plain::<S>() {
            let at = match field.part {
                Part::Config | Part::Network | Part::Volume => &body[field.member],
                Part::HostConfig => &body["HostConfig"][field.member],
                Part::Ipam => &body["IPAM"][field.member],
            };
            assert!(!at.is_null(), "{} is no member {}", field.key, field.member);
            field.set(&mut read, Seed(&field.row).deserialize(at).unwrap().unwrap());
        }
        assert_eq!(read, spec);
    }

    #[test]
    fn every_plain_field_is_a_member_of_the_engines_body_and_is_read_back() {
        survives::<_, ContainerSpec>(&ContainerCreateBody::default());
        survives::<_, NetworkSpec>(&NetworkCreateRequest::default());
        survives::<_, VolumeSpec>(&VolumeCreateRequest::default());
    }

    #[test]
    fn what_changes_in_place_is_what_the_engine_can_change() {
        let body = Json::Object(in_place(&everything()));
        let engines: bollard::models::ContainerUpdateBody =
            serde_json::from_value(body.clone()).unwrap();
        let carried = serde_json::to_value(engines).unwrap();
        let members = |body: &Json| -> BTreeSet<String> {
            body.as_object().unwrap().keys().cloned().collect()
        };
        assert_eq!(members(&carried), members(&body));
        let nothing = in_place(&ContainerSpec::default());
        assert_eq!(nothing.keys().collect::<Vec<_>>(), ["MemorySwap", "PidsLimit"]);
    }
}
