//! What every server says of its peers, and what has changed since the last look.
//!
//! Never asks the program: only servers know what they have adopted.

use std::collections::BTreeMap;
use std::time::Instant;

use eureka_peers::mesh::{Colour, Mesh, Names, Row};
use eureka_peers::model::{PeerSet, ServiceUrl};

use crate::cluster::Cluster;

/// What the flush sink's URL contains, and no peer's.
const SINK: &str = "/sink/eureka/";

/// The latest look, and when the present step began.
pub(crate) struct View {
    rows: BTreeMap<ServiceUrl, Row>,
    begun: Instant,
}

impl View {
    /// Nobody has been seen.
    pub(crate) fn new() -> Self {
        Self { rows: BTreeMap::new(), begun: Instant::now() }
    }

    /// Counts time from now on.
    pub(crate) fn begin_step(&mut self) {
        self.begun = Instant::now();
    }

    /// Seconds since the step began.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// Asks every server, and tells what is new.
    pub(crate) fn look(&mut self, cluster: &Cluster) {
        let rows: BTreeMap<ServiceUrl, Row> = cluster
            .pods
            .keys()
            .map(|ordinal| (url_of(cluster, *ordinal), row_of(cluster, *ordinal)))
            .collect();
        let seconds = self.seconds();
        for (url, row) in &rows {
            if self.rows.get(url).map(in_words) != Some(in_words(row)) {
                println!("   {seconds:6.2} s  {} {}", short(url), in_words(row));
            }
        }
        self.rows = rows;
    }

    /// What was seen last, laid side by side.
    pub(crate) fn mesh(&self) -> Mesh {
        let sinks: PeerSet = self.rows.values().flat_map(listed).filter(is_sink).collect();
        Mesh::new(self.rows.clone(), &sinks, &Names::default())
    }

    /// Whether every server answers, lists every other one, and nobody else.
    pub(crate) fn settled(&self) -> Result<(), String> {
        let mesh = self.mesh();
        if mesh.is_complete() && mesh.notes().next().is_none() && !self.rows.values().any(is_silent) {
            return Ok(());
        }
        Err(format!("\n{}", mesh.render_table(Colour::Plain)))
    }

    /// Prints the picture.
    pub(crate) fn show(&self) {
        println!();
        for line in self.mesh().render_table(Colour::Plain).lines() {
            println!("{}", format!("   {line}").trim_end());
        }
        println!();
    }
}

fn url_of(cluster: &Cluster, ordinal: u8) -> ServiceUrl {
    cluster.url(ordinal).parse().expect("pods have good names")
}

/// What a server says of its peers; nothing while there is none.
fn row_of(cluster: &Cluster, ordinal: u8) -> Row {
    let Some(server) = &cluster.pods[&ordinal].server else { return Row::Silent("no server".to_owned()) };
    match server.replicas() {
        Ok(urls) => Row::Lists(urls.iter().filter_map(|url| url.parse().ok()).collect::<PeerSet>().into()),
        Err(why) => Row::Silent(why),
    }
}

fn listed(row: &Row) -> PeerSet {
    match row {
        Row::Lists(listed) => listed.peers.clone(),
        Row::Silent(_) => PeerSet::new(),
    }
}

fn is_sink(url: &ServiceUrl) -> bool {
    url.as_str().ends_with(SINK)
}

fn is_silent(row: &Row) -> bool {
    matches!(row, Row::Silent(_))
}

fn in_words(row: &Row) -> String {
    let Row::Lists(listed) = row else { return "does not answer".to_owned() };
    let names: Vec<String> = listed.peers.iter().map(short).collect();
    if names.is_empty() { "lists no peer".to_owned() } else { format!("lists {}", names.join(" and ")) }
}

/// The first label of the host, which tells pods apart.
fn short(url: &ServiceUrl) -> String {
    if is_sink(url) {
        return "the sink alone: no peer".to_owned();
    }
    let host = url.host().to_string();
    host.split('.').next().map_or(host.clone(), str::to_owned)
}
