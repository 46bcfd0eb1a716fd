//! The words of a scenario file: durations, hosts, what DNS says, what a server answers.
//!
//! Every fault is raised while its word is read, so that it carries the line on which it stands.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use std::time::Duration;

use eureka_peers::model::{Answer, LookupFailure, Refusal, ServerFault, read_duration};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// A value written as one word; whatever YAML makes of it (number, boolean) is read as text again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written<T>(pub(crate) T);

impl<'de, T: FromStr<Err: fmt::Display>> Deserialize<'de> for Written<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(WordVisitor(PhantomData)).map(Self)
    }
}

struct WordVisitor<T>(PhantomData<T>);

impl<T: FromStr<Err: fmt::Display>> Visitor<'_> for WordVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("one word")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|error| E::custom(format!("{text:?} {error}")))
    }
}

/// A length of time, such as `1s`, `5m` or `100ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Span(pub(crate) Duration);

impl FromStr for Span {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        read_duration(text).map(Self).map_err(|_| "is no duration with a unit, such as 1s or 5m")
    }
}

/// A host: `3` is pod 3 of the first Service, `3@other` of another, `3:9000` one with a port of its
/// own; anything else is a host or a URL as it stands. `self` and `sink` are what they say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HostWord {
    Pod { number: u8, service: Option<String>, port: Option<u16> },
    Own,
    Sink,
    Raw(String),
}

impl FromStr for HostWord {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "" => return Err("names no host"),
            "self" => return Ok(Self::Own),
            "sink" => return Ok(Self::Sink),
            _ => {}
        }
        let (rest, port) = match text.split_once(':') {
            Some((rest, port)) => (rest, port.parse().ok()),
            None => (text, None),
        };
        let (number, service) = match rest.split_once('@') {
            Some((number, service)) => (number, Some(service.to_owned())),
            None => (rest, None),
        };
        Ok(match number.parse() {
            Ok(number) => Self::Pod { number, service, port },
            Err(_) => Self::Raw(text.to_owned()),
        })
    }
}

/// What DNS says of one Service: a list of hosts, a word for anything else, or several by turns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    Records(Vec<HostWord>),
    Other(Answer),
    Alternating(Vec<Says>),
}

impl<'de> Deserialize<'de> for Says {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SaysVisitor)
    }
}

struct SaysVisitor;

impl<'de> Visitor<'de> for SaysVisitor {
    type Value = Says;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of hosts, a word such as nobody or timeout, or `alternating: [[1], [2]]`")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Says, E> {
        answer(text).map(Says::Other).ok_or_else(|| E::custom(format!("DNS cannot say {text:?}")))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Says, A::Error> {
        let mut hosts = vec![];
        while let Some(Written(host)) = items.next_element()? {
            hosts.push(host);
        }
        Ok(Says::Records(hosts))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Says, A::Error> {
        match entries.next_entry::<String, Vec<Says>>()? {
            Some((key, turns)) if key == "alternating" && !turns.is_empty() => Ok(Says::Alternating(turns)),
            Some(_) | None => Err(A::Error::custom("the only mapping here is `alternating: [[1], [2]]`")),
        }
    }
}

fn answer(text: &str) -> Option<Answer> {
    let empty = |no_such_name| Answer::Empty { no_such_name, soa_serial: 1_700_000_000 };
    Some(Answer::Failed(match text {
        "nobody" => return Some(empty(true)),
        "no-data" => return Some(empty(false)),
        "timeout" => LookupFailure::Timeout,
        "servfail" => LookupFailure::ServerFailure,
        "refused" => LookupFailure::Refused,
        "response-code" => LookupFailure::ResponseCode(9),
        "negative-without-soa" => LookupFailure::NegativeWithoutSoa,
        "truncated" => LookupFailure::Truncated,
        "malformed" => LookupFailure::Malformed("records of another type"),
        "network" => LookupFailure::Network("network unreachable".to_owned()),
        "port-name-missing" => LookupFailure::PortNameMissing,
        _ => return None,
    }))
}

/// How the server beside us answers a call: `ok`, or a fault by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply(pub(crate) Result<(), ServerFault>);

impl FromStr for Reply {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let fault = match text {
            "ok" => return Ok(Self(Ok(()))),
            "unreachable" => ServerFault::Unreachable("connection refused".to_owned()),
            "timeout" => ServerFault::TimedOut,
            "failing" => ServerFault::Failing { status: 500, reason: "Internal Server Error".to_owned() },
            "unreadable" => ServerFault::Unreadable("no XML".to_owned()),
            "credentials-missing" => ServerFault::Refused(Refusal::CredentialsMissing),
            "credentials-wrong" => ServerFault::Refused(Refusal::CredentialsWrong),
            "csrf" => ServerFault::Refused(Refusal::Csrf),
            "forbidden" => ServerFault::Refused(Refusal::Forbidden),
            "redirected" => ServerFault::Refused(Refusal::Redirected),
            "not-exposed" => ServerFault::Refused(Refusal::NotExposed),
            "method-not-allowed" => ServerFault::Refused(Refusal::MethodNotAllowed),
            _ => return Err("is no reply of a server"),
        };
        Ok(Self(Err(fault)))
    }
}

/// What the server does with a refresh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum OnRefresh {
    /// Takes the list over, as a stock server does.
    Takes,
    /// Answers 200 and takes nothing over: the list is masked.
    Ignores,
    /// Never answers.
    Hangs,
    /// Answers with a fault.
    Answers(ServerFault),
}

impl FromStr for OnRefresh {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "takes" => Ok(Self::Takes),
            "ignores" => Ok(Self::Ignores),
            "hangs" => Ok(Self::Hangs),
            _ => match text.parse()? {
                Reply(Err(fault)) => Ok(Self::Answers(fault)),
                Reply(Ok(())) => Err("is `takes` or `ignores` here"),
            },
        }
    }
}
