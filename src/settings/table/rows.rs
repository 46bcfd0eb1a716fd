//! The one table of settings, a row each, in the order of help and README.
//!
//! A row is all there is to say of a setting before it is read: [`Key`] is made of the rows, so that no
//! setting can be without one.

use std::fmt;
use std::time::Duration;

use crate::document::Format;
use crate::model::{AddressPolicy, Port, Scheme};
use crate::publish::Layout;
use crate::reconcile::OnDeadline;
use crate::settings::purpose::Purpose;
use crate::settings::words::{Adopt, PeerHost, RoleWord, words_of};
use crate::telemetry::{LogFormat, LogLevel};

use super::setting::{Change, Condition, DefaultValue, Group, Setting, Shape, Value};

/// Services united in one list; each is a question an interval.
const SERVICES_MAX: usize = 16;
/// Peers above which no list is believed, if nothing else is said; as many static ones are taken.
const MAX_PEERS: usize = 512;
/// DNS servers; resolv.conf holds three, and a question waits for each in turn.
const DNS_SERVERS_MAX: usize = 8;
/// A records in the largest DNS message, 64 KiB of 16 bytes each.
const PEERS_MAX: usize = 4_096;
/// Files of one generation; more than there are formats.
const OUTPUTS_MAX: usize = 16;
/// Ten questions a second; below that DNS servers begin to refuse.
const INTERVAL_MIN: Duration = Duration::from_millis(100);
const HOUR: Duration = seconds(3_600);
const DAY: Duration = seconds(86_400);
/// Longer than a month means `never`.
const MONTH: Duration = seconds(30 * 86_400);

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Makes of the rows both the table and a name for each that cannot be misspelt.
macro_rules! table {
    ($($key:ident: $row:expr;)*) => {
        /// Each setting, by a name that cannot be misspelt; its row documents it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[expect(missing_docs, reason = "each is documented by its row, which is what operators read")]
        pub enum Key { $($key,)* }

        const KEYS: &[Key] = &[$(Key::$key,)*];
        const ROWS: &[Setting] = &[$($row,)*];
    };
}

use DefaultValue::{Either, Found};
use Group::{Files, Holds, Peers, Process, Server, Service};
use Shape::{Count, Directory, DurationOrNever, File, Switch, Text, TextAndWord, Words};

