//! Choosing the commit that a reference means among what a repository offers.

use git2::Oid;

use super::settings::Reference;
use world::SourceError;

/// A reference as a repository lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    /// `HEAD`, `refs/heads/main`, `refs/tags/v1`.
    pub(super) name: String,
    /// What it points at: a commit, or the object of an annotated tag.
    pub(super) oid: Oid,
}

/// What is to be had from the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) oid: Oid,
    /// The reference to ask for; a commit that none points at is asked for by its id.
    pub(super) name: Option<String>,
}

/// Finds the target, or says why there is none; `rendered` is the address for the message.
pub(super) fn choose(
    heads: &[Head],
    reference: &Reference,
    rendered: &str,
) -> Result<Target, SourceError> {
    let find = |name: &str| heads.iter().find(|head| head.name == name);
    let target = |head: &Head| Target { oid: head.oid, name: Some(head.name.clone()) };
    let missing = |text: String| SourceError::Missing(format!("{rendered} {text}"));
    let branch = |name: &str| find(&format!("refs/heads/{name}")).map(target);
    let tag = |name: &str| find(&format!("refs/tags/{name}")).map(target);
    match reference {
        Reference::Default => find("HEAD")
            .map(target)
            .ok_or_else(|| missing("has no commit at HEAD; push one, or name a branch".to_owned())),
        Reference::Branch(name) => {
            branch(name).ok_or_else(|| missing(format!("has no branch `{name}`")))
        }
        Reference::Tag(name) => tag(name).ok_or_else(|| missing(format!("has no tag `{name}`"))),
        Reference::Named(name) => match (branch(name), tag(name)) {
            (Some(_), Some(_)) => Err(SourceError::Invalid(format!(
                "{rendered} has both a branch and a tag `{name}`; say refs/heads/{name} or \
                 refs/tags/{name}"
            ))),
            (Some(found), None) | (None, Some(found)) => Ok(found),
            (None, None) => Err(missing(format!(
                "has no branch or tag `{name}` (a commit is given by its full 40 digits)"
            ))),
        },
        Reference::Commit(id) => {
            let oid = commit(id)?;
            let name = heads
                .iter()
                .find(|head| head.oid == oid && head.name.starts_with("refs/"))
                .map(|head| head.name.clone());
            Ok(Target { oid, name })
        }
    }
}

/// A commit id as an object id.
pub(super) fn commit(id: &str) -> Result<Oid, SourceError> {
    Oid::from_str(id).map_err(|_| SourceError::Invalid(format!("`{id}` is not a commit id")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oid(digit: &str) -> Oid {
        Oid::from_str(&digit.repeat(40)).unwrap()
    }

    fn heads() -> Vec<Head> {
        [
            ("HEAD", "a"),
            ("refs/heads/main", "a"),
            ("refs/heads/v1", "b"),
            ("refs/tags/v1", "c"),
            ("refs/tags/v2", "d"),
            ("refs/pull/1/head", "e"),
        ]
        .map(|(name, digit)| Head { name: name.to_owned(), oid: oid(digit) })
        .into()
    }

    fn chosen(text: &str) -> Result<Oid, SourceError> {
        choose(&heads(), &Reference::parse(text), "x.git").map(|target| target.oid)
    }

    #[test]
    fn names_are_found_and_ambiguous_ones_refused() {
        assert_eq!(chosen(""), Ok(oid("a")));
        assert_eq!(chosen("main"), Ok(oid("a")));
        assert_eq!(chosen("v2"), Ok(oid("d")));
        assert_eq!(chosen("refs/heads/v1"), Ok(oid("b")));
        assert_eq!(chosen("refs/tags/v1"), Ok(oid("c")));
        let SourceError::Invalid(text) = chosen("v1").unwrap_err() else { panic!("not invalid") };
        assert!(text.contains("refs/heads/v1 or refs/tags/v1"), "{text}");
        for missing in ["none", "refs/heads/v2", "refs/tags/main", "refs/pull/1/head", "--upload"] {
            assert!(matches!(chosen(missing), Err(SourceError::Missing(_))), "{missing}");
        }
        assert!(matches!(choose(&[], &Reference::Default, "x.git"), Err(SourceError::Missing(_))));
    }

    #[test]
    fn a_commit_is_asked_for_by_a_reference_where_one_points_at_it() {
        let target = choose(&heads(), &Reference::parse(&"e".repeat(40)), "x.git").unwrap();
        assert_eq!(target.name.as_deref(), Some("refs/pull/1/head"));
        let target = choose(&heads(), &Reference::parse(&"f".repeat(40)), "x.git").unwrap();
        assert_eq!(target, Target { oid: oid("f"), name: None });
    }
}
