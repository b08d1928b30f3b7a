//! What a container made from a spec and an image will be: the image's defaults merged
//! in as the engine merges them, so that desired and observed can be compared.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use model::field::{Chosen, Field, Value};
use model::labels;
use model::observed::ImageView;
use model::share::Namespace;
use model::spec::{ContainerSpec, Healthcheck, Logging, Mount, Port};

/// A container as it is, or as it will be with what an image and its engine add where its
/// spec says nothing.
///
/// Source of the rules: moby's `merge(userConf, imageConf)`, as seen on engine 20.10.
#[derive(Clone, Copy)]
pub(super) struct Side<'s> {
    pub(super) spec: &'s ContainerSpec,
    pub(super) image: Option<&'s ImageView>,
    /// The container that is there, if what its engine filled in is no difference.
    pub(super) filled_in: Option<&'s ContainerSpec>,
}

impl<'s> Side<'s> {
    pub(super) fn env(self) -> Overlay<'s> {
        let base = self.image.map(|image| &image.env).filter(|env| !env.is_empty());
        let unset = Some(&self.spec.unset_env).filter(|unset| !unset.is_empty());
        Overlay { base, top: &self.spec.env, unset, leaves_out: |_| false }
    }

    /// Without those that are ours or Compose's.
    pub(super) fn labels(self) -> Overlay<'s> {
        let base = self.image.map(|image| &image.labels).filter(|labels| !labels.is_empty());
        Overlay { base, top: &self.spec.labels, unset: None, leaves_out: labels::is_reserved }
    }

    /// Nothing if it is the image's to say, and empty if it was cleared.
    pub(super) fn entrypoint(self) -> Option<&'s [String]> {
        let of_image = || self.image.and_then(|image| image.entrypoint.as_deref());
        self.spec.entrypoint.as_deref().or_else(of_image)
    }

    pub(super) fn command(self) -> Option<&'s [String]> {
        let explicit = |words: &&[String]| !words.is_empty();
        let own = self.spec.command.as_deref().filter(explicit);
        // The image's command belongs to the image's entrypoint: replacing the entrypoint
        // drops it.
        if self.spec.entrypoint.as_deref().is_some_and(|words| !words.is_empty()) {
            return own;
        }
        own.or_else(|| self.image?.command.as_deref())
    }

    /// The value of a plain field.
    pub(super) fn value(self, field: &Field<ContainerSpec>) -> Value<'s> {
        let own = (field.compared)(self.spec);
        if !own.is_unset() {
            return own;
        }
        match field.chosen {
            Chosen::ByImage => {
                let of_image = self.image.and_then(|image| image.text(field.key));
                of_image.map_or(own, Value::Text)
            }
            Chosen::ByEngine => self.filled_in.map_or(own, field.compared),
            Chosen::ByOperator | Chosen::Not => own,
        }
    }

    pub(super) fn ipc(self) -> &'s Namespace {
        self.or_filled_in(|spec| &spec.ipc)
    }

    pub(super) fn logging(self) -> &'s Logging {
        self.or_filled_in(|spec| &spec.logging)
    }

    /// A field that is the engine's to choose where nobody says anything.
    fn or_filled_in<T: Default + PartialEq>(
        self,
        of: impl Fn(&'s ContainerSpec) -> &'s T,
    ) -> &'s T {
        let own = of(self.spec);
        match self.filled_in {
            Some(there) if *own == T::default() => of(there),
            _ => own,
        }
    }

    pub(super) fn healthcheck(self) -> Option<Cow<'s, Healthcheck>> {
        let own = self.spec.healthcheck.as_ref();
        let of_image = self.image.and_then(|image| image.healthcheck.as_ref());
        match (own, of_image) {
            (Some(own), Some(image)) => Some(healthcheck(own, image)),
            (own, image) => own.or(image).map(Cow::Borrowed),
        }
    }

    pub(super) fn exposed(self) -> Cow<'s, BTreeSet<Port>> {
        let mut all = Cow::Borrowed(&self.spec.exposed);
        for port in self.image.into_iter().flat_map(|image| &image.exposed) {
            if !all.contains(port) {
                all.to_mut().insert(*port);
            }
        }
        all
    }

    pub(super) fn mounts(self) -> Cow<'s, BTreeMap<String, Mount>> {
        let mut all = Cow::Borrowed(&self.spec.mounts);
        for target in self.image.into_iter().flat_map(|image| &image.volumes) {
            if !self.spec.tmpfs.contains_key(target) && !all.contains_key(target) {
                all.to_mut().insert(target.clone(), Mount::default());
            }
        }
        all
    }
}