table! {
    Role: Setting::new("role", Service, Words("server|client", words_of::<RoleWord>))
        .default(Value::Text("server"))
        .change(Change::AtRestart)
        .help(
            "Whose list of peers this is. `server`: that of a Eureka server; it leaves out the server itself, \
             and names only that one while there are no peers. `client`: that of a Eureka client; it names \
             every server.",
        )
        .hint("write `server` beside a Eureka server, `client` beside anything else");
    Service: Setting::new("service", Service, Text("NAME"))
        .up_to(SERVICES_MAX)
        .required_for(Purpose::WITH_A_LIST)
        .help(
            "Headless Service whose endpoints are the peers: `eureka`, `eureka.NAMESPACE`, or an absolute name \
             of three labels or more. The peers of several Services make one list.",
        )
        .hint(
            "write the name of the headless Service, such as eureka, eureka.ns or \
             eureka.ns.svc.cluster.local",
        );
    StaticPeer: Setting::new("static-peer", Service, Text("URL"))
        .up_to(MAX_PEERS)
        .help("URL, with port and path, of a peer outside the cluster. It is always in the list.")
        .hint("write a whole URL, such as http://vm1.example.org:8761/eureka/");
    Zone: Setting::new("zone", Service, Text("ZONE"))
        .default(Value::Text("defaultZone"))
        .help("Eureka zone under which the list is written.")
        .hint("leave it out unless the servers set eureka.client.availability-zones");
    Namespace: Setting::new("namespace", Service, Text("NAMESPACE"))
        .default_is(Found {
            how: "POD_NAMESPACE, else that of resolv.conf",
            otherwise: Some(Value::Text("default")),
        })
        .help("Kubernetes namespace of each --service that is named by one label.")
        .hint("write one label of a-z, 0-9 and hyphens");
    ClusterDomain: Setting::new("cluster-domain", Service, Text("DOMAIN"))
        .default_is(Found { how: "that of resolv.conf", otherwise: Some(Value::Text("cluster.local")) })
        .help("DNS domain of the cluster, for each --service that is named by one or two labels.")
        .hint("write the cluster's DNS domain, such as cluster.local");
    PeerHost: Setting::new("peer-host", Peers, Words("name|ipv4|ipv6", words_of::<PeerHost>))
        .default(Value::Text("name"))
        .help(
            "What the URLs of the peers contain: names, from SRV records, or IPv4 or IPv6 addresses, from A or \
             AAAA records.",
        )
        .hint("write `name`, or `ipv4` or `ipv6` where servers are known by address");
    PortName: Setting::new("port-name", Peers, Text("NAME"))
        .default(Value::Text("http"))
        .help(
            "Name of the Service's port, by which DNS is asked for SRV records (with --peer-host name). A Service's \
             only port is also found where it has no name.",
        )
        .hint(
            "write the port's name as in the Service's spec.ports[].name, or use --peer-host ipv4; a number \
             belongs into --port",
        );
    Port: Setting::new("port", Peers, Text("PORT"))
        .default_is(Found {
            how: "that of SRV",
            otherwise: Some(Value::Count(Port::EUREKA.get() as usize)),
        })
        .help(
            "Port in the URL of every peer, and of this server. It is used in place of the port in SRV records.",
        )
        .hint("write the number of the port; a name belongs into --port-name");
    Scheme: Setting::new("scheme", Peers, Words("http|https", words_of::<Scheme>))
        .default(Value::Text("http"))
        .help("Scheme in the URLs of the peers.")
        .hint("write `http` or `https`");
    ContextPath: Setting::new("context-path", Peers, Text("PATH"))
        .default(Value::Text("/eureka/"))
        .help("Path in the URLs of the peers; that of Netflix's own server is `/eureka/v2/`.")
        .hint("write a path such as /eureka/");
    SelfUrl: Setting::new("self-url", Peers, Text("URL"))
        .default_is(Found { how: "POD_NAME.<its Service> or POD_IP, with port", otherwise: None })
        .help(
            "URL that the Eureka server in this pod takes for its own. The list names it while there are no \
             peers. By default its port is --port, else that of the pod's own SRV record. The pod's Service is \
             the one that /etc/hosts names, else the first --service; a pod of the same name below another \
             Service is a peer.",
        )
        .hint("write a whole URL, such as http://eureka-0.eureka.ns.svc.cluster.local:8761/eureka/");
    UserInfo: Setting::new("user-info", Peers, Text("${NAME}:${NAME}"))
        .help("User and password in the URL of each peer, as two placeholders that the server resolves.")
        .hint(
            "write two placeholders, such as ${EUREKA_USER}:${EUREKA_PASSWORD}, in single quotes where a \
             shell reads it; real credentials go into --user-info-file",
        );
    UserInfoFile: Setting::new("user-info-file", Peers, File("FILE"))
        .change(Change::PresenceAtRestart)
        .help(
            "File with the `user:password` that stands in the URL of each peer. It is read at each use, and the \
             published files then have the mode 0640, unless --file-mode says otherwise.",
        )
        .hint("write the path of a mounted Secret's file");
    AllowCidr: Setting::new("allow-cidr", Peers, Text("CIDR"))
        .up_to(AddressPolicy::RANGES_MAX)
        .help(
            "Range in which the addresses of peers must lie (with --peer-host ipv4 or ipv6). Ranges that are \
             always denied are allowed where it covers them.",
        )
        .hint("write a range such as 10.0.0.0/8 or fd00::/8; one address is 10.0.0.1/32");
    DenyCidr: Setting::new("deny-cidr", Peers, Text("CIDR"))
        .up_to(AddressPolicy::RANGES_MAX)
        .default_is(Found { how: "loopback, link-local, multicast, unspecified", otherwise: None })
        .help(
            "Range in which no peer's address may lie (with --peer-host ipv4 or ipv6), besides those that are \
             always denied. It beats --allow-cidr.",
        )
        .hint("write a range such as 10.0.0.0/8 or fd00::/8; one address is 10.0.0.1/32");
    MaxPeers: Setting::new("max-peers", Peers, Count { min: 1, max: PEERS_MAX })
        .default(Value::Count(MAX_PEERS))
        .help(
            "An answer of DNS with more peers than this is not believed. A stock server spends 24 threads on \
             each peer. One message of DNS holds some 1,000 names, or 4,000 IPv4 addresses.",
        )
        .hint("write a whole number");
    DnsServer: Setting::new("dns-server", Peers, Text("IP[:PORT]"))
        .up_to(DNS_SERVERS_MAX)
        .default_is(Found { how: "those of resolv.conf", otherwise: None })
        .help("DNS server to ask. Several are tried in turn.")
        .hint("write an address, such as 10.96.0.10 or [fd00::a]:53; names cannot be resolved here");
    Interval: Setting::new("interval", Peers, Shape::Duration { min: INTERVAL_MIN, max: HOUR })
        .default_is(Either {
            value: Value::Duration(seconds(10)),
            condition: Condition::Has("role", "client"),
            otherwise: Value::Duration(seconds(1)),
        })
        .help("Time between two questions to DNS about one Service.")
        .hint("write a duration with its unit, such as 1s or 500ms");
    RemoveAfter: Setting::new("remove-after", Holds, DurationOrNever { min: Duration::ZERO, max: DAY })
        .default(Value::Duration(seconds(30)))
        .help("How long a peer must have been missing from DNS before it leaves the list.")
        .hint("write a duration with its unit, such as 30s or 5m, or `never`");
    EmptyAfter: Setting::new("empty-after", Holds, DurationOrNever { min: seconds(1), max: MONTH })
        .default(Value::Never)
        .help(
            "How long DNS must have said that the Service has no endpoints before that is believed and its \
             peers leave the list.",
        )
        .hint("write `never`, or a duration with its unit, such as 10m");
    MaxShrink: Setting::new("max-shrink", Holds, Text("PERCENT"))
        .default(Value::Text("50%"))
        .help("Largest share of the peers that may leave the list at once. A larger fall waits for --shrink-after.")
        .hint("write a whole percentage with its sign, such as 50%");
    ShrinkAfter: Setting::new("shrink-after", Holds, DurationOrNever { min: Duration::ZERO, max: DAY })
        .default(Value::Duration(seconds(300)))
        .help("How long the answers of DNS must have stayed smaller than --max-shrink allows before they are believed.")
        .hint("write a duration with its unit, such as 5m, or `never`");
    MinPeers: Setting::new("min-peers", Holds, Count { min: 0, max: PEERS_MAX })
        .default(Value::Count(0))
        .help(
            "Number of peers that a start waits for before it publishes the first list. It waits no longer than \
             --start-deadline.",
        )
        .hint("write a whole number");
    StartDeadline: Setting::new(
        "start-deadline",
        Holds,
        Shape::Duration { min: Duration::ZERO, max: HOUR },
    )
        .default(Value::Duration(seconds(10)))
        .help("How long a start waits for DNS to give records. After that it does what --on-deadline says.")
        .hint("write a duration with its unit, such as 10s");
    OnDeadline: Setting::new("on-deadline", Holds, Words("publish|wait|fail", words_of::<OnDeadline>))
        .default(Value::Text("publish"))
        .help(
            "What a start does when DNS has given no records before --start-deadline. `publish`: publish a list \
             of the own server alone. `wait`: publish nothing, and stay unready, until the Service that this \
             pod belongs to has records; the Service needs publishNotReadyAddresses. `fail`: end with exit code \
             69 (init only).",
        )
        .hint("write `publish` or `wait`, or for `init` `fail`");
    Freeze: Setting::new("freeze", Holds, Switch)
        .default(Value::Switch(false))
        .help("Keep the published list as it is, whatever DNS says, until this is `false` again.")
        .hint("write `true` or `false`");
    OutputDir: Setting::new("output-dir", Files, Directory("DIR"))
        .required_for(&[Purpose::Run, Purpose::Init])
        .change(Change::AtRestart)
        .help("Directory that the files are written into: a volume that is mounted as a whole, without subPath.")
        .hint("name the mounted directory, such as /eureka-peers");
    Output: Setting::new("output", Files, TextAndWord("NAME[=FORMAT]", "FORMAT", words_of::<Format>))
        .up_to(OUTPUTS_MAX)
        .default(Value::Text("peers.properties"))
        .change(Change::AtRestart)
        .help("File to write, and its format. Without a format, the extension of the file tells it.")
        .hint("write NAME=FORMAT, such as peers.properties=archaius, or a name such as peers.yaml");
    Layout: Setting::new("layout", Files, Words("volume|plain", words_of::<Layout>))
        .default(Value::Text("volume"))
        .change(Change::AtRestart)
        .help(
            "How the files are put in place. `volume`: all at once through one link, as the kubelet does in a \
             ConfigMap volume. `plain`: one after another, each by a rename.",
        )
        .hint("write `volume` or `plain`");
    FileMode: Setting::new("file-mode", Files, Text("MODE"))
        .default_is(Either {
            value: Value::Text("0640"),
            condition: Condition::Given("user-info-file"),
            otherwise: Value::Text("0644"),
        })
        .change(Change::AtRestart)
        .help("Permissions of the published files, octal.")
        .hint("write an octal mode such as 0644, quoted in YAML");
    Adopt: Setting::new("adopt", Server, Words("none|refresh|env", words_of::<Adopt>))
        .default_is(Either {
            value: Value::Text("refresh"),
            condition: Condition::Given("actuator-url"),
            otherwise: Value::Text("none"),
        })
        .help(
            "How the Eureka server is told of a new list. `refresh`: POST to `refresh` below --actuator-url. \
             `env`: POST to `env` below it, with the list. `none`: not at all, for a server that reads the \
             file by itself.",
        )
        .hint("write `refresh` for Spring, `none` for servers that read the file by themselves");
    ActuatorUrl: Setting::new("actuator-url", Server, Text("URL"))
        .help("URL of the Eureka server's actuator, such as http://127.0.0.1:8762/actuator.")
        .hint("write a whole URL without credentials, such as http://127.0.0.1:8762/actuator");
    StatusUrl: Setting::new("status-url", Server, Text("URL"))
        .default_is(Found {
            how: "<scheme>://127.0.0.1:<port><context-path>status where --adopt is not none",
            otherwise: None,
        })
        .help(
            "URL of the Eureka server's status, which proves what list it has adopted. With --adopt none, the \
             list is confirmed and the server is told nothing.",
        )
        .hint("write a whole URL without credentials, such as http://127.0.0.1:8761/eureka/status");
    ServerUser: Setting::new("server-user", Server, Text("USER"))
        .help("User with whom the Eureka servers are asked: at --actuator-url, at --status-url, and by `mesh`.")
        .hint("write the user alone; its password goes into --server-password-file");
    ServerPasswordFile: Setting::new("server-password-file", Server, File("FILE"))
        .help("File with the password of --server-user. It is read at each use.")
        .hint("write the path of a mounted Secret's file");
    CaFile: Setting::new("ca-file", Server, File("FILE"))
        .help("File with the certificates (PEM) that vouch for https servers. It is read at each use.")
        .hint("write the path of a PEM file");
    Listen: Setting::new("listen", Process, Text("ADDRESS:PORT"))
        .default(Value::Text(":9761"))
        .change(Change::AtRestart)
        .help(
            "Where probes, metrics and status are served. `:PORT` is every address: [::]:PORT, or 0.0.0.0:PORT \
             where the host has no IPv6.",
        )
        .hint("write an address and a port, such as 0.0.0.0:9761, [::]:9761, or :9761 for every address");
    LocalListen: Setting::new("local-listen", Process, Text("ADDRESS:PORT"))
        .default(Value::Text("127.0.0.1:9762"))
        .change(Change::AtRestart)
        .help(
            "Where the sink, through which dead peers leave a running server, and `accept` are served. Takes a \
             loopback address.",
        )
        .hint("write a loopback address and a port, such as 127.0.0.1:9762 or [::1]:9762");
    LogLevel: Setting::new("log-level", Process, Words("LEVEL", words_of::<LogLevel>))
        .default(Value::Text("info"))
        .help("How much is logged.")
        .hint("write `info`, or `debug` to see more");
    LogFormat: Setting::new("log-format", Process, Words("text|json", words_of::<LogFormat>))
        .default_is(Either {
            value: Value::Text("text"),
            condition: Condition::Terminal,
            otherwise: Value::Text("json"),
        })
        .change(Change::AtRestart)
        .help("Shape of the log's lines: `text` for people, `json` for programs.")
        .hint("write `text` or `json`");
    Config: Setting::new("config", Process, File("FILE"))
        .change(Change::NotInFile)
        .help("YAML file with settings, each under the name of its flag. It is read again when it changes.")
        .hint("write the path of a YAML file");
}

impl Key {
    /// Every setting, in the order of the table.
    pub fn all() -> impl Iterator<Item = Self> {
        KEYS.iter().copied()
    }

    /// The setting of this name: a flag without its dashes, or a key of the file.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::all().find(|key| key.name() == name)
    }

    /// Its row of the table.
    pub fn setting(self) -> &'static Setting {
        &ROWS[self as usize]
    }

    /// The flag without its dashes, which is also its key in the file.
    pub fn name(self) -> &'static str {
        self.setting().name
    }

    /// Its environment twin, such as `EUREKA_PEERS_DNS_SERVER`.
    pub fn variable(self) -> String {
        self.setting().variable()
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
