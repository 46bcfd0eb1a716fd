//! From a DNS message to an [`Answer`]: what is believed, and what is not.
//!
//! Anyone who may edit the namespace's endpoints writes these messages. Nothing of them gets further
//! than this file unless it has the asked name, type and class, and is a host name or an address.

use hickory_resolver::proto::op::{DnsResponse, Message, OpCode, Query, ResponseCode};
use hickory_resolver::proto::rr::rdata::{A, AAAA, SRV};
use hickory_resolver::proto::rr::{DNSClass, Name, RData, Record as WireRecord, RecordType as WireType};
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinDecoder};

use crate::model::{
    Answer, DnsName, LookupFailure, Port, Question, Record, RecordType, Unusable, UnusableRecord,
};

/// Records read from one answer. A message of 64 KB holds 4,092 addresses under one name, so
/// whatever has more is no answer to a question of ours.
const RECORDS_MAX: usize = 4096;

/// What is said of bytes that are no message.
pub(super) const UNREADABLE: &str = "a message that cannot be read";

/// The question as it goes over the wire: absolute, so that no search list is ever tried.
pub(super) fn query(question: &Question) -> Query {
    let name = Name::from_ascii(question.owner())
        .expect("a validated name, with a port's labels of at most 69 bytes in front, fits DNS");
    let record_type = match question.record_type() {
        RecordType::A => WireType::A,
        RecordType::Aaaa => WireType::AAAA,
        RecordType::Srv => WireType::SRV,
    };
    Query::query(name, record_type)
}

/// The question for SRV records of the Service's own name: one for each of its endpoints, or, where it has a
/// cluster IP, one that leads to the Service itself (CoreDNS, `plugin/kubernetes`).
pub(super) fn query_of_itself(question: &Question) -> Query {
    let name = Name::from_ascii(format!("{}.", question.service_name())).expect("a validated name fits DNS");
    Query::query(name, WireType::SRV)
}

/// The question for a port of another name than the one that was asked.
pub(super) fn query_of_port(question: &Question, port_name: &str) -> Query {
    let owner = format!("_{port_name}._tcp.{}.", question.service_name());
    let name = Name::from_ascii(owner).expect("a validated name, with a port's labels in front, fits DNS");
    Query::query(name, WireType::SRV)
}

/// Where a server stands among those that are asked in turn: how far its denials are believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    First,
    /// It is asked where those before it gave nothing, and may know less than they.
    Later,
}

/// What these bytes say to `question`, had they come back for it.
///
/// The same reading as that of an exchange, less what tells a forger: sender, message id, letter case.
pub fn read_message(question: &Question, bytes: &[u8]) -> Answer {
    match DnsResponse::from_buffer(bytes.to_vec()) {
        Ok(message) => response(&query(question), &message, Standing::First),
        Err(_) => Answer::Failed(LookupFailure::Malformed(UNREADABLE)),
    }
}

/// What a message says to `asked`, as it came: whole, and with nothing behind it.
///
/// The decoder reads as many records as the header counts, and leaves the rest lie. Whoever cut the count
/// would cut peers. Of a message that says itself that it was cut short, nothing is believed but that
/// (RFC 2181, section 9), and some servers count in it less than they leave.
pub(super) fn response(asked: &Query, response: &DnsResponse, standing: Standing) -> Answer {
    let mut decoder = BinDecoder::new(response.as_buffer());
    match Message::read(&mut decoder) {
        Ok(_) if decoder.is_empty() || response.truncation => answer(asked, response, standing),
        Ok(_) | Err(_) => Answer::Failed(LookupFailure::Malformed(UNREADABLE)),
    }
}

/// What `message` says to `asked`.
fn answer(asked: &Query, message: &Message, standing: Standing) -> Answer {
    match read(asked, message, standing) {
        Ok(answer) => answer,
        Err(failure) => Answer::Failed(failure),
    }
}

fn read(asked: &Query, message: &Message, standing: Standing) -> Result<Answer, LookupFailure> {
    if message.op_code != OpCode::Query {
        return Err(LookupFailure::Malformed("a message that is no answer to a question"));
    }
    // An error may come as a bare header, from a server that could read no further.
    let is_error = !matches!(message.response_code, ResponseCode::NoError | ResponseCode::NXDomain);
    let is_bare_error = is_error && message.queries.is_empty();
    if message.queries != [asked.clone()] && !is_bare_error {
        return Err(LookupFailure::Malformed("an answer to another question"));
    }
    if message.truncation {
        return Err(LookupFailure::Truncated);
    }
    let no_such_name = match message.response_code {
        ResponseCode::NoError => false,
        ResponseCode::NXDomain => true,
        ResponseCode::ServFail => return Err(LookupFailure::ServerFailure),
        ResponseCode::Refused => return Err(LookupFailure::Refused),
        code => return Err(LookupFailure::ResponseCode(code.into())),
    };
    if message.answers.is_empty() {
        let soa_serial = soa_serial(asked, message, standing).ok_or(LookupFailure::NegativeWithoutSoa)?;
        return Ok(Answer::Empty { no_such_name, soa_serial });
    }
    let is_ours =
        |record: &WireRecord| record.name == *asked.name() && record.record_type() == asked.query_type();
    if message.authorities.iter().chain(&message.additionals).any(is_ours) {
        return Err(LookupFailure::Malformed(
            "records that answer the question outside of the answer section",
        ));
    }
    let records = records(asked, &message.answers)?;
    if no_such_name {
        return Err(LookupFailure::Malformed("records for a name that it denies"));
    }
    Ok(Answer::Records(records))
}

