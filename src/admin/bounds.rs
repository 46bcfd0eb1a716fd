//! The bounds of a listener, each with its reason.

use std::time::Duration;

/// How much a listener gives to those who connect.
///
/// The defaults are the program's; tests shorten the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Connections open at once; a newer one evicts the oldest.
    pub connections_max: usize,
    /// From the opening of a connection to its whole header.
    pub header_read_max: Duration,
    /// From the opening of a connection to its end.
    pub connection_max: Duration,
    /// How long the loop may take to answer an operator.
    pub command_reply_max: Duration,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            // Probes, a scraper, a browser and the 20 replication threads that a stock server has
            // for a peer fit three times over; with some 12 KiB each they stay below a megabyte.
            connections_max: 64,
            // A probe gives up after 1 s; a person on a bad line needs less than this.
            header_read_max: Duration::from_secs(3),
            // As long as a scraper waits by default; covers an operator's wait for the loop too.
            connection_max: Duration::from_secs(10),
            // A turn of the loop takes milliseconds; after this it will not come soon.
            command_reply_max: Duration::from_secs(5),
        }
    }
}

impl Bounds {
    /// Connections accepted in a row before a pause.
    ///
    /// With [`Self::ACCEPT_PAUSE`] this leaves each connection at least four pauses before it can be
    /// evicted, whatever the rate of newer ones: enough for a client whose request follows its
    /// handshake. It also caps what a flood costs. A full backlog still drains in an eighth of a
    /// second, well within a probe's patience.
    pub const ACCEPTS_IN_A_ROW_MAX: u32 = 16;

    /// The pause after so many.
    pub const ACCEPT_PAUSE: Duration = Duration::from_millis(1);

    /// Connections that the kernel keeps for us; absorbs a burst while we pause.
    pub const BACKLOG: i32 = 1024;

    /// Bytes of a request's header, request line included; browsers behind a portal send 4 KiB of cookies.
    pub const HEADER_LENGTH_MAX: usize = 16 * 1024;

    /// Header fields of a request; browsers send about 20.
    pub const HEADER_FIELDS_MAX: usize = 64;

    /// Bytes of a replication batch. A stock server sends at most 250 items (Eureka's
    /// `TaskDispatchers`, `MAX_BATCH_SIZE` of `PeerEurekaNode`), each with an instance of some KiB.
    /// They are counted as they pass and never kept, so this bounds time and not memory.
    pub const SINK_BODY_LENGTH_MAX: u64 = 16 * 1024 * 1024;

    /// Items of a replication batch; bounds the reply. Sixteen times what a stock server sends.
    pub const SINK_ITEMS_MAX: usize = 4096;

    /// Bytes of a body that nobody wants which are read before the reply. Closing with unread bytes
    /// resets the connection, and the client loses the reply; beyond this it may.
    pub const UNWANTED_BODY_LENGTH_MAX: u64 = 64 * 1024;

    /// The first pause after a failed accept.
    pub const ACCEPT_RETRY_MIN: Duration = Duration::from_millis(10);

    /// The longest pause after a failed accept: within the patience of a probe.
    pub const ACCEPT_RETRY_MAX: Duration = Duration::from_millis(500);

    /// Between two log lines about failing accepts.
    pub const ACCEPT_LOG_EVERY: Duration = Duration::from_secs(30);

    /// What conversations under way get at the end; the whole exit has 100 ms.
    pub const DRAIN_MAX: Duration = Duration::from_millis(50);
}
