//! The words for what is so: each condition as *what*, *where* and *what to do*.
//!
//! The only place where a condition has words. They are made when it is shown or logged, never kept, and no
//! decision may look at them.

mod ended;
mod faults;
#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::model::{
    DurationOrNever, HeadlessService, LookupFailure, Message, Moment, Question, ServerFault, UnusableRecords,
};
use crate::reconcile::{
    BelievedBy, Kept, NotAdopted, NotPublished, RemovalTakes, SelfNotFound, ServiceStatus, Situation, Status,
};

pub use ended::ended;
pub use faults::{list_origin, lookup_failure, mesh_fault, server_fault};

/// Reasons in one message: the kubelet shows the last 2,048 bytes of a container's log.
const REASONS_MAX: usize = 3;

/// A condition in words.
pub fn situation(situation: &Situation) -> Message {
    match situation {
        Situation::NotPublished(NotPublished::Failed(fault)) => (*fault.message).clone(),
        Situation::NotPublished(NotPublished::Stalled) => Message::new(
            "the volume's disk does not answer; the files are as they were before",
            "see the node's disk; the files are written as soon as it answers",
        ),
        Situation::NotAdopted(why) => not_adopted(why),
        Situation::RefreshRefused(fault) | Situation::RefreshFailing(fault) => of_call(Call::Refresh, fault),
        Situation::StatusUnreadable(fault) => of_call(Call::Status, fault),
        Situation::ServerUnreachable { fault, has_replied } => unreachable(fault, *has_replied),
        Situation::FilesOverwritten { repairs } => overwritten(*repairs),
        Situation::SelfNotRecognised { own } => Message::new(NOT_RECOGNISED, RECOGNISED_BY).at(&own),
        Situation::SeveralServers => Message::new(SEVERAL_SERVERS, ONE_SERVER),
        Situation::StartWaits { asked, governing } => start_waits(asked.as_ref(), governing.as_ref()),
        Situation::NothingKnown { .. } => Message::new(
            "no Service has given records since the start, and the saved state has none",
            "see what DNS says of each Service; it is asked again and again",
        ),
        Situation::TooFewPeers { peers, min_peers } => Message::new(
            format!("the first list waits: --min-peers is {min_peers}, and {} known", peers_are(*peers)),
            "see why DNS does not name the other pods: not started yet, or not ready in a Service without \
             publishNotReadyAddresses: true; or lower --min-peers",
        ),
        Situation::HeldDocument { is_client } => held_document(*is_client),
        Situation::HeldLookupFailed { question, failure, kept } => {
            let Message { what, cure, .. } = lookup_failure(failure);
            Message::new(format!("{what}; {}", are_kept(*kept)), cure).at(&question)
        }
        Situation::HeldEmpty { question, no_such_name, soa_serial, kept, empty_after, never_empty } => {
            let answer = if *no_such_name { "no such name" } else { "no data" };
            let said = format!("{EMPTY}: {answer}, SOA serial {soa_serial}; {}", are_kept(*kept));
            let meant = if *never_empty { NEVER_EMPTY } else { TO_ACCEPT_EMPTY };
            match kept {
                Kept::BelievedEmpty(_) => Message::new(said, EMPTY_BELIEVED),
                Kept::Peers(_) | Kept::NoneYet | Kept::None => Message::new(
                    format!("{said}, --empty-after is {empty_after}"),
                    format!("{EMPTY_PROVES_NOTHING}; {meant}"),
                ),
            }
            .at(&question)
        }
        Situation::HeldShrink { before, now, max_shrink, shrink_after } => Message::new(
            format!(
                "the peers in DNS fell from {before} to {now}, by more than --max-shrink {max_shrink}; {}",
                match shrink_after {
                    DurationOrNever::After(_) =>
                        format!("removals wait until it has stayed so for --shrink-after {shrink_after}"),
                    DurationOrNever::Never => "none is removed, because --shrink-after is never".to_owned(),
                }
            ),
            "find out where they went; where so many are meant to leave: `eureka-peers accept`",
        ),
        Situation::HeldRemoval { question, missing, remove_after, takes } => {
            held_removal(*missing, *remove_after, *takes).at(&question)
        }
        Situation::Frozen => Message::new("the list is kept as it is", "lift --freeze when you are done"),
        Situation::SelfNotFound(facts) => self_not_found(facts),
        Situation::PortUnknown { own } => Message::new(
            format!(
                "the list names this server alone, and at port {}, because no SRV record of this pod has told its \
                 port yet",
                own.port()
            ),
            "nothing, where it listens there or its record comes; else give --port or --self-url",
        )
        .at(own),
        Situation::RecordsUnusable { question, records } => records_unusable(records).at(&question),
        Situation::ManyPeers { peers } => Message::new(
            format!(
                "{peers} peers: a stock server spends 24 threads and 1.5 to 3 MB on each, and feels more than 64"
            ),
            "give the servers the memory, or run fewer",
        ),
        Situation::NoRoom { question, unlisted, max_peers, remove_after } => {
            no_room(*unlisted, *max_peers, *remove_after).at(&question)
        }
        Situation::LoopRestarted { panic, restarts } => Message::new(
            format!(
                "the loop panicked and was started again, {} so far, the last time with: {panic}",
                times(*restarts)
            ),
            "this is a bug of eureka-peers: please report it with this line",
        ),
        Situation::SettingsRejected { faults } => Message::new(
            format!(
                "the new settings have faults and are refused whole, the old ones stay in force: {faults}"
            ),
            "correct the settings file",
        ),
    }
}

