//! What an engine or the way to it reports, by what to do next. The texts
//! never hold a request's or an answer's body, which may hold secrets.

use bollard::errors::Error;

use super::endpoint::EndpointError;
use super::unreachable::{NoEngine, explained};
use crate::docker::guard::Refusal;
use crate::http::HttpError;
use model::id::EngineName;
use world::OutsideError;
use world::remedy::with_remedy;

/// Messages of an engine are cut after so many characters.
const LONGEST: usize = 600;

/// Reads an error of a call to this engine.
pub(in crate::docker) fn outside(engine: &EngineName, error: &Error) -> OutsideError {
    match error {
        Error::DockerResponseServerError { status_code, message } => {
            status(engine, *status_code, message)
        }
        Error::DockerStreamError { error } => OutsideError::Failed(described(engine, error)),
        Error::RequestTimeoutError => timeout(engine),
        Error::IOError { err } => match err.get_ref() {
            Some(inner) => carried(engine, inner),
            None => broken(engine, &err.to_string()),
        },
        Error::JsonDataError { column, .. } => OutsideError::Failed(format!(
            "engine {engine}: its answer is not of the known form (column {column})"
        )),
        Error::JsonSerdeError { err } => OutsideError::Failed(format!(
            "engine {engine}: its answer is not of the known form (column {})",
            err.column()
        )),
        Error::HyperResponseError { err } => broken(engine, &err.to_string()),
        other => OutsideError::Failed(described(engine, &other.to_string())),
    }
}

/// The engine did not answer in time.
pub(in crate::docker) fn timeout(engine: &EngineName) -> OutsideError {
    OutsideError::Timeout(format!("engine {engine}: it did not answer in time"))
}

/// An engine's address that cannot be used.
pub(in crate::docker) fn endpoint(engine: &EngineName, error: &EndpointError) -> OutsideError {
    let text = with_remedy(&format!("engine {engine}: {error}"), &error.remedy(engine));
    match error {
        EndpointError::Host(_) => OutsideError::Unreachable(text),
        _ => OutsideError::Forbidden(text),
    }
}

/// A message of the engine, on one line, without control characters, cut.
pub(in crate::docker) fn described(engine: &EngineName, message: &str) -> String {
    let line: String = message
        .trim()
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(LONGEST)
        .collect();
    format!("engine {engine}: {line}")
}

/// This text without these values. Short ones are left: they would blacken all else. Long
/// ones go first, so that nothing is left of one that begins like another.
pub(in crate::docker) fn without<'a>(text: &str, secrets: impl Iterator<Item = &'a str>) -> String {
    let mut secrets: Vec<&str> = secrets.filter(|secret| secret.len() >= 4).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret, "(masked)"))
}

/// What the engine says when something else has what a call needs. Its codes for it are 403,
/// 409 and 500, depending on what and on its version.
const IN_USE: [&str; 4] =
    ["port is already allocated", "address already in use", "overlaps", "is already in use"];
/// What the engine says when something is not there any more that a call is about.
const GONE: [&str; 3] = ["no such container", "no such network", "no such volume"];
/// What an engine's plugin for authorization, or a proxy before it, says.
const DENIED: [&str; 4] = ["denied", "forbidden", "permission", "unauthorized"];

fn status(engine: &EngineName, code: u16, message: &str) -> OutsideError {
    let text = described(engine, message);
    let lower = message.to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| lower.contains(word));
    let is_gone = || says(&GONE) || lower.contains("network ") && lower.contains(" not found");
    match code {
        403 | 409 | 500 if says(&IN_USE) => OutsideError::InUse(text),
        404 if is_gone() => OutsideError::Gone(text),
        409 => OutsideError::Conflict(text),
        // The engine's message for "in use", not for missing rights.
        403 if says(&["active endpoints", "already exists"]) => OutsideError::Conflict(text),
        401 => OutsideError::Forbidden(text),
        // Most of these are about networks and addresses, and not about rights.
        403 if lower.trim().is_empty() || says(&DENIED) => OutsideError::Forbidden(text),
        _ => OutsideError::Failed(text),
    }
}

