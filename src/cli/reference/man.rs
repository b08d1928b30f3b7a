//! The manual pages: reconciler(1), and one for each verb.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use clap_mangen::Man;

use super::surroundings::{FILES, VARIABLES};
use super::{Page, exit_codes, pages};

/// The pages by the names of their files, that of the program first.
pub(in crate::cli) fn manual() -> Vec<(String, String)> {
    let pages = pages();
    let names: Vec<String> = pages.iter().map(title).collect();
    let file = |page: &Page| {
        let text = page_text(page, &names).expect("BUG: a list of bytes takes all that is written");
        (format!("{}.1", title(page)), ascii(&with_one_preamble(&String::from_utf8_lossy(&text))))
    };
    pages.iter().map(file).collect()
}

/// `reconciler-plan`.
fn title(page: &Page) -> String {
    page.name.replace(' ', "-")
}

fn page_text(page: &Page, names: &[String]) -> io::Result<Vec<u8>> {
    let man = Man::new(page.command.clone());
    let mut out = Vec::new();
    // The date is left empty: the same program makes the same page.
    let (name, version) = (title(page).to_uppercase(), env!("CARGO_PKG_VERSION"));
    writeln!(out, ".TH {} 1 \"\" \"reconciler {version}\" \"reconciler manual\"", roff(&name))?;
    man.render_name_section(&mut out)?;
    writeln!(out, ".SH SYNOPSIS\n.nf\n{}\n.fi", roff(&page.usage))?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    if page.has_verbs {
        man.render_subcommands_section(&mut out)?;
    }
    if !page.examples.is_empty() {
        writeln!(out, ".SH EXAMPLES\n.nf\n{}\n.fi", roff(&page.examples))?;
    }
    let codes: Vec<(String, String)> =
        exit_codes().into_iter().map(|(code, text)| (code.to_owned(), text.to_owned())).collect();
    list(&mut out, "EXIT STATUS", &codes)?;
    list(&mut out, "ENVIRONMENT", &variables(page))?;
    list(&mut out, "FILES", &owned(FILES))?;
    let others = names.iter().filter(|name| **name != title(page));
    let others: Vec<String> = others.map(|name| format!("\\fB{}\\fR(1)", roff(name))).collect();
    writeln!(out, ".SH SEE ALSO\n{}", others.join(",\n"))?;
    Ok(out)
}

/// The page with what defines an apostrophe at its beginning only: each section brings it along.
fn with_one_preamble(text: &str) -> String {
    let is_preamble =
        |line: &&str| line.starts_with(".ie \\n(.g .ds Aq") || line.starts_with(".el .ds Aq");
    let preamble = text.lines().filter(is_preamble).take(2);
    let rest = text.lines().filter(|line| !is_preamble(line));
    preamble.chain(rest).flat_map(|line| [line, "\n"]).collect()
}

/// The page in characters that every formatter reads, whatever the locale.
fn ascii(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            let _ = write!(out, "\\[u{:04X}]", u32::from(c));
        }
    }
    out
}

/// The variables of a page's options, and those that have none.
fn variables(page: &Page) -> Vec<(String, String)> {
    let own = page.parameters().filter_map(|it| {
        let key = match &it.key {
            Some(key) => format!(", {key} in the file of --config"),
            None => String::new(),
        };
        Some((it.variable.clone()?, format!("{}{key}", it.spelling)))
    });
    own.chain(owned(VARIABLES)).collect()
}

fn owned(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

/// A section of names, each with its meaning.
fn list(out: &mut Vec<u8>, title: &str, rows: &[(String, String)]) -> io::Result<()> {
    writeln!(out, ".SH \"{title}\"")?;
    for (name, text) in rows {
        writeln!(out, ".TP\n\\fB{}\\fR\n{}", roff(name), roff(text))?;
    }
    Ok(())
}

/// A text whose characters mean themselves.
fn roff(text: &str) -> String {
    let line = |line: &str| {
        let line = line.replace('\\', "\\e").replace('-', "\\-");
        if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_has_a_page_of_all_sections() {
        let all = manual();
        assert_eq!(all[0].0, "reconciler.1");
        assert!(all.iter().any(|(name, _)| name == "reconciler-plan.1"));
        for (name, text) in &all {
            for section in
                ["NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS", "ENVIRONMENT", "FILES"]
            {
                let heading = format!(".SH {section}\n");
                let quoted = format!(".SH \"{section}\"\n");
                assert!(text.contains(&heading) || text.contains(&quoted), "{name}: {section}");
            }
            assert!(text.is_ascii(), "{name}");
            assert_eq!(text.matches(".ds Aq").count(), 2, "{name}");
            let third = text.lines().nth(2).unwrap_or_default();
            assert!(third.starts_with(".TH RECONCILER") && third.contains(" 1 \"\" "), "{name}");
        }
    }

    #[test]
    fn no_text_is_read_as_a_command() {
        assert_eq!(ascii("unix:///…"), "unix:///\\[u2026]");
        assert_eq!(roff(".SH x\n'a\n--once \\n"), "\\&.SH x\n\\&'a\n\\-\\-once \\en");
    }
}
