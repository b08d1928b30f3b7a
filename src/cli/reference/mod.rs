//! The command line as data, taken from its own definition: what docs/cli.md and the manual pages
//! are made from, so that neither can say something else than `--help`. Nothing of it depends on
//! the width of a terminal.

#[cfg(test)]
mod documented;
pub(super) mod man;
pub(super) mod markdown;
mod surroundings;

use clap::{Arg, Command, CommandFactory as _};

use super::args::Cli;
use super::exit;
use super::options::is_setting;

/// One verb, or the program itself.
struct Page {
    /// `reconciler plan`.
    name: String,
    /// The definition, with what all verbs have.
    command: Command,
    /// What it does, in a sentence or more.
    about: String,
    /// The ways to call it, one a line.
    usage: String,
    /// What is given without a name.
    arguments: Vec<Parameter>,
    /// Options by their heading, in the order of `--help`.
    options: Vec<(String, Vec<Parameter>)>,
    /// Calls to learn from, with a remark to each.
    examples: String,
    /// Whether there are verbs below it.
    has_verbs: bool,
}

/// An argument or an option.
struct Parameter {
    /// `-o, --output <FORMAT>`.
    spelling: String,
    /// What it means.
    about: String,
    /// The values that it takes, if these are known, each with what it means.
    values: Vec<(String, String)>,
    /// What counts without it.
    default: Option<String>,
    /// The variable that sets it, too.
    variable: Option<String>,
    /// Its key in the configuration file.
    key: Option<String>,
    /// Whether every verb has it.
    is_global: bool,
}

/// The program, then each verb in the order of `--help`, each followed by those below it.
fn pages() -> Vec<Page> {
    let mut command = Cli::command();
    command.build();
    let mut all = Vec::new();
    add(&command, &mut all);
    all
}

fn add(command: &Command, all: &mut Vec<Page>) {
    all.push(Page::of(command));
    let verbs = command.get_subcommands().filter(|verb| !verb.is_hide_set());
    for verb in verbs.filter(|verb| verb.get_name() != "help") {
        add(verb, all);
    }
}

impl Page {
    fn of(command: &Command) -> Self {
        let about = command.get_long_about().or(command.get_about());
        let mut arguments = Vec::new();
        let mut options: Vec<(String, Vec<Parameter>)> = Vec::new();
        for arg in command.get_arguments().filter(|arg| is_told(arg)) {
            let parameter = Parameter::of(arg);
            let heading = arg.get_help_heading().unwrap_or("Options");
            if arg.is_positional() {
                arguments.push(parameter);
            } else if let Some((_, same)) = options.iter_mut().find(|(name, _)| name == heading) {
                same.push(parameter);
            } else {
                options.push((heading.to_owned(), vec![parameter]));
            }
        }
        let usage = command.clone().render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").lines().map(str::trim);
        Self {
            name: command.get_bin_name().unwrap_or_else(|| command.get_name()).to_owned(),
            about: about.map(ToString::to_string).unwrap_or_default(),
            usage: usage.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n"),
            arguments,
            options,
            examples: examples(command),
            has_verbs: command.get_subcommands().any(|verb| verb.get_name() != "help"),
            command: command.clone(),
        }
    }

    /// Its arguments and options.
    fn parameters(&self) -> impl Iterator<Item = &Parameter> {
        self.arguments.iter().chain(self.options.iter().flat_map(|(_, options)| options))
    }
}

/// Whether something is to be said of an argument.
fn is_told(arg: &Arg) -> bool {
    !arg.is_hide_set() && !matches!(arg.get_id().as_str(), "help" | "version")
}

/// What stands below the options in `--help`, without the exit codes.
fn examples(command: &Command) -> String {
    let text = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let text = text.split(exit::TABLE).next().unwrap_or_default();
    text.trim_start_matches("Examples:\n").trim_end().to_owned()
}

/// The exit codes, each with its meaning.
fn exit_codes() -> Vec<(&'static str, &'static str)> {
    let rows = exit::TABLE.lines().skip(1).map(str::trim);
    rows.filter_map(|row| row.split_once("  ")).map(|(code, text)| (code, text.trim())).collect()
}

