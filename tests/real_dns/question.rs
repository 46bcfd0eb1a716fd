//! What the trials ask, and what they expect: the words of the library, made short.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use eureka_peers::dns::{HickoryLookup, Lookup, NameServers};
use eureka_peers::model::{AddressFamily, Answer, HeadlessService, LookupFailure, Port, Question, Record};

use crate::running::Running;

/// How long a server may take to see a change, or to come up.
const SOON: Duration = Duration::from_secs(10);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// The adapter as the program makes it, asking this server only.
pub(crate) fn lookup(server: &Running) -> HickoryLookup {
    HickoryLookup::new(NameServers::Listed(vec![server.address()]))
}

/// With a try for those who know that nobody answers.
pub(crate) fn impatient_lookup(server: &Running) -> HickoryLookup {
    lookup(server).with_try_timeout(Duration::from_millis(200))
}

fn service(name: &str) -> HeadlessService {
    HeadlessService::from_setting(name, "ns", "cluster.local").expect("valid")
}

pub(crate) fn names(service_name: &str) -> Question {
    names_of_port(service_name, "http")
}

pub(crate) fn names_of_port(service_name: &str, port_name: &str) -> Question {
    Question::Names { service: service(service_name), port_name: port_name.parse().expect("valid") }
}

pub(crate) fn ipv4(service_name: &str) -> Question {
    Question::Addresses { service: service(service_name), family: AddressFamily::Ipv4 }
}

pub(crate) fn ipv6(service_name: &str) -> Question {
    Question::Addresses { service: service(service_name), family: AddressFamily::Ipv6 }
}

/// The address of the so-manieth pod.
pub(crate) fn v4(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(0x0a00_0000 + number)
}

/// Its other address.
pub(crate) fn v6(number: u32) -> Ipv6Addr {
    Ipv6Addr::from(0xfd00_0000_0000_0000_0000_0000_0001_0000 + u128::from(number))
}

pub(crate) fn addresses(addresses: impl IntoIterator<Item = impl Into<IpAddr>>) -> Answer {
    Answer::Records(addresses.into_iter().map(|address| Record::Address(address.into())).collect())
}

/// `LABEL.service` for each label, all on Eureka's port.
pub(crate) fn targets(
    service_name: &str,
    labels: impl IntoIterator<Item = impl std::fmt::Display>,
) -> Answer {
    let service = service(service_name);
    let target = |label| Record::Target {
        name: format!("{label}.{service}").parse().expect("valid"),
        port: Port::EUREKA,
    };
    let mut records: Vec<_> = labels.into_iter().map(target).collect();
    records.sort();
    Answer::Records(records)
}

/// `eureka-0` and so on.
pub(crate) fn pods(service_name: &str, count: u32) -> Answer {
    targets(service_name, (0..count).map(|number| format!("eureka-{number}")))
}

pub(crate) fn failed(failure: LookupFailure) -> Answer {
    Answer::Failed(failure)
}

/// Asks until the answer is `expected`, for servers that see a change when they see it.
pub(crate) async fn soon(lookup: &impl Lookup, question: &Question, expected: &Answer) {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let told = lookup.ask(question).await;
        if told == *expected {
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "{question}: {told:?}, not {expected:?}");
        tokio::time::sleep(POLL_INTERVAL).await;
    }
}
