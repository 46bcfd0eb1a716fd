//! Rows of the table: what is asked, what becomes of the answer, when the list follows it.

use std::time::Duration;

use crate::model::{AddressPolicy, Scheme};
use crate::reconcile::OnDeadline;
use crate::settings::words::{PeerHost, RoleWord, words_of};

use super::{DAY, Group, HOUR, Key, Setting, Shape, seconds};

/// Services united in one list; each is a question an interval.
const SERVICES_MAX: usize = 16;
/// Static peers; the default of `--max-peers`, above which no list is believed.
const STATIC_PEERS_MAX: usize = 512;
/// DNS servers; resolv.conf holds three, and a question waits for each in turn.
const DNS_SERVERS_MAX: usize = 8;
/// A records in the largest DNS message, 64 KiB of 16 bytes each.
const PEERS_MAX: usize = 4_096;
/// Ten questions a second; below that DNS servers begin to refuse.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
/// A month: who waits longer means `never`.
const MONTH: Duration = seconds(30 * 86_400);

use Group::{Holds, Peers, Service};
use Shape::{Count, File, Patience, Switch, Text, Words};

pub(super) const ROWS: &[Setting] = &[
    Setting::new(Key::Role, "role", Service, Words("server|client", words_of::<RoleWord>))
        .default("server")
        .help(
            "Whose list it is: a server's leaves itself out and names itself when alone, a client's names \
             every server.",
        )
        .hint("write `server` beside a Eureka server, `client` beside anything else"),
    Setting::new(Key::Service, "service", Service, Text("NAME"))
        .up_to(SERVICES_MAX)
        .default("required")
        .help(
            "Headless Service: `eureka`, `eureka.ns`, or an absolute name of three labels or more; \
             several are united.",
        )
        .hint(
            "write the name of the headless Service, such as eureka, eureka.ns or \
             eureka.ns.svc.cluster.local",
        ),
    Setting::new(Key::StaticPeer, "static-peer", Service, Text("URL"))
        .up_to(STATIC_PEERS_MAX)
        .help("Peer outside the cluster, with port and path.")
        .hint("write a whole URL, such as http://vm1.example.org:8761/eureka/"),
    Setting::new(Key::Zone, "zone", Service, Text("ZONE"))
        .default("defaultZone")
        .help("Zone under which the list is written.")
        .hint("leave it out unless the servers set eureka.client.availability-zones"),
    Setting::new(Key::Namespace, "namespace", Service, Text("NAMESPACE"))
        .default("POD_NAMESPACE, else that of resolv.conf, else default")
        .help("Namespace of Services named by one label.")
        .hint("write one label of a-z, 0-9 and hyphens"),
    Setting::new(Key::ClusterDomain, "cluster-domain", Service, Text("DOMAIN"))
        .default("that of resolv.conf, else cluster.local")
        .help("Domain of the cluster, for Services named by one or two labels.")
        .hint("write the cluster's DNS domain, such as cluster.local"),
    Setting::new(Key::PeerHost, "peer-host", Peers, Words("name|ipv4|ipv6", words_of::<PeerHost>))
        .default("name")
        .help("What stands in the URLs: names from SRV records, or addresses from A or AAAA records.")
        .hint("write `name`, or `ipv4` or `ipv6` where servers are known by address"),
    Setting::new(Key::PortName, "port-name", Peers, Text("NAME"))
        .default("http")
        .help("Name of the Service's port, for SRV records.")
        .hint("write the port's name as in the Service's spec.ports[].name; a number belongs into --port"),
    Setting::new(Key::Port, "port", Peers, Text("PORT"))
        .default("that of SRV, else 8761")
        .help("Port of every peer; wins over that of SRV records.")
        .hint("write a number from 1 to 65535; a name belongs into --port-name"),
    Setting::new(Key::Scheme, "scheme", Peers, Words("http|https", words_of::<Scheme>))
        .default("http")
        .help("Scheme of the URLs.")
        .hint("write `http` or `https`"),
    Setting::new(Key::ContextPath, "context-path", Peers, Text("PATH"))
        .default("/eureka/")
        .help("Path of the URLs; `/eureka/v2/` for Netflix's own server.")
        .hint("write a path such as /eureka/"),
    Setting::new(Key::SelfUrl, "self-url", Peers, Text("URL"))
        .default("POD_NAME.<its Service> or POD_IP, with port")
        .help(
            "What the server beside us takes for itself; stands in the file while it is alone. The pod's Service is \
             the one that /etc/hosts names, where it is asked, else the first; below another, a pod of the same name \
             is a peer.",
        )
        .hint("write a whole URL, such as http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/"),
    Setting::new(Key::UserInfo, "user-info", Peers, Text("${NAME}:${NAME}"))
        .help("Credentials in each URL as placeholders, which the server resolves.")
        .hint(
            "write two placeholders, such as ${EUREKA_USER}:${EUREKA_PASSWORD}, in single quotes where a \
             shell reads it; real credentials go into --user-info-file",
        ),
    Setting::new(Key::UserInfoFile, "user-info-file", Peers, File("FILE"))
        .help("File with `user:password` for each URL; read at each use, makes the published file 0640.")
        .hint("write the path of a mounted Secret's file"),
    Setting::new(Key::AllowCidr, "allow-cidr", Peers, Text("CIDR"))
        .up_to(AddressPolicy::RANGES_MAX)
        .help("With addresses: the only ranges that peers may have; lifts the built-in denials it covers.")
        .hint("write a range such as 10.0.0.0/8 or fd00::/8; one address is 10.0.0.1/32"),
    Setting::new(Key::DenyCidr, "deny-cidr", Peers, Text("CIDR"))
        .up_to(AddressPolicy::RANGES_MAX)
        .default("loopback, link-local, multicast, unspecified")
        .help(
            "With addresses: ranges that no peer may have; beats --allow-cidr and adds to what is always \
             denied.",
        )
        .hint("write a range such as 10.0.0.0/8 or fd00::/8; one address is 10.0.0.1/32"),
    Setting::new(Key::MaxPeers, "max-peers", Peers, Count { min: 1, max: PEERS_MAX })
        .default("512")
        .help("Peers above which an answer is not believed; a stock server spends 24 threads on each.")
        .hint("write a whole number"),
    Setting::new(Key::DnsServer, "dns-server", Peers, Text("IP[:PORT]"))
        .up_to(DNS_SERVERS_MAX)
        .default("those of resolv.conf")
        .help("DNS server to ask; several are tried in turn.")
        .hint("write an address, such as 10.96.0.10 or [fd00::a]:53; names cannot be resolved here"),
    Setting::new(Key::Interval, "interval", Peers, Shape::Duration { min: INTERVAL_MIN, max: HOUR })
        .default("1s (server), 10s (client)")
        .help("Between two questions for one Service.")
        .hint("write a duration with its unit, such as 1s or 500ms"),
    Setting::new(Key::RemoveAfter, "remove-after", Holds, Patience { min: Duration::ZERO, max: DAY })
        .default("30s")
        .help("How long a peer must have been missing from DNS before it leaves the list.")
        .hint("write a duration with its unit, such as 30s or 5m, or `never`"),
    Setting::new(Key::EmptyAfter, "empty-after", Holds, Patience { min: seconds(1), max: MONTH })
        .default("never")
        .help("How long DNS must have said \"nobody\" before that is believed.")
        .hint("write `never`, or a duration with its unit, such as 10m"),
    Setting::new(Key::MaxShrink, "max-shrink", Holds, Text("PERCENT"))
        .default("50%")
        .help("Share of the peers that may leave at once.")
        .hint("write a whole percentage with its sign, such as 50%"),
    Setting::new(Key::ShrinkAfter, "shrink-after", Holds, Patience { min: Duration::ZERO, max: DAY })
        .default("5m")
        .help("How long an answer must have stayed too small before it is believed.")
        .hint("write a duration with its unit, such as 5m, or `never`"),
    Setting::new(Key::MinPeers, "min-peers", Holds, Count { min: 0, max: PEERS_MAX })
        .default("0")
        .help("Peers without which the first publication waits for --start-deadline.")
        .hint("write a whole number"),
    Setting::new(
        Key::StartDeadline,
        "start-deadline",
        Holds,
        Shape::Duration { min: Duration::ZERO, max: HOUR },
    )
    .default("10s")
    .help("How long a start waits for records.")
    .hint("write a duration with its unit, such as 10s"),
    Setting::new(Key::OnDeadline, "on-deadline", Holds, Words("publish|wait|fail", words_of::<OnDeadline>))
        .default("publish")
        .help(
            "What a start without records does after --start-deadline: publish self alone, wait until the \
             Service that names self has records (needs publishNotReadyAddresses), or (init only) fail.",
        )
        .hint("write `publish` or `wait`, or for `init` `fail`"),
    Setting::new(Key::Freeze, "freeze", Holds, Switch)
        .default("false")
        .help("Keep the list as it is until this is lifted.")
        .hint("write `true` or `false`"),
];
