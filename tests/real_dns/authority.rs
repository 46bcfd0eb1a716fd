//! A server with records of its own, which change while it runs.

use std::net::SocketAddr;
use std::path::Path;

use rustix::process::Signal;

use crate::Missing;
use crate::programs::{self, Hosting, Order};
use crate::running::{Running, Spec};
use crate::zone::SERIAL;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Knot,
    Bind,
    CoreDns,
    Dnsmasq,
}

pub(crate) struct Authority {
    program: Program,
    hosting: Hosting,
    serial: u32,
    running: Running,
}

impl Program {
    pub(crate) const ALL: [Self; 4] = [Self::Knot, Self::Bind, Self::CoreDns, Self::Dnsmasq];

    /// What its trials begin with.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Knot => "knot",
            Self::Bind => "bind",
            Self::CoreDns => "coredns_file",
            Self::Dnsmasq => "dnsmasq",
        }
    }

    fn spec(self, order: &Order<'_>) -> Result<Spec, Missing> {
        match self {
            Self::Knot => programs::knot(order),
            Self::Bind => programs::bind(order),
            Self::CoreDns => programs::coredns_with_file(order),
            Self::Dnsmasq => programs::dnsmasq_with_records(order),
        }
    }
}

impl Authority {
    /// Starts it; it may still be reading its zone.
    pub(crate) async fn start(program: Program, hosting: Hosting) -> Result<Self, Missing> {
        let spec = |directory: &Path, address: SocketAddr| {
            program.spec(&Order { hosting: &hosting, serial: SERIAL, directory, address })
        };
        let running = Running::start(spec).await?;
        Ok(Self { program, hosting, serial: SERIAL, running })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.running.address()
    }

    pub(crate) fn running(&self) -> &Running {
        &self.running
    }

    /// The process alone, for who changes nothing.
    pub(crate) fn into_running(self) -> Running {
        self.running
    }

    /// Gives it another zone in the way of its administrators: a change of a zone file is read on
    /// demand, a change of the configuration at the next start.
    pub(crate) async fn host(&mut self, hosting: Hosting) {
        let is_change_of_zone = matches!((&self.hosting, &hosting), (Hosting::Zone(_), Hosting::Zone(_)));
        self.prepare(hosting);
        match self.program {
            Program::Knot | Program::Bind if is_change_of_zone => self.running.signal(Signal::HUP),
            Program::CoreDns if is_change_of_zone => {}
            Program::Knot | Program::Bind | Program::CoreDns | Program::Dnsmasq => {
                self.kill();
                self.running.restart().await;
            }
        }
    }

    /// Ends it as a crash would.
    pub(crate) fn kill(&mut self) {
        self.running.kill();
    }

    /// Starts it where it was, with another zone.
    pub(crate) async fn restart_with(&mut self, hosting: Hosting) {
        self.prepare(hosting);
        self.running.restart().await;
    }

    fn prepare(&mut self, hosting: Hosting) {
        self.serial += 1;
        let (directory, address) = (self.running.directory(), self.running.address());
        let spec = self.program.spec(&Order { hosting: &hosting, serial: self.serial, directory, address });
        self.running.rewrite(spec.expect("it was there when it was started"));
        self.hosting = hosting;
    }
}
