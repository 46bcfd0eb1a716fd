//! Which Service names self, and who is called like us in the others.

use std::collections::BTreeSet;

use proptest::prelude::*;

use crate::model::{
    Answer, HeadlessService, Host, Jitter, Moment, PeerSet, PodIdentity, Question, Record, ServiceUrl,
};
use crate::reconcile::{Action, Machine, Observation, Own, Policy, Role, SavedState, Status};

use super::world::{policy, question};

fn service(name: &str) -> HeadlessService {
    question(name).service().clone()
}

/// A pod that is known as `host`, in the asked Services, governed by one of the cluster's.
fn of(host: &str, asked: &[&str], governing: Option<&str>) -> Policy {
    let url = format!("http://{host}:8761/eureka/").parse().expect("a valid URL");
    let identity = PodIdentity { governing: governing.map(service), ..PodIdentity::default() };
    let questions = asked.iter().map(|name| question(name)).collect();
    Policy { role: Role::Server(Own { identity, url, url_is_given: false }), questions, ..policy() }
}

#[test]
fn the_service_that_names_self_is_that_of_the_url_else_of_the_kubelet_else_the_first() {
    let west_first = ["eureka-west", "eureka", "eureka-east"];
    for (host, governing, home, known) in [
        ("eureka-0.eureka.ns.svc.cluster.local", None, "eureka", Some("eureka")),
        ("eureka-0.eureka.ns.svc.cluster.local", Some("eureka-east"), "eureka", Some("eureka")),
        ("eureka-0.eureka", None, "eureka", Some("eureka")),
        ("vip.example.org", Some("eureka"), "eureka", Some("eureka")),
        ("vip.example.org", Some("other"), "eureka-west", Some("other")),
        ("vip.example.org", None, "eureka-west", None),
        ("10.0.0.1", Some("eureka"), "eureka", Some("eureka")),
        ("10.0.0.1", None, "eureka-west", None),
    ] {
        let policy = of(host, &west_first, governing);
        assert_eq!(policy.home().map(Question::service), Some(&service(home)), "{host} {governing:?}");
        assert_eq!(policy.known_home(), known.map(service).as_ref(), "{host} {governing:?}");
    }
    assert_eq!(of("10.0.0.1", &[], None).home(), None);
    let client = Policy { role: Role::Client, ..policy() };
    assert_eq!(client.home(), None, "a client has no self");
}

/// The Services of the tests below; the last is in another namespace.
const SERVICES: [&str; 4] = ["eureka", "eureka-west", "eureka-east", "eureka.elsewhere"];

/// Labels of pods; the first two are ours.
const LABELS: [&str; 4] = ["eureka-0", "10-0-0-1", "eureka-1", "10-0-0-2"];

fn pod(label: &str, at: &str) -> Record {
    let name = service(at).name().child(label).expect("a valid name");
    Record::Target { name, port: "8761".parse().expect("a port") }
}

fn url(label: &str, at: &str) -> ServiceUrl {
    super::world::url(&format!("{label}.{}", service(at)))
}

/// `eureka-0` at 10.0.0.1, which asks these Services for names.
fn named(own_url: &str, asked: &[&str], governing: Option<&str>) -> Policy {
    let identity = PodIdentity {
        name: Some("eureka-0".parse().expect("a name")),
        addresses: [[10, 0, 0, 1].into()].into(),
        governing: governing.map(service),
        ..PodIdentity::default()
    };
    let names = |name: &&str| Question::Names {
        service: service(name),
        port_name: "http".parse().expect("a port name"),
    };
    let own = Own { identity, url: super::world::url(own_url), url_is_given: false };
    Policy { role: Role::Server(own), questions: asked.iter().map(names).collect(), ..policy() }
}

/// A machine that has been told these records, Service by Service.
fn told(policy: &Policy, previous: Option<&SavedState>, answers: &[(&str, Vec<Record>)]) -> Machine {
    let mut machine = Machine::new(policy.clone(), previous, Moment::START);
    let mut asked = vec![];
    while let Some(action) = machine.next_action(Moment::START) {
        let Action::Ask(question) = action else { break };
        asked.push(question);
    }
    for (at, records) in answers {
        let question =
            asked.iter().find(|question| *question.service() == service(at)).expect("asked").clone();
        let answer = Answer::Records(records.clone());
        machine.handle(Observation::Answered { question, answer }, Moment::START, Jitter::NONE);
    }
    machine
}

fn desired(machine: &Machine) -> PeerSet {
    machine.status(Moment::START).desired.map(|desired| desired.value).unwrap_or_default()
}

fn self_found(status: &Status) -> Vec<Option<bool>> {
    status.services.iter().map(|service| service.self_found.as_ref().map(|found| found.value)).collect()
}

