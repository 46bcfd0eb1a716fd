//! The books of one server's refreshes: how many, how soon, and how late.

use std::collections::VecDeque;
use std::time::Duration;

use eureka_peers::model::{PeerSet, ServerFault};

use crate::plan::Time;
use crate::promise::{Broken, Promise, said};

/// Between the starts of any two refreshes.
const SPACING_MIN: Duration = Duration::from_secs(1);
/// Between the starts of two of which the second brings nobody, repeats what was told, or disturbs a slow
/// server.
const SPACING: Duration = Duration::from_secs(5);
/// In any row of refreshes there are so many, and one more each [`REFILL`] that it lasts.
const BUDGET: u32 = 6;
const REFILL: Duration = Duration::from_secs(2);
/// A server whose last refresh took longer is slow.
const QUICK: Duration = Duration::from_secs(1);
/// How much later than it might an addition may be told: a publication, a confirm and a diagnosis are made
/// one after the other, and a question may be in between.
const LATE: Duration = Duration::from_millis(200);
/// No row of refreshes is looked at for longer.
const HOUR: Duration = Duration::from_secs(3_600);
/// Refreshes that are answered 200 for one list: the first, and two counted retries.
const ACCEPTED_MAX: u32 = 3;
/// The same while lists are known not to be taken over.
const ACCEPTED_MAX_IN_VAIN: u32 = 1;

/// What the server has heard of the list.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Telling {
    /// Nothing: the list is another one than before.
    News,
    /// Nothing that counts: the server was restarted, say, which a sidecar cannot always see.
    #[default]
    Anew,
    Told,
}

/// What was asked of the server in the sidecar's present life.
#[derive(Default)]
pub(crate) struct Refreshes {
    in_flight: bool,
    /// The one in flight began before the count did.
    is_of_before: bool,
    /// The starts of the last hour.
    began: VecDeque<Time>,
    list: PeerSet,
    accepted: u32,
    telling: Telling,
    /// The last refresh took long.
    is_slow: bool,
    /// The sidecar has said that lists are not taken over, and the server has shown nothing else since.
    in_vain_since: Option<Time>,
    /// What the server last said that it has, while it is known to be there; and since when it is known.
    held: Option<(PeerSet, Time)>,
    /// From when on the server might be told of the list; none where something else delays that.
    might_be_told: Option<Time>,
    /// When the process began that was last seen to be another one.
    process: Option<Time>,
    /// When the last call began that reached nobody.
    called_in_vain: Option<Time>,
}

impl Refreshes {
    /// A refresh with `list` begins, `peers` of which are other servers.
    pub(crate) fn begin(&mut self, list: PeerSet, peers: &PeerSet, now: Time) -> Result<(), Broken> {
        let brings = self.held.as_ref().is_none_or(|(held, _)| !peers.is_subset(held));
        let may_be_early = brings && self.telling != Telling::Told && !self.is_slow;
        let spacing = if may_be_early { SPACING_MIN } else { SPACING };
        self.keeps_to(spacing, now)?;
        if may_be_early {
            self.is_in_time(now)?;
        }
        (self.in_flight, self.is_of_before) = (true, false);
        self.telling = Telling::Told;
        self.began.push_back(now);
        self.list = list;
        Ok(())
    }

    fn keeps_to(&mut self, spacing: Duration, now: Time) -> Result<(), Broken> {
        self.began.retain(|began| *began + HOUR >= now);
        let is_early = self.began.back().is_some_and(|began| now < *began + spacing)
            || self.called_in_vain.is_some_and(|called| now < called + SPACING_MIN);
        let row = self.began.iter().rev().zip(2..).find(|&(began, count): &(&Time, u32)| {
            let paid = REFILL * count.saturating_sub(BUDGET);
            now < *began + paid
        });
        if !self.in_flight && !is_early && row.is_none() {
            return Ok(());
        }
        let expected = format!(
            "one refresh at a time, {spacing:?} after the one before, {BUDGET} in a row and one more each {REFILL:?}"
        );
        let seen = format!("one at {now:?}, after those at {:?}", self.began.iter().rev().take(20));
        Err(Broken::of(Promise::RefreshInMeasure, expected, seen))
    }

