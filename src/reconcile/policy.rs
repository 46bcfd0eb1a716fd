//! What the operator wants, as far as decisions go.

use std::time::Duration;

use crate::model::{
    AddressPolicy, ContextPath, DurationOrNever, HeadlessService, Host, MaxShrink, PeerSet, PodIdentity,
    Port, Question, Scheme, ServiceUrl,
};

use super::selection::is_permitted;

/// Whose list it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A Eureka server's: itself is left out, and alone it is given itself.
    Server(Own),
    /// A Eureka client's: every server is listed, and nothing is published before the first real answer.
    Client,
}

/// The server beside us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// How it is recognised in an answer.
    pub identity: PodIdentity,
    /// What stands in the file while it is alone; must be what the server takes for itself.
    pub url: ServiceUrl,
    /// Whether the operator has given the URL: then its port is believed, whatever records say.
    pub url_is_given: bool,
}

/// What happens when a start has waited its deadline out without records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnDeadline {
    /// Publish what there is: the saved list, else self.
    Publish,
    /// Publish nothing until the Service that names self has given records: a server without
    /// peers does not start.
    Wait,
    /// Publish nothing; `init` exits with 69.
    Fail,
}

/// How a published list reaches the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adoption {
    /// Not our business: the server, or the kubelet, reads the file by itself.
    None,
    /// Only confirmed in the server's status; the server polls the file by itself.
    ConfirmOnly,
    /// POST to an actuator endpoint, and confirmed where a status is known.
    Refresh {
        /// Which endpoint.
        call: RefreshCall,
        /// Whether a status can be read; clients have none.
        confirm: bool,
    },
}

/// The actuator endpoint that makes a server take the list over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefreshCall {
    /// `POST /actuator/refresh`: the server reads the file again.
    Refresh,
    /// `POST /actuator/env`: the value is handed over in the call, and masks the file.
    Env,
}

/// Everything that decisions depend on. All of it may change at run time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Whose list it is.
    pub role: Role,
    /// One question a Service; never two for the same Service.
    pub questions: Vec<Question>,
    /// Peers outside the cluster.
    pub static_peers: PeerSet,
    /// Scheme of the URLs built from answers.
    pub scheme: Scheme,
    /// Path of the URLs built from answers.
    pub context_path: ContextPath,
    /// An explicit `--port`, which wins over SRV; otherwise SRV's port, or 8761.
    pub port: Option<Port>,
    /// Which addresses may be used.
    pub address_policy: AddressPolicy,
    /// Between two questions for one Service.
    pub interval: Duration,
    /// How long a peer must have been missing.
    pub remove_after: DurationOrNever,
    /// How long DNS must have said that a Service has no endpoints before that is believed.
    pub empty_after: DurationOrNever,
    /// How much of the list may leave at once.
    pub max_shrink: MaxShrink,
    /// How long an implausibly small answer must have stayed so.
    pub shrink_after: DurationOrNever,
    /// Peers without which the first publication waits for the deadline.
    pub min_peers: usize,
    /// How long a start waits for records.
    pub start_deadline: Duration,
    /// What happens after that.
    pub on_deadline: OnDeadline,
    /// Peers in one answer above which it is not believed.
    pub max_peers: usize,
    /// Keep the list as it is until lifted.
    pub freeze: bool,
    /// How the list reaches the server.
    pub adoption: Adoption,
    /// Where the local listener's sink is, as the server would call it.
    pub sink: ServiceUrl,
}

impl Policy {
    /// The role's name, for people.
    pub fn role_label(&self) -> &'static str {
        match self.role {
            Role::Server(_) => "server",
            Role::Client => "client",
        }
    }

    /// Whether a document with this URL may stay in place: a peer that some Service may have, a static one,
    /// the server itself, or the sink.
    pub fn permits(&self, url: &ServiceUrl) -> bool {
        let is_own = self.own().is_some_and(|own| own.url.host() == url.host());
        let may_be_of = |question: &Question| is_permitted(url, question, self);
        is_own || *url == self.sink || self.static_peers.contains(url) || self.questions.iter().any(may_be_of)
    }

    /// The server's own URL, where the list is a server's.
    pub fn own(&self) -> Option<&Own> {
        match &self.role {
            Role::Server(own) => Some(own),
            Role::Client => None,
        }
    }

    /// Whether the server beside us listens on the port of its own SRV record, as its peers do on those of theirs.
    pub fn takes_port_of_record(&self) -> bool {
        let asks_names = || self.questions.iter().any(|question| matches!(question, Question::Names { .. }));
        let is_guessed = |own: &Own| !own.url_is_given && matches!(own.url.host(), Host::Name(_));
        self.port.is_none() && self.own().is_some_and(is_guessed) && asks_names()
    }

    /// The Service that names self, among those asked: the one below which the own URL lies, else the one
    /// that governs the pod, else the first. None for a client, and where no Service is asked.
    pub fn home(&self) -> Option<&Question> {
        self.own()?;
        let known = self.known_home();
        let is_known = |question: &&Question| Some(question.service()) == known;
        self.questions.iter().find(is_known).or(self.questions.first())
    }

    /// The Service to which the pod belongs by the kubelet's word, where that is not asked and the own URL is
    /// below none that is.
    pub(super) fn governed_elsewhere(&self) -> Option<&HeadlessService> {
        let is_asked = |known: &HeadlessService| self.questions.iter().any(|asked| asked.service() == known);
        self.known_home().filter(|known| !is_asked(known))
    }

    /// The one Service under which a pod of our name is ourselves, as far as settings and kubelet tell:
    /// the asked one below which the own URL lies, else the one that governs the pod, asked or not.
    pub(super) fn known_home(&self) -> Option<&HeadlessService> {
        let own = self.own()?;
        let below = match own.url.host() {
            Host::Name(name) => HeadlessService::of_pod(name, self.questions.iter().map(Question::service)),
            Host::Address(_) => None,
        };
        below.or(own.identity.governing.as_ref())
    }
}
