//! `explain`: what a code means, with an example and its remedy.

use serde_json::json;

use text::suggest::did_you_mean;

use super::super::console::{Console, FAINT, Format, STRONG, paint};
use super::super::exit::Exit;
use super::super::explanations::{self, Explanation};
use super::super::setup::Refusal;
use model::render::machine::SCHEMA_VERSION;

/// Whether a word is a code, or would be one: it may stand as messages print it.
pub(in crate::cli) fn is_code(word: &str) -> bool {
    let code = word.trim_start_matches("error[").trim_end_matches(']');
    let mut letters = code.chars();
    matches!(letters.next(), Some('E' | 'e' | 'W' | 'w'))
        && code.len() == 5
        && letters.all(|letter| letter.is_ascii_digit())
}

/// Explains a code, or lists all.
pub(in crate::cli) fn explain(console: Console, code: Option<&str>) -> Result<Exit, Refusal> {
    let Some(code) = code else {
        if console.format == Format::Json {
            let each = |one: &Explanation| json!({ "code": one.code, "title": one.title() });
            let codes: Vec<_> = explanations::ALL.iter().map(each).collect();
            console.json(&json!({ "schema_version": SCHEMA_VERSION, "codes": codes }));
        } else {
            let line =
                |one: &Explanation| format!("{}  {}\n", paint(STRONG, one.code), one.title());
            console.result(&explanations::ALL.iter().map(line).collect::<String>());
        }
        return Ok(Exit::Done);
    };
    let asked = code.trim_start_matches("error[").trim_end_matches(']').to_ascii_uppercase();
    let Some(one) = explanations::ALL.iter().find(|one| one.code == asked) else {
        let near = did_you_mean(&asked, explanations::ALL.iter().map(|one| one.code));
        let help = near.unwrap_or_else(|| "`reconciler explain` lists all codes".to_owned());
        return Err(Refusal::usage(format!("there is no code `{code}`"), help));
    };
    if console.format == Format::Json {
        console.json(&json!({
            "schema_version": SCHEMA_VERSION,
            "code": one.code,
            "title": one.title(),
            "text": one.text,
        }));
    } else {
        console.result(&rendered(one));
    }
    Ok(Exit::Done)
}

/// The text for a terminal: examples are set in instead of fenced.
fn rendered(one: &Explanation) -> String {
    let mut out = String::new();
    let mut is_example = false;
    for line in one.text.lines() {
        if let Some(title) = line.strip_prefix("# ") {
            out += &paint(STRONG, title);
        } else if line.starts_with("```") {
            is_example = !is_example;
            continue;
        } else if is_example && !line.is_empty() {
            let style = if line.trim_start().starts_with('#') {
                FAINT
            } else {
                clap::builder::styling::Style::new()
            };
            out.extend(["    ", &paint(style, line)]);
        } else {
            out += line;
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_set_in() {
        let one = Explanation {
            code: "E0000",
            text: "# E0000: title\n\nWhy.\n\n```yaml bad\na: 1\n```\n",
        };
        let text = anstream::adapter::strip_str(&rendered(&one)).to_string();
        assert_eq!(text, "E0000: title\n\nWhy.\n\n    a: 1\n");
        assert_eq!(one.title(), "title");
    }
}
