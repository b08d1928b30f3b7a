//! Why a catalog entry has to be written, field by field.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::cause::{Why, because};
use model::catalog::CatalogEntry;
use model::desired::Service;
use model::plan::{ChangedBy, Difference, Reason};

/// Why an entry has to be written.
pub(super) fn entry_causes(
    service: &Service,
    have: Option<&CatalogEntry>,
    want: &CatalogEntry,
) -> Vec<Why> {
    let at = service.origins.find("");
    let Some(have) = have else { return vec![because(Reason::NotRegistered, at)] };
    let list = |tags: &BTreeSet<String>| tags.iter().cloned().collect::<Vec<_>>().join(",");
    let meta = |meta: &BTreeMap<String, String>| {
        meta.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(",")
    };
    let fields = [
        ("service", have.service.clone(), want.service.clone()),
        ("tags", list(&have.tags), list(&want.tags)),
        ("address", have.address.clone(), want.address.clone()),
        ("port", have.port.to_string(), want.port.to_string()),
        ("meta", meta(&have.meta), meta(&want.meta)),
        ("check", have.status.as_str().to_owned(), want.status.as_str().to_owned()),
    ];
    fields
        .into_iter()
        .filter(|(_, have, want)| have != want)
        .map(|(field, have, want)| {
            let difference = Difference {
                field: format!("catalog.{field}"),
                have: Some(have),
                want: Some(want),
                by: ChangedBy::Unknown,
            };
            because(Reason::Changed(difference), at)
        })
        .collect()
}