/// The serial of the SOA that vouches for a denial: of a zone that holds the asked name
/// (RFC 2308, section 3), and may know what is in it.
fn soa_serial(asked: &Query, message: &Message, standing: Standing) -> Option<u32> {
    let vouches = |zone: &Name| zone.zone_of(asked.name()) && may_deny(zone, asked.name(), standing);
    message.authorities.iter().find_map(|record| match &record.data {
        RData::SOA(soa) if record.dns_class == DNSClass::IN && vouches(&record.name) => Some(soa.serial),
        _ => None,
    })
}

/// Whether whoever serves `zone` can know that `name` does not exist.
///
/// A public resolver denies every name of a cluster, with the SOA of the root or of a domain above the cluster's.
/// `eureka.shop.svc.cluster.local` is denied by `cluster.local` or what lies below it. Where the name does not
/// tell the cluster's domain, the first server is believed, and a later one where it speaks for more than a
/// top-level domain.
fn may_deny(zone: &Name, name: &Name, standing: Standing) -> bool {
    match (cluster_domain_labels(name), standing) {
        (Some(labels), _) => zone.iter().len() >= labels,
        (None, Standing::First) => true,
        (None, Standing::Later) => zone.iter().len() > 1,
    }
}

/// Whether the name is that of a Service of Kubernetes, or of a port of one.
pub(super) fn is_in_a_cluster(asked: &Query) -> bool {
    cluster_domain_labels(asked.name()).is_some()
}

/// How many labels the cluster's domain has in the name of a Service, or of a port of one.
fn cluster_domain_labels(name: &Name) -> Option<usize> {
    let mut labels = name.iter().skip_while(|label| label.starts_with(b"_")).skip(2);
    let is_service = labels.next().is_some_and(|label| label.eq_ignore_ascii_case(b"svc"));
    let domain = labels.count();
    (is_service && domain > 0).then_some(domain)
}

fn records(asked: &Query, answers: &[WireRecord]) -> Result<Vec<Record>, LookupFailure> {
    if answers.len() > RECORDS_MAX {
        return Err(LookupFailure::Malformed("more records than one name can have"));
    }
    let own: Vec<_> = answers
        .iter()
        .filter(|record| record.dns_class == DNSClass::IN && record.name == *asked.name())
        .collect();
    if own.iter().any(|record| record.record_type() == WireType::CNAME) {
        return Err(LookupFailure::Malformed("a CNAME, which a headless Service never has"));
    }
    let right_type: Vec<_> =
        own.into_iter().filter(|record| record.record_type() == asked.query_type()).collect();
    if right_type.is_empty() {
        return Err(LookupFailure::Malformed("records that do not answer the question"));
    }
    // As a set: sorted, and without the duplicates that several endpoints of one address make.
    let mut records: Vec<Record> = right_type.into_iter().filter_map(record).collect();
    records.sort_unstable();
    records.dedup();
    Ok(records)
}

fn record(record: &WireRecord) -> Option<Record> {
    match &record.data {
        RData::A(A(address)) => Some(Record::Address((*address).into())),
        RData::AAAA(AAAA(address)) => Some(Record::Address((*address).into())),
        RData::SRV(srv) => Some(target(srv)),
        _ => None,
    }
}

fn target(srv: &SRV) -> Record {
    match (DnsName::from_labels(srv.target.iter()), Port::new(srv.port)) {
        (Ok(name), Ok(port)) => Record::Target { name, port },
        (Err(_), _) => unusable(srv, Unusable::NotAHostName),
        (Ok(_), Err(_)) => unusable(srv, Unusable::PortZero),
    }
}

/// Whatever bytes its labels hold, they are shown as printable ones, and as many as a name can have.
fn unusable(srv: &SRV, why: Unusable) -> Record {
    let labels: Vec<_> = srv.target.iter().map(|label| label.escape_ascii().to_string()).collect();
    let mut what = labels.join(".");
    what.truncate(DnsName::LENGTH_MAX);
    Record::Unusable(UnusableRecord { why, what: format!("{what}:{}", srv.port).into() })
}

#[cfg(test)]
mod tests;
