//! Names that this program and an engine agree on, and that more than one wing reads.

/// The option of an attachment that names the interface; the API has no field for it.
pub(super) const INTERFACE: &str = "com.docker.network.endpoint.ifname";

/// Whether the engine invented a name, of a volume or as an id: 64 hexadecimal characters.
pub(super) fn is_generated(name: &str) -> bool {
    name.len() == 64 && name.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}
