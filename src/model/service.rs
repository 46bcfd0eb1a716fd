//! A headless Service by its full name.

use std::fmt;

use super::{DnsName, DnsNameError, PortName};

/// A headless Service, known by its absolute DNS name.
///
/// Written as `eureka` or `eureka.ns` it is completed to
/// `eureka.ns.svc.<cluster domain>` (Kubernetes DNS specification, section 2.4); with three labels
/// or more, or a trailing dot, it is taken as it stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HeadlessService(DnsName);

/// Why a text names no Service.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The name as completed is no host name.
    #[error("the name {name:?} {reason}")]
    Name {
        /// What was tried.
        name: String,
        /// What is wrong with it.
        reason: DnsNameError,
    },
    /// With the port's labels in front, the question would not fit into DNS.
    #[error("the name {name:?} is {length} bytes long; with the port in front of it DNS allows {max}", max = HeadlessService::LENGTH_MAX)]
    TooLong {
        /// What was tried.
        name: String,
        length: usize,
    },
}

impl HeadlessService {
    /// Bytes that leave room for `_<port>._tcp.` in front, whatever the port's name.
    pub const LENGTH_MAX: usize = DnsName::LENGTH_MAX - PortName::LENGTH_MAX - "_._tcp.".len();

    /// Reads the setting's text, completing one or two labels by namespace and cluster domain.
    pub fn from_setting(text: &str, namespace: &str, cluster_domain: &str) -> Result<Self, ServiceError> {
        let cluster_domain = cluster_domain.trim_end_matches('.');
        let full = match text.split('.').collect::<Vec<_>>()[..] {
            [service] => format!("{service}.{namespace}.svc.{cluster_domain}"),
            [service, namespace] if !namespace.is_empty() => {
                format!("{service}.{namespace}.svc.{cluster_domain}")
            }
            _ => text.to_owned(),
        };
        let name: DnsName =
            full.parse().map_err(|reason| ServiceError::Name { name: full.clone(), reason })?;
        let length = name.as_str().len();
        if length > Self::LENGTH_MAX {
            return Err(ServiceError::TooLong { name: full, length });
        }
        Ok(Self(name))
    }

    /// The absolute name, without its trailing dot.
    pub fn name(&self) -> &DnsName {
        &self.0
    }

    /// Which of `services` the name of a pod lies below, be it written in full or cut short as in
    /// `eureka-0.eureka`, which a search list completes.
    pub fn of_pod<'a>(pod: &DnsName, services: impl Iterator<Item = &'a Self> + Clone) -> Option<&'a Self> {
        let is_in_full = |service: &&Self| pod != service.name() && pod.is_under(service.name());
        let in_full = services.clone().filter(is_in_full).max_by_key(|service| service.name().as_str().len());
        in_full.or_else(|| {
            let (_, rest) = pod.as_str().split_once('.')?;
            let is_cut_short = |service: &&Self| {
                service.name().as_str().strip_prefix(rest).is_some_and(|more| more.starts_with('.'))
            };
            let mut services = services;
            services.find(is_cut_short)
        })
    }
}

impl fmt::Display for HeadlessService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, ServiceError> {
        HeadlessService::from_setting(text, "here", "cluster.local").map(|service| service.to_string())
    }

    #[test]
    fn completes_short_names_only() {
        assert_eq!(read("eureka").as_deref(), Ok("eureka.here.svc.cluster.local"));
        assert_eq!(read("eureka.there").as_deref(), Ok("eureka.there.svc.cluster.local"));
        assert_eq!(read("eureka.there.svc").as_deref(), Ok("eureka.there.svc"));
        assert_eq!(read("eureka.").as_deref(), Ok("eureka"));
        assert_eq!(read("eureka.example.").as_deref(), Ok("eureka.example"));
    }

    #[test]
    fn knows_which_service_a_pod_is_below() {
        let service =
            |text: &str| HeadlessService::from_setting(text, "shop", "cluster.local").expect("valid");
        let services =
            ["eureka-west", "eureka", "eureka.elsewhere", "eureka.shop.svc.clusterset.local"].map(service);
        let of_pod = |pod: &str| {
            let pod = pod.parse().expect("valid");
            let found = HeadlessService::of_pod(&pod, services.iter());
            found.map(|found| services.iter().position(|service| service == found).expect("one of them"))
        };
        for (pod, service) in [
            ("eureka-0.eureka.shop.svc.cluster.local", Some(1)),
            ("eureka-0.eureka-west.shop.svc.cluster.local", Some(0)),
            ("eureka-0.eureka", Some(1)),
            ("eureka-0.eureka.elsewhere", Some(2)),
            ("eureka-0.eureka-west.shop.svc", Some(0)),
            ("eureka-0.east.eureka.shop.svc.clusterset.local", Some(3)),
            ("eureka.shop.svc.cluster.local", None),
            ("eureka-0.eurek", None),
            ("eureka-0.eureka-east.shop.svc.cluster.local", None),
            ("vip.example.org", None),
            ("eureka-0", None),
        ] {
            assert_eq!(of_pod(pod), service, "{pod}");
        }
    }

    #[test]
    fn leaves_room_for_the_port() {
        let long = format!("{}.{}.{}.{}", "a".repeat(60), "b".repeat(60), "c".repeat(60), "d".repeat(60));
        assert!(matches!(read(&long), Err(ServiceError::TooLong { .. })));
        assert!(matches!(read("${x}"), Err(ServiceError::Name { .. })));
        assert!(matches!(read(""), Err(ServiceError::Name { .. })));
    }
}
