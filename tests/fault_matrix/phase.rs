//! How things stand when DNS begins to say what it says.

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// The first start of a server's sidecar, in an empty volume.
    Start,
    /// The same with `--on-deadline wait`.
    WaitingStart,
    /// The first start of a client's sidecar.
    ClientStart,
    /// Four peers are listed.
    Steady,
    /// Nobody but self.
    Alone,
    /// Four peers are listed, and held against an answer that names one.
    Held,
    /// Four peers were listed when the sidecar was killed; it starts anew.
    Restart,
}

/// One row: a phase, its name, a heading and a sentence for the page, and the pods that are in the file when DNS
/// begins to say what it says; none where there is no file.
type Row = (Phase, &'static str, &'static str, &'static str, Option<&'static [u8]>);

const TABLE: [Row; 7] = [
    (Phase::Start, "start", "Start", "The volume is empty, and DNS says this from the beginning.", None),
    (Phase::WaitingStart, "waiting_start", "Start that waits", WAITING_START, None),
    (Phase::ClientStart, "client_start", "Start of a client", CLIENT_START, None),
    (Phase::Steady, "steady", "Steady", "Peers 1 to 4 are listed, and DNS begins to say this.", FOUR),
    (Phase::Alone, "alone", "Alone", ALONE, Some(&[0])),
    (Phase::Held, "held", "Held", HELD, FOUR),
    (Phase::Restart, "restart", "After a restart", RESTART, FOUR),
];
const FOUR: Option<&[u8]> = Some(&[1, 2, 3, 4]);
const WAITING_START: &str = "The same with `--on-deadline wait`, as in all manifests.";
const CLIENT_START: &str = "The same with `--role client`: there is no self.";
const ALONE: &str = "Nobody but self was in DNS, the file says self, and DNS begins to say this.";
const HELD: &str =
    "Peers 1 to 4 are listed and held, for DNS has just named self and 4 only; then it says this.";
const RESTART: &str =
    "Peers 1 to 4 were listed when the sidecar was killed; when it starts anew, DNS says this.";

impl Phase {
    pub(crate) fn all() -> [Self; 7] {
        TABLE.map(|row| row.0)
    }

    fn row(self) -> Row {
        TABLE.into_iter().find(|row| row.0 == self).expect("each has its row")
    }

    pub(crate) fn name(self) -> &'static str {
        self.row().1
    }

    /// A heading and a sentence for the page.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        let (_, _, heading, sentence, _) = self.row();
        (heading, sentence)
    }

    pub(crate) fn before(self) -> Option<&'static [u8]> {
        self.row().4
    }
}
