//! The published list against the server's own: what masks it shows here, where all else is hidden.
//!
//! Must never write, nor take the lock of the directory.

use std::fmt;

use crate::eureka::EurekaServer;
use crate::model::{PeerSet, ServiceUrl};
use crate::settings::Settings;

use super::published_list::in_saved_state;

/// How the server's list differs from the published one, self and sink aside.
pub(super) struct ListDifference {
    lacking: PeerSet,
    besides: PeerSet,
}

impl ListDifference {
    /// What the server lacks, and what it has besides; nothing where either list is not known.
    pub(super) async fn see(settings: &Settings, server: &EurekaServer) -> Option<Self> {
        let published = in_saved_state(settings)?;
        let replicas = server.replicas().await.ok()?;
        // On whichever port: one host runs one server.
        let own = settings.policy.own().map(|own| own.url.host());
        let is_peer = |url: &&ServiceUrl| Some(url.host()) != own && **url != settings.policy.sink;
        Some(Self {
            lacking: published.difference(&replicas.peers).filter(is_peer).cloned().collect(),
            besides: replicas.peers.difference(&published).filter(is_peer).cloned().collect(),
        })
    }

    /// Whether the lists are one.
    pub(super) fn is_none(&self) -> bool {
        self.lacking.is_empty() && self.besides.is_empty()
    }
}

impl fmt::Display for ListDifference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.lacking.first(), self.besides.first()) {
            (Some(lacking), Some(besides)) => {
                write!(f, "it lacks {}, {lacking} among them, and has ", self.lacking.len())?;
                write!(f, "{} besides, {besides} among them", self.besides.len())
            }
            (Some(lacking), None) => write!(f, "it lacks {}, {lacking} among them", self.lacking.len()),
            (None, Some(besides)) => write!(f, "it has {} besides, {besides} among them", self.besides.len()),
            (None, None) => f.write_str("no difference"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_says_on_which_side_it_is() {
        let set = |urls: &[&str]| urls.iter().map(|url| url.parse().expect("valid")).collect();
        let difference = |lacking: &[&str], besides: &[&str]| ListDifference {
            lacking: set(lacking),
            besides: set(besides),
        };
        let [a, b] = ["http://a:1/", "http://b:1/"];
        assert!(difference(&[], &[]).is_none());
        assert_eq!(difference(&[a, b], &[]).to_string(), "it lacks 2, http://a:1/ among them");
        assert_eq!(difference(&[], &[b]).to_string(), "it has 1 besides, http://b:1/ among them");
        let both = difference(&[a], &[b]);
        assert!(!both.is_none());
        assert_eq!(
            both.to_string(),
            "it lacks 1, http://a:1/ among them, and has 1 besides, http://b:1/ among them"
        );
    }
}
