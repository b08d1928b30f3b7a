//! A simulated world: engines, a catalog and a clock that obey a seed.
