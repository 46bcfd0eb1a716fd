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
struct Requirement {
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
    /// The cure, as `docs/environment/` has it.
    assignment: &'static str,
    /// What belongs to the cure, where it is not in force yet. It is not judged itself before this one is
    /// fulfilled: until then this one's cure names it.
    beside: Option<&'static Requirement>,
}

const CLIENT_REFRESH: Requirement = Requirement {
    key: "eureka.client.refresh.enable",
    default: "true",
    suits: is_false,
    only_with: Some(RefreshCall::Refresh),
    severity: Severity::Fault,
    otherwise: "each refresh takes the server's own registration away for seconds",
    assignment: "EUREKA_CLIENT_REFRESH_ENABLE=false",
    beside: Some(&CIRCULAR_REFERENCES),
};

/// A server that runs does not show what another release of it needs at its start
/// (spring-cloud-netflix#4407), so this is asked of all of them.
const CIRCULAR_REFERENCES: Requirement = Requirement {
    key: "spring.main.allow-circular-references",
    default: "false",
    suits: is_true,
    only_with: Some(RefreshCall::Refresh),
    severity: Severity::Warning,
    otherwise: "Spring Cloud 2022.0.3 to .5, 2023.0.0 to .5 and 2024.0.0 do not start without it where \
                eureka.client.refresh.enable is false",
    assignment: "SPRING_MAIN_ALLOW_CIRCULAR_REFERENCES=true",
    beside: None,
};

/// With the client's own calls on demand a refresh's DOWN is told at once, and the UP behind it only where
/// the client's limiter lets a second call through; before Netflix 2.0.5 it could be lost for good.
const ON_DEMAND: Requirement = Requirement {
    key: "eureka.client.on-demand-update-status-change",
    default: "true",
    suits: is_false,
    only_with: Some(RefreshCall::Refresh),
    severity: Severity::Warning,
    otherwise: "a refresh can leave the server DOWN at its peers, on clients before Netflix 2.0.5 for good",
    assignment: "EUREKA_CLIENT_ONDEMANDUPDATESTATUSCHANGE=false",
    beside: Some(&FIRST_REPORT),
};

/// Without calls on demand a server is UP at its peers when its client has reported for the first time.
const FIRST_REPORT: Requirement = Requirement {
    key: "eureka.client.initial-instance-info-replication-interval-seconds",
    default: "40",
    suits: is_prompt,
    only_with: Some(RefreshCall::Refresh),
    severity: Severity::Warning,
    otherwise: "after its start the peers do not see the server UP for that long",
    assignment: "EUREKA_CLIENT_INITIALINSTANCEINFOREPLICATIONINTERVALSECONDS=2",
    beside: None,
};

/// What lets the list through, and nothing else.
pub(super) const ALLOWED_KEYS: &str =
    "MANAGEMENT_ENDPOINT_ENV_POST_VALIDKEYSREGEX=eureka[.]client[.]service-url[.].*";

/// A server does not show its release, so this is asked of all of them. Older ones do not know the property, and
/// let anyone who reaches the endpoint change any other.
const VALID_KEYS: Requirement = Requirement {
    key: "management.endpoint.env.post.valid-keys-regex",
    default: "",
    suits: allows_lists,
    only_with: Some(RefreshCall::Env),
    severity: Severity::Warning,
    otherwise: "Spring Cloud 2025.1.3 and newer refuse every list with it (500, \"Invalid key\" in their log)",
    assignment: ALLOWED_KEYS,
    beside: None,
};

