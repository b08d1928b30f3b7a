//! `config`: a stack in normal form, as `docker compose config` prints it and on the same
//! command line. It starts no runtime and asks nobody: it is as fast as reading is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;

use compose::variables::Variables;
use compose::{self, Options, Project, Request};
use model::diagnostic::Diagnostic;
use text::yaml::{Entry, Node, Value};

use super::super::console::Console;
use super::super::environment::Environment;
use super::super::exit::Exit;
use super::super::project::{
    ConfigArgs, FormatArg, Located, Variable, locate, names, select, service_order, variables,
    without_unused,
};
use super::super::setup::Refusal;

/// Prints what the arguments ask for.
pub(in crate::cli) fn config(
    console: Console,
    args: &ConfigArgs,
    environment: &Environment,
) -> Result<Exit, Refusal> {
    let located = locate(&args.project, environment)?;
    let mut messages = located.warnings.clone();
    let result = Config { args, located: &located }.text(&mut messages);
    for message in &mut messages {
        shorten(message, &located.here);
    }
    console.complain_all(&messages);
    let text = match result {
        Ok(Some(text)) => text,
        Ok(None) => return Ok(Exit::Invalid),
        Err(refusal) => return Err(refusal),
    };
    match &args.print.output {
        _ if args.print.quiet => {}
        Some(path) => fs::write(path, text).map_err(|error| {
            Refusal::invalid(format!("`{}` cannot be written: {error}", path.display()))
        })?,
        None => console.result_as_is(&text),
    }
    Ok(Exit::Done)
}

/// A call of `config`.
struct Config<'a> {
    args: &'a ConfigArgs,
    located: &'a Located,
}

impl Config<'_> {
    /// The result; `None` if the project is not valid.
    fn text(&self, messages: &mut Vec<Diagnostic>) -> Result<Option<String>, Refusal> {
        let print = &self.args.print;
        let unfilled = print.variables || self.args.skip.no_interpolate;
        let Some(mut project) = self.load(&self.located.profiles, unfilled, messages) else {
            return Ok(None);
        };
        if print.variables {
            return Ok(Some(self.variables(&project.root)));
        }
        if print.environment {
            return Ok(Some(environment(&self.located.variables, &project.name)));
        }
        if unfilled {
            return Ok(Some(if print.services {
                lines(names(&project.root, "services"))
            } else {
                self.whole(&project)
            }));
        }
        // What is listed as a whole is listed without a choice of services.
        let listed = print.services || print.volumes || print.networks || print.models;
        let only = if listed || print.hash.is_some() { &[][..] } else { &self.args.only };
        if let Some(profiles) = self.more_profiles(&project, only) {
            messages.clear();
            let Some(more) = self.load(&profiles, false, messages) else { return Ok(None) };
            project = more;
        }
        let order = service_order(&project.root, only)?;
        if !only.is_empty() {
            select(&mut project.root, &order);
        }
        if !self.args.project.all_resources {
            without_unused(&mut project.root);
        }
        self.part(&project, order).map(Some)
    }

    fn load(
        &self,
        profiles: &[String],
        unfilled: bool,
        messages: &mut Vec<Diagnostic>,
    ) -> Option<Project> {
        let Located { tree, files, directory, name, variables, .. } = self.located;
        let skip = &self.args.skip;
        let names_only = self.args.print.names_only();
        let options = Options {
            skip_interpolation: unfilled,
            skip_normalization: skip.no_normalize || self.args.project.compatibility,
            skip_paths: skip.no_path_resolution,
            skip_consistency: skip.no_consistency,
            skip_environment: skip.no_env_resolution || names_only || unfilled,
            all_resources: self.args.project.all_resources,
            ..Options::default()
        };
        // Compose gives no value to anything then, also not to names without one.
        let home = variables.passed.get_key_value("HOME").map(|(k, v)| (k.clone(), v.clone()));
        let bare = Variables { passed: home.into_iter().collect(), ..Variables::default() };
        let variables = if unfilled { &bare } else { variables };
        let root = "/";
        let name = name.as_deref();
        let request = Request { tree, directory, root, name, profiles, variables, options };
        let (project, found) = compose::normal_form(&request, files);
        messages.extend(found);
        project
    }

    /// The profiles that naming a service enables, if it is not enabled already.
    fn more_profiles(&self, project: &Project, only: &[String]) -> Option<Vec<String>> {
        let named =
            project.disabled.iter().filter(|service| only.iter().any(|name| *name == service.key));
        let more: Vec<String> = named
            .filter_map(|service| service.value.get("profiles"))
            .flat_map(|profiles| scalars(&profiles.value))
            .collect();
        (!more.is_empty()).then(|| [&self.located.profiles[..], &more].concat())
    }

    /// What is asked for of a project.
    fn part(&self, project: &Project, order: Vec<String>) -> Result<String, Refusal> {
        let print = &self.args.print;
        let root = &project.root;
        let sorted = |section| names(root, section).into_iter().collect::<BTreeSet<_>>();
        let services = || root.get("services").into_iter().flat_map(|s| entries(&s.value));
        Ok(if print.services {
            lines(order)
        } else if print.volumes {
            lines(sorted("volumes"))
        } else if print.networks {
            lines(sorted("networks"))
        } else if print.models {
            let models = root.get("models").into_iter().flat_map(|models| entries(&models.value));
            lines(models.filter_map(|model| scalar(&model.value, "model")).collect::<BTreeSet<_>>())
        } else if let Some(asked) = &print.hash {
            hashes(root, asked)?
        } else if print.profiles {
            let all = services().chain(&project.disabled);
            let profiles = all.filter_map(|service| service.value.get("profiles"));
            lines(profiles.flat_map(|list| scalars(&list.value)).collect::<BTreeSet<_>>())
        } else if print.images {
            let separator = if self.args.project.compatibility { '_' } else { '-' };
            let made = |name: &str| format!("{}{separator}{name}", project.name);
            let image = |service: &Entry| {
                let given = scalar(&service.value, "image").filter(|image| !image.is_empty());
                given.map_or_else(|| made(&service.key), str::to_owned)
            };
            let sorted: BTreeMap<_, _> =
                services().map(|service| (&service.key, image(service))).collect();
            lines(sorted.into_values())
        } else {
            self.whole(project)
        })
    }

    fn whole(&self, project: &Project) -> String {
        let unfilled = self.args.skip.no_interpolate;
        match self.args.print.format {
            Some(FormatArg::Json) => compose::config::json_text(project, unfilled),
            Some(FormatArg::Yaml) | None => compose::config::yaml(project, unfilled),
        }
    }

    fn variables(&self, root: &Node) -> String {
        let found = variables(root);
        match self.args.print.format {
            Some(FormatArg::Json) => indented(&found),
            Some(FormatArg::Yaml) => {
                let one = |v: &Variable| {
                    serde_json::json!({
                        "name": v.name, "defaultvalue": v.default_value,
                        "presencevalue": v.presence_value, "required": v.required,
                    })
                };
                let found: BTreeMap<_, _> =
                    found.values().map(|v| (v.name.clone(), one(v))).collect();
                serde_yaml::to_string(&found).expect("BUG: plain data with string keys")
            }
            None => {
                let mut rows = vec![
                    ["NAME", "REQUIRED", "DEFAULT VALUE", "ALTERNATE VALUE"].map(str::to_owned),
                ];
                rows.extend(
                    found.into_values().map(|v| {
                        [v.name, v.required.to_string(), v.default_value, v.presence_value]
                    }),
                );
                table(&rows)
            }
        }
    }
}

