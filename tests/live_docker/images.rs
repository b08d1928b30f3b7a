//! Images: built with a label that says from what, pulled, and failures that say why.

use std::collections::BTreeMap;
use std::process::Command;

use model::action::Action;
use model::build::{Build, BuildOwner, Dockerfile};
use model::digest::Digest;
use model::id::ImageRef;
use model::observed::ImageView;
use model::target::Outcome;
use world::{OutsideError, Scope};

use super::support::*;

const DOCKERFILE: &str = "FROM reconciler.demo/base\nARG GREETING\nCOPY . /app/\n\
    RUN test \"$GREETING\" = hunter2 && test -f /app/deep/er/file\n\
    ENV MODE=live\nUSER 65532\nEXPOSE 80\nVOLUME /data\nCMD [\"cat\", \"/app/file\"]\n";

fn build(tag: &str, dockerfile: &str) -> Action {
    Action::BuildImage {
        tag: tag.into(),
        build: Box::new(Build {
            args: BTreeMap::from([("GREETING".to_owned(), "hunter2".to_owned())]),
            labels: BTreeMap::from([("org.example".to_owned(), "x".to_owned())]),
            hash: Digest::of("context"),
            ..Build::of("web", Dockerfile::Within(dockerfile.to_owned()))
        }),
        owner: BuildOwner { deployment: "live".into(), service: "web".into() },
    }
}

fn tree() -> MemoryTree {
    MemoryTree::of(&[
        ("web/Dockerfile", DOCKERFILE.as_bytes()),
        ("web/Failing", b"FROM reconciler.demo/base\nARG GREETING\nRUN echo $GREETING; exit 7\n"),
        ("web/file", b"content\n"),
        ("web/deep/er/file", b"x"),
        ("web/large", &vec![7; 3 << 20]),
        ("other/file", b"not in the context"),
    ])
}

async fn image(tag: &str) -> Option<ImageView> {
    let scope = Scope { images: [ImageRef::new(tag)].into(), ..Scope::default() };
    engine().observe(&scope).await.unwrap().images.remove(&ImageRef::new(tag))
}

#[tokio::test]
async fn an_image_is_built_from_the_tree_and_labelled() {
    let outcome = engine().act(&build("live/built:1", "Dockerfile"), &tree()).await.unwrap();
    let view = image("live/built:1").await.unwrap();
    assert_eq!(outcome, Outcome::Image(view.content()));
    assert_eq!(view.labels["reconciler.build"], Digest::of("context").to_string());
    assert_eq!(view.labels["org.example"], "x");
    assert_eq!((view.user.as_deref(), view.env["MODE"].as_str()), (Some("65532"), "live"));
    assert_eq!((view.exposed.len(), view.volumes), (1, vec!["/data".to_owned()]));

    let again = engine().act(&build("live/built:1", "Dockerfile"), &tree()).await.unwrap();
    assert_eq!(again, outcome, "the same context is the same image");
}

#[tokio::test]
async fn a_failed_build_shows_its_last_lines_without_the_arguments() {
    let error = engine().act(&build("live/failed:1", "Failing"), &tree()).await.unwrap_err();
    let OutsideError::Failed(text) = &error else { panic!("{error:?}") };
    assert!(text.contains("code: 7") && text.contains("(masked)"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert_eq!(image("live/failed:1").await, None);
}

#[tokio::test]
async fn a_context_that_cannot_be_read_builds_nothing() {
    let error = act(&engine(), &build("live/none:1", "Dockerfile")).await.unwrap_err();
    let OutsideError::Failed(text) = &error else { panic!("{error:?}") };
    assert!(text.contains("context of live/none:1"), "{text}");
    assert_eq!(image("live/none:1").await, None);
}

#[tokio::test]
async fn an_image_is_pulled_and_one_that_is_nowhere_is_an_error() {
    let name = format!("{}/live/pulled:3", variable("RECONCILER_LAB_REGISTRY"));
    for arguments in [["tag", IMAGE, &name].as_slice(), &["push", &name], &["rmi", &name]] {
        let output = Command::new("docker").args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    assert_eq!(image(&name).await, None);
    let pull = Action::PullImage { image: name.as_str().into(), platform: None };
    let outcome = act(&engine(), &pull).await.unwrap();
    let view = image(&name).await.unwrap();
    assert_eq!(outcome, Outcome::Image(view.content()));
    assert_eq!(act(&engine(), &pull).await.unwrap(), outcome);

    let nowhere = format!("{}/live/nowhere:1", variable("RECONCILER_LAB_REGISTRY"));
    let error =
        act(&engine(), &Action::PullImage { image: nowhere.as_str().into(), platform: None }).await;
    assert!(matches!(error, Err(OutsideError::Gone(_) | OutsideError::Failed(_))), "{error:?}");
}