/// The texts of an image and those of a spec, which come before them, by name.
#[derive(Clone, Copy)]
pub(super) struct Overlay<'s> {
    base: Option<&'s BTreeMap<String, String>>,
    top: &'s BTreeMap<String, String>,
    /// What the spec takes away of the image's.
    unset: Option<&'s BTreeSet<String>>,
    leaves_out: fn(&str) -> bool,
}

impl<'s> Overlay<'s> {
    /// All of them, those of the spec first.
    pub(super) fn iter(self) -> impl Iterator<Item = (&'s String, &'s String)> {
        let below = self.base.into_iter().flatten();
        let below =
            below.filter(move |(name, _)| !self.top.contains_key(*name) && !self.unsets(name));
        self.top.iter().chain(below).filter(move |(name, _)| !(self.leaves_out)(name))
    }

    fn get(self, name: &str) -> Option<&'s String> {
        self.top.get(name).or_else(|| self.base?.get(name).filter(|_| !self.unsets(name)))
    }

    fn unsets(self, name: &str) -> bool {
        self.unset.is_some_and(|unset| unset.contains(name))
    }

    fn is_part_of(self, other: Self) -> bool {
        self.iter().all(|(name, text)| other.get(name) == Some(text))
    }
}

/// Nothing is put together to be compared.
impl PartialEq for Overlay<'_> {
    fn eq(&self, other: &Self) -> bool {
        match (self.base, other.base) {
            // Both are in the order of their names.
            (None, None) => self.iter().eq(other.iter()),
            _ => self.is_part_of(*other) && other.is_part_of(*self),
        }
    }
}

/// Each part that the stack leaves out comes from the image.
fn healthcheck<'s>(own: &'s Healthcheck, image: &Healthcheck) -> Cow<'s, Healthcheck> {
    if own.is_disabled() {
        return Cow::Borrowed(own);
    }
    Cow::Owned(Healthcheck {
        test: if own.test.is_empty() { image.test.clone() } else { own.test.clone() },
        interval: own.interval.or(image.interval),
        timeout: own.timeout.or(image.timeout),
        retries: own.retries.or(image.retries),
        start_period: own.start_period.or(image.start_period),
        start_interval: own.start_interval.or(image.start_interval),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::fields;

    fn image() -> ImageView {
        ImageView {
            id: "sha256:1".into(),
            env: BTreeMap::from([("PATH".to_owned(), "/bin".to_owned())]),
            command: Some(vec!["serve".to_owned()]),
            entrypoint: Some(vec!["/init".to_owned()]),
            user: Some("web".to_owned()),
            working_dir: None,
            labels: BTreeMap::new(),
            healthcheck: None,
            exposed: Vec::new(),
            volumes: vec!["/data".to_owned()],
            stop_signal: None,
            platform: None,
            layers: Vec::new(),
            repo_digests: Vec::new(),
        }
    }

    #[test]
    fn the_image_fills_what_the_stack_leaves_out() {
        let (spec, image) = (ContainerSpec::of_image("web".into()), image());
        let all = Side { spec: &spec, image: Some(&image), filled_in: None };
        assert_eq!(all.command(), image.command.as_deref());
        let text = |key| all.value(fields::of_key(key).unwrap());
        assert_eq!((text("user"), text("working_dir")), (Value::Text("web"), Value::Text("")));
        assert_eq!(all.env().iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["/bin"]);
        assert!(all.mounts().contains_key("/data"));
        assert!(!Side { image: None, ..all }.mounts().contains_key("/data"));
    }

    #[test]
    fn what_the_stack_says_counts() {
        let (mut spec, image) = (ContainerSpec::of_image("web".into()), image());
        spec.env.insert("PATH".to_owned(), "/own".to_owned());
        spec.user = Some("root".to_owned());
        spec.tmpfs.insert("/data".to_owned(), String::new());
        let all = Side { spec: &spec, image: Some(&image), filled_in: None };
        assert_eq!(all.env().iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), ["/own"]);
        assert_eq!(all.value(fields::of_key("user").unwrap()), Value::Text("root"));
        assert!(all.mounts().is_empty());
    }

    #[test]
    fn an_own_entrypoint_drops_the_images_command() {
        let (mut spec, image) = (ContainerSpec::of_image("web".into()), image());
        spec.entrypoint = Some(vec!["/run".to_owned()]);
        assert_eq!(Side { spec: &spec, image: Some(&image), filled_in: None }.command(), None);
        spec.entrypoint = Some(Vec::new());
        let cleared = Side { spec: &spec, image: Some(&image), filled_in: None };
        assert_eq!(cleared.command(), image.command.as_deref());
        assert_eq!(cleared.entrypoint(), Some(&[][..]));
    }
}