    /// The server lacks a peer, is there, and is quick.
    fn is_in_time(&self, now: Time) -> Result<(), Broken> {
        let (Some(might_be_told), Some((_, known))) = (self.might_be_told, &self.held) else { return Ok(()) };
        let spaced = self.began.back().map_or(Time::ZERO, |began| *began + REFILL);
        let latest = might_be_told.max(*known).max(spaced) + LATE;
        if now <= latest {
            return Ok(());
        }
        let expected = format!("the server is told of a peer that it lacks until {latest:?}");
        let seen = format!("at {now:?}, after those at {:?}", self.began.iter().rev().take(20));
        Err(Broken::of(Promise::AdditionToldInTime, expected, seen))
    }

    /// The list stands in the files.
    pub(crate) fn published(&mut self, now: Time) {
        if self.telling == Telling::News {
            self.might_be_told = self.might_be_told.or(Some(now));
        }
    }

    /// Something delays what comes next: the process stands still, or a call failed and is paused after.
    pub(crate) fn delayed(&mut self) {
        self.might_be_told = None;
    }

    /// The refresh in flight has ended.
    pub(crate) fn end(&mut self, outcome: &Result<(), ServerFault>, now: Time) -> Result<(), Broken> {
        self.in_flight = false;
        let is_slow = self.began.back().is_some_and(|began| now > *began + QUICK);
        self.is_slow = match outcome {
            Err(ServerFault::TimedOut) => true,
            // Nothing was refreshed.
            Err(ServerFault::Unreachable(_) | ServerFault::HungUp(_) | ServerFault::Refused(_)) => {
                is_slow || self.is_slow
            }
            Ok(()) | Err(ServerFault::Failing { .. } | ServerFault::Unreadable(_)) => is_slow,
        };
        // It reached nobody: only the next call keeps its distance.
        if let Err(ServerFault::Unreachable(_)) = outcome {
            self.called_in_vain = self.began.pop_back();
        }
        let is_accepted = outcome.is_ok();
        if !is_accepted {
            self.delayed();
        }
        self.accepted += u32::from(is_accepted && !self.is_of_before);
        let most = if self.in_vain_since.is_some() { ACCEPTED_MAX_IN_VAIN } else { ACCEPTED_MAX };
        if self.accepted <= most {
            return Ok(());
        }
        let expected = format!("at most {most} refreshes with the list {}", said(&self.list));
        let seen = format!("the {}th that was answered 200", self.accepted);
        Err(Broken::of(Promise::RefreshBounded, expected, seen))
    }

    /// Another list is wanted: `peers`.
    pub(crate) fn begin_again(&mut self, peers: &PeerSet) {
        self.count_anew();
        self.telling = Telling::News;
        if self.held.as_ref().is_some_and(|(held, _)| held == peers) {
            self.in_vain_since = None;
        }
    }

    /// The server holds the list, is another process, or is under other settings: the past is forgotten.
    pub(crate) fn forget(&mut self) {
        self.count_anew();
        self.in_vain_since = None;
    }

    fn count_anew(&mut self) {
        (self.accepted, self.is_of_before, self.telling) = (0, true, Telling::Anew);
        self.might_be_told = None;
    }

    /// The sidecar says that its list is not taken over.
    pub(crate) fn said_in_vain(&mut self, now: Time) {
        self.in_vain_since = Some(now);
    }

    /// The server's status tells of the process that began at `born`, and what it has. A restart is known
    /// from then on, and refreshes may have been made since it happened.
    pub(crate) fn sees_process(&mut self, born: Option<Time>, held: PeerSet, now: Time) {
        if self.process != born {
            self.process = born;
            self.forget();
        }
        let since = self.held.take().filter(|(before, _)| *before == held).map_or(now, |(_, since)| since);
        self.held = Some((held, since));
    }

    /// The server's status cannot be had.
    pub(crate) fn sees_nobody(&mut self) {
        self.held = None;
    }
}
