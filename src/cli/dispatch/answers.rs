//! From the command lines of `status`, `ps`, `stack`, `service`, `history`, `explain`
//! and `wait` to their
//! verbs.

use reconcile::answer::Goal;

use super::super::answer_args::{
    Awaited, ExplainArgs, ListVerb, LsArgs, PsArgs, StatusArgs, WaitArgs,
};
use super::super::look_args::LookArgs;
use super::super::options::ListenOptions;
use super::super::verbs::answers::{self, Asked};
use super::super::verbs::explain::{explain as explain_code, is_code};
use super::{CommonArgs, Exit, Layer, Refusal, Start, start};

fn begin(
    common: CommonArgs,
    look: LookArgs,
    listen: Option<ListenOptions>,
) -> Result<Start, Refusal> {
    let output = look.output.output;
    let layer = Layer { listen: listen.unwrap_or_default(), ..look.layer() };
    start(common, output, layer, "warn")
}

fn asked(start: &Start) -> Asked<'_> {
    Asked { console: start.console, layer: &start.layer, environment: &start.environment }
}

/// `status`.
pub(super) fn status(common: CommonArgs, args: StatusArgs) -> Result<Exit, Refusal> {
    let is_named = args.listen.listen.is_some();
    let start = begin(common, args.look, Some(args.listen))?;
    answers::status(asked(&start), &args.what.words, is_named)
}

/// `ps`; `-q` is as with `docker compose ps`.
pub(super) fn ps(common: CommonArgs, args: PsArgs) -> Result<Exit, Refusal> {
    let ids = common.quiet;
    let start = begin(common, args.look, None)?;
    answers::ps(asked(&start), &args.what.words, (args.all, ids))
}

/// `history`.
pub(super) fn history(common: CommonArgs, args: LsArgs) -> Result<Exit, Refusal> {
    let start = begin(common, args.look, None)?;
    answers::history(asked(&start), &args.what.words)
}

/// `stack ls` and `service ls`.
pub(super) fn list(
    common: CommonArgs,
    verb: ListVerb,
    list: impl FnOnce(Asked<'_>, &[String]) -> Result<Exit, Refusal>,
) -> Result<Exit, Refusal> {
    let ListVerb::Ls(args) = verb;
    let start = begin(common, args.look, None)?;
    list(asked(&start), &args.what.words)
}

/// `explain`; codes need no world.
pub(super) fn explain(common: CommonArgs, args: ExplainArgs) -> Result<Exit, Refusal> {
    let start = begin(common, args.look, None)?;
    match args.what.as_deref() {
        Some(word) if !is_code(word) => answers::explain(asked(&start), word),
        code => explain_code(start.console, code),
    }
}

/// `wait`.
pub(super) fn wait(common: CommonArgs, args: WaitArgs) -> Result<Exit, Refusal> {
    let (timeout, goal) = (
        args.timeout(),
        match args.awaited {
            Awaited::Healthy => Goal::Healthy,
            Awaited::Synced => Goal::Synced,
        },
    );
    let start = begin(common, args.look, None)?;
    answers::wait(asked(&start), &args.what.words, (goal, timeout))
}
