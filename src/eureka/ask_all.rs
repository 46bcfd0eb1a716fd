//! Asks many servers for their peers, some at a time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::model::{ServerFault, ServiceUrl};
use crate::reconcile::Replicas;

use super::EurekaServer;

/// Servers asked at once: few descriptors, and 512 silent ones still end within a minute and a quarter.
pub const ASKED_AT_ONCE: usize = 16;

/// What each server says of its peers, sorted by server; dropping the future asks no further.
pub async fn ask_all(
    servers: impl IntoIterator<Item = (ServiceUrl, EurekaServer)>,
) -> Vec<(ServiceUrl, Result<Replicas, ServerFault>)> {
    let places = Arc::new(Semaphore::new(ASKED_AT_ONCE));
    let mut asked = JoinSet::new();
    for (url, server) in servers {
        let places = Arc::clone(&places);
        asked.spawn(async move {
            let _place = places.acquire().await.expect("nobody closes this semaphore");
            (url, server.replicas().await)
        });
    }
    let mut replies = asked.join_all().await;
    replies.sort_by(|(one, _), (other, _)| one.cmp(other));
    replies
}
