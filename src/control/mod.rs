//! One pass, and the loop around it, generic over a world.
