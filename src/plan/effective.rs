//! What a container made from a spec and an image will be: the image's defaults merged
//! in as the engine merges them, so that desired and observed can be compared.

use std::collections::BTreeMap;

use crate::model::observed::ImageView;
use crate::model::spec::{ContainerSpec, Healthcheck};

/// The spec with the image's defaults where it says nothing.
///
/// Source of the rules: moby's `merge(userConf, imageConf)`, as seen on engine 20.10.
pub(super) fn effective(spec: &ContainerSpec, image: &ImageView) -> ContainerSpec {
    let mut all = spec.clone();
    all.env = overlay(&image.env, &spec.env);
    all.labels = overlay(&image.labels, &spec.labels);
    // The image's command belongs to the image's entrypoint: replacing the entrypoint
    // drops it.
    if spec.entrypoint.as_ref().is_none_or(Vec::is_empty) {
        if spec.command.as_ref().is_none_or(Vec::is_empty) {
            all.command.clone_from(&image.command);
        }
        if spec.entrypoint.is_none() {
            all.entrypoint.clone_from(&image.entrypoint);
        }
    }
    let or_image = |own: &Option<String>, default: &Option<String>| {
        own.clone().filter(|text| !text.is_empty()).or_else(|| default.clone())
    };
    all.user = or_image(&spec.user, &image.user);
    all.working_dir = or_image(&spec.working_dir, &image.working_dir);
    all.stop_signal = or_image(&spec.stop_signal, &image.stop_signal);
    all.healthcheck = healthcheck(spec.healthcheck.as_ref(), image.healthcheck.as_ref());
    all.exposed.extend(image.exposed.iter().copied());
    for target in &image.volumes {
        if !spec.tmpfs.contains_key(target) {
            all.mounts.entry(target.clone()).or_default();
        }
    }
    all
}

fn overlay(
    base: &BTreeMap<String, String>,
    top: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    base.iter().chain(top).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Each part that the stack leaves out comes from the image.
fn healthcheck(own: Option<&Healthcheck>, image: Option<&Healthcheck>) -> Option<Healthcheck> {
    let (Some(own), Some(image)) = (own, image) else {
        return own.or(image).cloned();
    };
    if own.is_disabled() {
        return Some(own.clone());
    }
    Some(Healthcheck {
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
        let all = effective(&ContainerSpec::of_image("web".into()), &image());
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
