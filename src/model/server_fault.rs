//! Why a Eureka server did not do, or did not say, what it was asked.

/// The outcome of a call to the server beside us that brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFault {
    /// No connection: not started yet, restarting, or another port. Says what the network said.
    Unreachable(String),
    /// Connected and asked, and the connection ended before there was a reply. Says what the network said.
    HungUp(String),
    /// Connected, and no whole reply in time.
    TimedOut,
    /// A 5xx status, with what the server gave as its reason.
    Failing {
        /// The HTTP status.
        status: u16,
        /// The server's own words, shortened.
        reason: String,
    },
    /// It will not do this for us; asking again as we are brings nothing.
    Refused(Refusal),
    /// A reply that is not what this resource gives.
    Unreadable(String),
}

impl Refusal {
    /// The closed set of names used in status.
    pub fn label(self) -> &'static str {
        match self {
            Self::CredentialsMissing => "credentials_missing",
            Self::CredentialsWrong => "credentials_wrong",
            Self::Csrf => "csrf",
            Self::Forbidden => "forbidden",
            Self::Redirected => "redirected",
            Self::NotExposed => "not_exposed",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Status(_) => "status",
        }
    }
}

/// Why the server refuses; each has its own cure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// 401, and we sent no credentials.
    CredentialsMissing,
    /// 401, and our credentials are wrong.
    CredentialsWrong,
    /// 401 or 403 although the same credentials may read: Spring Security's CSRF check.
    Csrf,
    /// 403.
    Forbidden,
    /// A redirect, as to a login page.
    Redirected,
    /// 404: the endpoint is not exposed there, or the port or path is another one.
    NotExposed,
    /// 405: something answers there that takes no POST.
    MethodNotAllowed,
    /// Any other status below 500.
    Status(u16),
}

impl ServerFault {
    /// The closed set of names used as metric labels and in status.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Unreachable(_) | Self::HungUp(_) => "unreachable",
            Self::TimedOut => "timeout",
            Self::Failing { .. } => "failing",
            Self::Refused(_) => "refused",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Every value of [`Self::label`].
    pub const LABELS: [&'static str; 5] = ["unreachable", "timeout", "failing", "refused", "unreadable"];
}
