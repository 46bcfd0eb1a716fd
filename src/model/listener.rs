//! The two listeners of the admin server, and what is counted of each.

use std::fmt;

/// Which listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListenerName {
    /// Probes, metrics, status.
    Public,
    /// Sink and overrides.
    Local,
}

impl ListenerName {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Public, Self::Local];

    /// The flag that sets its address.
    pub fn flag(self) -> &'static str {
        match self {
            Self::Public => "--listen",
            Self::Local => "--local-listen",
        }
    }

    /// The closed set of names used in logs and as metric labels.
    pub fn label(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Local => "local",
        }
    }
}

impl fmt::Display for ListenerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

/// What one listener has counted since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConnectionTotals {
    /// Connections whose request was answered.
    pub answered: u64,
    /// Connections without a whole request: garbage, too slow, too large, or gone.
    pub broken: u64,
    /// Connections not over by their deadline.
    pub overdue: u64,
    /// Connections that had to make room for a newer one.
    pub evicted: u64,
    /// Failed calls of `accept`, such as for want of file descriptors.
    pub accept_errors: u64,
}

impl ConnectionTotals {
    /// The connections by how they ended; the names are used as metric labels.
    pub fn by_end(self) -> [(&'static str, u64); 4] {
        let Self { answered, broken, overdue, evicted, accept_errors: _ } = self;
        [("answered", answered), ("broken", broken), ("overdue", overdue), ("evicted", evicted)]
    }
}
