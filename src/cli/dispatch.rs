//! From a command line to its verb: lays flags over the file, starts the log, and prints
//! why something cannot be done.

mod answers;

use super::adopt_args::AdoptArgs;
use super::args::{
    Cli, CommonArgs, GrantsArgs, HealthcheckArgs, RunArgs, SimArgs, ValidateArgs, Verb,
};
use super::config::{self, ConfigError, Layer};
use super::console::{Color, Console, Format};
use super::diff_args::DiffArgs;
use super::doctor_args::DoctorArgs;
use super::environment::Environment;
use super::exit::Exit;
use super::import_args::ImportArgs;
use super::init_args::InitArgs;
use super::look_args::NamedSource;
use super::options::{SourceOptions, WorldOptions};
use super::output_args::OutputArgs;
use super::override_args::{PauseArgs, ResumeArgs, RollbackArgs};
use super::plan_args::{ApplyArgs, PlanArgs};
use super::plan_file::PlanTarget;
use super::render::diagnostics;
use super::setup::Refusal;
use super::stream_args::{EventsArgs, LogsArgs};
use super::verbs::consent::Consent;
use super::verbs::doctor::ConfigFile;
use super::verbs::overrides::Override;
use super::{logging, verbs};

/// What every verb starts with.
struct Start {
    console: Console,
    environment: Environment,
    /// Flags and variables over the file.
    layer: Layer,
}

/// Does what the command line says.
pub(super) fn dispatch(cli: Cli) -> Exit {
    let Cli { verb, run, common } = cli;
    // Also what is wrong with the configuration is printed in the colour asked for.
    let console = Console::new(Format::Text, common.log.color.unwrap_or(Color::Auto), common.quiet);
    let done = match verb {
        None => controller(common, run),
        Some(Verb::Run(args)) => controller(common, *args),
        Some(Verb::Plan(args)) => plan(common, *args),
        Some(Verb::Diff(args)) => diff(common, *args),
        Some(Verb::Apply(args)) => apply(common, *args),
        Some(Verb::Show(args)) => start(common, args.output.output, Layer::default(), "warn")
            .and_then(|s| verbs::show::show(s.console, &args)),
        Some(Verb::Validate(args)) => validate(common, *args),
        Some(Verb::Grants(args)) => grants(common, *args),
        Some(Verb::Init(args)) => init(common, &args),
        Some(Verb::Import(args)) => import(common, &args),
        Some(Verb::Adopt(args)) => adopt(common, *args),
        Some(Verb::Config(args)) => start(common, Format::Text, Layer::default(), "warn")
            .and_then(|s| verbs::config::config(s.console, &args, &s.environment)),
        Some(Verb::Fmt(args)) => start(common, Format::Text, Layer::default(), "warn")
            .map(|s| verbs::fmt::fmt(s.console, &args)),
        Some(Verb::Explain(args)) => answers::explain(common, *args),
        Some(Verb::Schema(args)) => Ok(verbs::schema::schema(console, args.of)),
        Some(Verb::Sim(args)) => sim(common, *args),
        Some(Verb::Logs(args)) => logs(common, *args),
        Some(Verb::Events(args)) => events(common, *args),
        Some(Verb::Doctor(args)) => doctor(common, *args),
        Some(Verb::Healthcheck(args)) => healthcheck(common, args),
        Some(Verb::Status(args)) => answers::status(common, *args),
        Some(Verb::Ps(args)) => answers::ps(common, *args),
        Some(Verb::History(args)) => answers::history(common, *args),
        Some(Verb::Rollback(args)) => rollback(common, *args),
        Some(Verb::Pause(args)) => {
            let PauseArgs { deployments, output, world } = *args;
            overridden(common, (output, world), (&deployments, &Override::Pause))
        }
        Some(Verb::Resume(args)) => {
            let ResumeArgs { deployments, output, world } = *args;
            overridden(common, (output, world), (&deployments, &Override::Resume))
        }
        Some(Verb::Stack(args)) => answers::list(common, args.verb, verbs::answers::stacks),
        Some(Verb::Service(args)) => answers::list(common, args.verb, verbs::answers::services),
        Some(Verb::Wait(args)) => answers::wait(common, *args),
        Some(Verb::Completion(args)) => Ok(verbs::completion::completion(console, &args)),
        Some(Verb::Man(args)) => Ok(verbs::man::man(console, &args)),
    };
    done.unwrap_or_else(|Refusal { exit, messages }| {
        console.complain(&diagnostics::render_all(&messages));
        exit
    })
}