const EMPTY: &str = "DNS says that the Service has no endpoints";

const EMPTY_PROVES_NOTHING: &str = "look at the Service and its endpoints: no ready pod, no such Service, a wrong \
    port name and nodes that are cut off all look like this";

const TO_ACCEPT_EMPTY: &str = "where it is meant to be empty: `eureka-peers accept --empty`";

const NEVER_EMPTY: &str = "a client's list is never empty, whatever is meant";

const EMPTY_BELIEVED: &str =
    "nothing, where it is meant to be empty: peers that DNS names are listed at once";

const NOT_RECOGNISED: &str = "the server lists itself among its peers and replicates to itself: its own host name \
    differs from its URL in the list";

const RECOGNISED_BY: &str = "with names set EUREKA_INSTANCE_HOSTNAME to the pod's name in the Service, with \
    addresses EUREKA_INSTANCE_PREFERIPADDRESS=true, with IPv6, or where the image sets eureka.server.my-url, \
    EUREKA_SERVER_MYURL to that URL (with user-info where the list has it)";

const SEVERAL_SERVERS: &str = "several servers answer under --status-url: up-times or lists change there as those \
    of one server do not, so what one adopts another may lack";

const ONE_SERVER: &str = "point it at the server in this pod, such as http://127.0.0.1:8761/eureka/status, and not \
    at a Service or a load balancer";

/// Which of its calls the loop makes again, unlike a command that looks once.
#[derive(Clone, Copy)]
enum Call {
    Refresh,
    Status,
}

fn of_call(call: Call, fault: &ServerFault) -> Message {
    let Message { what, cure, .. } = server_fault(fault);
    let (place, setting) = match call {
        Call::Refresh => ("refresh", "check --actuator-url"),
        Call::Status => {
            ("status", "check --status-url (Spring: /eureka/status, Netflix WAR: /eureka/v2/status)")
        }
    };
    let cure = match fault {
        ServerFault::Unreachable(_)
        | ServerFault::HungUp(_)
        | ServerFault::TimedOut
        | ServerFault::Failing { .. } => {
            format!("{cure}; it is asked again with growing pauses")
        }
        ServerFault::Unreadable(_) => setting.to_owned(),
        ServerFault::Refused(_) => cure,
    };
    Message::new(what, cure).at(&place)
}

fn overwritten(repairs: u64) -> Message {
    Message::new(
        format!(
            "another process writes, changes or removes the published files again and again; they were put right \
             {repairs} times, and in between a server that reads them has another list"
        ),
        "find the other writer and stop it: a second container that has this volume, an init script, a tool that \
         copies files there; mount the volume readOnly everywhere else",
    )
    .at(&"--output-dir")
}

