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

impl Phase {
    pub(crate) const ALL: [Self; 7] = [
        Self::Start,
        Self::WaitingStart,
        Self::ClientStart,
        Self::Steady,
        Self::Alone,
        Self::Held,
        Self::Restart,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::WaitingStart => "waiting_start",
            Self::ClientStart => "client_start",
            Self::Steady => "steady",
            Self::Alone => "alone",
            Self::Held => "held",
            Self::Restart => "restart",
        }
    }

    /// A heading and a sentence for the table.
    pub(crate) fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Start => ("Start", "The volume is empty, and DNS says this from the beginning."),
            Self::WaitingStart => {
                ("Start that waits", "The same with `--on-deadline wait`, as in all manifests.")
            }
            Self::ClientStart => ("Start of a client", "The same with `--role client`: there is no self."),
            Self::Steady => ("Steady", "Peers 1 to 4 are listed, and DNS begins to say this."),
            Self::Alone => {
                ("Alone", "Nobody but self was in DNS, the file says self, and DNS begins to say this.")
            }
            Self::Held => (
                "Held",
                "Peers 1 to 4 are listed and held, for DNS has just named self and 4 only; then it says this.",
            ),
            Self::Restart => (
                "After a restart",
                "Peers 1 to 4 were listed when the sidecar was killed; when it starts anew, DNS says this.",
            ),
        }
    }

    /// The pods that are in the file when DNS begins to say what it says; none where there is no file.
    pub(crate) fn before(self) -> Option<&'static [u8]> {
        match self {
            Self::Start | Self::WaitingStart | Self::ClientStart => None,
            Self::Alone => Some(&[0]),
            Self::Steady | Self::Held | Self::Restart => Some(&[1, 2, 3, 4]),
        }
    }
}
