//! The real outside: DNS by hickory, the server by HTTP.

use std::net::Ipv4Addr;

use crate::agent::Outside;
use crate::dns::{HickoryLookup, KnownAddresses, NameServers};
use crate::eureka::{EurekaServer, Reading};
use crate::reconcile::Adoption;
use crate::settings::{Settings, cluster_ips};
use crate::telemetry::LogControl;

/// What the agent of this process reaches.
pub(super) struct RealOutside {
    log: LogControl,
    reading: Reading,
}

impl RealOutside {
    pub(super) fn new(log: LogControl) -> Self {
        Self { log, reading: Reading::default() }
    }
}

impl Outside for RealOutside {
    type Lookup = HickoryLookup;
    type Server = EurekaServer;

    fn lookup(&self, settings: &Settings) -> HickoryLookup {
        lookup(settings)
    }

    fn server(&self, settings: &Settings) -> Option<EurekaServer> {
        match settings.policy.adoption {
            Adoption::None => None,
            Adoption::ConfirmOnly | Adoption::Refresh { .. } => Some(server(settings, self.reading.clone())),
        }
    }

    fn follow(&self, settings: &Settings) {
        self.log.apply(settings.log_level, settings.log_format);
    }
}

/// The server beside us: a name in its URLs, which a certificate may need, is looked up nowhere.
pub(super) fn server(settings: &Settings, reading: Reading) -> EurekaServer {
    let zone = settings.output.zone.clone();
    EurekaServer::new(&settings.server, zone, reading).at(Ipv4Addr::LOCALHOST.into())
}

/// A look-up as these settings want it.
pub(super) fn lookup(settings: &Settings) -> HickoryLookup {
    let own = settings.policy.own().map(|own| own.identity.addresses.clone()).unwrap_or_default();
    let addresses = KnownAddresses { own, cluster_ips: cluster_ips() };
    HickoryLookup::new(NameServers::listed_or_system(settings.dns_servers.clone())).with_addresses(addresses)
}