/// An error that bollard could only carry inside an I/O error.
fn carried(
    engine: &EngineName,
    error: &(dyn std::error::Error + Send + Sync + 'static),
) -> OutsideError {
    if let Some(refusal) = error.downcast_ref::<Refusal>() {
        return OutsideError::Forbidden(format!("engine {engine}: {refusal}"));
    }
    if let Some(other) = error.downcast_ref::<NoEngine>() {
        return OutsideError::Unreachable(format!("engine {engine}: {other}"));
    }
    match error.downcast_ref::<HttpError>() {
        Some(error) => connection(engine, error),
        None => broken(engine, &error.to_string()),
    }
}

fn connection(engine: &EngineName, error: &HttpError) -> OutsideError {
    let text = format!("engine {engine}: {}", explained(error));
    match error {
        HttpError::PermissionDenied { .. } | HttpError::TlsRefused { .. } => {
            OutsideError::Forbidden(text)
        }
        HttpError::NotHttp { .. } | HttpError::Closed { .. } => OutsideError::Timeout(text),
        _ => OutsideError::Unreachable(text),
    }
}

fn broken(engine: &EngineName, why: &str) -> OutsideError {
    OutsideError::Timeout(described(engine, &format!("the answer broke off: {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(status_code: u16, message: &str) -> OutsideError {
        outside(
            &"web1".into(),
            &Error::DockerResponseServerError { status_code, message: message.to_owned() },
        )
    }

    #[test]
    fn a_status_says_what_comes_next() {
        let text = |message: &str| format!("engine web1: {message}");
        for message in ["No such container: x", "network x not found"] {
            assert_eq!(server(404, message), OutsideError::Gone(text(message)));
        }
        // An image that is nowhere does not come by looking again.
        for message in ["No such image: x", "pull access denied for x, repository does not exist"] {
            assert_eq!(server(404, message), OutsideError::Failed(text(message)));
        }
        assert_eq!(server(409, "in use"), OutsideError::Conflict(text("in use")));
        assert_eq!(server(403, "denied"), OutsideError::Forbidden(text("denied")));
        let message = "network x has active endpoints";
        assert_eq!(server(403, message), OutsideError::Conflict(text(message)));
        let message = "operation is not permitted on predefined bridge network";
        assert_eq!(server(403, message), OutsideError::Failed(text(message)));
        assert_eq!(server(500, "a\n\u{1b}b\n"), OutsideError::Failed(text("a  b")));
    }

    #[test]
    fn what_something_else_has_is_in_use_whatever_the_code() {
        for (code, message) in [
            (500, "driver failed: Bind for 0.0.0.0:80 failed: port is already allocated"),
            (500, "listen tcp4 0.0.0.0:80: bind: address already in use"),
            (403, "Pool overlaps with other one on this address space"),
            (403, "Address already in use"),
            (409, "Conflict. The container name \"/x\" is already in use by container \"ab\"."),
        ] {
            let error = server(code, message);
            assert!(matches!(error, OutsideError::InUse(_)), "{error:?}");
        }
    }

    #[test]
    fn a_socket_that_is_not_there_comes_with_help() {
        let missing = HttpError::NotFound { at: "unix:///x".to_owned() };
        let error = outside(&"web1".into(), &Error::from(std::io::Error::from(missing)));
        let OutsideError::Unreachable(text) = error else { panic!("{error:?}") };
        assert!(text.contains("unix:///x") && text.contains("dockerd"), "{text}");
    }

    #[test]
    fn a_refusal_of_ours_is_forbidden() {
        let error = std::io::Error::other(Refusal("no".to_owned()));
        let error = outside(&"web1".into(), &Error::from(error));
        assert_eq!(error, OutsideError::Forbidden("engine web1: no".to_owned()));
    }

    #[test]
    fn an_answer_of_unknown_form_is_not_quoted() {
        let message = "invalid type: string \"hunter2\"".to_owned();
        let error = outside(&"web1".into(), &Error::JsonDataError { message, column: 7 });
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }

    #[test]
    fn secrets_are_taken_out_of_a_message() {
        let secrets = ["hunt", "hunter2", "a"];
        let text = without("bad value hunter2 in a", secrets.into_iter());
        assert_eq!(text, "bad value (masked) in a");
    }
}
