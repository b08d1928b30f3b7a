//! The command line as one Markdown document, which is docs/cli.md; with `UPDATE_EXPECT=1` a test
//! writes it.

use std::fmt::Write as _;

use super::surroundings::{FILES, VARIABLES};
use super::{Page, Parameter, exit_codes, pages};

/// The whole document.
pub(in crate::cli) fn document() -> String {
    let pages = pages();
    let mut out = String::from(
        "# Command line\n\n\
         <!-- What `reconciler man --markdown` prints: change the program, not this file. -->\n\n\
         The same as `reconciler VERB --help` and the manual pages that `reconciler man` prints.\n\n",
    );
    for page in &pages[1..] {
        let about = page.about.lines().next().unwrap_or_default();
        let _ = writeln!(out, "- [{}](#{}): {}", page.name, anchor(&page.name), cell(about));
    }
    let program = &pages[0];
    let _ = write!(
        out,
        "\nWithout a verb, `--once` plans, applies, waits for health and ends with an exit code.\n\n\
         Every setting can be given as a flag, as a variable or in a file that `--config` names; a \
         flag counts before a variable, a variable before the file, the file before the default.\n\n"
    );
    out += "## Of every verb\n\n";
    let global = program.parameters().filter(|it| it.is_global).collect::<Vec<_>>();
    out += &table("option", &global);
    section(&mut out, program, "## reconciler --once");
    for page in &pages[1..] {
        section(&mut out, page, &format!("## {}", page.name));
    }
    out += "## Exit codes\n\n| code | meaning |\n| --- | --- |\n";
    for (code, text) in exit_codes() {
        let _ = writeln!(out, "| {code} | {} |", cell(text));
    }
    out += "\nOf several that apply, the first of 65, 69, 75, 77, 1, 3 counts.\n";
    for (title, head, rows) in [("Variables", "variable", VARIABLES), ("Files", "file", FILES)] {
        let _ = write!(out, "\n## {title}\n\n| {head} | meaning |\n| --- | --- |\n");
        for (names, text) in rows {
            let names: Vec<_> = names.split(", ").map(|name| format!("`{name}`")).collect();
            let _ = writeln!(out, "| {} | {} |", names.join(", "), cell(text));
        }
    }
    out
}

/// One verb.
fn section(out: &mut String, page: &Page, title: &str) {
    let _ = write!(out, "\n{title}\n\n{}\n\n```text\n{}\n```\n", page.about, page.usage);
    let arguments: Vec<_> = page.arguments.iter().collect();
    if !arguments.is_empty() {
        let _ = write!(out, "\n{}", table("argument", &arguments));
    }
    for (heading, options) in &page.options {
        let own: Vec<_> = options.iter().filter(|option| !option.is_global).collect();
        if !own.is_empty() {
            let _ = write!(out, "\n### {heading} of `{}`\n\n{}", page.name, table("option", &own));
        }
    }
    if !page.examples.is_empty() {
        let _ =
            write!(out, "\n### Examples of `{}`\n\n```text\n{}\n```\n", page.name, page.examples);
    }
    out.push_str("\n[Options of every verb](#of-every-verb), [exit codes](#exit-codes)\n");
}

fn table(head: &str, all: &[&Parameter]) -> String {
    let mut out = format!("| {head} | meaning | default | variable | key of the file |\n");
    out += "| --- | --- | --- | --- | --- |\n";
    for one in all {
        let mut about = one.about.clone();
        let described = one.values.iter().any(|(_, about)| !about.is_empty());
        let values = one.values.iter().map(|(value, about)| {
            if about.is_empty() { format!("`{value}`") } else { format!("`{value}`: {about}") }
        });
        let values: Vec<String> = values.collect();
        if !values.is_empty() {
            let _ = write!(about, " ({})", values.join(if described { "; " } else { ", " }));
        }
        let code =
            |text: &Option<String>| text.as_ref().map_or(String::new(), |it| format!("`{it}`"));
        let _ = writeln!(
            out,
            "| `{}` | {} | {} | {} | {} |",
            cell(&one.spelling),
            cell(&about),
            cell(one.default.as_deref().unwrap_or_default()),
            code(&one.variable),
            code(&one.key),
        );
    }
    out
}

/// A text in a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

/// The anchor of a heading, as GitHub and GitLab make it.
fn anchor(heading: &str) -> String {
    heading.to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn docs_cli_md_is_what_the_program_says() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/cli.md");
        let written = std::fs::read_to_string(&path).unwrap_or_default();
        let document = document();
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            std::fs::write(&path, &document).expect("a writable document");
        }
        if written != document {
            let diff = similar::TextDiff::from_lines(&written, &document);
            panic!(
                "docs/cli.md is out of date (UPDATE_EXPECT=1 writes it):\n{}",
                diff.unified_diff()
            );
        }
    }

    #[test]
    fn tables_have_as_many_cells_as_columns() {
        for line in document().lines().filter(|line| line.starts_with('|')) {
            let bars = line.replace("\\|", "").matches('|').count();
            assert!(bars == 6 || bars == 3, "{line}");
        }
    }
}
