//! What an answer came to, once the questions that it raised were answered: kept while the answer stays the same,
//! so that a poll is one question.
//!
//! No IO and no clock: times come in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use tokio::time::Instant;

use crate::model::{Answer, LookupFailure, Question};

/// Questions remembered; more than one Eureka has Services.
const QUESTIONS_MAX: usize = 64;
/// Whose the only address of a Service is: it will not change hands while it stays.
const ADDRESS_FOR: Duration = Duration::from_secs(5 * 60);
/// A denial that stands, and the longest that anything else does: a server that is mended, and pods behind a port
/// without a name, are seen that soon. CoreDNS counts its changes by the second, so that two of them may look like
/// one, for a second.
const DENIAL_FOR: Duration = Duration::from_secs(1);
const FAILURE_FOR: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_secs(30);

/// What was concluded, by question.
#[derive(Debug, Default)]
pub(super) struct Conclusions {
    by_question: BTreeMap<Question, Conclusion>,
    /// The latest addresses of Services that had several: a cluster IP stands alone.
    pods: BTreeMap<Question, BTreeSet<IpAddr>>,
}

#[derive(Debug)]
struct Conclusion {
    /// The answer that raised the questions.
    of: Answer,
    came_to: Answer,
    until: Instant,
    /// For how long it was to stand.
    stands_for: Duration,
}

impl Conclusions {
    /// What the same answer came to a while ago.
    pub(super) fn recall(&self, question: &Question, of: &Answer, now: Instant) -> Option<Answer> {
        let known = self.by_question.get(question).filter(|known| known.of == *of && now < known.until);
        known.map(|known| known.came_to.clone())
    }

    /// Remembers what an answer came to, longer each time that it comes to the same; gives what stands. What was
    /// known of the same answer before stands where nothing is known now.
    pub(super) fn note(&mut self, question: &Question, of: Answer, came_to: Answer, now: Instant) -> Answer {
        let before = self.by_question.remove(question).filter(|before| before.of == of);
        let stood_for = before.as_ref().map(|before| (before.came_to == came_to, before.stands_for));
        let stands_for = match (stands_for(&of, &came_to), stood_for) {
            (at_first, Some((true, before))) if at_first < LONGEST => (2 * before).clamp(at_first, LONGEST),
            (at_first, _) => at_first,
        };
        let came_to = match before {
            Some(before) if is_unknown(&came_to) && !is_unknown(&before.came_to) => before.came_to,
            Some(_) | None => came_to,
        };
        if self.by_question.len() >= QUESTIONS_MAX {
            self.by_question.clear();
        }
        let conclusion = Conclusion { of, came_to: came_to.clone(), until: now + stands_for, stands_for };
        self.by_question.insert(question.clone(), conclusion);
        came_to
    }

    /// Remembers addresses that came together.
    pub(super) fn note_pods(&mut self, question: &Question, pods: &[IpAddr]) {
        if self.pods.len() >= QUESTIONS_MAX && !self.pods.contains_key(question) {
            self.pods.clear();
        }
        self.pods.insert(question.clone(), pods.iter().copied().collect());
    }

    /// Whether this address once came together with others.
    pub(super) fn is_pod(&self, question: &Question, address: IpAddr) -> bool {
        self.pods.get(question).is_some_and(|pods| pods.contains(&address))
    }
}

/// Whether it is a failure that says nothing of the Service.
fn is_unknown(came_to: &Answer) -> bool {
    match came_to {
        Answer::Failed(failure) => {
            !matches!(failure, LookupFailure::NotHeadless | LookupFailure::PortNameMissing)
        }
        Answer::Records(_) | Answer::Empty { .. } => false,
    }
}