/// `rollback`.
fn rollback(common: CommonArgs, args: RollbackArgs) -> Result<Exit, Refusal> {
    let RollbackArgs { deployment, revision, output, world } = args;
    overridden(common, (output, world), (&[deployment], &Override::Rollback(revision)))
}

/// `rollback`, `pause` and `resume`.
fn overridden(
    common: CommonArgs,
    (output, world): (OutputArgs, WorldOptions),
    asked: (&[String], &Override),
) -> Result<Exit, Refusal> {
    let layer = Layer { world, ..Layer::default() };
    let Start { console, environment, layer } = start(common, output.output, layer, "warn")?;
    verbs::overrides::write_each(console, &layer, &environment, asked)
}

/// `run` and `--once`.
fn controller(common: CommonArgs, args: RunArgs) -> Result<Exit, Refusal> {
    let RunArgs { once, output, steps, pass, deadline, controller, listen } = args;
    if !once && output.output == Format::Json {
        return Err(Refusal::usage(
            "`--output json` is for a result, and a controller has none",
            "its log is JSON with `--log-format json`, and /status answers in JSON",
        ));
    }
    let layer = Layer { once: deadline, controller, listen, ..pass.layer()? };
    let Start { console, environment, layer } =
        start(common, output.output, layer, if once { "warn" } else { "info" })?;
    let console = console.with_steps(steps.steps);
    if once {
        verbs::real::apply_once(console, &layer, &environment, &Consent::Given)
    } else {
        verbs::real::control(console, &layer, &environment)
    }
}

/// `validate`.
fn validate(common: CommonArgs, args: ValidateArgs) -> Result<Exit, Refusal> {
    let layer = args.read.layer_of(args.named)?;
    let Start { console, environment, layer } = start(common, args.output.output, layer, "warn")?;
    let places = (args.more.as_slice(), args.policy);
    verbs::validate::validate(console, &layer, places, &environment)
}

/// `sim`.
fn sim(common: CommonArgs, args: SimArgs) -> Result<Exit, Refusal> {
    let layer = args.read.layer_of(args.named)?;
    let Start { console, environment, layer } = start(common, args.output.output, layer, "error")?;
    verbs::sim::sim(console.with_steps(args.steps.steps), &layer, &environment)
}

/// `grants`.
fn grants(common: CommonArgs, args: GrantsArgs) -> Result<Exit, Refusal> {
    let layer = args.read.layer_of(args.named)?;
    let Start { console, environment, layer } = start(common, args.output.output, layer, "warn")?;
    verbs::grants::grants(console, &layer, &environment)
}

/// `init`.
fn init(common: CommonArgs, args: &InitArgs) -> Result<Exit, Refusal> {
    let start = start(common, args.output.output, Layer::default(), "warn")?;
    verbs::init::init(start.console, args)
}

/// `import`.
fn import(common: CommonArgs, args: &ImportArgs) -> Result<Exit, Refusal> {
    let start = start(common, args.output.output, Layer::default(), "warn")?;
    verbs::import::import(start.console, args)
}

/// `adopt`.
fn adopt(common: CommonArgs, args: AdoptArgs) -> Result<Exit, Refusal> {
    let AdoptArgs { containers, name, env_out, output, world } = args;
    let layer = Layer { world, ..Layer::default() };
    let Start { console, environment, layer } = start(common, output.output, layer, "warn")?;
    let asked = verbs::adopt::Asked { containers, name, env_out };
    verbs::adopt::adopt(console, &asked, &layer, &environment)
}

/// `plan`.
fn plan(common: CommonArgs, args: PlanArgs) -> Result<Exit, Refusal> {
    let PlanArgs { detailed_exitcode, out, only, output, steps, pass } = args;
    let Start { console, environment, layer } =
        start(common, output.output, pass.layer()?, "warn")?;
    let out = out.as_deref().map(PlanTarget::new).transpose()?;
    let asked = verbs::plan::Asked { out, detailed: detailed_exitcode, only: only.only };
    verbs::plan::plan(console.with_steps(steps.steps), &layer, &environment, asked)
}

/// `diff`.
fn diff(common: CommonArgs, args: DiffArgs) -> Result<Exit, Refusal> {
    let DiffArgs { only, unified, detailed_exitcode, output, pass } = args;
    let Start { console, environment, layer } =
        start(common, output.output, pass.layer()?, "warn")?;
    let asked = verbs::diff::Asked { only: only.only, unified, detailed: detailed_exitcode };
    verbs::diff::diff(console, &layer, &environment, &asked)
}

