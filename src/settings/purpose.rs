//! What settings are read for.

/// What the settings are for; it decides what must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The sidecar: everything, and no ending by itself.
    Run,
    /// The init container: everything.
    Init,
    /// Everything that is there is checked; a directory may be missing.
    Check,
    /// Only a list is shown, perhaps far from any pod: who we are may be unknown.
    Print,
    /// Servers are called that are named elsewhere: no Service is needed.
    Contact,
}

impl Purpose {
    /// Those that make a list of peers.
    pub const WITH_A_LIST: &'static [Self] = &[Self::Run, Self::Init, Self::Check, Self::Print];

    /// The subcommands that read settings for it.
    pub fn commands(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Init => "init",
            Self::Check => "check",
            Self::Print => "resolve and mesh",
            Self::Contact => "mesh with --url",
        }
    }
}
