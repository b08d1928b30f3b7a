//! How an object of an answer is read that holds plain fields beside others.

/// Reads an object of an answer: its plain fields, and these members.
macro_rules! members {
    (
        $part:expr, $type:ty, <$life:lifetime> { $($field:ident = $member:literal,)* }
    ) => {
        impl<'de: $life, $life> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                struct Members<$life>(std::marker::PhantomData<&$life ()>);

                impl<'de: $life, $life> serde::de::Visitor<'de> for Members<$life> {
                    type Value = $type;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: serde::de::MapAccess<'de>>(
                        self,
                        mut object: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut read = Self::Value::default();
                        while let Some(Word(member)) = object.next_key()? {
                            match &*member {
                                $($member => read.$field = object.next_value()?,)*
                                member => match model::fields::of_member($part, member) {
                                    Some(field) => {
                                        let seed = crate::docker::plain::Seed(&field.row);
                                        let value = object.next_value_seed(seed)?;
                                        read.plain.extend(value.map(|value| (field, value)));
                                    }
                                    None => drop(object.next_value::<IgnoredAny>()?),
                                },
                            }
                        }
                        Ok(read)
                    }
                }

                from.deserialize_map(Members(std::marker::PhantomData))
            }
        }
    };
}

pub(super) use members;