/// `apply`.
fn apply(common: CommonArgs, args: ApplyArgs) -> Result<Exit, Refusal> {
    let ApplyArgs { yes, output, steps, of_file, mut pass, deadline } = args;
    let source = &mut pass.read.source;
    let variable = || Environment::read().get("RECONCILER_SOURCE").map(str::to_owned);
    let named = pass.named.source.is_some() && source.source != variable();
    let file = verbs::apply::file(source.source.as_deref(), of_file.is_some() || named)?;
    if file.is_some() {
        source.source = of_file.or_else(variable);
    }
    let layer = Layer { once: deadline, ..pass.layer()? };
    let Start { console, environment, layer } = start(common, output.output, layer, "warn")?;
    let console = console.with_steps(steps.steps);
    verbs::apply::apply(console, &layer, &environment, (file, yes))
}

/// `healthcheck`.
fn healthcheck(common: CommonArgs, args: HealthcheckArgs) -> Result<Exit, Refusal> {
    let layer = Layer { listen: args.listen, ..Layer::default() };
    let Start { console, layer, .. } = start(common, Format::Text, layer, "warn")?;
    Ok(verbs::healthcheck::healthcheck(console, layer.listen.listen.unwrap_or_default()))
}

/// `logs`.
fn logs(common: CommonArgs, mut args: LogsArgs) -> Result<Exit, Refusal> {
    let (world, named) = (std::mem::take(&mut args.world), std::mem::take(&mut args.named));
    let start = stream(common, args.output.output, world, named)?;
    let Start { console, environment, layer } = start;
    verbs::logs::logs(console, &layer, &environment, &args)
}

/// `events`.
fn events(common: CommonArgs, mut args: EventsArgs) -> Result<Exit, Refusal> {
    let (world, named) = (std::mem::take(&mut args.world), std::mem::take(&mut args.named));
    let start = stream(common, args.output.output, world, named)?;
    let Start { console, environment, layer } = start;
    verbs::events::events(console, &layer, &environment, &args)
}

/// `doctor`: a configuration with mistakes is a finding like others.
fn doctor(mut common: CommonArgs, args: DoctorArgs) -> Result<Exit, Refusal> {
    let DoctorArgs { look, named, listen } = args;
    let output = look.output.output;
    let mut layer = Layer { listen, ..look.layer() };
    layer.source.source = named.or(layer.source.source)?;
    let mut file = ConfigFile { path: common.config.take(), wrong: Vec::new() };
    match file.path.as_deref().map(config::read) {
        Some(Ok(read)) => layer = layer.or(read),
        Some(Err(ConfigError(wrong))) => file.wrong = wrong,
        None => {}
    }
    let Start { console, environment, layer } = start(common, output, layer, "error")?;
    verbs::doctor::doctor(console, &file, &layer, &environment)
}

/// `logs` and `events`: their words name containers, so that the source is that of the flag, the
/// environment or the file.
fn stream(
    common: CommonArgs,
    output: Format,
    world: WorldOptions,
    named: NamedSource,
) -> Result<Start, Refusal> {
    let variable = Environment::read().get("RECONCILER_SOURCE").map(str::to_owned);
    let source = SourceOptions { source: named.or(variable)?, ..SourceOptions::default() };
    start(common, output, Layer { source, world, ..Layer::default() }, "warn")
}

/// Refuses what is no name of a variable; it may be a value, which is not repeated.
fn check_names<'n>(mut names: impl Iterator<Item = &'n String>) -> Result<(), Refusal> {
    let is_name = |name: &String| {
        let begins = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        begins && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    };
    if names.all(is_name) {
        return Ok(());
    }
    Err(Refusal::usage(
        "`--env` takes the name of an environment variable, without its value",
        "set the variable, and name it: `NAME=value reconciler … --env NAME`",
    ))
}

fn start(common: CommonArgs, output: Format, flags: Layer, level: &str) -> Result<Start, Refusal> {
    let CommonArgs { quiet, config, log } = common;
    let file = config.as_deref().map(config::read).transpose();
    let file = file.map_err(|ConfigError(messages)| Refusal { exit: Exit::Invalid, messages })?;
    let layer = Layer { log, ..flags }.or(file.unwrap_or_default());
    check_names(layer.trust.env.iter().flatten())?;
    let console = Console::new(output, layer.log.color.unwrap_or(Color::Auto), quiet);
    let environment = Environment::read();
    let format = layer.log.log_format.unwrap_or_default();
    logging::init(
        layer.log.log_level.as_deref(),
        environment.get("RUST_LOG"),
        level,
        format,
        console.colours_stderr(),
    )
    .map_err(|error| Refusal::usage(error.to_string(), "the default is `RUST_LOG`"))?;
    Ok(Start { console, environment, layer })
}