/// For how long the first time.
fn stands_for(of: &Answer, came_to: &Answer) -> Duration {
    match (of, came_to) {
        (_, came_to) if is_unknown(came_to) => FAILURE_FOR,
        (Answer::Records(_), _) => ADDRESS_FOR,
        (Answer::Empty { .. } | Answer::Failed(_), _) => DENIAL_FOR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AddressFamily, HeadlessService, Record};

    fn question(service: &str) -> Question {
        let service = HeadlessService::from_setting(service, "ns", "cluster.local").expect("valid");
        Question::Addresses { service, family: AddressFamily::Ipv4 }
    }

    fn lone(last: u8) -> Answer {
        Answer::Records(vec![Record::Address([10, 0, 0, last].into())])
    }

    fn denial(soa_serial: u32) -> Answer {
        Answer::Empty { no_such_name: true, soa_serial }
    }

    const REFUSED: Answer = Answer::Failed(LookupFailure::Refused);
    const NOT_HEADLESS: Answer = Answer::Failed(LookupFailure::NotHeadless);

    #[test]
    fn what_is_known_of_an_address_stands_for_minutes_and_for_that_address_only() {
        let (mut conclusions, now, eureka) = (Conclusions::default(), Instant::now(), question("eureka"));
        for came_to in [lone(1), NOT_HEADLESS] {
            assert_eq!(conclusions.note(&eureka, lone(1), came_to.clone(), now), came_to);
            let later = |age| conclusions.recall(&eureka, &lone(1), now + age);
            assert_eq!(later(ADDRESS_FOR.mul_f64(0.99)), Some(came_to));
            assert_eq!(later(ADDRESS_FOR), None);
            assert_eq!(conclusions.recall(&eureka, &lone(2), now), None);
            assert_eq!(conclusions.recall(&question("other"), &lone(1), now), None);
        }
    }

    #[test]
    fn a_failure_stands_longer_each_time_and_not_for_long() {
        let (mut conclusions, mut now, eureka) = (Conclusions::default(), Instant::now(), question("eureka"));
        for seconds in [5, 10, 20, 30, 30] {
            assert_eq!(conclusions.note(&eureka, lone(1), REFUSED, now), REFUSED);
            now += Duration::from_secs(seconds);
            assert!(conclusions.recall(&eureka, &lone(1), now - Duration::from_millis(1)).is_some());
            assert_eq!(conclusions.recall(&eureka, &lone(1), now), None, "{seconds}");
        }
    }

    #[test]
    fn what_was_known_outlives_a_failure() {
        let (mut conclusions, now, eureka) = (Conclusions::default(), Instant::now(), question("eureka"));
        conclusions.note(&eureka, lone(1), NOT_HEADLESS, now);
        assert_eq!(conclusions.note(&eureka, lone(1), REFUSED, now), NOT_HEADLESS);
        // Of another address nothing was known.
        assert_eq!(conclusions.note(&eureka, lone(2), REFUSED, now), REFUSED);
    }

    #[test]
    fn a_denial_stands_while_its_zone_is_the_same() {
        let (mut conclusions, now, eureka) = (Conclusions::default(), Instant::now(), question("eureka"));
        conclusions.note(&eureka, denial(7), denial(7), now);
        assert_eq!(conclusions.recall(&eureka, &denial(7), now), Some(denial(7)));
        assert_eq!(conclusions.recall(&eureka, &denial(8), now), None);
        assert_eq!(conclusions.recall(&eureka, &denial(7), now + DENIAL_FOR), None);
    }

    #[test]
    fn who_was_one_of_several_is_a_pod() {
        let (mut conclusions, eureka) = (Conclusions::default(), question("eureka"));
        let address = |last: u8| IpAddr::from([10, 0, 0, last]);
        conclusions.note_pods(&eureka, &[address(1), address(2)]);
        assert!(conclusions.is_pod(&eureka, address(2)) && !conclusions.is_pod(&eureka, address(3)));
        assert!(!conclusions.is_pod(&question("other"), address(2)));
    }

    #[test]
    fn memory_has_a_bound() {
        let (mut conclusions, now) = (Conclusions::default(), Instant::now());
        for number in 0..3 * QUESTIONS_MAX {
            let question = question(&format!("eureka-{number}"));
            conclusions.note(&question, lone(1), REFUSED, now);
            conclusions.note_pods(&question, &[]);
            assert!(
                conclusions.by_question.len() <= QUESTIONS_MAX && conclusions.pods.len() <= QUESTIONS_MAX
            );
            assert_eq!(conclusions.recall(&question, &lone(1), now), Some(REFUSED));
        }
    }
}
