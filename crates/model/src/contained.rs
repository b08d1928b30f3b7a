//! A broken invariant in one deployment is a fault of that deployment: the program says where
//! it is, and goes on with all others. Everywhere else it ends the program where it stands.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};

thread_local! {
    static CONTAINED: Cell<bool> = const { Cell::new(false) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Runs something of which a panic does not get out.
///
/// # Errors
/// Where the panic was, as `file:line`. Its message may hold anything, so it is not reported.
pub fn contained<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    let before = CONTAINED.replace(true);
    let result = catch_unwind(AssertUnwindSafe(run));
    CONTAINED.set(before);
    result.map_err(|_| {
        let place = PLACE.take().unwrap_or_else(|| "an unknown place".to_owned());
        format!("a broken invariant at {place}")
    })
}

/// What a panic hook asks first: whether the panic is contained. Notes where it was.
#[must_use]
pub fn is_contained(panic: &PanicHookInfo<'_>) -> bool {
    let contained = CONTAINED.get();
    if contained {
        let place = panic.location().map(|at| format!("{}:{}", at.file(), at.line()));
        PLACE.replace(place);
    }
    contained
}

#[cfg(test)]
mod tests {
    use super::contained;

    #[test]
    fn a_panic_does_not_get_out() {
        assert_eq!(contained(|| 1), Ok(1));
        let result = contained::<u32>(|| panic!("secret"));
        assert!(result.is_err_and(|place| place.contains("broken") && !place.contains("secret")));
        assert_eq!(contained(|| 2), Ok(2));
    }
}
