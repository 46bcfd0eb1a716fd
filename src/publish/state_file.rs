//! The saved state, as bytes.
//!
//! The file lies in a volume that others may write to: nothing in it is believed without being
//! parsed again, and nothing in it can make us panic.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::{HeadlessService, PeerSet, ServiceError, ServiceUrl, ServiceUrlError};
use crate::reconcile::SavedState;

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
    /// A Service's name is none.
    #[error("the saved state holds a name that is not one of a Service")]
    Service(#[source] ServiceError),
    /// A peer's URL is none.
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
    static_peers: Vec<String>,
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
    static_peers: Vec<Value>,
}

#[derive(Deserialize)]
struct FoundService {
    service: String,
    peers: Vec<Value>,
}

/// The bytes of a state file. The same state has the same bytes.
pub fn encode_state(state: &SavedState) -> Vec<u8> {
    let service = |(service, peers): &(HeadlessService, PeerSet)| StoredService {
        service: service.to_string(),
        peers: texts(peers),
    };
    let stored = Stored {
        version: VERSION,
        generation: state.generation,
        services: state.services.iter().map(service).collect(),
        static_peers: texts(&state.static_peers),
    };
    serde_json::to_vec(&stored).expect("texts and numbers have a JSON form")
}

/// Reads a state file back: a bad entry goes alone, and the good ones stay.
///
/// A Service of which no peer is left is not a Service without peers, and goes as well.
pub fn decode_state(bytes: &[u8]) -> Result<DecodedState, StateFault> {
    let found: Found = serde_json::from_slice(bytes).map_err(StateFault::Shape)?;
    let mut refused = vec![];
    let services =
        found.services.into_iter().filter_map(|value| found_service(value, &mut refused)).collect();
    let static_peers = found_peers(found.static_peers, &mut refused);
    let generation = found.generation.as_u64().unwrap_or_default();
    Ok(DecodedState { state: SavedState { services, static_peers, generation }, refused })
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
    use proptest::prelude::*;

    use super::*;

    fn any_peers() -> impl Strategy<Value = PeerSet> {
        let url = ("[a-z][a-z0-9-]{0,9}[a-z0-9]", 1..=u16::MAX, "(/[a-z0-9]{1,5}){0,2}");
        let url =
            url.prop_map(|(host, port, path)| format!("http://{host}:{port}{path}").parse().expect("a URL"));
        proptest::collection::btree_set(url, 0..6)
    }

    fn any_state() -> impl Strategy<Value = SavedState> {
        let name = "[a-z][a-z0-9]{0,9}(\\.[a-z][a-z0-9]{0,9}){0,4}";
        let service = name.prop_map(|name| service(&name).expect("a Service"));
        let services = proptest::collection::vec((service, any_peers()), 0..4);
        (services, any_peers(), any::<u64>()).prop_map(|(services, static_peers, generation)| SavedState {
            services,
            static_peers,
            generation,
        })
    }

    #[test]
    fn the_format_is_stable() {
        let peers: PeerSet = ["http://a.b:1/eureka/"].iter().map(|url| url.parse().expect("a URL")).collect();
        let state = SavedState {
            services: vec![(service("eureka.ns.svc").expect("a Service"), peers)],
            static_peers: PeerSet::new(),
            generation: 3,
        };
        let text = r#"{"version":1,"generation":3,"services":[{"service":"eureka.ns.svc","peers":["http://a.b:1/eureka/"]}],"staticPeers":[]}"#;
        assert_eq!(encode_state(&state), text.as_bytes());
        assert_eq!(read(text), (state, 0));
    }

    /// What is read, and how many entries were refused.
    fn read(text: &str) -> (SavedState, usize) {
        let DecodedState { state, refused } = decode_state(text.as_bytes()).expect(text);
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
            assert!(matches!(decode_state(text.as_bytes()), Err(StateFault::Shape(_))), "{text:.40}");
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
    fn a_newer_version_is_read_as_far_as_it_is_understood() {
        let text = r#"{"version":2,"generation":{"of":"defaultZone","is":3},"services":[{"service":"a.b","peers":["http://a.b:1/eureka/"],"zone":"z"}],"more":[]}"#;
        let (state, refused) = read(text);
        assert_eq!((state.services[0].1.len(), state.generation, refused), (1, 0, 0));
    }

    proptest! {
        #[test]
        fn every_state_comes_back(state in any_state()) {
            let DecodedState { state: read, refused } = decode_state(&encode_state(&state)).expect("our own");
            prop_assert_eq!((read, refused.len()), (state, 0));
        }

        #[test]
        fn damaged_bytes_give_a_state_or_a_reason(state in any_state(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = encode_state(&state);
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _never_a_panic = decode_state(&bytes);
            bytes.truncate(at);
            prop_assert!(decode_state(&bytes).is_err());
        }
    }
}
