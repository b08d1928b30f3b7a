//! A plan as a file: made by `plan --out`, read by `show`, and held by `apply` against what would be
//! done now. It holds no secret: values are masked, and the fingerprint, which covers them, is keyed.

mod place;
mod target;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use similar::TextDiff;

use model::digest::Digest;
use model::id::{DeploymentId, EngineName, InstallationId, Revision, SourceId};
use model::observed::{EngineView, ObservedState};
use model::plan::Plan;
use model::printable::one_line;
use model::render::machine;
use model::secret::Masker;
use reconcile::control::Prepared;
use reconcile::plan::Settings;

use super::follow_up;
use super::setup::Refusal;
pub(super) use place::Place;
pub(super) use target::{PlanTarget, is_named_so, is_plan_file};

/// The version of the format. One that is only added to keeps its number.
const FORMAT: u32 = 1;

/// A plan, and what it was made for. The order of the members is that of the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlanFile {
    /// The version of the format.
    reconciler_plan: u32,
    /// The version of the program that wrote it.
    version: String,
    /// Whose containers it is about.
    pub(super) installation: InstallationId,
    /// Where desired state came from.
    pub(super) source: SourceId,
    /// What it was read from.
    pub(super) revision: Revision,
    /// On which engine each valid deployment runs.
    engines: BTreeMap<DeploymentId, EngineName>,
    /// The keyed digest of the steps, with all that they hold, and of the engines' ids.
    fingerprint: Digest,
    /// The command that the text says where something is withheld.
    command: String,
    /// The plan for people.
    pub(super) text: String,
    /// The plan for programs.
    plan: Value,
    /// The source as it was named; files of earlier versions have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    place: Option<Place>,
    /// Where it was read from, as it was named.
    #[serde(skip)]
    name: String,
    /// The digest of all else: it tells what was changed by hand, not who changed it. `apply` relies
    /// on the fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digest: Option<Digest>,
}

impl PlanFile {
    /// Of a plan that was just made; `command` is what carries it out.
    pub(super) fn of(prepared: &Prepared, settings: &Settings, command: &str) -> Self {
        let Prepared { plan, desired, observed, .. } = prepared;
        let engine =
            |id: &DeploymentId, name: Option<&EngineName>| Some((id.clone(), name?.clone()));
        let engines = desired.deployments.iter();
        let file = Self {
            reconciler_plan: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            installation: settings.installation.clone(),
            source: plan.source.clone(),
            revision: plan.revision.clone(),
            engines: engines.filter_map(|(id, entry)| engine(id, entry.engine())).collect(),
            fingerprint: fingerprint(plan, observed, &settings.masker),
            command: command.to_owned(),
            text: plan.overview_text(command),
            plan: machine::plan(plan),
            place: None,
            name: String::new(),
            digest: None,
        };
        Self { digest: Some(file.digest_of_rest()), ..file }
    }

    /// Whether it is not as it was written.
    pub(super) fn was_changed(&self) -> bool {
        self.digest.as_ref().is_some_and(|digest| *digest != self.digest_of_rest())
    }

    fn digest_of_rest(&self) -> Digest {
        let rest = Self { digest: None, ..self.clone() };
        Digest::of(serde_json::to_vec(&rest).expect("BUG: plans are plain data with string keys"))
    }

    /// What a plan that is made now does differently, for people; `None` if it does the same.
    pub(super) fn moved(&self, prepared: &Prepared, settings: &Settings) -> Option<String> {
        self.moved_to(&Self::of(prepared, settings, &self.command))
    }

    fn moved_to(&self, now: &Self) -> Option<String> {
        let same = |one: &Self| (one.revision.clone(), one.fingerprint.clone(), one.text.clone());
        if same(self) == same(now) {
            return None;
        }
        let mut out = String::new();
        if self.revision != now.revision {
            let _ = writeln!(out, "revision {} -> {}", self.revision.short(), now.revision.short());
        }
        if self.version != now.version {
            let _ = writeln!(out, "reconciler {} -> {}", self.version, now.version);
        }
        // Every deployment's first line has the revision, which was named already.
        let revision = |one: &Self| format!(", revision {}, engine ", one.revision.short());
        let plain = |one: &Self| one.text.replace(&revision(one), ", engine ");
        let mut lines = diff(&plain(self), &plain(now));
        if lines.is_empty() {
            lines = diff(&steps(&self.plan), &steps(&now.plan));
        }
        if lines.is_empty() && self.revision == now.revision {
            lines.push_str(
                "what is changed has the same names but is not the same: a masked value, the id of \
                 a container or network, or an engine\n",
            );
        }
        Some(out + &lines)
    }

