//! What to look at where DNS has no records of a Service: which namespace was asked and why, and the lines to type.

use crate::model::{HeadlessService, LookupFailure, Message};
use crate::reconcile::Situation;
use crate::settings::{Key, Origin, Provenance};
use crate::wording::situation;

/// A condition in words, for somebody with a terminal.
pub(super) fn in_words(about: &Situation, provenance: &Provenance) -> Message {
    let message = situation(about);
    match asked_in_vain(about).map(|service| next_step(service, provenance)) {
        Some(step) => Message { cure: format!("{}; {step}", message.cure), ..message },
        None => message,
    }
}

/// The Service that is another one than was meant, or is not as it should be.
fn asked_in_vain(about: &Situation) -> Option<&HeadlessService> {
    if let Situation::HeldEmpty { question, .. } = about {
        return Some(question.service());
    }
    let Situation::HeldLookupFailed { question, failure, .. } = about else { return None };
    let is_about_the_service = match failure {
        LookupFailure::NegativeWithoutSoa
        | LookupFailure::NotHeadless
        | LookupFailure::PortNameMissing
        | LookupFailure::NoneUsable(_)
        | LookupFailure::TooManyPeers { .. } => true,
        LookupFailure::Timeout
        | LookupFailure::ServerFailure
        | LookupFailure::Refused
        | LookupFailure::ResponseCode(_)
        | LookupFailure::Truncated
        | LookupFailure::Malformed(_)
        | LookupFailure::Network(_) => false,
    };
    is_about_the_service.then(|| question.service())
}

/// `eureka.shop.svc.cluster.local` is `eureka` in the namespace `shop` of the domain `cluster.local`.
fn in_kubernetes(service: &HeadlessService) -> Option<(&str, &str, &str)> {
    let (name, rest) = service.name().as_str().split_once('.')?;
    let (namespace, domain) = rest.split_once(".svc.")?;
    (!namespace.contains('.')).then_some((name, namespace, domain))
}

fn next_step(service: &HeadlessService, provenance: &Provenance) -> String {
    let why = why_that_name(service, provenance);
    let Some((name, namespace, domain)) = in_kubernetes(service) else {
        return format!(
            "{why}. It is no name of a Service of Kubernetes, such as eureka.shop: look with `dig {service}`"
        );
    };
    let (get, label) = if domain == "clusterset.local" {
        ("serviceimport", "multicluster.kubernetes.io/service-name")
    } else {
        ("service", "kubernetes.io/service-name")
    };
    format!(
        "{why}. Look with `kubectl -n {namespace} get {get} {name}` and `kubectl -n {namespace} get endpointslices -l \
         {label}={name}`"
    )
}

/// Where the parts of the name come from.
fn why_that_name(service: &HeadlessService, provenance: &Provenance) -> String {
    let from = |key| origin_in_words(key, provenance.origin_of(key));
    let text = provenance.text_of(service).unwrap_or_default();
    let of_service = from(Key::Service);
    match (text.split('.').count(), in_kubernetes(service)) {
        (1, Some((_, namespace, domain))) => format!(
            "asked in the namespace {namespace}, which is that of {}, and the domain {domain}, which is that of {}",
            from(Key::Namespace),
            from(Key::ClusterDomain)
        ),
        (2, Some((_, namespace, domain))) if !text.ends_with('.') => format!(
            "asked in the namespace {namespace}, which {of_service} names, and the domain {domain}, which is that of {}",
            from(Key::ClusterDomain)
        ),
        (_, Some((_, namespace, _))) => {
            format!("asked in the namespace {namespace}, which {of_service} names in full")
        }
        (_, None) => format!("asked by the name that {of_service} gives in full"),
    }
}

fn origin_in_words(key: Key, origin: Option<&Origin>) -> String {
    match origin {
        Some(Origin::Flag) => format!("--{}", key.name()),
        Some(Origin::Variable(name)) if name == "POD_NAMESPACE" => "this pod (POD_NAMESPACE)".to_owned(),
        Some(Origin::Variable(name)) => name.clone(),
        Some(Origin::File { path, .. }) if path.ends_with("resolv.conf") => {
            format!("the search list in {}", path.display())
        }
        Some(origin @ Origin::File { .. }) => format!("{} in {origin}", key.name()),
        Some(Origin::Observed(what)) => (*what).to_owned(),
        Some(Origin::Default) | None => "the default, because nothing else says it".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;

    use crate::settings::{Environment, Flags, Loaded, Purpose, load};

    use super::*;

    fn loaded(service: &str, namespace_flag: Option<&str>, pod: Option<&str>, search: &[&str]) -> Loaded {
        let mut flags = Flags::default();
        flags.insert(Key::Service, vec![service.to_owned()]);
        if let Some(namespace) = namespace_flag {
            flags.insert(Key::Namespace, vec![namespace.to_owned()]);
        }
        let variables: BTreeMap<String, OsString> =
            pod.map(|namespace| ("POD_NAMESPACE".to_owned(), namespace.into())).into_iter().collect();
        let search = search.iter().map(ToString::to_string).collect();
        let environment = Environment { variables, search, ..Environment::default() };
        load(&flags, None, &environment, Purpose::Print).expect("good settings")
    }

    fn step(loaded: &Loaded) -> String {
        next_step(loaded.settings.policy.questions[0].service(), &loaded.provenance)
    }

    #[test]
    fn the_namespace_is_told_with_its_reason_and_the_lines_are_filled_in() {
        let kubelet = ["blue.svc.k8s.example", "svc.k8s.example", "k8s.example"];
        for (service, flag, pod, search, namespace, why) in [
            ("eureka", Some("red"), Some("shop"), &kubelet[..], "red", "that of --namespace,"),
            ("eureka", None, Some("shop"), &kubelet[..], "shop", "that of this pod (POD_NAMESPACE),"),
            ("eureka", None, None, &kubelet[..], "blue", "that of the search list in /etc/resolv.conf,"),
            ("eureka", None, None, &[], "default", "that of the default, because nothing else says it,"),
            ("eureka.green", None, Some("shop"), &[], "green", "which --service names,"),
            ("eureka.green.svc.cluster.local", None, Some("shop"), &[], "green", "--service names in full."),
        ] {
            let said = step(&loaded(service, flag, pod, search));
            assert!(
                said.contains(&format!("asked in the namespace {namespace}, ")) && said.contains(why),
                "{said}"
            );
            let lines = format!(
                "`kubectl -n {namespace} get service eureka` and `kubectl -n {namespace} get endpointslices -l \
                 kubernetes.io/service-name=eureka`"
            );
            assert!(said.ends_with(&lines), "{said}");
        }
    }

    #[test]
    fn other_names_have_other_lines() {
        let of_several = step(&loaded("eureka.shop.svc.clusterset.local", None, None, &[]));
        assert!(of_several.contains("get serviceimport eureka`"), "{of_several}");
        let swarm = step(&loaded("tasks.eureka.", None, None, &[]));
        assert!(swarm.ends_with("look with `dig tasks.eureka`"), "{swarm}");
    }
}
