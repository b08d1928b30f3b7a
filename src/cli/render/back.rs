//! Deployments whose rollout failed, as a pass leaves them: back at what worked, or not.

use serde_json::{Value, json};

use model::printable::one_line;
use model::rollback::InsteadOf;
use reconcile::control::{GoneBack, Report};

use super::super::console::{BAD, STRONG, paint};
use super::aftermath::{Aftermath, Commands};

/// A paragraph for each deployment, and one for each failure on the way back.
pub(in crate::cli) fn texts(report: &Report, commands: Commands<'_>) -> Vec<String> {
    let Some(back) = &report.back else { return Vec::new() };
    let mut texts = Aftermath::of(&back.execution, commands).texts();
    let failed = back.deployments.iter().filter_map(|(id, it)| Some((id, it, it.failed()?)));
    texts.extend(failed.map(|(id, instead, quarantine)| {
        let failed = quarantine.revision.short();
        let (what, is_back) = match (&instead.of, back.has_returned(id)) {
            (InsteadOf::Stable(_), Some(to)) => {
                (format!("revision {failed} of {id} was rolled back to {}", to.short()), true)
            }
            (InsteadOf::Stable(to), None) => {
                (format!("the rollback of {id} from {failed} to {} failed", to.short()), false)
            }
            (InsteadOf::Standing | InsteadOf::Nothing, _) => {
                (format!("revision {failed} of {id} failed, and {id} is left as it stands"), false)
            }
            (InsteadOf::Lost(why), _) => (
                format!(
                    "revision {failed} of {id} failed, and its last stable state cannot be had \
                     ({why}): {id} is left as it stands"
                ),
                false,
            ),
        };
        let word = if is_back { paint(STRONG, "note") } else { paint(BAD.bold(), "error") };
        format!(
            "{word}: {}\n  = the next revision that changes {id} is tried; this one is not, until \
             `reconciler resume {id}`",
            one_line(&what)
        )
    }));
    for (id, jobs) in &back.touched {
        for (job, services) in jobs {
            let services: Vec<_> = services.iter().map(ToString::to_string).collect();
            let whose = match services.as_slice() {
                [] => String::new(),
                some => format!(" to the data of {}", some.join(", ")),
            };
            texts.push(format!(
                "{}: the job {job} of {id} had run: what it did{whose} stays",
                paint(STRONG, "note")
            ));
        }
    }
    texts
}

/// The same for programs.
pub(in crate::cli) fn json(back: Option<&GoneBack>) -> Value {
    let deployments = back.into_iter().flat_map(|back| {
        back.deployments.iter().map(|(id, instead)| {
            json!({
                "deployment": id,
                "from": instead.failed().map(|failed| &failed.revision),
                "to": instead.revision(),
                "jobs_that_ran": back.touched.get(id),
                "returned": back.has_returned(id).is_some(),
                "why": instead.failed().map(|failed| &failed.why),
                "lost": match &instead.of {
                    InsteadOf::Lost(why) => Some(why),
                    InsteadOf::Stable(_) | InsteadOf::Standing | InsteadOf::Nothing => None,
                },
            })
        })
    });
    Value::Array(deployments.collect())
}
