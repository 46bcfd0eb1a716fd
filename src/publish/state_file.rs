//! The saved state, as bytes.
//!
//! The file lies in a volume that others may write to: nothing in it is believed without being
//! parsed again, and nothing in it can make us panic.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{
    AddressFamily, HeadlessService, PeerSet, Port, Question, RecordType, ServiceError, ServiceUrl,
    ServiceUrlError, WallClock,
};
use crate::reconcile::{Belief, BelievedBy, SavedState};

/// The version that is written.
///
/// A newer one is read as far as it is understood, and an older program reads ours in the same way: what
/// both know keeps its name and its meaning.
const VERSION: u64 = 1;

/// Why a state, or one entry of it, is not used.
#[derive(Debug, thiserror::Error)]
pub enum StateFault {
    /// It is not JSON of this shape.
    #[error("the saved state is damaged")]
    Shape(#[source] serde_json::Error),
    /// An entry is not JSON of its shape.
    #[error("an entry of the saved state is damaged")]
    Entry(#[source] serde_json::Error),
    /// That a Service is believed to be empty lacks a part, or comes from a newer program.
    #[error(
        "the saved state does not say since when, by whose word or after which question a Service is believed to be empty"
    )]
    Belief,
    /// The own port is not a port.
    #[error("the saved state holds a port of our own that is not 1 to 65535")]
    Port,
    /// A name is not one of a Service.
    #[error("the saved state holds a name that is not one of a Service")]
    Service(#[source] ServiceError),
    /// A peer is not a service URL.
    #[error("the saved state holds a peer that is not a service URL")]
    Peer(#[source] ServiceUrlError),
}

/// A state as far as it could be read.
#[derive(Debug)]
pub struct DecodedState {
    /// What can be used.
    pub state: SavedState,
    /// Why each of the other entries cannot.
    pub refused: Vec<StateFault>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    version: u64,
    generation: u64,
    services: Vec<StoredService>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    believed_empty: Vec<StoredBelief>,
    static_peers: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    own_port: Option<u16>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredBelief {
    service: String,
    record_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    port_name: Option<String>,
    by: String,
    since: String,
}

#[derive(Serialize)]
struct StoredService {
    service: String,
    peers: Vec<String>,
}

/// A state whose entries have not been looked at yet.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(rename = "version")]
    _version: u64,
    #[serde(default)]
    generation: Value,
    services: Vec<Value>,
    #[serde(default)]
    believed_empty: Vec<Value>,
    #[serde(default)]
    static_peers: Vec<Value>,
    #[serde(default)]
    own_port: Option<Value>,
}

#[derive(Deserialize)]
struct FoundService {
    service: String,
    peers: Vec<Value>,
}

/// The bytes of a state file. The same state has the same bytes under the same clock.
pub fn encode_state(state: &SavedState, clock: WallClock) -> Vec<u8> {
    let service = |(service, peers): &(HeadlessService, PeerSet)| StoredService {
        service: service.to_string(),
        peers: texts(peers),
    };
    let belief = |(question, belief): &(Question, Belief)| StoredBelief {
        service: question.service().to_string(),
        record_type: question.record_type().to_string(),
        port_name: match question {
            Question::Names { port_name, .. } => Some(port_name.to_string()),
            Question::Addresses { .. } => None,
        },
        by: belief.by.label().to_owned(),
        since: clock.to_saved(belief.since),
    };
    let stored = Stored {
        version: VERSION,
        generation: state.generation,
        services: state.services.iter().map(service).collect(),
        believed_empty: state.believed_empty.iter().map(belief).collect(),
        static_peers: texts(&state.static_peers),
        own_port: state.own_port.map(Port::get),
    };
    serde_json::to_vec(&stored).expect("texts and numbers have a JSON form")
}

/// Reads a state file back: a bad entry goes alone, and the good ones stay.
///
/// A Service of which no peer is left is not a Service without peers, and goes as well.
pub fn decode_state(bytes: &[u8], clock: WallClock) -> Result<DecodedState, StateFault> {
    let found: Found = serde_json::from_slice(bytes).map_err(StateFault::Shape)?;
    let mut refused = vec![];
    let services =
        found.services.into_iter().filter_map(|value| found_service(value, &mut refused)).collect();
    let believed_empty = found
        .believed_empty
        .into_iter()
        .filter_map(|value| kept(found_belief(value, clock), &mut refused))
        .collect();
    let static_peers = found_peers(found.static_peers, &mut refused);
    let generation = found.generation.as_u64().unwrap_or_default();
    let own_port = found.own_port.and_then(|value| kept(found_port(&value), &mut refused));
    let state = SavedState { services, believed_empty, static_peers, generation, own_port };
    Ok(DecodedState { state, refused })
}

fn found_port(value: &Value) -> Result<Port, StateFault> {
    let port = value.as_u64().and_then(|port| u16::try_from(port).ok());
    port.and_then(|port| Port::new(port).ok()).ok_or(StateFault::Port)
}

fn found_service(value: Value, refused: &mut Vec<StateFault>) -> Option<(HeadlessService, PeerSet)> {
    let read = serde_json::from_value(value).map_err(StateFault::Entry);
    let read = read.and_then(|found: FoundService| Ok((service(&found.service)?, found.peers)));
    match read {
        Ok((service, texts)) => {
            let was_empty = texts.is_empty();
            let peers = found_peers(texts, refused);
            (was_empty || !peers.is_empty()).then_some((service, peers))
        }
        Err(fault) => {
            refused.push(fault);
            None
        }
    }
}

fn found_belief(value: Value, clock: WallClock) -> Result<(Question, Belief), StateFault> {
    let found: StoredBelief = serde_json::from_value(value).map_err(StateFault::Entry)?;
    let by = BelievedBy::ALL.into_iter().find(|by| by.label() == found.by).ok_or(StateFault::Belief)?;
    let since = clock.moment_of(&found.since).ok_or(StateFault::Belief)?;
    Ok((question(&found)?, Belief { by, since }))
}

fn question(found: &StoredBelief) -> Result<Question, StateFault> {
    let service = service(&found.service)?;
    let is = |record_type: RecordType| found.record_type == record_type.as_str();
    let port_name = found.port_name.as_ref().map(|name| name.parse());
    match port_name {
        Some(Ok(port_name)) if is(RecordType::Srv) => Ok(Question::Names { service, port_name }),
        None if is(RecordType::A) => Ok(Question::Addresses { service, family: AddressFamily::Ipv4 }),
        None if is(RecordType::Aaaa) => Ok(Question::Addresses { service, family: AddressFamily::Ipv6 }),
        Some(_) | None => Err(StateFault::Belief),
    }
}

fn kept<T>(read: Result<T, StateFault>, refused: &mut Vec<StateFault>) -> Option<T> {
    read.map_err(|fault| refused.push(fault)).ok()
}

fn found_peers(values: Vec<Value>, refused: &mut Vec<StateFault>) -> PeerSet {
    let mut peers = PeerSet::new();
    for value in values {
        match serde_json::from_value(value).map_err(StateFault::Entry).and_then(|text: String| peer(&text)) {
            Ok(peer) => drop(peers.insert(peer)),
            Err(fault) => refused.push(fault),
        }
    }
    peers
}

fn texts(peers: &PeerSet) -> Vec<String> {
    peers.iter().map(ToString::to_string).collect()
}

fn peer(text: &str) -> Result<ServiceUrl, StateFault> {
    text.parse().map_err(StateFault::Peer)
}

/// The trailing dot makes the name absolute: nothing is completed.
fn service(name: &str) -> Result<HeadlessService, StateFault> {
    HeadlessService::from_setting(&format!("{name}."), "", "").map_err(StateFault::Service)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::*;
    use crate::model::Moment;

    fn any_peers() -> impl Strategy<Value = PeerSet> {
        let url = ("[a-z][a-z0-9-]{0,9}[a-z0-9]", 1..=u16::MAX, "(/[a-z0-9]{1,5}){0,2}");
        let url =
            url.prop_map(|(host, port, path)| format!("http://{host}:{port}{path}").parse().expect("a URL"));
        proptest::collection::btree_set(url, 0..6)
    }

    fn any_state() -> impl Strategy<Value = SavedState> {
        let name = "[a-z][a-z0-9]{0,9}(\\.[a-z][a-z0-9]{0,9}){0,4}";
        let names = name.prop_map(|name| service(&name).expect("a Service"));
        let services = proptest::collection::vec((names, any_peers()), 0..4);
        let belief = (0..BelievedBy::ALL.len(), any::<u32>())
            .prop_map(|(by, ago)| Belief { by: BelievedBy::ALL[by], since: before_start(ago.into()) });
        let kinds = ["SRV", "A", "AAAA"];
        let asked =
            ("[a-z][a-z0-9]{0,9}", "[a-z]{1,9}", 0..kinds.len()).prop_map(move |(service, port, kind)| {
                let port_name = (kinds[kind] == "SRV").then_some(port);
                let (by, since) = (String::new(), String::new());
                question(&StoredBelief { service, record_type: kinds[kind].to_owned(), port_name, by, since })
                    .expect("a question")
            });
        let believed = proptest::collection::vec((asked, belief), 0..3);
        let port = proptest::option::of((1..=u16::MAX).prop_map(|port| Port::new(port).expect("a port")));
        (services, believed, any_peers(), any::<u64>(), port).prop_map(
            |(services, believed_empty, static_peers, generation, own_port)| SavedState {
                services,
                believed_empty,
                static_peers,
                generation,
                own_port,
            },
        )
    }

    fn before_start(nanoseconds: u64) -> Moment {
        Moment::before_start_by(Duration::from_nanos(nanoseconds))
    }

    /// A program that started in September 2001.
    fn clock() -> WallClock {
        WallClock::started_at(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000))
    }

    #[test]
    fn the_format_is_stable() {
        let peers: PeerSet = ["http://a.b:1/eureka/"].iter().map(|url| url.parse().expect("a URL")).collect();
        let state = SavedState {
            services: vec![(service("eureka.ns.svc").expect("a Service"), peers)],
            generation: 3,
            ..SavedState::default()
        };
        let text = r#"{"version":1,"generation":3,"services":[{"service":"eureka.ns.svc","peers":["http://a.b:1/eureka/"]}],"staticPeers":[]}"#;
        assert_eq!(encode_state(&state, clock()), text.as_bytes());
        assert_eq!(read(text), (state.clone(), 0));
        let belief = Belief { by: BelievedBy::Operator, since: before_start(1_000_000_000) };
        let other = || service("other.ns.svc").expect("a Service");
        let asked = Question::Names { service: other(), port_name: "web".parse().expect("a port name") };
        let believed_empty = vec![(asked, belief)];
        let with_belief = text.replace(r#""staticPeers""#, r#""believedEmpty":[{"service":"other.ns.svc","recordType":"SRV","portName":"web","by":"accepted","since":"2001-09-09T01:46:39.000000000Z"}],"staticPeers""#);
        let state = SavedState { believed_empty, ..state };
        assert_eq!(encode_state(&state, clock()), with_belief.as_bytes());
        assert_eq!(read(&with_belief), (state.clone(), 0));
        let of_addresses = with_belief.replace(r#""SRV","portName":"web""#, r#""AAAA""#);
        let asked = Question::Addresses { service: other(), family: AddressFamily::Ipv6 };
        assert_eq!(read(&of_addresses).0.believed_empty, [(asked, belief)]);
        for (good, bad) in [
            ("accepted", "foreseen"),
            ("2001-09-09T01:46:39.000000000Z", "then"),
            ("other.ns", ".."),
            ("SRV", "MX"),
            ("SRV", "A"),
            (r#","portName":"web""#, ""),
            (r#""web""#, r#""w_b""#),
            (r#""recordType":"SRV","#, ""),
        ] {
            let (read, refused) = read(&with_belief.replace(good, bad));
            assert_eq!(
                (read.believed_empty, read.services, refused),
                (vec![], state.services.clone(), 1),
                "{bad}"
            );
        }
    }

    /// What is read, and how many entries were refused.
    fn read(text: &str) -> (SavedState, usize) {
        let DecodedState { state, refused } = decode_state(text.as_bytes(), clock()).expect(text);
        (state, refused.len())
    }

    #[test]
    fn what_is_no_state_is_refused_with_a_reason() {
        let hostile = [
            "",
            "null",
            "[]",
            "{",
            r#"{"version":-1,"services":[]}"#,
            r#"{"version":1}"#,
            r#"{"version":2,"anything":[]}"#,
            r#"{"services":[]}"#,
            r#"{"version":1,"services":{}}"#,
            &"[".repeat(100_000),
        ];
        for text in hostile {
            assert!(
                matches!(decode_state(text.as_bytes(), clock()), Err(StateFault::Shape(_))),
                "{text:.40}"
            );
        }
    }

    #[test]
    fn a_bad_entry_goes_alone() {
        let good = "http://a.b:1/eureka/";
        for bad in [
            r#""""#,
            r#""x""#,
            r#""http://u:p@h:1/""#,
            r#""http://${h}:1/""#,
            r#""http://a,b:1/""#,
            r#""http://a:1/\\n""#,
            "null",
            "7",
            "[]",
        ] {
            let text = format!(
                r#"{{"version":1,"generation":4,"services":[{{"service":"a.b","peers":[{bad},"{good}"]}}],"staticPeers":[{bad}]}}"#
            );
            let (state, refused) = read(&text);
            assert_eq!(refused, 2, "{bad}");
            let peers = PeerSet::from([good.parse().expect("a URL")]);
            assert_eq!(state.services, [(service("a.b").expect("a Service"), peers)], "{bad}");
            assert_eq!((state.static_peers.len(), state.generation), (0, 4), "{bad}");
        }
    }

    #[test]
    fn a_service_without_a_good_entry_is_not_one_that_had_none() {
        let of = |service: &str, peers: &str| format!(r#"{{"service":"{service}","peers":{peers}}}"#);
        let left = |services: &str| {
            let (state, refused) = read(&format!(r#"{{"version":1,"services":[{services}]}}"#));
            (state.services.iter().map(|(service, _)| service.to_string()).collect::<Vec<_>>(), refused)
        };
        assert_eq!(left(&of("a.b", "[]")), (vec!["a.b".to_owned()], 0));
        assert_eq!(left(&of("a.b", r#"["x"]"#)), (vec![], 1));
        assert_eq!(left(&of("a..b", "[]")), (vec![], 1));
        let two = [of("a..b", "[]"), of("c.d", "[]"), "7".to_owned()].join(",");
        assert_eq!(left(&two), (vec!["c.d".to_owned()], 2));
    }

    #[test]
    fn the_own_port_is_optional_and_a_bad_one_goes_alone() {
        let state = SavedState { own_port: Port::new(9000).ok(), ..SavedState::default() };
        let text = r#"{"version":1,"generation":0,"services":[],"staticPeers":[],"ownPort":9000}"#;
        assert_eq!(encode_state(&state, clock()), text.as_bytes());
        assert_eq!(read(text), (state, 0));
        for bad in ["0", "65536", "-1", "8761.5", r#""9000""#, "[]"] {
            assert_eq!(read(&text.replace("9000", bad)), (SavedState::default(), 1), "{bad}");
        }
        assert_eq!(read(&text.replace("9000", "null")), (SavedState::default(), 0));
    }

    #[test]
    fn a_newer_version_is_read_as_far_as_it_is_understood() {
        let text = r#"{"version":2,"generation":{"of":"defaultZone","is":3},"services":[{"service":"a.b","peers":["http://a.b:1/eureka/"],"zone":"z"}],"more":[]}"#;
        let (state, refused) = read(text);
        assert_eq!((state.services[0].1.len(), state.generation, refused), (1, 0, 0));
    }

    proptest! {
        #[test]
        fn every_state_comes_back(state in any_state()) {
            let DecodedState { state: read, refused } = decode_state(&encode_state(&state, clock()), clock()).expect("our own");
            prop_assert_eq!((read, refused.len()), (state, 0));
        }

        #[test]
        fn damaged_bytes_give_a_state_or_a_reason(state in any_state(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = encode_state(&state, clock());
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _never_a_panic = decode_state(&bytes, clock());
            bytes.truncate(at);
            prop_assert!(decode_state(&bytes, clock()).is_err());
        }
    }
}
