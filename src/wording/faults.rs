//! The words for what fails: look-ups, calls to the server, and lists that come from elsewhere.

use crate::model::{
    ListOrigin, LookupFailure, Message, Refusal, ServerFault, Unusable, UnusableRecords, Zone,
};

/// Why a question has no answer.
pub fn lookup_failure(failure: &LookupFailure) -> Message {
    match failure {
        LookupFailure::Timeout => Message::new(
            "no DNS server answered in time",
            "allow egress to UDP and TCP port 53, and see resolv.conf or --dns-server",
        ),
        LookupFailure::ServerFailure => Message::new(
            "DNS answered SERVFAIL",
            "see the DNS servers; CoreDNS says so until it has synchronised",
        ),
        LookupFailure::Refused => Message::new(
            "DNS answered REFUSED",
            "ask a server that serves this name: with `hostNetwork`, set `dnsPolicy: ClusterFirstWithHostNet`, or \
             see --dns-server",
        ),
        LookupFailure::ResponseCode(code) => Message::new(
            format!("DNS answered with response code {code} (1 is FORMERR, 4 NOTIMP, 9 NOTAUTH)"),
            "ask a server that serves this name, see resolv.conf or --dns-server",
        ),
        LookupFailure::NegativeWithoutSoa => Message::new(
            "DNS denied the name without an SOA record of a zone that could know it, which proves nothing",
            "ask a server that serves this name (see resolv.conf or --dns-server), or one that does not take private \
             addresses out of its answers (unbound's `private-domain`)",
        ),
        LookupFailure::Truncated => Message::new(
            "the answer was truncated and TCP gave none that can be read",
            "allow egress to TCP port 53, or use --peer-host ipv4, which needs the least room",
        ),
        LookupFailure::Malformed(what) => Message::new(
            format!("DNS answered with {what}"),
            "see what answers in the place of the cluster's DNS",
        ),
        LookupFailure::Network(error) => Message::new(
            format!("DNS could not be asked: {error}"),
            "see resolv.conf or --dns-server, and the network policies of the pod",
        ),
        LookupFailure::NotHeadless => Message::new(
            "the Service has a cluster IP",
            "set `clusterIP: None`, because only a headless Service lists its pods",
        ),
        LookupFailure::PortNameMissing => Message::new(
            "the Service has addresses but no SRV records for a port of this name",
            "name the Service's port as --port-name says, or, where something in between answers without SRV \
             (Istio's DNS capture), use --peer-host ipv4",
        ),
        LookupFailure::NoneUsable(records) => none_usable(records),
        LookupFailure::TooManyPeers { peers, max } => Message::new(
            format!("{peers} peers are more than --max-peers {max}"),
            "see what the Service selects, or raise --max-peers",
        ),
    }
}

fn none_usable(records: &UnusableRecords) -> Message {
    let (is, cure) = unusable(records.first.why);
    let (count, first) = (records.count(), &records.first.what);
    Message::new(format!("none of {count} records can be used; the first one, {first}, {is}"), cure)
}

/// What is wrong with a record, and what to do.
pub(super) fn unusable(why: Unusable) -> (&'static str, &'static str) {
    match why {
        Unusable::NotAHostName => (
            "is not a valid host name",
            "expected labels of letters, digits and inner hyphens, as a JVM needs them; CoreDNS before 1.13 names \
             a pod so whose IPv6 address ends in `::`: use --peer-host ipv6, or a StatefulSet, whose pods have names",
        ),
        Unusable::PortZero => ("has port 0", "see the ports of the Service and of its endpoints"),
        Unusable::OutsideService => (
            "does not lie below the Service",
            "see who writes the endpoints of this Service, or what answers in the place of the cluster's DNS",
        ),
        Unusable::NotAllowed => {
            ("is in no allowed range", "where pods have such addresses, add their range to --allow-cidr")
        }
        Unusable::Denied => (
            "is denied",
            "by --deny-cidr, or because no pod can have it; where that is not wanted, see who writes the endpoints",
        ),
    }
}

const LOOK_AT_SERVER: &str = "look at the server: does it run, and has it time to answer";

const LOOK_AT_LOG: &str = "look at the server's log";

/// Why the server did not do, or did not say, what it was asked.
pub fn server_fault(fault: &ServerFault) -> Message {
    match fault {
        ServerFault::Unreachable(what) | ServerFault::HungUp(what) => {
            Message::new(format!("the server cannot be reached: {what}"), LOOK_AT_SERVER)
        }
        ServerFault::TimedOut => Message::new("the server did not answer in time", LOOK_AT_SERVER),
        ServerFault::Failing { status, reason } => {
            Message::new(format!("the server answered {status}: {reason}"), LOOK_AT_LOG)
        }
        ServerFault::Refused(refusal) => refused(*refusal),
        ServerFault::Unreadable(what) => Message::new(
            format!("the server's reply cannot be read: {what}"),
            "check --status-url (Spring: /eureka/status, Netflix WAR: /eureka/v2/status), and --actuator-url",
        ),
    }
}

