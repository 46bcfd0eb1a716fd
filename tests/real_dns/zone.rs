//! What `cluster.local` holds, as a zone file and as dnsmasq's options.

use std::fmt::Write as _;

use crate::question::{v4, v6};

/// The serial of a zone before its first change.
pub(crate) const SERIAL: u32 = 1_700_000_001;

/// `cluster.local` as `plugin/kubernetes` would have it, and what does not belong there.
#[derive(Clone, Debug, Default)]
pub(crate) struct Zone {
    services: Vec<Service>,
    /// Targets under `_http._tcp.eureka`, in the form of a zone file.
    pub(crate) stray_targets: Vec<&'static str>,
    /// Addresses under `eureka`.
    pub(crate) stray_addresses: Vec<&'static str>,
}

#[derive(Clone, Debug)]
struct Service {
    name: &'static str,
    pods: Vec<u32>,
    families: Families,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Families {
    Both,
    Ipv4,
}

impl Zone {
    /// `eureka` has three pods in both families, `sixty` and `thousand` as many in IPv4.
    pub(crate) fn of_all_sizes() -> Self {
        let of = |name, count, families| Service { name, pods: (0..count).collect(), families };
        let services = vec![
            of("eureka", 3, Families::Both),
            of("sixty", 60, Families::Ipv4),
            of("thousand", 1000, Families::Ipv4),
        ];
        Self { services, ..Self::default() }
    }

    /// `eureka` has these pods in both families; without any there is no such name.
    pub(crate) fn of_pods(pods: impl IntoIterator<Item = u32>) -> Self {
        let pods = pods.into_iter().collect();
        Self { services: vec![Service { name: "eureka", pods, families: Families::Both }], ..Self::default() }
    }

    /// A zone file; `elsewhere` in it is an alias, as of a Service of type `ExternalName`.
    pub(crate) fn to_file(&self, serial: u32) -> String {
        let mut file = format!(
            "$TTL 5\n\
             @ IN SOA ns.dns.cluster.local. hostmaster.cluster.local. {serial} 7200 1800 86400 5\n\
             @ IN NS ns.dns.cluster.local.\n\
             ns.dns IN A 127.0.0.1\n\
             elsewhere.ns.svc IN CNAME eureka.ns.svc\n"
        );
        for service in &self.services {
            service.push_records(&mut file);
        }
        for target in &self.stray_targets {
            push(&mut file, format_args!("_http._tcp.eureka.ns.svc IN SRV 0 1 8761 {target}"));
        }
        for address in &self.stray_addresses {
            let kind = if address.contains(':') { "AAAA" } else { "A" };
            push(&mut file, format_args!("eureka.ns.svc IN {kind} {address}"));
        }
        file
    }

    /// Options with which dnsmasq has these records of its own.
    pub(crate) fn to_dnsmasq(&self) -> String {
        let mut options = "local=/cluster.local/\n".to_owned();
        for service in &self.services {
            service.push_options(&mut options);
        }
        for target in &self.stray_targets {
            let target = target.trim_end_matches('.');
            let owner = "_http._tcp.eureka.ns.svc.cluster.local";
            push(&mut options, format_args!("srv-host={owner},{target},8761"));
        }
        for address in &self.stray_addresses {
            push(&mut options, format_args!("host-record=eureka.ns.svc.cluster.local,{address}"));
        }
        options
    }
}

impl Service {
    fn push_records(&self, file: &mut String) {
        let name = self.name;
        for pod in &self.pods {
            for owner in [format!("{name}.ns.svc"), format!("eureka-{pod}.{name}.ns.svc")] {
                push(file, format_args!("{owner} IN A {}", v4(*pod)));
                if self.families == Families::Both {
                    push(file, format_args!("{owner} IN AAAA {}", v6(*pod)));
                }
            }
            let target = format_args!("eureka-{pod}.{name}.ns.svc");
            push(file, format_args!("_http._tcp.{name}.ns.svc IN SRV 0 1 8761 {target}"));
        }
    }

    fn push_options(&self, options: &mut String) {
        let service = format!("{}.ns.svc.cluster.local", self.name);
        for pod in &self.pods {
            let addresses = match self.families {
                Families::Both => format!("{},{}", v4(*pod), v6(*pod)),
                Families::Ipv4 => v4(*pod).to_string(),
            };
            push(options, format_args!("host-record=eureka-{pod}.{service},{addresses}"));
            push(options, format_args!("host-record={service},{addresses}"));
            push(options, format_args!("srv-host=_http._tcp.{service},eureka-{pod}.{service},8761"));
        }
    }
}

fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes it");
}