fn unreachable(fault: &ServerFault, has_replied: bool) -> Message {
    let message = of_call(Call::Status, fault);
    if has_replied {
        message
    } else {
        Message { cure: "nothing, while the server starts".to_owned(), ..message }
    }
}

fn start_waits(asked: Option<&Question>, governing: Option<&HeadlessService>) -> Message {
    let Some(asked) = asked else {
        return Message::new(
            "no list is published before DNS has given records, because --on-deadline is wait",
            "check that --service names the headless Service of the servers",
        )
        .at(&"any Service");
    };
    let belongs = belongs_to(governing);
    Message::new(
        format!(
            "no list is published and the server beside us is not started before DNS has given records, because \
             --on-deadline is wait{belongs}"
        ),
        "check that --service names the headless Service of these servers and that it has \
         publishNotReadyAddresses: true; `eureka-peers accept --empty` in this pod starts the server alone",
    )
    .at(&asked)
}

fn held_document(is_client: bool) -> Message {
    let more = if is_client { "" } else { ", and with --empty without any" };
    Message::new(
        "the saved state cannot be used, so the files stay as they were found until every Service has given records",
        format!("`eureka-peers accept` ends this with the records that there are{more}"),
    )
}

fn held_removal(missing: usize, remove_after: DurationOrNever, takes: RemovalTakes) -> Message {
    let missing = peers_are(missing);
    match (remove_after, takes) {
        (DurationOrNever::After(_), RemovalTakes::Time) => {
            Message::new(format!("{missing} missing and will leave after --remove-after {remove_after}"), "")
        }
        (DurationOrNever::After(_), RemovalTakes::Records) => Message::new(
            format!(
                "{missing} missing and kept: --remove-after {remove_after} counts only while DNS gives records"
            ),
            "",
        ),
        (DurationOrNever::After(_), RemovalTakes::Belief) => Message::new(
            format!(
                "{missing} missing and kept: besides --remove-after {remove_after} the fall has to be believed"
            ),
            "",
        ),
        (DurationOrNever::Never, _) => Message::new(
            format!("{missing} missing and kept, because --remove-after is never"),
            "where they are meant to leave: `eureka-peers accept`",
        ),
    }
}

fn no_room(unlisted: usize, max_peers: usize, remove_after: DurationOrNever) -> Message {
    let enter = match remove_after {
        DurationOrNever::After(_) => {
            format!("they enter as others leave after --remove-after {remove_after}")
        }
        DurationOrNever::Never => "none leaves, because --remove-after is never".to_owned(),
    };
    Message::new(
        format!(
            "{} not listed: with those that are missing the list has all that --max-peers {max_peers} lets it have, \
             twice as many; {enter}",
            peers_are(unlisted)
        ),
        "see who changes the Service's endpoints",
    )
}

fn not_adopted(why: &NotAdopted) -> Message {
    let what = "the server does not take the list over";
    match why {
        NotAdopted::Unknown => Message::new(what, "the likely reason is being looked for"),
        NotAdopted::Masked(origin) => {
            let Message { what: why, cure, .. } = list_origin(origin);
            Message::new(format!("{what}: {why}"), cure)
        }
        NotAdopted::PollsTooLong => Message::new(
            format!("{what}: it polls the file by itself and should have it by now"),
            "see that it named the file when it started (archaius.configurationSource.additionalUrls)",
        ),
    }
}

fn records_unusable(records: &UnusableRecords) -> Message {
    let (is, cure) = faults::unusable(records.first.why);
    let (count, of, first) = (records.count(), records.of, &records.first.what);
    Message::new(format!("{count} of {of} records cannot be used; the first one, {first}, {is}"), cure)
}

