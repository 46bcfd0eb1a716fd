//! The server beside us, as far as the loop is concerned.

use std::future::Future;
use std::time::Duration;

use crate::eureka::EurekaServer;
use crate::model::{ListOrigin, ServerFault};
use crate::reconcile::{RefreshCall, Replicas};

/// A Eureka server that can be told and asked.
///
/// Every call takes a bounded time, and its future may be dropped at any point.
pub trait Server {
    /// Tells the server to take the list over; `value` is the property's value, for the endpoint
    /// that takes it in the call.
    fn refresh(
        &self,
        call: RefreshCall,
        value: &str,
        timeout: Duration,
    ) -> impl Future<Output = Result<(), ServerFault>>;

    /// Reads the server's own list of its peers.
    fn replicas(&self) -> impl Future<Output = Result<Replicas, ServerFault>>;

    /// Finds out where the server takes its list from instead.
    fn diagnose(&self) -> impl Future<Output = ListOrigin>;
}

impl Server for EurekaServer {
    async fn refresh(&self, call: RefreshCall, value: &str, timeout: Duration) -> Result<(), ServerFault> {
        match call {
            RefreshCall::Refresh => EurekaServer::refresh(self, timeout).await,
            RefreshCall::Env => self.env(value, timeout).await,
        }
    }

    async fn replicas(&self) -> Result<Replicas, ServerFault> {
        EurekaServer::replicas(self).await
    }

    async fn diagnose(&self) -> ListOrigin {
        self.origin().await
    }
}
