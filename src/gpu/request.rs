//! Which adapter a stream asks for.

/// Which adapter is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AdapterRequest {
    /// Part of its name, in any case.
    pub name: Option<String>,
    /// Whether a software renderer will do where there is no other.
    pub may_be_software: bool,
    /// Whether it should take the time of its own work where it can, which benches want.
    pub has_clock: bool,
}