fn self_not_found(facts: &SelfNotFound) -> Message {
    let SelfNotFound { question, own, identity, sample, governing, namesake } = facts;
    let told_by = if sample.first().unwrap_or(own).host().is_by_address() { "POD_IP" } else { "POD_NAME" };
    let sample: Vec<_> = sample.iter().map(ToString::to_string).collect();
    let asked = question.service();
    let cure = match (governing, namesake) {
        (Some(governing), _) => format!(
            "give --service {governing}, or see that {asked} selects this pod too and has \
             publishNotReadyAddresses: true, or give --self-url"
        ),
        (None, Some(namesake)) => format!(
            "a record begins with this pod's name: where it is this pod, give --self-url {namesake}, else set \
             publishNotReadyAddresses: true on the Service"
        ),
        (None, None) if identity.unset.contains(&told_by) => format!(
            "{told_by} is not set, so what this machine says of itself was looked for: set it with `fieldRef: {}`, or \
             give --self-url as the records have it",
            field_of(told_by)
        ),
        (None, None) => "set publishNotReadyAddresses: true on the Service, or --self-url".to_owned(),
    };
    let belongs = belongs_to(governing.as_ref());
    let saw = sample.join(", ");
    let what = format!("self is not among the records; looked for {own} and {identity}; saw {saw}{belongs}");
    Message::new(what, cure).at(&question)
}

/// Where the downward API has what a variable of ours should say.
fn field_of(variable: &str) -> &'static str {
    if variable == "POD_NAME" { "metadata.name" } else { "status.podIP" }
}

fn belongs_to(governing: Option<&HeadlessService>) -> String {
    let said = |service| format!("; /etc/hosts says that this pod belongs to the Service {service}");
    governing.map_or(String::new(), said)
}

fn are_kept(kept: Kept) -> String {
    let why = match kept {
        Kept::Peers(_) | Kept::NoneYet | Kept::None => "",
        Kept::BelievedEmpty(BelievedBy::Operator) => {
            ", as the operator has accepted (`eureka-peers accept --empty`)"
        }
        Kept::BelievedEmpty(BelievedBy::EmptyAfter) => ", because DNS has said so for --empty-after",
    };
    format!("{} kept{why}", peers_are(kept.peers()))
}

fn times(count: u64) -> String {
    if count == 1 { "once".to_owned() } else { format!("{count} times") }
}

fn peers_are(count: usize) -> String {
    match count {
        0 => "no peers are".to_owned(),
        1 => "1 peer is".to_owned(),
        _ => format!("{count} peers are"),
    }
}

/// Why no list is in place: the conditions that hinder one and the questions that have no answer yet; where
/// there are neither, what DNS said.
pub fn why_no_list(status: &Status, now: Moment) -> String {
    let hindering = status.conditions.iter().filter(|condition| condition.kind().hinders_first_list());
    let mut messages: Vec<_> =
        hindering.map(|condition| situation(&condition.situation).to_string()).collect();
    messages.extend(status.services.iter().filter_map(|service| unanswered(service, now)));
    if messages.is_empty() {
        messages.extend(status.services.iter().filter_map(said_of));
    }
    let (said, more) = messages.split_at(messages.len().min(REASONS_MAX));
    let rest = if more.is_empty() { String::new() } else { format!("; and {} more", more.len()) };
    said.join("; ") + &rest
}

/// That DNS has not said anything of this Service yet.
fn unanswered(service: &ServiceStatus, now: Moment) -> Option<String> {
    let asked = service.unanswered_since.filter(|_| service.last.is_none())?;
    let what = format!("the question is still unanswered after {}", lasted(now.since(asked)));
    Some(Message::new(what, lookup_failure(&LookupFailure::Timeout).cure).at(&service.question).to_string())
}

fn said_of(service: &ServiceStatus) -> Option<String> {
    let last = service.last.as_ref()?;
    Some(Message::new(ended::last_answer(&last.value), "").at(&service.question).to_string())
}

/// Seconds as they are shown to programs, in `/status` and in the log: to the millisecond.
pub fn seconds(duration: Duration) -> f64 {
    let rounded = duration.saturating_add(Duration::from_micros(500));
    let text = format!("{}.{:03}", rounded.as_secs(), rounded.subsec_millis());
    text.parse().expect("digits, a point and digits are a number")
}

/// How long something lasted: whole seconds, or milliseconds below one.
pub fn lasted(duration: Duration) -> String {
    let rounded = match duration.as_secs() {
        0 => Duration::from_millis(duration.subsec_millis().into()),
        seconds => Duration::from_secs(seconds),
    };
    DurationOrNever::After(rounded).to_string()
}
