//! The kinds of messages about which deployments there are, and about what an engine cannot
//! do, as `reconciler explain` names them.

use crate::model::diagnostic::Code;

/// A valid key that is not carried, and without which something else would run.
pub(crate) const REFUSED_KEY: Code = Code("E0401");
/// A valid key that has no effect here.
pub(crate) const NO_EFFECT: Code = Code("E0402");

/// A key that `deployments.yaml` or an entry of it does not have.
pub(crate) const UNKNOWN_KEY: Code = Code("E0501");
/// A text that cannot be the id of a deployment.
pub(crate) const BAD_ID: Code = Code("E0502");
/// `deployments.yaml` without deployments, or an entry without a stack.
pub(crate) const INCOMPLETE_ENTRY: Code = Code("E0503");
/// A stack that an entry names and that is not there.
pub(crate) const NO_STACK: Code = Code("E0504");
/// A word that is no sync mode.
pub(crate) const SYNC: Code = Code("E0505");
/// Replicas for a service that the stack does not have.
pub(crate) const SCALE: Code = Code("E0506");
/// A path that leads out of the source's tree.
pub(crate) const OUTSIDE: Code = Code("E0507");
/// Two deployments with one id.
pub(crate) const SAME_ID: Code = Code("E0509");
/// A deployment whose id nothing says, or says certainly.
pub(crate) const NO_ID: Code = Code("E0510");
/// A stack file beside another one.
pub(crate) const BESIDE: Code = Code("E0511");
/// A name that two deployments on one engine would share.
pub(crate) const SHARED_NAME: Code = Code("E0512");
/// A folder that cannot be read.
pub(crate) const UNREADABLE: Code = Code("E0513");
