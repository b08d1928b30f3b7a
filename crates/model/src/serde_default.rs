//! Fields that are left out of JSON while they say nothing.

/// Whether a field says nothing. JSON leaves it out: its reader sees what is asked for,
/// and hashes of it stay the same when a later version has more fields.
pub(super) fn is_default<T: Default + PartialEq>(field: &T) -> bool {
    *field == T::default()
}
