//! The questions that an answer raises: whether the only address of a Service is its cluster IP, and what the denial
//! of a port means. They go to the server that gave the answer, and teach nothing of the ways to ask it.
//!
//! Where one of them fails nothing is known, and the look-up fails with it: an address that would be believed could
//! be a cluster IP, and a denial could end peers that are there.

use std::net::{IpAddr, SocketAddr};

use hickory_resolver::proto::op::Query;
use tokio::time::Instant;

use crate::model::{AddressFamily, AddressPolicy, Answer, LookupFailure, Question, Record};

use super::lookup::HickoryLookup;
use super::race::{Finish, Race};
use super::reading;

/// Ports that people give to other things than Eureka, by their names. A Service's only port may be one of them,
/// and DNS does not tell the name of a port unless it is asked for it.
const OTHER_PORTS: [&str; 9] =
    ["https", "management", "mgmt", "actuator", "admin", "metrics", "prometheus", "monitoring", "jmx"];

impl HickoryLookup {
    /// What an answer comes to; it is one of `server`.
    pub(super) async fn conclude(
        &self,
        server: SocketAddr,
        question: &Question,
        answer: Answer,
        until: Instant,
    ) -> Answer {
        let known = self.conclusions.borrow().recall(question, &answer, Instant::now());
        if let Some(known) = known {
            return known;
        }
        let came_to = match (question, &answer) {
            (Question::Addresses { .. }, Answer::Records(records)) => match pods_at_most(records)[..] {
                [address] if reading::is_in_a_cluster(&reading::query(question)) => {
                    match self.lone_address(server, question, address, until).await {
                        Ok(()) => answer.clone(),
                        Err(failure) => Answer::Failed(failure),
                    }
                }
                ref pods => {
                    self.conclusions.borrow_mut().note_pods(question, pods);
                    return answer;
                }
            },
            (Question::Names { .. }, Answer::Empty { .. }) => {
                match self.without_port(server, question, answer.clone(), until).await {
                    // They are asked for by themselves from now on.
                    records @ Answer::Records(_) => return records,
                    other @ (Answer::Empty { .. } | Answer::Failed(_)) => other,
                }
            }
            (Question::Names { .. } | Question::Addresses { .. }, _) => return answer,
        };
        self.conclusions.borrow_mut().note(question, answer, came_to, Instant::now())
    }

    /// Whether the only address of a Service is a pod's, and not its cluster IP, behind which any pod may be.
    ///
    /// In the second case the Service's own name has an SRV record that leads to itself (CoreDNS,
    /// `plugin/kubernetes`).
    async fn lone_address(
        &self,
        server: SocketAddr,
        question: &Question,
        address: IpAddr,
        until: Instant,
    ) -> Result<(), LookupFailure> {
        if self.addresses.cluster_ips.contains(&address) {
            return Err(LookupFailure::NotHeadless);
        }
        if self.addresses.own.contains(&address) || self.conclusions.borrow().is_pod(question, address) {
            return Ok(());
        }
        match self.ask_beside(server, reading::query_of_itself(question), until).await {
            Answer::Records(records) if leads_to_itself(&records, question) => {
                Err(LookupFailure::NotHeadless)
            }
            Answer::Records(_) | Answer::Empty { .. } => Ok(()),
            Answer::Failed(failure) => Err(failure),
        }
    }

