//! Which Service names self.

use crate::model::{HeadlessService, PodIdentity, Question};
use crate::reconcile::{Own, Policy, Role};

use super::world::{policy, question};

fn service(name: &str) -> HeadlessService {
    question(name).service().clone()
}

/// A pod that is known as `host`, in the asked Services, governed by one of the cluster's.
fn of(host: &str, asked: &[&str], governing: Option<&str>) -> Policy {
    let url = format!("http://{host}:8761/eureka/").parse().expect("a valid URL");
    let identity = PodIdentity { governing: governing.map(service), ..PodIdentity::default() };
    let questions = asked.iter().map(|name| question(name)).collect();
    Policy { role: Role::Server(Own { identity, url }), questions, ..policy() }
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