    /// Where it comes from, in one line.
    pub(super) fn origin(&self) -> String {
        let Self { version, installation, source, revision, .. } = self;
        let text = format!(
            "Made by reconciler {version} for the installation {installation} from {source}, \
             revision {}.",
            revision.short()
        );
        one_line(&text).into_owned()
    }

    /// The file at this path; `None` if it is no plan file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, Refusal> {
        if !is_plan_file(&path.to_string_lossy()) {
            return Ok(None);
        }
        let name = path.display();
        let bytes = fs::read(path)
            .map_err(|error| Refusal::invalid(format!("`{name}` cannot be read: {error}")))?;
        let broken = |error: serde_json::Error| {
            let what = if error.is_eof() { "a part of it is missing" } else { "it was changed" };
            Refusal::invalid(format!("the plan file `{name}` cannot be used: {what} ({error})"))
                .with_help(format!(
                    "make it anew: `{}`",
                    follow_up::command("plan", &["--out", &path.to_string_lossy()])
                ))
        };
        let value: Value = serde_json::from_slice(&bytes).map_err(broken)?;
        match value["reconciler_plan"].as_u64() {
            Some(format) if format != u64::from(FORMAT) => {
                let by = value["version"].as_str().unwrap_or("unknown");
                let own = env!("CARGO_PKG_VERSION");
                let message = format!(
                    "the plan file `{name}` has format {format}, and this version ({own}) reads \
                     format {FORMAT}"
                );
                Err(Refusal::invalid(message).with_help(format!(
                    "use the version that wrote it ({by}), or make it anew with this one"
                )))
            }
            _ => {
                let file: Self = serde_json::from_value(value).map_err(broken)?;
                Ok(Some(Self { name: path.to_string_lossy().into_owned(), ..file }))
            }
        }
    }

    /// The file at this path, which must be one.
    pub(super) fn required(path: &Path) -> Result<Self, Refusal> {
        if let Err(error) = fs::metadata(path) {
            return Err(Refusal::invalid(format!("`{}` cannot be read: {error}", path.display()))
                .with_help(HELP));
        }
        Self::read(path)?.ok_or_else(|| {
            Refusal::invalid(format!("`{}` is no plan file", path.display())).with_help(HELP)
        })
    }

    /// Writes it.
    pub(super) fn write(&self, to: &PlanTarget) -> Result<(), Refusal> {
        let mut text =
            serde_json::to_vec_pretty(self).expect("BUG: plans are plain data with string keys");
        text.push(b'\n');
        to.put(&text)
    }
}

const HELP: &str = "`reconciler plan --out FILE` writes one";

/// A digest of all that would be done, and of what that rests on. How well a deployment does is
/// left out: it changes by itself, and where it matters there is a step.
fn fingerprint(plan: &Plan, observed: &ObservedState, masker: &Masker) -> Digest {
    let Plan {
        source,
        revision,
        steps,
        blocked,
        adopted,
        adoptions,
        left_alone,
        forgotten,
        host,
        sizes,
        last_took: _,
        back_to,
        deployments: _,
    } = &plan.clone().timeless();
    let ids: BTreeMap<_, _> = observed
        .engines
        .iter()
        .filter_map(|(name, view)| match view {
            EngineView::Seen(contents) => Some((name, contents.id.as_ref())),
            EngineView::Unseen { .. } => None,
        })
        .collect();
    let noted = (adopted, adoptions, left_alone, forgotten, back_to);
    masker.digest_of_json(&(source, revision, steps, blocked, noted, host, sizes, ids))
}

/// The lines of one text that another one lacks, and the other way round.
fn diff(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    diff.unified_diff().context_radius(1).header("the plan", "now").to_string()
}

