//! What a container made from a spec and an image will be: the image's defaults merged
//! in as the engine merges them, so that desired and observed can be compared.

use std::borrow::Cow;

use crate::model::observed::ImageView;
use crate::model::spec::{ContainerSpec, Healthcheck};

/// The spec with the image's defaults where it says nothing.
///
/// Source of the rules: moby's `merge(userConf, imageConf)`, as seen on engine 20.10.
pub(super) fn effective<'s>(spec: &'s ContainerSpec, image: &ImageView) -> Cow<'s, ContainerSpec> {
    let mut all = Cow::Borrowed(spec);
    for (name, value) in image.env.iter().filter(|(name, _)| !spec.env.contains_key(*name)) {
        all.to_mut().env.insert(name.clone(), value.clone());
    }
    for (name, value) in image.labels.iter().filter(|(name, _)| !spec.labels.contains_key(*name)) {
        all.to_mut().labels.insert(name.clone(), value.clone());
    }
    // The image's command belongs to the image's entrypoint: replacing the entrypoint
    // drops it.
    let said = |words: &Option<Vec<String>>| words.as_ref().is_some_and(|words| !words.is_empty());
    if !said(&spec.entrypoint) {
        if !said(&spec.command) && spec.command != image.command {
            all.to_mut().command.clone_from(&image.command);
        }
        if spec.entrypoint.is_none() && image.entrypoint.is_some() {
            all.to_mut().entrypoint.clone_from(&image.entrypoint);
        }
    }
    let lacks = |own: &Option<String>, default: &Option<String>| {
        default.is_some() && own.as_ref().is_none_or(String::is_empty)
    };
    if lacks(&spec.user, &image.user) {
        all.to_mut().user.clone_from(&image.user);
    }
    if lacks(&spec.working_dir, &image.working_dir) {
        all.to_mut().working_dir.clone_from(&image.working_dir);
    }
    if lacks(&spec.stop_signal, &image.stop_signal) {
        all.to_mut().stop_signal.clone_from(&image.stop_signal);
    }
    if let Some(theirs) = &image.healthcheck {
        all.to_mut().healthcheck = Some(healthcheck(spec.healthcheck.as_ref(), theirs));
    }
    if image.exposed.iter().any(|port| !spec.exposed.contains(port)) {
        all.to_mut().exposed.extend(image.exposed.iter().copied());
    }
    for target in &image.volumes {
        if !spec.tmpfs.contains_key(target) && !spec.mounts.contains_key(target) {
            all.to_mut().mounts.entry(target.clone()).or_default();
        }
    }
    all
}

/// Each part that the stack leaves out comes from the image.
fn healthcheck(own: Option<&Healthcheck>, image: &Healthcheck) -> Healthcheck {
    let Some(own) = own else { return image.clone() };
    if own.is_disabled() {
        return own.clone();
    }
    Healthcheck {
        test: if own.test.is_empty() { image.test.clone() } else { own.test.clone() },
        interval: own.interval.or(image.interval),
        timeout: own.timeout.or(image.timeout),
        retries: own.retries.or(image.retries),
        start_period: own.start_period.or(image.start_period),
        start_interval: own.start_interval.or(image.start_interval),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

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
        }
    }

    #[test]
    fn the_image_fills_what_the_stack_leaves_out() {
        let spec = ContainerSpec::of_image("web".into());
        let all = effective(&spec, &image());
        assert_eq!(all.command, image().command);
        assert_eq!(all.user, image().user);
        assert!(all.mounts.contains_key("/data"));
    }

    #[test]
    fn an_own_entrypoint_drops_the_images_command() {
        let mut spec = ContainerSpec::of_image("web".into());
        spec.entrypoint = Some(vec!["/run".to_owned()]);
        assert_eq!(effective(&spec, &image()).command, None);
    }
}
