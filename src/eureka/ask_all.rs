//! Asks many servers who they are and whom they have for peers, some at a time.

use std::sync::Arc;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::model::{ServerFault, ServiceUrl};

use super::{EurekaServer, ServerStatus};

/// Servers asked at once: few descriptors, and 512 silent ones still end within a minute and a quarter.
pub const ASKED_AT_ONCE: usize = 16;

/// What one server of the mesh says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MeshReply {
    /// Its status.
    pub status: ServerStatus,
    /// Whether its registry has the server itself; none where that cannot be seen.
    pub registered: Option<bool>,
}

/// What each server says, sorted by server; dropping the future asks no further.
pub async fn ask_all(
    servers: impl IntoIterator<Item = (ServiceUrl, EurekaServer)>,
) -> Vec<(ServiceUrl, Result<MeshReply, ServerFault>)> {
    let places = Arc::new(Semaphore::new(ASKED_AT_ONCE));
    let mut asked = JoinSet::new();
    for (url, server) in servers {
        let places = Arc::clone(&places);
        asked.spawn(async move {
            let _place = places.acquire().await.expect("nobody closes this semaphore");
            (url, reply_of(&server).await)
        });
    }
    let mut replies = asked.join_all().await;
    replies.sort_by(|(one, _), (other, _)| one.cmp(other));
    replies
}

async fn reply_of(server: &EurekaServer) -> Result<MeshReply, ServerFault> {
    let status = server.status().await?;
    let registered = server.is_registered(&status.instance).await;
    Ok(MeshReply { status, registered })
}