/// The steps of a plan for programs, one a line.
fn steps(plan: &Value) -> String {
    let mut out = String::new();
    for step in plan["steps"].as_array().into_iter().flatten() {
        let _ = writeln!(out, "{}", step["action"].as_str().unwrap_or_default());
    }
    out
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;

    fn file() -> PlanFile {
        PlanFile {
            reconciler_plan: FORMAT,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            installation: "default".into(),
            source: "dir:/srv/stacks".into(),
            revision: "4f9bd36aa".into(),
            engines: BTreeMap::from([("abc".into(), "local".into())]),
            fingerprint: Digest::of("a"),
            command: "reconciler --once".to_owned(),
            text: "deployment abc, revision 4f9bd36, engine local\n  + create web\n".to_owned(),
            plan: serde_json::json!({ "steps": [{ "action": "start container abc-web-1" }] }),
            place: None,
            name: String::new(),
            digest: None,
        }
    }

    #[test]
    fn a_text_that_was_changed_by_hand_is_noticed() {
        let written = PlanFile { digest: Some(file().digest_of_rest()), ..file() };
        let read = |text: &str| serde_json::from_str::<PlanFile>(text).expect("a plan file");
        let text = serde_json::to_string_pretty(&written).expect("JSON");
        assert!(!read(&text).was_changed());
        assert!(read(&text.replace("+ create web", "- remove web")).was_changed());
        assert!(read(&text.replace("start container", "stop container")).was_changed());
        // One of before files had a digest.
        assert!(!file().was_changed());
    }

    /// A folder of one test.
    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("plan-file-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("a folder");
        folder
    }

    fn refusal<T: std::fmt::Debug>(result: Result<T, Refusal>) -> String {
        let refusal = result.expect_err("it is refused");
        let message = &refusal.messages[0];
        format!("{}: {}", message.message, message.help.as_deref().unwrap_or("no remedy"))
    }

    #[test]
    fn what_is_written_is_read_again_by_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = folder("round");
        let path = folder.join("shop.plan");
        file().write(&PlanTarget::new(&path).expect("free")).expect("written");
        let name = path.to_string_lossy().into_owned();
        let read = PlanFile::read(&path).expect("read");
        assert_eq!(read, Some(PlanFile { name: name.clone(), ..file() }));
        assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
        // A plan file is replaced, and nothing is left beside it.
        let newer = PlanFile { revision: "5".into(), ..file() };
        newer.write(&PlanTarget::new(&path).expect("a plan file")).expect("written");
        assert_eq!(PlanFile::required(&path).expect("read"), PlanFile { name, ..newer });
        assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 1);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_cannot_be_used_is_refused_with_the_reason() {
        let folder = folder("broken");
        let path = folder.join("shop.plan");
        let whole = serde_json::to_string_pretty(&file()).expect("JSON");
        for (text, why) in [
            (&whole[..whole.len() / 2], "a part of it is missing"),
            (&whole.replace("\"plan\"", "\"plam\""), "it was changed"),
            (&whole.replace("plan\": 1", "plan\": 2"), "has format 2"),
            (&whole.replace("plan\": 1", "plan\": \"\""), "it was changed"),
            ("services: {}\n", "is no plan file"),
            ("", "is no plan file"),
        ] {
            fs::write(&path, text).expect("written");
            let refused = refusal(PlanFile::required(&path));
            assert!(refused.contains(why) && !refused.contains("no remedy"), "{refused}");
        }
        assert!(refusal(PlanFile::required(&folder.join("none"))).contains("cannot be read"));
        assert_eq!(PlanFile::read(&folder).expect("a folder is none"), None);
        fs::remove_dir_all(folder).expect("removed");
    }

    #[test]
    fn what_moved_is_named() {
        let moved = |change: fn(&mut PlanFile)| {
            let mut now = file();
            change(&mut now);
            file().moved_to(&now)
        };
        assert_eq!(moved(|_| ()), None);
        let newer = moved(|now| {
            now.revision = "5aaaaaaa9".into();
            now.text = now.text.replace("4f9bd36", "5aaaaaa");
        });
        assert_eq!(newer.as_deref(), Some("revision 4f9bd36 -> 5aaaaaa\n"));
        let other = moved(|now| {
            now.fingerprint = Digest::of("b");
            now.text = now.text.replace("+ create web", "~ replace web");
        });
        let other = other.expect("it moved");
        assert!(other.contains("\n-  + create web\n+  ~ replace web\n"), "{other}");
        let step = moved(|now| {
            now.fingerprint = Digest::of("b");
            now.plan["steps"][0]["action"] = "stop container abc-web-1".into();
        });
        let step = step.expect("it moved");
        assert!(step.contains("\n-start container abc-web-1\n+stop container"), "{step}");
        let value = moved(|now| now.fingerprint = Digest::of("b")).expect("it moved");
        assert!(value.contains("a masked value"), "{value}");
        // What people read and what is done belong together: a text that was changed is refused.
        assert!(moved(|now| now.text.push('x')).is_some());
    }
}