impl Parameter {
    fn of(arg: &Arg) -> Self {
        let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
        let about = arg.get_long_help().or(arg.get_help()).map(ToString::to_string);
        let about = about.unwrap_or_default();
        let takes_values = arg.get_action().takes_values();
        let defaults = arg.get_default_values().iter().filter(|_| takes_values);
        let defaults: Vec<_> = defaults.map(|value| value.to_string_lossy()).collect();
        let (about, default) = match about.rsplit_once("[default: ") {
            Some((about, default)) => (about.trim_end(), default.strip_suffix(']')),
            None => (&*about, None),
        };
        let default = default.map(str::to_owned);
        let default = default.or_else(|| (!defaults.is_empty()).then(|| defaults.join(",")));
        let variable = arg.get_env().map(|name| name.to_string_lossy().into_owned());
        let key = variable.as_deref().and_then(|name| name.strip_prefix("RECONCILER_"));
        let key = key.map(str::to_lowercase).filter(|key| is_setting(key));
        let is_listed = takes_values && !arg.is_hide_possible_values_set();
        let values =
            arg.get_possible_values().into_iter().filter(|v| is_listed && !v.is_hide_set());
        let value = |value: clap::builder::PossibleValue| {
            let about = value.get_help().map(ToString::to_string).unwrap_or_default();
            (value.get_name().to_owned(), about.trim_end_matches('.').to_owned())
        };
        Self {
            spelling: format!("{short}{arg}"),
            about: about.split_whitespace().collect::<Vec<_>>().join(" "),
            values: values.map(value).collect(),
            default,
            variable,
            key,
            is_global: arg.is_global_set(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_with_examples() {
        let pages = pages();
        assert_eq!(pages[0].name, "reconciler");
        assert!(pages.len() > 10);
        for page in &pages {
            assert!(!page.about.is_empty(), "{}", page.name);
            assert!(page.usage.starts_with("reconciler"), "{}: {}", page.name, page.usage);
            if !page.has_verbs || page.name == "reconciler" {
                assert!(page.examples.contains("  "), "{} has no examples", page.name);
                assert!(!page.examples.contains("Exit codes"), "{}", page.examples);
            }
        }
    }

    /// What `-h` and `--help` print fits a terminal of 100 columns.
    #[test]
    fn help_fits_100_columns() {
        for page in pages() {
            let mut command = page.command.clone();
            let texts = [command.render_help(), command.render_long_help()];
            for line in texts
                .iter()
                .flat_map(|text| text.to_string().lines().map(str::to_owned).collect::<Vec<_>>())
            {
                // The widths of the terminal are `clap`'s to keep; ours are examples and codes.
                assert!(line.chars().count() <= 100, "{}: {line}", page.name);
            }
        }
    }

    #[test]
    fn a_setting_has_its_variable_its_key_and_its_default() {
        let pages = pages();
        let run = pages.iter().find(|page| page.name == "reconciler run").expect("a verb");
        let poll = run.parameters().find(|it| it.spelling.contains("--poll")).expect("an option");
        assert_eq!(poll.spelling, "--poll <SPAN>");
        assert_eq!(poll.default.as_deref(), Some("10s"));
        assert_eq!(poll.variable.as_deref(), Some("RECONCILER_POLL"));
        assert_eq!(poll.key.as_deref(), Some("poll"));
        assert!(!poll.about.contains("default"), "{}", poll.about);
        let config = run.parameters().find(|it| it.spelling.contains("--config"));
        assert_eq!(config.and_then(|it| it.key.clone()), None, "a file names no file");
        let output = run.parameters().find(|it| it.spelling.starts_with("-o, ")).expect("it");
        assert_eq!(output.values.len(), 2);
    }

    #[test]
    fn exit_codes_are_taken_from_the_table_of_help() {
        let codes = exit_codes();
        assert_eq!(codes[0], ("0", "done; everything is as desired"));
        assert!(codes.iter().any(|(code, _)| *code == "130, 143"));
        assert_eq!(codes.len(), exit::TABLE.lines().count() - 1);
    }
}
