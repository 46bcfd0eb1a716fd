//! The nouns of the program, valid by construction.
//!
//! Every type here has private fields and one way in; anyone who holds one may rely on it without
//! looking again. Nothing here does IO, reads a clock or logs.

mod address_policy;
mod answer;
mod backoff;
mod catch_panic;
mod dns_name;
mod duration;
mod error_chain;
mod host;
mod http_url;
mod identity;
mod list_origin;
mod listener;
mod listing;
mod message;
mod metrics_format;
mod moment;
mod peer_set;
mod policy_values;
mod question;
mod resolv_conf;
mod server_fault;
mod service;
mod service_url;
mod wall_clock;

pub use address_policy::{AddressPolicy, IpNet};
pub use answer::{Answer, LookupFailure, Record, Unusable, UnusableRecord, UnusableRecords};
pub use backoff::Backoff;
pub use catch_panic::catch_panic;
pub use dns_name::{DnsName, DnsNameError};
pub use duration::{DurationError, read_duration};
pub use error_chain::ErrorChain;
pub use host::Host;
pub use http_url::HttpUrl;
pub use identity::PodIdentity;
pub use list_origin::ListOrigin;
pub use listener::{ConnectionTotals, ListenerName};
pub use listing::{Listing, Zone, ZoneError};
pub use message::Message;
pub use metrics_format::MetricsFormat;
pub use moment::{Jitter, Moment};
pub use peer_set::PeerSet;
pub use policy_values::{DurationOrNever, MaxShrink, MaxShrinkError};
pub use question::{AddressFamily, PortName, PortNameError, Question, RecordType};
pub use resolv_conf::ResolvConf;
pub use server_fault::{Refusal, ServerFault};
pub use service::{HeadlessService, ServiceError};
pub use service_url::{
    ContextPath, ContextPathError, Port, PortError, Scheme, SchemeError, ServiceUrl, ServiceUrlError,
};
pub use wall_clock::WallClock;