const REQUIREMENTS: [Requirement; 12] = [
    Requirement {
        key: "eureka.client.register-with-eureka",
        default: "true",
        suits: is_true,
        only_with: None,
        severity: Severity::Fault,
        otherwise: "the server is not an instance, so its peers count it as unavailable",
        assignment: "EUREKA_CLIENT_REGISTERWITHEUREKA=true",
        beside: None,
    },
    Requirement {
        key: "eureka.client.fetch-registry",
        default: "true",
        suits: is_true,
        only_with: None,
        severity: Severity::Fault,
        otherwise: "the server copies nothing from its peers when it starts",
        assignment: "EUREKA_CLIENT_FETCHREGISTRY=true",
        beside: None,
    },
    Requirement {
        key: "eureka.client.use-dns-for-fetching-service-urls",
        default: "false",
        suits: is_false,
        only_with: None,
        severity: Severity::Fault,
        otherwise: "the server ignores every list",
        assignment: "EUREKA_CLIENT_USEDNSFORFETCHINGSERVICEURLS=false",
        beside: None,
    },
    CLIENT_REFRESH,
    CIRCULAR_REFERENCES,
    ON_DEMAND,
    FIRST_REPORT,
    VALID_KEYS,
    Requirement {
        key: "eureka.server.peer-node-connect-timeout-ms",
        default: "200",
        suits: is_patient,
        only_with: None,
        severity: Severity::Warning,
        otherwise: "replication to a busy peer is given up early and loses batches",
        assignment: "EUREKA_SERVER_PEERNODECONNECTTIMEOUTMS=2000",
        beside: None,
    },
    Requirement {
        key: "eureka.server.peer-node-read-timeout-ms",
        default: "200",
        suits: is_patient,
        only_with: None,
        severity: Severity::Warning,
        otherwise: "replication to a busy peer is given up early and loses batches",
        assignment: "EUREKA_SERVER_PEERNODEREADTIMEOUTMS=5000",
        beside: None,
    },
    Requirement {
        key: "eureka.client.instance-info-replication-interval-seconds",
        default: "30",
        suits: is_prompt,
        only_with: Some(RefreshCall::Refresh),
        severity: Severity::Warning,
        otherwise: "after a refresh the peers may see the server DOWN for that long",
        assignment: "EUREKA_CLIENT_INSTANCEINFOREPLICATIONINTERVALSECONDS=2",
        beside: None,
    },
    Requirement {
        key: "eureka.client.eureka-service-url-poll-interval-seconds",
        default: "300",
        suits: is_watchful,
        only_with: None,
        severity: Severity::Warning,
        otherwise: "the server's own registration stays with a peer that has gone for that long",
        assignment: "EUREKA_CLIENT_EUREKASERVICEURLPOLLINTERVALSECONDS=10",
        beside: None,
    },
];

/// Every setting that matters with `call`, as far as the server shows it; those it hides, in one finding.
pub(super) fn inspect_requirements(sources: &PropertySources, call: Option<RefreshCall>) -> Vec<Finding> {
    let matters = |requirement: &&Requirement| {
        (requirement.only_with.is_none() || requirement.only_with == call)
            && REQUIREMENTS.iter().all(|other| !other.names(requirement) || other.is_met(sources))
    };
    let (mut findings, mut hidden) = (Vec::new(), Vec::new());
    for requirement in REQUIREMENTS.iter().filter(matters) {
        let (value, manner) = match sources.in_force(requirement.key) {
            InForce::Masked => {
                hidden.push(requirement.key);
                continue;
            }
            InForce::Default => (requirement.default.to_owned(), "the default"),
            InForce::Value(value) => (value, "set"),
        };
        findings.push(requirement.judge(&value, manner, sources));
    }
    findings.extend(hidden_finding(&hidden));
    findings
}

/// The cure for a registration that a refresh has wiped; without `sources`, all of it.
pub(super) fn wiped_fix(sources: Option<&PropertySources>) -> String {
    let missing = |requirement: &&Requirement| sources.is_none_or(|sources| !requirement.is_met(sources));
    let missing = [&CLIENT_REFRESH, &CIRCULAR_REFERENCES].into_iter().filter(missing);
    let set: Vec<&str> = missing.map(|requirement| requirement.assignment).collect();
    if set.is_empty() {
        "restart the server".to_owned()
    } else {
        format!("set {} and restart the server", set.join(" and "))
    }
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

impl Requirement {
    fn judge(&self, value: &str, manner: &str, sources: &PropertySources) -> Finding {
        let what = format!("{} is {} ({manner})", self.key, quoted(value, VALUE_MAX, &sources.secrets));
        if (self.suits)(value.trim()) {
            return Finding::good(what);
        }
        let beside = self.beside.filter(|other| !other.is_met(sources));
        let assignments: Vec<&str> =
            [self].into_iter().chain(beside).map(|requirement| requirement.assignment).collect();
        let fix = format!("set {}", assignments.join(" and "));
        Finding::new(self.severity, format!("{what}: {}", self.otherwise), fix)
    }

    /// Whether this one's cure names `other`, too.
    fn names(&self, other: &Self) -> bool {
        self.beside.is_some_and(|beside| beside.key == other.key)
    }

    /// Whether the server shows that it is; one that hides the value does not.
    fn is_met(&self, sources: &PropertySources) -> bool {
        match sources.in_force(self.key) {
            InForce::Masked => false,
            InForce::Default => (self.suits)(self.default),
            InForce::Value(value) => (self.suits)(value.trim()),
        }
    }
}

/// A regular expression of Java's, which only Java can judge: one that names the list, or everything.
fn allows_lists(pattern: &str) -> bool {
    pattern == ".*" || pattern.contains("service-url")
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