#[test]
fn a_pod_of_our_name_in_a_mirrored_service_is_a_peer() {
    let asked = &SERVICES[..3];
    let policy = named(&format!("eureka-0.{}", service("eureka")), asked, None);
    let answers: Vec<_> =
        asked.iter().map(|at| (*at, vec![pod("eureka-0", at), pod("eureka-1", at)])).collect();
    let mut backwards = answers.clone();
    backwards.reverse();
    let mut all: PeerSet = asked.iter().flat_map(|at| [url("eureka-0", at), url("eureka-1", at)]).collect();
    all.remove(&url("eureka-0", "eureka"));
    for order in [answers, backwards] {
        let machine = told(&policy, None, &order);
        assert_eq!(desired(&machine), all);
        assert_eq!(self_found(&machine.status(Moment::START)), [Some(true), Some(false), Some(false)]);
    }
}

#[test]
fn what_the_settings_and_a_saved_list_name_is_judged_alike() {
    let mine = url("eureka-0", "eureka");
    let theirs = url("eureka-0", "eureka-west");
    let base = named(mine.host().to_string().as_str(), &SERVICES[..2], None);
    let with = Policy { static_peers: [mine.clone(), theirs.clone()].into(), ..base.clone() };
    let silent = told(&with, None, &[("eureka", vec![pod("eureka-0", "eureka")])]);
    assert_eq!(desired(&silent), [theirs.clone()].into(), "static peers");
    let saved = SavedState {
        services: vec![
            (service("eureka"), [mine].into()),
            (service("eureka-west"), [theirs.clone(), url("10-0-0-1", "eureka-west")].into()),
        ],
        ..SavedState::default()
    };
    let restored = told(&base, Some(&saved), &[]);
    assert_eq!(desired(&restored), [theirs, url("10-0-0-1", "eureka-west")].into(), "a saved list");
}

#[test]
fn an_address_of_ours_is_self_under_any_service() {
    let questions = vec![question("eureka"), question("eureka-west")];
    let policy = Policy { questions, ..policy() };
    let at = |host: u8| Record::Address([10, 0, 0, host].into());
    let machine = told(&policy, None, &[("eureka-west", vec![at(1), at(2)]), ("eureka", vec![at(1), at(3)])]);
    assert_eq!(desired(&machine), super::world::peers(&[2, 3]));
}

#[test]
fn a_pod_without_a_name_is_found_in_the_one_service_that_has_its_address() {
    let policy = named(&format!("eureka-0.{}", service("eureka")), &SERVICES[..2], None);
    let west = ("eureka-west", vec![pod("10-0-0-1", "eureka-west"), pod("10-0-0-2", "eureka-west")]);
    let without_us = ("eureka", vec![pod("10-0-0-2", "eureka")]);
    let with_us = ("eureka", vec![pod("eureka-0", "eureka"), pod("10-0-0-2", "eureka")]);
    let others = [url("10-0-0-2", "eureka"), url("10-0-0-2", "eureka-west")];
    let mut machine = told(&policy, None, &[west, without_us]);
    assert_eq!(desired(&machine), others.clone().into());
    let question = policy.questions[0].clone();
    let answer = Answer::Records(with_us.1);
    machine.handle(Observation::Answered { question, answer }, Moment::START, Jitter::NONE);
    let [first, second] = others;
    assert_eq!(desired(&machine), [first, second, url("10-0-0-1", "eureka-west")].into());
}

/// The rule as it is written in the settings' documentation, told from the records alone.
fn expected_own(
    policy: &Policy,
    governing: Option<&str>,
    answers: &[(&str, Vec<Record>)],
) -> BTreeSet<Record> {
    let asked: Vec<_> = policy.questions.iter().map(|question| question.service().clone()).collect();
    let own_host = policy.own().expect("a server").url.host().clone();
    let of_url = asked
        .iter()
        .find(|service| own_host == Host::Name(service.name().child("eureka-0").expect("a name")));
    let by_name = of_url.cloned().or(governing.map(service));
    let first = by_name.clone().filter(|service| asked.contains(service)).unwrap_or(asked[0].clone());
    let mut order = vec![first];
    order.extend(asked.iter().filter(|service| **service != order[0]).cloned().collect::<Vec<_>>());
    for at in order {
        let records = answers.iter().find(|(name, _)| service(name) == at).map(|(_, records)| records);
        let may_be_named = match &by_name {
            Some(by_name) => *by_name == at,
            None => {
                at.name().as_str().split_once('.').map(|(_, rest)| rest)
                    == asked[0].name().as_str().split_once('.').map(|(_, rest)| rest)
            }
        };
        let is_ours = |record: &&Record| match record {
            Record::Target { name, .. } => {
                let label = name.labels().next().expect("a label");
                label == LABELS[1] || (label == LABELS[0] && may_be_named)
            }
            Record::Address(_) | Record::Unusable(_) => false,
        };
        // By name we may be found late, but never elsewhere.
        let own: BTreeSet<_> = records.into_iter().flatten().filter(is_ours).cloned().collect();
        let has_us = !own.is_empty();
        if has_us {
            return own;
        }
    }
    BTreeSet::new()
}

