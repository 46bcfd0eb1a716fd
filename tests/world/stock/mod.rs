//! Stock Eureka servers on this machine, with the program beside each: builds, pods, and what they say.

pub(crate) mod cluster;
pub(crate) mod environment;
pub(crate) mod ground;
pub(crate) mod image;
pub(crate) mod pod;
pub(crate) mod release;
pub(crate) mod server;
pub(crate) mod sidecar;
