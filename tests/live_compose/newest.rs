//! Likewise what only a newer engine can do (`scripts/with-lab --newest`).

use super::both::stacks;

stacks! { "newest":
    n01 "01-networks",
    n02 "02-mounts",
    n03 "03-process",
    n04 "04-addresses",
}
