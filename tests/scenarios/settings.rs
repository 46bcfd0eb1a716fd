//! The settings of a scenario: flags by their own names, read as the program reads its settings file.

use std::collections::BTreeMap;
use std::net::IpAddr;

use eureka_peers::model::{
    AddressFamily, ContextPath, HeadlessService, Host, Port, Question, Scheme, ServiceUrl,
};
use eureka_peers::reconcile::{Policy, Role};
use eureka_peers::settings::{Environment, Flags, Purpose, SettingsFile, load};
use serde_yaml::Value;

use crate::words::HostWord;

/// Number of the pod that is ourselves.
const OWN_NUMBER: u8 = 1;

/// What a file gives of the flags.
pub(crate) type Given = BTreeMap<String, Value>;

/// Settings in force: what was given, over the program's defaults, with addresses for brevity.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    given: Given,
    pub(crate) policy: Policy,
}

impl Settings {
    pub(crate) fn of(given: Given) -> Result<Self, String> {
        let base = [("service", "eureka"), ("peer-host", "ipv4")];
        let mut all: Given = base.map(|(flag, value)| (flag.to_owned(), value.into())).into();
        all.extend(given.clone());
        let text = serde_yaml::to_string(&all).map_err(|error| error.to_string())?;
        let file = SettingsFile { path: "settings".into(), content: Ok(text) };
        let pod = [("POD_NAME", format!("eureka-{OWN_NUMBER}")), ("POD_NAMESPACE", "ns".to_owned())];
        let addresses = [AddressFamily::Ipv4, AddressFamily::Ipv6].map(|family| address(family, OWN_NUMBER));
        let addresses = ("POD_IPS", addresses.map(|address| address.to_string()).join(","));
        let variables = pod.into_iter().chain([addresses]);
        let variables = variables.map(|(name, value)| (name.to_owned(), value.into())).collect();
        let environment = Environment { variables, ..Environment::default() };
        let loaded = load(&Flags::default(), Some(&file), &environment, Purpose::Check);
        let loaded = loaded.map_err(|rejected| rejected.to_string())?;
        Ok(Self { given, policy: loaded.settings.policy })
    }

    /// These settings with `later` ones over them, flag by flag.
    pub(crate) fn overlaid(&self, later: &Given) -> Result<Self, String> {
        Self::of(self.given.clone().into_iter().chain(later.clone()).collect())
    }

    /// The host that a word stands for.
    pub(crate) fn host(&self, word: &HostWord) -> String {
        match word {
            HostWord::Pod { number, service: Some(service), .. } => self.pod(*number, &service_of(service)),
            HostWord::Pod { number, service: None, .. } => {
                self.pod(*number, self.policy.questions[0].service())
            }
            HostWord::Own => self.own_url().host().to_string(),
            HostWord::Sink => self.policy.sink.to_string(),
            HostWord::Raw(text) => text.clone(),
        }
    }

    /// A word of an expectation as [`Self::spoken`] speaks of a URL.
    pub(crate) fn spoken_word(&self, word: &HostWord) -> String {
        match word {
            HostWord::Pod { port: Some(port), .. } => self.url(word, *port),
            HostWord::Pod { .. } | HostWord::Own | HostWord::Sink | HostWord::Raw(_) => self.host(word),
        }
    }

    /// A URL as scenarios speak of it: by its host alone where the rest is the default.
    pub(crate) fn spoken(url: &ServiceUrl) -> String {
        let is_plain = url.scheme() == Scheme::Http
            && url.port() == Port::EUREKA
            && *url.path() == ContextPath::default();
        if is_plain { url.host().to_string() } else { url.to_string() }
    }

    /// A peer of the saved state: the host a word stands for, in the form that these settings give it.
    pub(crate) fn peer(&self, word: &HostWord) -> ServiceUrl {
        let text = match word {
            HostWord::Raw(text) if text.contains("://") => text.clone(),
            _ => self.url(word, Port::EUREKA.get()),
        };
        text.parse().unwrap_or_else(|error| panic!("the host {text:?} {error}"))
    }

    /// The family of the addresses in URLs; none where those contain names.
    pub(crate) fn family(&self) -> Option<AddressFamily> {
        match &self.policy.questions[0] {
            Question::Names { .. } => None,
            Question::Addresses { family, .. } => Some(*family),
        }
    }

    /// What the server takes for itself.
    pub(crate) fn own_url(&self) -> ServiceUrl {
        match &self.policy.role {
            Role::Server(own) => own.url.clone(),
            Role::Client => self.peer(&HostWord::Pod { number: OWN_NUMBER, service: None, port: None }),
        }
    }

    fn url(&self, word: &HostWord, port: u16) -> String {
        format!("{}://{}:{port}{}", self.policy.scheme, self.host(word), self.policy.context_path)
    }

    fn pod(&self, number: u8, service: &HeadlessService) -> String {
        match self.family() {
            None => format!("eureka-{number}.{service}"),
            Some(family) => Host::Address(address(family, number)).to_string(),
        }
    }
}

/// A short name completed as the settings complete it.
pub(crate) fn service_of(name: &str) -> HeadlessService {
    HeadlessService::from_setting(name, "ns", "cluster.local")
        .unwrap_or_else(|error| panic!("the Service {name:?} {error}"))
}

fn address(family: AddressFamily, number: u8) -> IpAddr {
    match family {
        AddressFamily::Ipv4 => IpAddr::from([10, 0, 0, number]),
        AddressFamily::Ipv6 => IpAddr::from([0xfd00, 0, 0, 0, 0, 0, 0, u16::from(number)]),
    }
}
