//! Settings of the program itself: where it listens, what it logs, which DNS servers it asks.

use std::net::{IpAddr, SocketAddr};

use crate::admin::{ListenAddress, ListenAddresses};

use super::fault::Problem;
use super::reader::SettingsReader;
use super::table::Key;

/// RFC 1035, section 4.2.
const DNS_PORT: u16 = 53;

pub(super) fn listeners(reader: &mut SettingsReader<'_>) -> ListenAddresses {
    let public = reader.value(Key::Listen, listen_address);
    let local = reader.value(Key::LocalListen, local_address);
    if public.meets(local) {
        let problem =
            Problem::new(format!("{public} and --local-listen {local} are the same address to the system"));
        reader.conflict(&[Key::Listen, Key::LocalListen], problem.hint("give them different ports"));
    }
    ListenAddresses { public, local }
}

pub(super) fn dns_servers(reader: &mut SettingsReader<'_>) -> Vec<SocketAddr> {
    reader.list(Key::DnsServer, dns_server)
}

fn listen_address(text: &str) -> Result<ListenAddress, Problem> {
    match text.strip_prefix(':') {
        Some(port) if !port.contains(':') => {
            port.parse().map(ListenAddress::Any).map_err(|error| Problem::value(port, error))
        }
        Some(_) | None => socket_address(text).map(ListenAddress::Exactly),
    }
}

fn local_address(text: &str) -> Result<SocketAddr, Problem> {
    let address = socket_address(text)?;
    let address = SocketAddr::new(address.ip().to_canonical(), address.port());
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(Problem::invalid(
        text,
        "local address",
        "a loopback address, because anyone who reaches it can override the list",
    ))
}

fn socket_address(text: &str) -> Result<SocketAddr, Problem> {
    let address: SocketAddr =
        text.parse().map_err(|_| Problem::invalid(text, "address", "an IP address and a port"))?;
    if address.port() == 0 {
        return Err(Problem::value(text, "has port 0: expected 1 to 65535"));
    }
    Ok(address)
}

/// `IP`, `IP:PORT`, or for IPv6 also `[IP]` and `[IP]:PORT`.
fn dns_server(text: &str) -> Result<SocketAddr, Problem> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(address, DNS_PORT));
    }
    let address: SocketAddr = text
        .parse()
        .map_err(|_| Problem::invalid(text, "address", "an IP address, with or without a port"))?;
    if address.port() == 0 {
        return Err(Problem::value(text, "has port 0: expected 1 to 65535"));
    }
    Ok(address)
}
