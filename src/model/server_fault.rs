//! Why a Eureka server did not do, or did not say, what it was asked.

use std::fmt;

/// The outcome of a call to the server beside us that brought nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerFault {
    /// No connection: not started yet, restarting, or another port. Says what the network said.
    Unreachable(String),
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
            Self::Unreachable(_) => "unreachable",
            Self::TimedOut => "timeout",
            Self::Failing { .. } => "failing",
            Self::Refused(_) => "refused",
            Self::Unreadable(_) => "unreadable",
        }
    }

    /// Every value of [`Self::label`].
    pub const LABELS: [&'static str; 5] = ["unreachable", "timeout", "failing", "refused", "unreadable"];
}

impl fmt::Display for ServerFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(what) => write!(f, "the server cannot be reached: {what}"),
            Self::TimedOut => f.write_str("the server did not answer in time"),
            Self::Failing { status, reason } => write!(f, "the server answered {status}: {reason}"),
            Self::Refused(refusal) => refusal.fmt(f),
            Self::Unreadable(what) => write!(f, "the server's reply cannot be read: {what}"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CredentialsMissing => f.write_str(
                "401: the server wants credentials; give --server-user and --server-password-file",
            ),
            Self::CredentialsWrong => f.write_str(
                "401: the server does not take these credentials; check --server-user and --server-password-file",
            ),
            Self::Csrf => f.write_str(
                "refused by Spring Security's CSRF check, which turns POSTs away whatever the credentials; \
                 exempt the actuator and /eureka/** from it in the image",
            ),
            Self::Forbidden => f.write_str(
                "403: the server forbids this call; give the user the actuator's role, or exempt the actuator",
            ),
            Self::Redirected => f.write_str(
                "redirected, as to a login page; exempt the actuator and /eureka/** from form login in the image",
            ),
            Self::NotExposed => f.write_str(
                "404: no such endpoint; set MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE=health,refresh (for `--adopt env`: \
                 health,env) and check --actuator-url (port MANAGEMENT_SERVER_PORT, path /actuator)",
            ),
            Self::MethodNotAllowed => f.write_str(
                "405: the endpoint takes no POST; check --actuator-url, and for `--adopt env` set \
                 MANAGEMENT_ENDPOINT_ENV_POST_ENABLED=true",
            ),
            Self::Status(status) => write!(f, "the server answered {status}"),
        }
    }
}
