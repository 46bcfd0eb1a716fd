//! What one life leaves to the next, as bytes.
//!
//! The file lies in a volume that others may write to: nothing in it is believed without being
//! parsed again, and nothing in it can make us panic.

use serde::{Deserialize, Serialize};

use crate::model::{HeadlessService, PeerSet, ServiceError, ServiceUrl, ServiceUrlError};
use crate::reconcile::PreviousLife;

/// The version that is written, and the only one that is read.
///
/// Older programs ignore newer files and the other way round: the state is a convenience, and one
/// answer from DNS replaces it.
const VERSION: u64 = 1;

/// Why a state is not used.
#[derive(Debug, thiserror::Error)]
pub enum StateFault {
    /// It is no JSON of this shape.
    #[error("the state of the previous life is damaged")]
    Shape(#[source] serde_json::Error),
    /// Another release wrote it.
    #[error("the state of the previous life is of version {0}; this release reads {VERSION}")]
    Version(u64),
    /// A Service's name is none.
    #[error("the state of the previous life names no Service")]
    Service(#[source] ServiceError),
    /// A peer's URL is none.
    #[error("the state of the previous life holds a peer that is no service URL")]
    Peer(#[source] ServiceUrlError),
}

/// Read first: another version may have any other shape.
#[derive(Deserialize)]
struct Versioned {
    version: u64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stored {
    version: u64,
    generation: u64,
    services: Vec<StoredService>,
    static_peers: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct StoredService {
    service: String,
    peers: Vec<String>,
}

/// The bytes of a state file. The same state has the same bytes.
pub fn encode_state(state: &PreviousLife) -> Vec<u8> {
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

/// Reads a state file back, all of it or nothing.
pub fn decode_state(bytes: &[u8]) -> Result<PreviousLife, StateFault> {
    let Versioned { version } = serde_json::from_slice(bytes).map_err(StateFault::Shape)?;
    if version != VERSION {
        return Err(StateFault::Version(version));
    }
    let stored: Stored = serde_json::from_slice(bytes).map_err(StateFault::Shape)?;
    let service = |stored: StoredService| Ok((service(&stored.service)?, peers(&stored.peers)?));
    Ok(PreviousLife {
        services: stored.services.into_iter().map(service).collect::<Result<_, StateFault>>()?,
        static_peers: peers(&stored.static_peers)?,
        generation: stored.generation,
    })
}

fn texts(peers: &PeerSet) -> Vec<String> {
    peers.iter().map(ToString::to_string).collect()
}

fn peers(texts: &[String]) -> Result<PeerSet, StateFault> {
    texts.iter().map(|text| text.parse::<ServiceUrl>().map_err(StateFault::Peer)).collect()
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

    fn any_state() -> impl Strategy<Value = PreviousLife> {
        let name = "[a-z][a-z0-9]{0,9}(\\.[a-z][a-z0-9]{0,9}){0,4}";
        let service = name.prop_map(|name| service(&name).expect("a Service"));
        let services = proptest::collection::vec((service, any_peers()), 0..4);
        (services, any_peers(), any::<u64>()).prop_map(|(services, static_peers, generation)| PreviousLife {
            services,
            static_peers,
            generation,
        })
    }

    #[test]
    fn the_format_is_stable() {
        let peers: PeerSet = ["http://a.b:1/eureka/"].iter().map(|url| url.parse().expect("a URL")).collect();
        let state = PreviousLife {
            services: vec![(service("eureka.ns.svc").expect("a Service"), peers)],
            static_peers: PeerSet::new(),
            generation: 3,
        };
        let text = r#"{"version":1,"generation":3,"services":[{"service":"eureka.ns.svc","peers":["http://a.b:1/eureka/"]}],"staticPeers":[]}"#;
        assert_eq!(encode_state(&state), text.as_bytes());
        assert_eq!(decode_state(text.as_bytes()).expect("valid"), state);
    }

    #[test]
    fn hostile_states_are_refused_with_a_reason() {
        let with = |services: &str, peers: &str| {
            format!(r#"{{"version":1,"generation":0,"services":{services},"staticPeers":{peers}}}"#)
        };
        let reason = |text: &str| decode_state(text.as_bytes()).expect_err(text);
        for text in ["", "null", "[]", "{", r#"{"version":-1}"#, r#"{"version":1}"#, &"[".repeat(100_000)] {
            assert!(matches!(reason(text), StateFault::Shape(_)));
        }
        assert!(matches!(reason(r#"{"version":2,"anything":[]}"#), StateFault::Version(2)));
        for peer in ["", "x", "http://u:p@h:1/", "http://${h}:1/", "http://a,b:1/", "http://a:1/\\n"] {
            assert!(matches!(reason(&with("[]", &format!(r#"["{peer}"]"#))), StateFault::Peer(_)), "{peer}");
        }
        let nameless = with(r#"[{"service":"a..b","peers":[]}]"#, "[]");
        assert!(matches!(reason(&nameless), StateFault::Service(_)));
    }

    proptest! {
        #[test]
        fn every_state_comes_back(state in any_state()) {
            prop_assert_eq!(decode_state(&encode_state(&state)).expect("our own"), state);
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
