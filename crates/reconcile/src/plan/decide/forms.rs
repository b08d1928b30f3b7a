//! The two forms in which a replica is in the catalog, in words that are there already: what
//! the catalog has just so is compared, and never written out.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::names::{catalog_ids, dns_label};
use crate::plan::context::Context;
use model::action::{Endpoint, Registrant};
use model::catalog::{CatalogEntry, CheckStatus, INSTALLATION, MANAGED_BY, MANAGER};
use model::desired::Service;
use model::id::{CatalogId, Slot};

/// One form of a replica.
pub(super) struct Form<'f> {
    id: CatalogId,
    service: Cow<'f, str>,
    tags: BTreeSet<Cow<'f, str>>,
}

/// What both forms of a replica say.
pub(super) struct FormFields<'f> {
    /// `Service.Meta`, in the order of the names.
    meta: [(&'static str, Cow<'f, str>); 6],
    pub(super) status: CheckStatus,
    pub(super) endpoint: Endpoint,
}

/// Both forms of a replica: the seed's (service `pricing.abc`) and the one that DNS
/// can resolve (service `abc`, tag `pricing`).
pub(super) fn forms<'f>(
    context: &Context<'f>,
    service: &'f Service,
    [plain, dns]: [CatalogId; 2],
) -> Vec<Form<'f>> {
    let deployment = dns_label(context.deployment.id.as_str());
    let label = dns_label(service.name.as_str());
    let extra = service.registration.iter().flat_map(|registration| &registration.tags);
    let mut tags: BTreeSet<Cow<'f, str>> = extra.map(Cow::from).collect();
    let name = [&label, ".", &deployment].concat();
    let mut all = vec![Form { id: plain, service: name.into(), tags: tags.clone() }];
    let taken = context.catalog.is_some_and(|c| c.foreign.contains(&*deployment));
    if !taken {
        tags.insert(label);
        all.push(Form { id: dns, service: deployment, tags });
    }
    all
}

impl<'f> FormFields<'f> {
    pub(super) fn of(
        context: &Context<'f>,
        service: &'f Service,
        slot: Slot,
        status: CheckStatus,
        endpoint: Endpoint,
    ) -> Self {
        let meta = [
            ("deployment", context.deployment.id.as_str().into()),
            (INSTALLATION, context.settings.installation.as_str().into()),
            (MANAGED_BY, MANAGER.into()),
            ("service", service.name.as_str().into()),
            ("slot", slot.0.to_string().into()),
            ("source", context.desired.source.as_str().into()),
        ];
        debug_assert!(meta.is_sorted(), "or the same meta data differs");
        Self { meta, status, endpoint }
    }
}

impl Form<'_> {
    /// Whether the catalog has it just so.
    pub(super) fn is(&self, fields: &FormFields<'_>, have: &CatalogEntry) -> bool {
        let CatalogEntry { id, service, tags, address, port, meta, status } = have;
        let there = matches!(&fields.endpoint, Endpoint::Known { address: at, port: on }
            if at == address && on == port);
        let meta = meta.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        *id == self.id
            && *service == self.service
            && *status == fields.status
            && there
            && tags.iter().eq(&self.tags)
            && meta.eq(fields.meta.iter().map(|(name, value)| (*name, &**value)))
    }

    /// It, written out.
    pub(super) fn registrant(self, fields: &FormFields<'_>) -> Registrant {
        let meta = fields.meta.iter().map(|(name, value)| ((*name).to_owned(), value.to_string()));
        Registrant {
            id: self.id,
            service: self.service.into_owned(),
            tags: self.tags.into_iter().map(Cow::into_owned).collect(),
            meta: meta.collect(),
            status: fields.status,
            endpoint: fields.endpoint.clone(),
        }
    }
}

/// Both forms, written out.
pub(in crate::plan) fn registrants(
    context: &Context<'_>,
    service: &Service,
    slot: Slot,
    status: CheckStatus,
    endpoint: Endpoint,
) -> Vec<Registrant> {
    let fields = FormFields::of(context, service, slot, status, endpoint);
    let ids = catalog_ids(&context.deployment.id, &service.name, slot);
    forms(context, service, ids).into_iter().map(|form| form.registrant(&fields)).collect()
}
