//! The JSON contract, and the page with everything on it.

use std::sync::Arc;
use std::time::Duration;

use crate::admin::{ListInPlace, Snapshot, snapshots};
use crate::model::{AddressFamily, DurationOrNever, HeadlessService, LookupFailure, PeerSet, Question};
use crate::reconcile::samples::{masked, situations};
use crate::reconcile::{
    Change, ChangeCause, Condition, Dated, LastAnswer, NotAdopted, PeersOfChange, RemovalTakes,
    ServiceStatus, Situation,
};

use super::fixture::{at, condition, not_published, peers, snapshot};

/// Each situation with its facts as they are documented.
#[test]
fn facts_are_named_as_the_documentation_names_them() {
    let page = include_str!("../../../docs/status.md");
    for situation in situations() {
        let mut snapshot = snapshot();
        snapshot.status.conditions = vec![condition(situation.clone())];
        let shown = &json(snapshot)["conditions"][0];
        let kind = shown["kind"].as_str().expect("text");
        assert_eq!(shown["severity"], situation.severity().label());
        let row = page.lines().find(|line| line.starts_with(&format!("| `{kind}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/status.md has no row for {kind}"));
        for fact in shown["facts"].as_object().expect("an object").keys() {
            assert!(row.contains(&format!("`{fact}`")), "{kind} has {fact}: {row}");
        }
    }
}

fn since<T>(seconds: u64, value: T) -> Dated<T> {
    Dated { value, since: at(seconds) }
}

fn service(name: &str, last: LastAnswer) -> ServiceStatus {
    let service = HeadlessService::from_setting(name, "ns", "cluster.local").expect("valid");
    ServiceStatus {
        question: Question::Names { service, port_name: "http".parse().expect("valid") },
        last: Some(since(100, last)),
        unanswered_since: None,
        records_at: Some(at(90)),
        answered: peers(&["http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/"]),
        kept: peers(&[
            "http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/",
            "http://eureka-3.eureka.ns.svc.cluster.local:8761/eureka/",
        ]),
        self_found: Some(since(90, true)),
        unusable: None,
    }
}

/// One of everything.
fn full() -> Snapshot {
    let one = peers(&["http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/"]);
    let two = peers(&[
        "http://eureka-1.eureka.ns.svc.cluster.local:8761/eureka/",
        "http://eureka-2.eureka.ns.svc.cluster.local:8761/eureka/",
    ]);
    let by_address = HeadlessService::from_setting("other", "ns", "cluster.local").expect("valid");
    let mut full = snapshot();
    full.list = ListInPlace::Published;
    full.loop_restarts = 1;
    full.status.own =
        Some("http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/".parse().expect("valid"));
    full.status.services = vec![
        service("eureka", LastAnswer::Records { peers: 1 }),
        service("empty", LastAnswer::Empty { no_such_name: true, soa_serial: 7 }),
        ServiceStatus {
            question: Question::Addresses { service: by_address, family: AddressFamily::Ipv6 },
            last: Some(since(110, LastAnswer::Failed(LookupFailure::Timeout))),
            unanswered_since: None,
            records_at: None,
            answered: PeerSet::new(),
            kept: PeerSet::new(),
            self_found: None,
            unusable: None,
        },
    ];
    full.status.desired = Some(since(50, two.clone()));
    full.status.published = Some(since(51, two.clone()));
    full.status.adopted = Some(since(10, one.clone()));
    full.status.confirmed_at = Some(at(40));
    full.status.refreshed_at = Some(at(52));
    let remove_after = DurationOrNever::After(Duration::from_secs(30));
    let question = full.status.services[0].question.clone();
    let removal = Situation::HeldRemoval { question, missing: 1, remove_after, takes: RemovalTakes::Time };
    full.status.conditions = vec![
        condition(Situation::NotAdopted(NotAdopted::Masked(masked().into()))),
        Condition { until: Some(at(130)), ..condition(removal) },
        condition(Situation::SettingsRejected { faults: "interval: no unit".into() }),
    ];
    full.status.history = [Arc::new(Change {
        number: 1,
        at: at(50),
        cause: ChangeCause::Answer,
        added: two.difference(&one).collect(),
        removed: PeersOfChange::default(),
        peers: 2,
    })]
    .into();
    full.settings.warnings = vec!["EUREKA_PEERS_INTERVALL is unknown".to_owned()];
    full
}

fn json(snapshot: Snapshot) -> serde_json::Value {
    let (_sender, snapshots) = snapshots(snapshot);
    let text = snapshots.latest().json();
    assert!(text.ends_with(b"}\n"));
    serde_json::from_slice(&text).expect("JSON")
}

fn page(snapshot: Snapshot) -> String {
    let (_sender, snapshots) = snapshots(snapshot);
    String::from_utf8(snapshots.latest().page().to_vec()).expect("UTF-8")
}

#[test]
fn the_schema_is_a_contract() {
    let expected: serde_json::Value =
        serde_json::from_str(include_str!("status.json")).expect("the golden file is JSON");
    let found = json(full());
    assert_eq!(found, expected, "found: {found:#}");
}

#[test]
fn what_is_not_known_is_null() {
    let found = json(snapshot());
    for key in ["self", "desired", "published", "adopted", "is_adopted", "confirmed", "refreshed"] {
        assert_eq!(found[key], serde_json::Value::Null, "{key}");
    }
    assert_eq!(found["role"], "client");
    assert_eq!(found["ready"], false);
    assert_eq!(found["held"]["is_held"], false);
}

#[test]
fn the_page_shows_it_all() {
    let page = page(full());
    for shown in [
        "<title>eureka-peers: ready</title>",
        ">not adopted</span>",
        ">held</span>",
        "up 2 min 0 s",
        "not_adopted</b>",
        "wins over the file\n<i>remove it from the container</i></li>",
        "<b class=\"bad\">not_adopted</b>",
        "<b class=\"soft\">held_removal</b>",
        "until 2026-01-01T00:02:10.000Z</span>",
        "<b class=\"warn\">settings_rejected</b>",
        "<td class=\"url\">http://eureka-2.eureka.ns.svc.cluster.local:8761/eureka/</td>\
         <td class=\"yes\">yes</td><td class=\"yes\">yes</td><td class=\"no\">no</td>",
        "_http._tcp.empty.ns.svc.cluster.local. SRV",
        "records (peers: 1)",
        "1 in the last records, 2 kept",
        "<dt>held</dt><dd class=\"warn\"><code>http://eureka-3.eureka.ns.svc.cluster.local:8761/eureka/",
        "<dt>held_removal</dt><dd class=\"warn\">until 2026-01-01T00:02:10.000Z</dd>",
        "no such name (SOA 7)",
        "no DNS server answered in time",
        "+ http://eureka-2",
        "interval: no unit",
        "EUREKA_PEERS_INTERVALL is unknown",
        "0123abcd",
        "2026-01-01T00:02:00.000Z",
    ] {
        assert!(page.contains(shown), "no {shown:?} in {page}");
    }
}

#[test]
fn hostile_text_stays_text() {
    let hostile = "<script>alert(1)</script>\"'&</li>\u{0}";
    let mut snapshot = full();
    let panicked = Situation::LoopRestarted { panic: hostile.into(), restarts: 1 };
    snapshot.status.conditions = vec![
        condition(not_published(hostile)),
        condition(Situation::SettingsRejected { faults: hostile.into() }),
        condition(panicked),
    ];
    snapshot.settings.warnings = vec![hostile.to_owned()];
    snapshot.settings.fingerprint = hostile.to_owned();
    snapshot.status.services[2].last =
        Some(since(1, LastAnswer::Failed(LookupFailure::Network(hostile.to_owned()))));
    let shown = page(snapshot.clone());
    assert_eq!(shown.matches("alert(1)").count(), 6);
    assert_eq!(
        shown.matches("&lt;script&gt;alert(1)&lt;/script&gt;&quot;&#39;&amp;&lt;/li&gt;\u{fffd}").count(),
        6
    );
    assert!(!shown.contains("<script"));
    let json = json(snapshot);
    assert_eq!(json["conditions"][0]["message"], format!("{hostile} (/peers)"));
    assert_eq!(json["conditions"][1]["facts"]["faults"], hostile);
}

#[test]
fn long_changes_are_cut_and_counted() {
    let texts: Vec<_> = (0..100).map(|n| format!("http://p-{n:03}:8761/eureka/")).collect();
    let many: PeerSet = texts.iter().map(|text| text.parse().expect("valid")).collect();
    let mut snapshot = snapshot();
    let change = Change {
        number: 1,
        at: at(1),
        cause: ChangeCause::Answer,
        added: many.iter().collect(),
        removed: PeersOfChange::default(),
        peers: 100,
    };
    snapshot.status.history = [Arc::new(change)].into();
    let found = json(snapshot.clone());
    assert_eq!(found["history"][0]["added"].as_array().map(Vec::len), Some(32));
    assert_eq!(found["history"][0]["added_count"], 100);
    assert!(page(snapshot).contains("+ 68 more"));
}

#[test]
fn a_snapshot_is_rendered_once_and_a_new_one_anew() {
    let (sender, snapshots) = snapshots(snapshot());
    let (first, again) = (snapshots.latest().json(), snapshots.latest().json());
    assert_eq!(first.as_ptr(), again.as_ptr(), "the same bytes are shared");
    sender.show(full());
    assert_ne!(first, snapshots.latest().json());
}
