//! A plan as the comment of a merge request: short at first sight, with what differs in folds, and
//! a mark by which the comment is found and written again.

use std::fmt::Write as _;

use model::overview::Overview;
use model::plan::Plan;

/// By which the comment is found again; it is not shown.
pub(in crate::cli) const MARK: &str = "<!-- reconciler plan -->";

/// How many characters it may have: forges take 65,536.
const MOST: usize = 60_000;

/// The comment; `counted` takes the place of the line that counts everything in the plan.
pub(in crate::cli) fn comment(plan: &Plan, counted: Option<&str>, command: &str) -> String {
    let overview = Overview::of(plan);
    let counted = counted.map_or_else(|| plan.summary_of(&overview), str::to_owned);
    let counted: Vec<String> =
        counted.lines().map(|line| format!("**{}**", escaped(line))).collect();
    let mut out = format!("{MARK}\n{}\n", counted.join("\n\n"));
    let rest = plan.overview_rest(command);
    let rest = if rest.is_empty() { rest } else { format!("\n{}", fenced(&rest)) };
    // What is withheld matters most, so that its place is kept.
    let rest = if rest.chars().count() < MOST / 2 { rest } else { much("what is withheld") };
    let room = MOST.saturating_sub(rest.chars().count() + 200);
    let all = plan.overview_deployments(&overview);
    for (place, (head, text)) in all.iter().enumerate() {
        let body: String = text.lines().skip(1).fold(String::new(), |mut body, line| {
            let _ = writeln!(body, "{line}");
            body
        });
        let fold = format!(
            "\n<details><summary>{}</summary>\n\n{}</details>\n",
            escaped(head),
            fenced(&body)
        );
        if out.chars().count() + fold.chars().count() > room {
            out.push_str(&much(&format!("what changes of {} more deployments", all.len() - place)));
            break;
        }
        out.push_str(&fold);
    }
    out + &rest
}

fn much(what: &str) -> String {
    format!("\n{what} is too much for a comment: `reconciler plan` shows it\n")
}

/// As code, whatever backticks it has.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_does_not_end_early() {
        assert_eq!(fenced("a\n"), "```text\na\n```\n");
        assert_eq!(fenced("a ``` b"), "````text\na ``` b\n````\n");
    }

    #[test]
    fn a_name_is_no_markup() {
        assert_eq!(escaped("<b>&"), "&lt;b&gt;&amp;");
    }
}