fn entries(node: &Node) -> &[Entry] {
    match &node.value {
        Value::Map(entries) => entries,
        _ => &[],
    }
}

fn scalar<'a>(node: &'a Node, key: &str) -> Option<&'a str> {
    node.get(key)?.value.scalar().map(|scalar| scalar.text.as_str())
}

fn scalars(node: &Node) -> Vec<String> {
    match &node.value {
        Value::List(items) => {
            items.iter().filter_map(Node::scalar).map(|scalar| scalar.text.to_string()).collect()
        }
        _ => Vec::new(),
    }
}

fn lines(items: impl IntoIterator<Item = impl std::fmt::Display>) -> String {
    items.into_iter().fold(String::new(), |mut out, item| {
        let _ = writeln!(out, "{item}");
        out
    })
}

fn hashes(root: &Node, asked: &str) -> Result<String, Refusal> {
    let all: BTreeSet<&str> = names(root, "services").into_iter().collect();
    let asked: BTreeSet<&str> = if asked == "*" { all } else { asked.split(',').collect() };
    let known: Vec<String> = asked.iter().map(|name| (*name).to_owned()).collect();
    service_order(root, &known)?;
    let services = root.get("services").expect("BUG: there are services").value.clone();
    let line = |name: &&str| {
        let service = services.get(name).expect("BUG: it is there");
        format!("{name} {}", compose::hash::service(&service.value))
    };
    Ok(lines(asked.iter().map(line)))
}

/// What references see. Compose prints the values, and so do we: it is the caller's own.
fn environment(variables: &Variables, name: &str) -> String {
    let mut all = variables.dotenv.clone();
    all.extend(variables.passed.clone());
    all.insert("COMPOSE_PROJECT_NAME".to_owned(), name.to_owned());
    lines(all.into_iter().map(|(name, value)| format!("{name}={value}")))
}

/// JSON with an indentation of 4, as Compose prints what is not a stack.
fn indented(value: &impl serde::Serialize) -> String {
    let mut out = Vec::new();
    let form = serde_json::ser::PrettyFormatter::with_indent(b"    ");
    let mut serializer = serde_json::Serializer::with_formatter(&mut out, form);
    value.serialize(&mut serializer).expect("BUG: plain data with string keys");
    String::from_utf8(out).expect("BUG: JSON is text") + "\n"
}

/// Columns of at least 20 characters, three blanks apart, as Compose aligns them.
fn table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count() + 3).max();
    let widths: [usize; N] = std::array::from_fn(|column| width(column).unwrap_or(0).max(20));
    let mut out = String::new();
    for row in rows {
        for (cell, width) in row[..N - 1].iter().zip(widths) {
            let _ = write!(out, "{cell:width$}");
        }
        let _ = writeln!(out, "{}", row[N - 1]);
    }
    out
}

/// Names files as the caller would: from the working folder, or absolute.
fn shorten(message: &mut Diagnostic, here: &str) {
    let short = |path: &str| match path.strip_prefix(here).and_then(|rest| rest.strip_prefix('/')) {
        Some("-") => "standard input".to_owned(),
        Some(inside) => inside.to_owned(),
        None if path.is_empty() || path.starts_with('/') => path.to_owned(),
        None if here.is_empty() => path.to_owned(),
        None => format!("/{path}"),
    };
    if let Some(at) = &mut message.at {
        at.file = short(&at.file).into();
    }
    // Inside messages, only what is certainly a path from the root.
    let prefix = format!(" {here}/");
    for text in [Some(&mut message.message), message.help.as_mut()].into_iter().flatten() {
        *text = text.replace(&prefix, " ").replace(&format!("`{here}/"), "`");
    }
}
