//! The kinds of messages about which deployments there are, and about what an engine cannot
//! do, as `reconciler explain` names them.

use model::diagnostic::Code;

/// A valid key that is not carried, and without which something else would run.
pub(crate) const REFUSED_KEY: Code = Code("E0401");
/// A valid key that has no effect here.
pub(crate) const NO_EFFECT: Code = Code("E0402");
/// A path that leads out of the source's tree, of what has to be read.
pub(crate) const OUTSIDE_TREE: Code = Code("E0403");
/// A path of the tree that the engine's host would have to see.
pub(crate) const UNSEEN_TREE: Code = Code("E0404");
/// A file of the tree that cannot be used: missing, a link, too large, of another form.
pub(crate) const TREE_FILE: Code = Code("E0405");
/// A build context that cannot be used.
pub(crate) const CONTEXT: Code = Code("E0406");
/// What an engine's own call for a build cannot do.
pub(crate) const BUILD_CALL: Code = Code("E0407");
/// A label that says whose a container is.
pub(crate) const RESERVED_LABEL: Code = Code("E0408");
/// A file that would have to be put into a root that is read-only.
pub(crate) const READ_ONLY: Code = Code("E0409");
/// A link between services that share no network.
pub(crate) const DEAD_LINK: Code = Code("E0410");
/// A mount that an engine on Linux cannot make.
pub(crate) const MOUNT_KIND: Code = Code("E0411");
/// What no engine can hold.
pub(crate) const HOLDS: Code = Code("E0412");

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
/// A name that two would have on one engine.
pub(crate) const SHARED_NAME: Code = Code("E0512");
/// A folder that cannot be read.
pub(crate) const UNREADABLE: Code = Code("E0513");
/// A port of the host that two would publish.
pub(crate) const SHARED_PORT: Code = Code("E0514");
/// An address that two would have in one network, or subnets that overlap.
pub(crate) const SHARED_ADDRESS: Code = Code("E0515");
