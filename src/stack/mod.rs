//! Text to desired state: stack files and `deployments.yaml`, with positions. Pure; the
//! files come through [`crate::world::Tree`].