prop_compose! {
    fn clusters()(
        asked in Just(SERVICES.to_vec()).prop_shuffle(),
        count in 1_usize..=SERVICES.len(),
        own_url in prop::option::of(0_usize..SERVICES.len()),
        governing in prop::option::of(0_usize..SERVICES.len()),
        labels in prop::collection::vec(prop::collection::btree_set(0_usize..LABELS.len(), 1..LABELS.len()), SERVICES.len()),
        order in Just((0..SERVICES.len()).collect::<Vec<_>>()).prop_shuffle(),
    ) -> (Policy, Option<&'static str>, Vec<(&'static str, Vec<Record>)>) {
        let asked = &asked[..count];
        let own_url = own_url.map_or("vip.example".to_owned(), |at| format!("eureka-0.{}", service(SERVICES[at])));
        let governing = governing.map(|at| SERVICES[at]);
        let records = |at: &&str, labels: &BTreeSet<usize>| labels.iter().map(|label| pod(LABELS[*label], at)).collect();
        let answers: Vec<_> = asked.iter().zip(&labels).map(|(at, labels)| (*at, records(at, labels))).collect();
        let order = order.into_iter().filter(|at| *at < count);
        (named(&own_url, asked, governing), governing, order.map(|at| answers[at].clone()).collect())
    }
}

#[test]
fn a_mirror_ends_no_wait_where_the_kubelet_names_a_service_that_is_not_asked() {
    // A letter is wrong in the pod's own Service, which is asked beside a mirror.
    let own = url("eureka-0", "eureka").host().to_string();
    let policy = named(&own, &["eureka-west", "eurka"], Some("eureka"));
    let policy = Policy { on_deadline: crate::reconcile::OnDeadline::Wait, ..policy };
    let west = vec![pod("eureka-0", "eureka-west"), pod("eureka-1", "eureka-west")];
    let machine = told(&policy, None, &[("eureka-west", west.clone())]);
    assert!(machine.status(Moment::START).desired.is_none());
    let both = [("eureka-west", west), ("eurka", vec![pod("eureka-1", "eurka")])];
    let machine = told(&policy, None, &both);
    let namesake = url("eureka-0", "eureka-west");
    assert!(desired(&machine).contains(&namesake), "who is called like us there is another");
}

proptest! {
    /// Whatever the order in which Services answer.
    #[test]
    fn nobody_is_self_under_two_services((policy, governing, answers) in clusters()) {
        let machine = told(&policy, None, &answers);
        let own = expected_own(&policy, governing, &answers);
        let under: BTreeSet<_> = own.iter().map(|record| match record {
            Record::Target { name, .. } => name.as_str().split_once('.').map(|(_, rest)| rest),
            Record::Address(_) | Record::Unusable(_) => None,
        }).collect();
        prop_assert!(under.len() <= 1);
        let peers: PeerSet = answers.iter().flat_map(|(_, records)| records)
            .filter(|record| !own.contains(record))
            .map(|record| match record {
                Record::Target { name, .. } => super::world::url(name.as_str()),
                Record::Address(_) | Record::Unusable(_) => unreachable!("names are asked for"),
            })
            .collect();
        prop_assert_eq!(desired(&machine), peers);
    }
}

/// One of two Services names us, at port 9000; whoever is called like us in the other one is a peer.
#[test]
fn the_own_port_is_that_of_our_record_under_our_service() {
    let base = named("eureka-0.eureka.ns.svc.cluster.local", &SERVICES[..2], None);
    let at = |record: Record, port: &str| match record {
        Record::Target { name, .. } => Record::Target { name, port: port.parse().expect("a port") },
        other => other,
    };
    let answers = [
        ("eureka-west", vec![at(pod("eureka-0", "eureka-west"), "7000")]),
        ("eureka", vec![at(pod("eureka-0", "eureka"), "9000"), at(pod("eureka-1", "eureka"), "8070")]),
    ];
    let own = |policy: &Policy| told(policy, None, &answers).own_url().expect("a server").port().get();
    assert_eq!(own(&base), 9000);
    assert_eq!(
        own(&Policy { port: "8080".parse().ok(), ..base.clone() }),
        8761,
        "as --self-url is made of it"
    );
    let Role::Server(guessed) = base.role.clone() else { panic!("a server") };
    let given = Role::Server(Own { url_is_given: true, ..guessed });
    assert_eq!(own(&Policy { role: given, ..base.clone() }), 8761);
    let saved = SavedState { own_port: "9000".parse().ok(), ..SavedState::default() };
    let restored = told(&base, Some(&saved), &[]);
    assert_eq!(restored.own_port(), "9000".parse().ok());
    let by_address = Policy { questions: vec![question("eureka")], ..base };
    assert_eq!(told(&by_address, Some(&saved), &[]).own_port(), None, "addresses know no port");
}
