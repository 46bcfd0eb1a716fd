//! What is wrong between two servers, in words.

use std::fmt;

use crate::model::ServiceUrl;

/// One server is not known to list another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingEdge<'a> {
    /// Whose list it is.
    pub from: &'a ServiceUrl,
    /// Who should be in it.
    pub to: &'a ServiceUrl,
    /// Why it probably is not.
    pub absence: Absence<'a>,
}

/// The likely reason why a server does not list another; the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Absence<'a> {
    /// It could not be asked, so nothing is known of its list.
    NotAsked(&'a str),
    /// Its list is empty: it was alone when it last took one over.
    ListsNobody,
    /// Its list is itself: the default of the image, or its own name is not recognised.
    ListsOnlyItself,
    /// Its list has peers that were not asked: an older list, or other names for the same servers.
    ListsOthersInstead,
    /// The other one could not be asked either: probably down, and already removed.
    OtherSilent,
    /// The other one lists it: it has not taken over a change that the other one has.
    OneDirectional,
    /// Neither lists the other: their lists come from different sources.
    Mutual,
}

impl Absence<'_> {
    /// The closed set of names used in the report.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NotAsked(_) => "not_asked",
            Self::ListsNobody => "lists_nobody",
            Self::ListsOnlyItself => "lists_only_itself",
            Self::ListsOthersInstead => "lists_others_instead",
            Self::OtherSilent => "other_silent",
            Self::OneDirectional => "one_directional",
            Self::Mutual => "mutual",
        }
    }
}

impl fmt::Display for Absence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotAsked(why) => return write!(f, "it could not be asked: {why}"),
            Self::ListsNobody => "it lists nobody: the last list that it took over had nobody else in it",
            Self::ListsOnlyItself => {
                "it lists only itself: the image's own default, or a list with a name for itself that it \
                 does not recognise"
            }
            Self::ListsOthersInstead => {
                "it lists others instead: an older list, or the same servers by other names"
            }
            Self::OtherSilent => "the other could not be asked and is probably gone",
            Self::OneDirectional => "the other lists it: it has not taken over the latest list",
            Self::Mutual => "neither lists the other: their lists come from different sources",
        })
    }
}

/// Something odd in one server's list that keeps no data from anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note<'a> {
    /// The server takes itself for a peer and replicates to itself.
    ListsItself {
        /// Which.
        server: &'a ServiceUrl,
    },
    /// The server lists a peer that was not asked.
    ListsStranger {
        /// Which server.
        server: &'a ServiceUrl,
        /// Which peer.
        stranger: &'a ServiceUrl,
    },
}

impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListsItself { server } => write!(
                f,
                "{server} lists itself and replicates to itself: its host name is not the host in this URL"
            ),
            Self::ListsStranger { server, stranger } => {
                write!(f, "{server} lists {stranger}, which is none of the servers asked")
            }
        }
    }
}