    /// What a denial of the port's name means.
    ///
    /// A Service with one port need not name it, and its SRV records then stand at the Service's own name
    /// alone. They are taken for those of the port that everybody calls `http`, as long as there is no choice:
    /// whoever set another name has ports with names, and so has a Service that has had that one. CoreDNS gives
    /// named ports there as well, so it is asked for those that are never Eureka's too.
    async fn without_port(
        &self,
        server: SocketAddr,
        question: &Question,
        denial: Answer,
        until: Instant,
    ) -> Answer {
        if self.may_be_nameless(question) {
            match self.ask_beside(server, reading::query_of_itself(question), until).await {
                Answer::Records(records) if leads_to_itself(&records, question) => {
                    return Answer::Failed(LookupFailure::NotHeadless);
                }
                Answer::Records(records) if have_one_port(&records) => {
                    return self.of_one_port(server, question, records, until).await;
                }
                Answer::Records(_) => return Answer::Failed(LookupFailure::PortNameMissing),
                Answer::Empty { no_such_name: true, .. } => return denial,
                Answer::Empty { no_such_name: false, .. } => {}
                failed @ Answer::Failed(_) => return failed,
            }
        }
        match self.has_addresses(server, question, until).await {
            Ok(true) => Answer::Failed(LookupFailure::PortNameMissing),
            Ok(false) => denial,
            Err(failure) => Answer::Failed(failure),
        }
    }

    /// What the records of a Service's only port are: Eureka's, unless the port has the name of something else.
    async fn of_one_port(
        &self,
        server: SocketAddr,
        question: &Question,
        records: Vec<Record>,
        until: Instant,
    ) -> Answer {
        for port_name in OTHER_PORTS {
            match self.ask_beside(server, reading::query_of_port(question, port_name), until).await {
                Answer::Empty { .. } => {}
                Answer::Records(_) => return Answer::Failed(LookupFailure::PortNameMissing),
                failed @ Answer::Failed(_) => return failed,
            }
        }
        self.note_nameless(question);
        Answer::Records(records)
    }

    /// Whether the Service has addresses although it has no port of the asked name.
    ///
    /// Where the Service's own name does not exist either, there is no second question.
    async fn has_addresses(
        &self,
        server: SocketAddr,
        question: &Question,
        until: Instant,
    ) -> Result<bool, LookupFailure> {
        for family in [AddressFamily::Ipv4, AddressFamily::Ipv6] {
            let addresses = Question::Addresses { service: question.service().clone(), family };
            match self.ask_beside(server, reading::query(&addresses), until).await {
                Answer::Records(_) => return Ok(true),
                // Here, but not in this family.
                Answer::Empty { no_such_name: false, .. } => {}
                Answer::Empty { no_such_name: true, .. } => return Ok(false),
                Answer::Failed(failure) => return Err(failure),
            }
        }
        Ok(false)
    }

    /// Asks one server in the ways that are known to work.
    async fn ask_beside(&self, server: SocketAddr, query: Query, until: Instant) -> Answer {
        let climbs = self.climbs(&[server], &query);
        let pace = self.pace(&climbs, until);
        let mut race = Race::new(query, climbs, pace);
        match race.run().await {
            Finish::Won { answer, .. } | Finish::Lost(answer) => answer,
        }
    }
}

/// The addresses that pods may have, whatever stands beside them.
fn pods_at_most(records: &[Record]) -> Vec<IpAddr> {
    let anybody = AddressPolicy::default();
    let addresses = records.iter().filter_map(|record| match record {
        Record::Address(address) => Some(*address),
        Record::Target { .. } | Record::Unusable(_) => None,
    });
    addresses.filter(|address| anybody.allows(*address)).collect()
}

/// Whether one of these records leads to the Service itself, on whatever port: none of a headless one does.
fn leads_to_itself(records: &[Record], question: &Question) -> bool {
    let itself = question.service_name();
    records.iter().any(|record| match record {
        Record::Target { name, .. } => name == itself,
        Record::Unusable(record) => {
            record.what.rsplit_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case(itself.as_str()))
        }
        Record::Address(_) => false,
    })
}

/// Whether every target has the same one port.
pub(super) fn have_one_port(records: &[Record]) -> bool {
    let mut ports = records.iter().filter_map(|record| match record {
        Record::Target { port, .. } => Some(port),
        Record::Address(_) | Record::Unusable(_) => None,
    });
    let Some(first) = ports.next() else { return false };
    ports.all(|port| port == first)
}