/// Why a server of the mesh, which is anywhere, did not say what it lists. It is asked for its status alone.
pub fn mesh_fault(fault: &ServerFault) -> Message {
    let cure = match fault {
        ServerFault::Unreachable(_) | ServerFault::HungUp(_) => {
            "see whether it runs, and whether its name and network policies let it be reached from here"
        }
        ServerFault::TimedOut => "see whether it runs, and has time to answer",
        ServerFault::Failing { .. } | ServerFault::Refused(Refusal::Status(_)) => {
            "look at the log of that server"
        }
        ServerFault::Unreadable(_) => {
            "see that scheme, port and path are those of a Eureka server: Spring's end in /eureka/, Netflix's WAR in \
             /eureka/v2/ (--scheme, --port, --context-path, or --url)"
        }
        ServerFault::Refused(Refusal::Redirected) => "exempt /eureka/** from form login in the image",
        ServerFault::Refused(Refusal::CredentialsMissing | Refusal::CredentialsWrong) => {
            return server_fault(fault);
        }
        ServerFault::Refused(
            Refusal::Csrf | Refusal::Forbidden | Refusal::NotExposed | Refusal::MethodNotAllowed,
        ) => "let --server-user read the status, or exempt /eureka/** from security in the image",
    };
    Message { cure: cure.to_owned(), ..server_fault(fault) }
}

fn refused(refusal: Refusal) -> Message {
    match refusal {
        Refusal::CredentialsMissing => {
            Message::new("401: the server wants credentials", "give --server-user and --server-password-file")
        }
        Refusal::CredentialsWrong => Message::new(
            "401: the server does not take these credentials",
            "check --server-user and --server-password-file",
        ),
        Refusal::Csrf => Message::new(
            "refused by Spring Security's CSRF check, which turns POSTs away whatever the credentials",
            "exempt the actuator and /eureka/** from it in the image",
        ),
        Refusal::Forbidden => Message::new(
            "403: the server forbids this call",
            "give the user the actuator's role, or exempt the actuator",
        ),
        Refusal::Redirected => Message::new(
            "redirected, as to a login page",
            "exempt the actuator and /eureka/** from form login in the image",
        ),
        Refusal::NotExposed => Message::new(
            "404: no such endpoint",
            "set MANAGEMENT_ENDPOINTS_WEB_EXPOSURE_INCLUDE=health,refresh (for `--adopt env`: health,env) and check \
             --actuator-url (port MANAGEMENT_SERVER_PORT, path /actuator)",
        ),
        Refusal::MethodNotAllowed => Message::new(
            "405: the endpoint takes no POST",
            "check --actuator-url, and for `--adopt env` set MANAGEMENT_ENDPOINT_ENV_POST_ENABLED=true",
        ),
        Refusal::Status(status) => Message::new(format!("the server answered {status}"), LOOK_AT_LOG),
    }
}

/// Where the server's list comes from: what follows from it, and what to do.
pub fn list_origin(origin: &ListOrigin) -> Message {
    match origin {
        ListOrigin::EnvironmentVariable(name) => Message::new(
            format!("the server's environment variable {name} wins over the file"),
            "remove it from the container",
        ),
        ListOrigin::ApplicationJson => {
            Message::new("the list in SPRING_APPLICATION_JSON wins over the file", "remove it from there")
        }
        ListOrigin::CommandLine(key) => Message::new(
            format!("the server's command line sets {key}, which wins over the file"),
            "remove it from its arguments",
        ),
        ListOrigin::SystemProperty(key) => Message::new(
            format!("the JVM's -D{key} wins over the file"),
            "remove it from its arguments (JAVA_TOOL_OPTIONS among them)",
        ),
        ListOrigin::Handed => Message::new(
            "a list given through POST /actuator/env is in force and masks the file",
            "DELETE /actuator/env, or restart the server",
        ),
        ListOrigin::File(source) => Message::new(
            format!("the list comes from {source}"),
            "if that is not the file written here, import this one with SPRING_CONFIG_IMPORT; if it is, see the \
             server's log, and eureka.client.availability-zones",
        ),
        ListOrigin::Other(source) => Message::new(
            format!("the list comes from the property source {source}"),
            "take the key out of it",
        ),
        ListOrigin::Nowhere => Message::new(
            "no property source of the server has the list: it does not import the file",
            "set SPRING_CONFIG_IMPORT=optional:file:<directory>/peers.properties, and check the mount and the zone",
        ),
        ListOrigin::DnsInstead => Message::new(
            "eureka.client.use-dns-for-fetching-service-urls is on, so the server ignores every list",
            "turn it off",
        ),
        ListOrigin::Unseen { why, zone } => suspects(why, zone),
    }
}

fn suspects(why: &ServerFault, zone: &Zone) -> Message {
    let variable = zone.as_str().to_ascii_uppercase();
    Message::new(
        format!("the server does not show where its list comes from ({})", server_fault(why).what),
        format!(
            "look for what wins over the file: EUREKA_CLIENT_SERVICEURL_{variable}, \
             EUREKA_CLIENT_SERVICE_URL_{variable}, SPRING_APPLICATION_JSON, arguments with \
             eureka.client.serviceUrl.{zone}, an earlier POST to /actuator/env; or SPRING_CONFIG_IMPORT does not name \
             the file. With `env` exposed on the management port this is told exactly"
        ),
    )
}
