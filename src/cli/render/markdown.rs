//! A plan as the comment of a merge request: short at first sight, with what differs in folds, and
//! a mark by which the comment is found and written again.

use std::fmt::Write as _;

use model::overview::Overview;
use model::plan::Plan;

/// By which the comment is found again; it is not shown.
pub(in crate::cli) const MARK: &str = "<!-- reconciler plan -->";

/// How many characters it may have: forges take 65,536.
const MOST: usize = 60_000;

/// How long the line is that counts what is left out.
const LAST: usize = 30;

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
    let heads = overview.deployments.iter().zip(&all).map(|(changes, (head, _))| {
        let counts = model::render::counted(changes);
        if counts.is_empty() { head.clone() } else { format!("{head}: {counts}") }
    });
    let heads: Vec<String> = heads.collect();
    let bodies: Vec<&str> =
        all.iter().map(|(_, text)| text.split_once('\n').map_or("", |(_, body)| body)).collect();
    let fixed: usize = heads.iter().map(|head| fold(head, "").chars().count()).sum();
    let room = room.saturating_sub(out.chars().count() + fixed);
    let most = share(bodies.iter().map(|body| body.chars().count()).collect(), room);
    for (place, (head, body)) in heads.iter().zip(&bodies).enumerate() {
        let fold = fold(head, &shortened(body, most));
        if out.chars().count() + fold.chars().count() > MOST - rest.chars().count() - 200 {
            out.push_str(&much(&format!("what changes of {} more deployments", all.len() - place)));
            break;
        }
        out.push_str(&fold);
    }
    out + &rest
}

fn fold(head: &str, body: &str) -> String {
    format!("\n<details><summary>{}</summary>\n\n{}</details>\n", escaped(head), fenced(body))
}

/// How long a text may be so that all of these fit into a room: short ones leave theirs to others.
fn share(mut lengths: Vec<usize>, mut room: usize) -> usize {
    lengths.sort_unstable();
    let mut left = lengths.len();
    for length in lengths {
        if length > room / left {
            return room / left;
        }
        room -= length;
        left -= 1;
    }
    usize::MAX
}

/// The first objects of a deployment, and how many more there are. What is said of an object is
/// indented further than its own line.
fn shortened(body: &str, most: usize) -> String {
    if body.chars().count() <= most {
        return body.to_owned();
    }
    let mut objects: Vec<String> = Vec::new();
    for line in body.lines() {
        match objects.last_mut() {
            Some(last) if line.starts_with("   ") => last.extend(["\n", line]),
            _ => objects.push(line.to_owned()),
        }
    }
    let mut short = String::new();
    let mut length = LAST;
    for (place, object) in objects.iter().enumerate() {
        length += object.chars().count() + 1;
        if length > most {
            let _ = writeln!(short, "  ... and {} more", objects.len() - place);
            break;
        }
        let _ = writeln!(short, "{object}");
    }
    short
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

    #[test]
    fn a_large_deployment_is_shortened_to_its_first_objects() {
        let object = |n| format!("  + create s{n}\n      it does not exist\n");
        let body: String = (0..100).map(object).collect();
        let short = shortened(&body, 200);
        assert!(short.starts_with(&object(0)) && short.chars().count() <= 200, "{short}");
        assert!(short.ends_with("  ... and 96 more\n"), "{short}");
        assert_eq!(shortened(&body, 9_999), body);
        assert_eq!([share(vec![10, 500, 500], 610), share(vec![10, 20], 30)], [300, usize::MAX]);
    }
}
