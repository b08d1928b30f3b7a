//! Texts and objects of an answer that are read where they stand: most of them nobody keeps.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A text, borrowed from the answer unless something in it is escaped.
#[derive(Debug, Default, Deserialize)]
pub(in crate::docker) struct Word<'a>(#[serde(borrow)] pub(in crate::docker) Cow<'a, str>);

/// The members of an object as they come: a small map costs more than to look for one.
#[derive(Debug)]
pub(in crate::docker) struct Pairs<K, V>(pub(in crate::docker) Vec<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Deserialize<'de> for Pairs<K, V> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Members(PhantomData))
    }
}

impl<K: Ord, V> Pairs<K, V> {
    /// As a map, which is made faster from all of them than by and by.
    pub(in crate::docker) fn into_map(self) -> BTreeMap<K, V> {
        self.0.into_iter().collect()
    }
}

struct Members<K, V>(PhantomData<(K, V)>);

impl<'de, K: Deserialize<'de>, V: Deserialize<'de>> Visitor<'de> for Members<K, V> {
    type Value = Pairs<K, V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut all = Vec::new();
        while let Some(member) = object.next_entry()? {
            all.push(member);
        }
        Ok(Pairs(all))
    }
}
