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
    ListsNone,
    /// Its list is itself: the default of the image, or its own name is not recognised.
    ListsOnlyItself,
    /// Its list has peers that were not asked: an older list, or names that lead elsewhere.
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
            Self::ListsNone => "lists_none",
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
            Self::ListsNone => "it lists no peer: the last list that it adopted had no other server in it",
            Self::ListsOnlyItself => {
                "it lists only itself: the image's own default, or a list with a name for itself that it \
                 does not recognise"
            }
            Self::ListsOthersInstead => {
                "it lists others instead, which the notes have: an older list, or names that lead to none of the servers \
                 asked alone"
            }
            Self::OtherSilent => "the other could not be asked and is probably gone",
            Self::OneDirectional => "the other lists it: it has not adopted the latest list",
            Self::Mutual => "neither lists the other: their lists come from different sources",
        })
    }
}

/// Something odd in one server's list that keeps no data from anyone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Note<'a> {
    /// The server takes itself for a peer and replicates to itself.
    ListsItself { server: &'a ServiceUrl },
    /// The server lists something that is none of the servers asked.
    ListsUnexpected(Unexpected<'a>),
    /// This URL leads to a server that was asked by another one too.
    OneServer { double: &'a ServiceUrl, server: &'a ServiceUrl },
    /// Entries that name servers otherwise than they were asked, the first of them with its server.
    OtherNames { entries: usize, entry: &'a ServiceUrl, server: &'a ServiceUrl },
    /// The server's own registry does not have it.
    NotRegistered { server: &'a ServiceUrl },
}

/// An entry of one server's list that is none of the servers asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unexpected<'a> {
    /// Whose list it is.
    pub server: &'a ServiceUrl,
    /// The entry, as the server gives it.
    pub entry: &'a str,
    /// Where it probably comes from.
    pub provenance: Provenance<'a>,
}

/// Where an unexpected entry probably comes from; the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Provenance<'a> {
    /// It is not a service URL at all, so it was not made by this program.
    NoUrl,
    /// It is on the server's own machine.
    OwnMachine,
    /// It is on the host of this server, which was asked.
    SameHost(&'a ServiceUrl),
    /// Its name or address is that of so many servers that were asked.
    OfSeveral { servers: usize },
    /// Nothing is known of it.
    Stranger,
}

impl Provenance<'_> {
    /// The closed set of names used in the report.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NoUrl => "no_url",
            Self::OwnMachine => "own_machine",
            Self::SameHost(_) => "same_host",
            Self::OfSeveral { .. } => "of_several",
            Self::Stranger => "stranger",
        }
    }
}

impl Unexpected<'_> {
    /// How such a list comes about, by what Eureka makes of commas and blanks (`EndpointUtils` splits at
    /// commas, trims nothing, and appends the missing slash).
    fn why_no_url(&self) -> &'static str {
        match self.entry {
            entry if entry.contains("${") => "a placeholder that the server cannot resolve",
            "/" => "a comma at the end of a list becomes this",
            entry if entry.contains(char::is_whitespace) => "a blank beside a comma of a list becomes this",
            _ => "a list of another origin than eureka-peers",
        }
    }
}

impl fmt::Display for Unexpected<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.provenance {
            Provenance::NoUrl => write!(f, "no service URL: {}", self.why_no_url()),
            Provenance::OwnMachine => f.write_str("its own machine: the default of an image, or of Eureka"),
            Provenance::SameHost(asked) => {
                write!(f, "on the host of {asked}, by another scheme, port or path")
            }
            Provenance::OfSeveral { servers } => write!(
                f,
                "{servers} of the servers asked at once: a Service's own name or a balancer, where what is meant for \
                 each server reaches any one"
            ),
            Provenance::Stranger => f.write_str(
                "none of the servers asked: an older list, a peer that has gone, or one outside DNS",
            ),
        }
    }
}

impl fmt::Display for Note<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListsItself { server } => write!(
                f,
                "{server} lists itself and replicates to itself: its host name is not the host in this URL"
            ),
            Self::OneServer { double, server } => {
                write!(f, "{double} and {server} are one server, and count as one")
            }
            Self::OtherNames { entries, entry, server } => write!(
                f,
                "{entries} {} by other names than were asked, as {entry} for {server}",
                if *entries == 1 {
                    "entry of the lists names a server"
                } else {
                    "entries of the lists name servers"
                }
            ),
            Self::NotRegistered { server } => write!(
                f,
                "{server} is not in its own registry: it does not register \
                 (EUREKA_CLIENT_REGISTERWITHEUREKA=true), or where it does, its own URL and the lists lead elsewhere \
                 (--self-url, --port), or nobody replicates to it; within a minute of its start this is normal"
            ),
            Self::ListsUnexpected(unexpected) => {
                write!(f, "{} lists {:?}, {unexpected}", unexpected.server, unexpected.entry)
            }
        }
    }
}
