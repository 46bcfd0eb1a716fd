//! Failed calls to the server, one kind of call at a time: since when they fail, and how long to pause.

use std::time::Duration;

use crate::model::{Backoff, Moment, ServerFault};

use super::ConditionKind;
use super::status::Dated;

/// The failures of one kind of call.
#[derive(Clone, Debug, Default)]
pub(super) struct ServerFailures {
    latest: Option<Dated<ServerFault>>,
    /// What the latest comes to, and since when: faults of several kinds may be one condition.
    condition: Option<Dated<ConditionKind>>,
    backoff: Backoff,
}

impl ServerFailures {
    /// The latest failure, dated from when failures of its kind began; none once a call has succeeded.
    pub(super) fn latest(&self) -> Option<&Dated<ServerFault>> {
        self.latest.as_ref()
    }

    /// The latest failure, and since when what it comes to is so.
    pub(super) fn shown(&self) -> Option<(Moment, &ServerFault)> {
        self.condition
            .as_ref()
            .map(|condition| condition.since)
            .zip(self.latest.as_ref().map(|latest| &latest.value))
    }

    /// Books a failure that is a condition of this kind; gives the pause before the next call.
    ///
    /// A failure of another kind is news: a server that comes up and stumbles is not one that was long
    /// away.
    pub(super) fn failed(&mut self, fault: ServerFault, kind: ConditionKind, now: Moment) -> Duration {
        if self.condition.as_ref().is_none_or(|condition| condition.value != kind) {
            self.condition = Some(Dated { value: kind, since: now });
        }
        let since = match &self.latest {
            Some(before) if before.value.label() == fault.label() => before.since,
            Some(_) | None => {
                self.backoff.reset();
                now
            }
        };
        let (first, max) = pauses_after(&fault);
        self.latest = Some(Dated { value: fault, since });
        self.backoff.next(first, max)
    }

    /// The server did what it was asked, or proved in another way that it has no need of it.
    pub(super) fn ended(&mut self) {
        self.latest = None;
        self.condition = None;
    }

    /// The pauses begin anew.
    pub(super) fn reset_pauses(&mut self) {
        self.backoff.reset();
    }

    /// The next pause of a row that has another reason than a failure.
    pub(super) fn next_pause(&mut self, first: Duration, max: Duration) -> Duration {
        self.backoff.next(first, max)
    }
}

/// First and longest pause before the server is called again.
fn pauses_after(fault: &ServerFault) -> (Duration, Duration) {
    let (first, max) = match fault {
        // A server on its way up. It is beside us, so that a refused connection costs some 0.1 ms and not a byte on
        // the network, and it lists an older file, if it began with one, until it is asked: this long at most.
        ServerFault::Unreachable(_) => (500, 1_000),
        ServerFault::HungUp(_) => (500, 5_000),
        ServerFault::TimedOut | ServerFault::Failing { .. } => (1_000, 30_000),
        ServerFault::Refused(_) | ServerFault::Unreadable(_) => (5_000, 60_000),
    };
    (Duration::from_millis(first), Duration::from_millis(max))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_kind_of_failure_is_dated_anew_and_begins_with_a_short_pause() {
        let at = |seconds| Moment::at(Duration::from_secs(seconds));
        let away = || ServerFault::Unreachable("connection refused".into());
        let mut failures = ServerFailures::default();
        let kind = ConditionKind::ServerUnreachable;
        let pauses: Vec<_> = (0..3).map(|t| failures.failed(away(), kind, at(t)).as_millis()).collect();
        assert_eq!(
            pauses,
            [500, 1000, 1000],
            "however long a server is away, it is soon asked when it comes up"
        );
        assert_eq!(failures.latest().map(|latest| latest.since), Some(at(0)));
        assert_eq!(failures.failed(ServerFault::TimedOut, kind, at(9)), Duration::from_secs(1));
        assert_eq!(failures.latest(), Some(&Dated { value: ServerFault::TimedOut, since: at(9) }));
        assert_eq!(failures.shown(), Some((at(0), &ServerFault::TimedOut)), "to an operator it is the same");
        let other = ServerFault::Unreadable("not XML".to_owned());
        failures.failed(other.clone(), ConditionKind::StatusUnreadable, at(12));
        assert_eq!(failures.shown(), Some((at(12), &other)));
        failures.ended();
        assert_eq!(failures.shown(), None);
        assert_eq!(failures.latest(), None);
    }
}
