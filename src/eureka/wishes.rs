//! The settings of a stock server that a changing peer list depends on.

use crate::reconcile::RefreshCall;

use super::property_sources::{InForce, PropertySources};
use super::quote::quoted;
use super::{Finding, Severity};

/// Characters of a value that are shown; these are numbers and switches.
const VALUE_MAX: usize = 40;

/// A peer node timeout below this loses batches (Spring's default is 200 ms).
const PEER_TIMEOUT_MIN_MS: u64 = 1000;

/// Above this the peers see the server DOWN for long after a refresh (Eureka's default is 30 s).
const REPLICATION_INTERVAL_MAX_S: u64 = 10;

/// A server whose own client learns of new service URLs later than this stays registered with a peer
/// that has gone for so long (Eureka's default is 300 s).
const URL_POLL_INTERVAL_MAX_S: u64 = 30;

/// One setting, and what it should be.
struct Wish {
    /// In kebab case.
    key: &'static str,
    /// In force where nobody sets it (`EurekaClientConfigBean`, `EurekaServerConfigBean`).
    default: &'static str,
    /// Whether a value will do.
    suits: fn(&str) -> bool,
    /// The call without which it does not matter; none where it always does.
    only_with: Option<RefreshCall>,
    /// How much it matters.
    severity: Severity,
    /// What follows from another value.
    otherwise: &'static str,
    /// The cure.
    fix: &'static str,
}

const WISHES: [Wish; 8] = [
    Wish {
        key: "eureka.client.register-with-eureka",
        default: "true",
        suits: is_true,
        only_with: None,
        severity: Severity::Fault,
        otherwise: "the server is no instance, so its peers count it as unavailable",
        fix: "set EUREKA_CLIENT_REGISTERWITHEUREKA=true",
    },
    Wish {
        key: "eureka.client.fetch-registry",
        default: "true",
        suits: is_true,
        only_with: None,
        severity: Severity::Fault,
        otherwise: "the server copies nothing from its peers when it starts",
        fix: "set EUREKA_CLIENT_FETCHREGISTRY=true",
    },
    Wish {
        key: "eureka.client.use-dns-for-fetching-service-urls",
        default: "false",
        suits: is_false,
        only_with: None,
        severity: Severity::Fault,
        otherwise: "the server ignores every list",
        fix: "set EUREKA_CLIENT_USEDNSFORFETCHINGSERVICEURLS=false",
    },
    Wish {
        key: "eureka.client.refresh.enable",
        default: "true",
        suits: is_false,
        only_with: Some(RefreshCall::Refresh),
        severity: Severity::Fault,
        otherwise: "each refresh takes the server's own registration away for seconds",
        fix: "set EUREKA_CLIENT_REFRESH_ENABLE=false",
    },
    Wish {
        key: "eureka.server.peer-node-connect-timeout-ms",
        default: "200",
        suits: is_patient,
        only_with: None,
        severity: Severity::Warning,
        otherwise: "replication to a busy peer is given up early and loses batches",
        fix: "set EUREKA_SERVER_PEERNODECONNECTTIMEOUTMS=2000",
    },
    Wish {
        key: "eureka.server.peer-node-read-timeout-ms",
        default: "200",
        suits: is_patient,
        only_with: None,
        severity: Severity::Warning,
        otherwise: "replication to a busy peer is given up early and loses batches",
        fix: "set EUREKA_SERVER_PEERNODEREADTIMEOUTMS=5000",
    },
    Wish {
        key: "eureka.client.instance-info-replication-interval-seconds",
        default: "30",
        suits: is_prompt,
        only_with: Some(RefreshCall::Refresh),
        severity: Severity::Warning,
        otherwise: "after a refresh the peers may see the server DOWN for that long",
        fix: "set EUREKA_CLIENT_INSTANCEINFOREPLICATIONINTERVALSECONDS=5",
    },
    Wish {
        key: "eureka.client.eureka-service-url-poll-interval-seconds",
        default: "300",
        suits: is_watchful,
        only_with: None,
        severity: Severity::Warning,
        otherwise: "the server's own registration stays with a peer that has gone for that long",
        fix: "set EUREKA_CLIENT_EUREKASERVICEURLPOLLINTERVALSECONDS=10",
    },
];

/// Every setting that matters with `call`, as far as the server shows it; those it hides, in one finding.
pub(super) fn inspect_wishes(sources: &PropertySources, call: Option<RefreshCall>) -> Vec<Finding> {
    let matters = |wish: &&Wish| wish.only_with.is_none() || wish.only_with == call;
    let (mut findings, mut hidden) = (Vec::new(), Vec::new());
    for wish in WISHES.iter().filter(matters) {
        match sources.in_force(wish.key) {
            InForce::Masked => hidden.push(wish.key),
            InForce::Default => findings.push(wish.judge(wish.default, "the default")),
            InForce::Value(value) => findings.push(wish.judge(&value, "set")),
        }
    }
    findings.extend(hidden_finding(&hidden));
    findings
}

fn hidden_finding(hidden: &[&str]) -> Option<Finding> {
    if hidden.is_empty() {
        return None;
    }
    Some(Finding::new(
        Severity::Unknown,
        format!("the server sets {} and hides their values", hidden.join(", ")),
        "where only loopback reaches the actuator, MANAGEMENT_ENDPOINT_ENV_SHOWVALUES=always shows them",
    ))
}

impl Wish {
    fn judge(&self, value: &str, manner: &str) -> Finding {
        let what = format!("{} is {} ({manner})", self.key, quoted(value, VALUE_MAX));
        if (self.suits)(value.trim()) {
            return Finding::good(what);
        }
        Finding::new(self.severity, format!("{what}: {}", self.otherwise), self.fix)
    }
}

/// Spring's `StringToBooleanConverter`.
pub(super) fn is_true(value: &str) -> bool {
    ["true", "on", "yes", "1"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn is_false(value: &str) -> bool {
    ["false", "off", "no", "0"].iter().any(|word| value.eq_ignore_ascii_case(word))
}

fn is_patient(value: &str) -> bool {
    value.parse::<u64>().is_ok_and(|ms| ms >= PEER_TIMEOUT_MIN_MS)
}

fn is_prompt(value: &str) -> bool {
    value.parse::<u64>().is_ok_and(|seconds| seconds <= REPLICATION_INTERVAL_MAX_S)
}

fn is_watchful(value: &str) -> bool {
    value.parse::<u64>().is_ok_and(|seconds| seconds <= URL_POLL_INTERVAL_MAX_S)
}
