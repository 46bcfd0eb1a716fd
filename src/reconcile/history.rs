//! Changes of the desired list, and how long each took to arrive.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use crate::model::{Moment, PeerSet};

use super::status::{Change, ChangeCause, Dated, Status};

/// The latest changes.
#[derive(Clone, Debug, Default)]
pub(super) struct History {
    changes: VecDeque<Arc<Change>>,
    number: u64,
    /// When the earliest change was seen that the server has not confirmed yet.
    unconfirmed_since: Option<Moment>,
    propagation: Option<Dated<Duration>>,
    is_confirmed_once: bool,
}

impl History {
    /// Books a change from `before` to `after`.
    pub(super) fn changed(
        &mut self,
        cause: ChangeCause,
        before: Option<&PeerSet>,
        after: &PeerSet,
        now: Moment,
    ) {
        // Before its first confirm the server is starting, and starts with what is published.
        if self.is_confirmed_once && cause == ChangeCause::Answer {
            self.unconfirmed_since.get_or_insert(now);
        }
        let none = PeerSet::new();
        let before = before.unwrap_or(&none);
        if self.changes.len() == Status::HISTORY_MAX {
            self.changes.pop_front();
        }
        debug_assert!(
            self.changes.back().is_none_or(|latest| latest.at <= now),
            "changes are booked in their order"
        );
        self.number += 1;
        self.changes.push_back(Arc::new(Change {
            number: self.number,
            at: now,
            cause,
            added: after.difference(before).collect(),
            removed: before.difference(after).collect(),
            peers: after.len(),
        }));
    }

    /// Books that the server holds the list.
    pub(super) fn confirmed(&mut self, now: Moment) {
        self.is_confirmed_once = true;
        if let Some(since) = self.unconfirmed_since.take() {
            self.propagation = Some(Dated { value: now.since(since), since: now });
        }
    }

    /// The latest changes, latest last.
    pub(super) fn changes(&self) -> &VecDeque<Arc<Change>> {
        &self.changes
    }

    /// How long the latest confirmed change took from its first sight, and when it was confirmed.
    pub(super) fn propagation(&self) -> Option<&Dated<Duration>> {
        self.propagation.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::super::PeersOfChange;
    use super::*;

    fn at(seconds: u64) -> Moment {
        Moment::at(Duration::from_secs(seconds))
    }

    fn peers(hosts: &[u8]) -> PeerSet {
        let url = |host: &u8| format!("http://10.0.0.{host}:8761/eureka/").parse().expect("a valid URL");
        hosts.iter().map(url).collect()
    }

    #[test]
    fn a_change_says_who_came_and_who_left() {
        let mut history = History::default();
        history.changed(ChangeCause::SavedState, None, &peers(&[1, 2]), at(0));
        history.changed(ChangeCause::Answer, Some(&peers(&[1, 2])), &peers(&[2, 3, 4]), at(7));
        let of = |hosts: &[u8]| peers(hosts).iter().collect();
        let (added, removed) = (of(&[3, 4]), of(&[1]));
        let change = Change { number: 2, at: at(7), cause: ChangeCause::Answer, added, removed, peers: 3 };
        assert_eq!(history.changes().back().map(Arc::as_ref), Some(&change));
        assert_eq!(history.changes()[0].added, of(&[1, 2]));
    }

    #[test]
    fn the_latest_changes_are_kept() {
        let mut history = History::default();
        for _ in 0..Status::HISTORY_MAX + 10 {
            history.changed(ChangeCause::Answer, None, &peers(&[1]), at(0));
        }
        let numbers: Vec<_> = history.changes().iter().map(|change| change.number).collect();
        assert_eq!(numbers, (11..=74).collect::<Vec<_>>());
    }

    /// Whatever is replaced, and however long the names are.
    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let long = "x".repeat(60);
        let names = |round: usize, length: usize| -> PeerSet {
            let tail = vec![&long[..]; length].join(".");
            let url =
                |pod| format!("http://eureka-{round}-{pod}.{tail}:8761/eureka/").parse().expect("a URL");
            (0..500).map(url).collect()
        };
        for length in [1, 3] {
            let mut history = History::default();
            for round in 0..2 * Status::HISTORY_MAX {
                let (before, after) = (names(round, length), names(round + 1, length));
                history.changed(ChangeCause::Answer, Some(&before), &after, at(0));
            }
            let sides = history.changes().iter().flat_map(|change| [&change.added, &change.removed]);
            let bytes: usize =
                sides.clone().flat_map(PeersOfChange::named).map(|url| url.as_str().len()).sum();
            assert!(bytes <= 800 * 1024, "{bytes}");
            for peers in sides {
                assert!((20..=PeersOfChange::NAMED_MAX).contains(&peers.named().len()), "{length}");
                assert_eq!((peers.count(), peers.unnamed()), (500, 500 - peers.named().len()));
            }
        }
    }

    #[test]
    fn propagation_counts_from_the_first_unconfirmed_answer() {
        let mut history = History::default();
        let taken =
            |history: &History| history.propagation().map(|taken| (taken.value.as_secs(), taken.since));
        history.changed(ChangeCause::Answer, None, &peers(&[1]), at(0));
        history.confirmed(at(5));
        assert_eq!(taken(&history), None, "a start is no change that arrives");
        history.changed(ChangeCause::Settings, None, &peers(&[1]), at(10));
        history.confirmed(at(15));
        assert_eq!(taken(&history), None, "nor is what the operator does seen in DNS");
        history.changed(ChangeCause::Answer, None, &peers(&[1]), at(20));
        history.changed(ChangeCause::Answer, None, &peers(&[1]), at(22));
        history.confirmed(at(23));
        assert_eq!(taken(&history), Some((3, at(23))));
        history.confirmed(at(53));
        assert_eq!(taken(&history), Some((3, at(23))), "confirmed once");
    }
}
