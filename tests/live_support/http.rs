//! The smallest HTTP client that does: one call per connection.

use std::io::{Read, Write};

/// Sends a request and returns the answer's body; an answer that is no success fails the
/// test.
pub(super) fn call(mut wire: impl Read + Write, method: &str, path: &str, body: &str) -> String {
    // HTTP/1.0: the answer ends with the connection, and is not chunked.
    let head = format!("{method} {path} HTTP/1.0\r\nContent-Type: application/json");
    write!(wire, "{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).unwrap();
    let mut answer = String::new();
    wire.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
    assert!(
        head.split(' ').nth(1).is_some_and(|status| status.starts_with('2')),
        "{method} {path}: {answer}"
    );
    body.to_owned()
}
