//! What an operator may have the loop do, and the channel on which it is asked.
//!
//! Must never let a command be carried out after its requester gave up waiting for it.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::model::PeerSet;
use crate::reconcile::Consent;

/// Commands that wait for the loop: operators type slower than it turns.
const WAITING_MAX: usize = 4;

/// Something an operator asks for.
#[derive(Debug)]
pub enum LocalCommand {
    /// Take what DNS says now past all holds, once.
    Accept(AcceptRequest),
}

/// Whether what would be taken is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AcceptMode {
    /// It is.
    Take,
    /// It is shown, and nothing changes.
    DryRun,
}

/// A request to accept, which its receiver must answer.
#[derive(Debug)]
pub struct AcceptRequest {
    consent: Consent,
    mode: AcceptMode,
    reply: oneshot::Sender<AcceptReply>,
}

impl AcceptRequest {
    /// How much is to be taken.
    pub fn consent(&self) -> Consent {
        self.consent
    }

    /// Whether it is to be taken at all.
    pub fn mode(&self) -> AcceptMode {
        self.mode
    }

    /// Answers; nobody hears it where the requester has gone in the meantime.
    pub fn answer(self, reply: AcceptReply) {
        let _gone = self.reply.send(reply);
    }
}

/// What became of a request to accept.
pub type AcceptReply = Result<Accepted, NotAccepted>;

/// What was taken, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The desired list as it is now.
    pub peers: PeerSet,
    /// What came with this.
    pub added: PeerSet,
    /// What left with this.
    pub removed: PeerSet,
    /// Whether there was no list before.
    pub is_first: bool,
    /// What DNS had said of each Service, and what became of it.
    pub services: Vec<AcceptedOf>,
}

/// What was taken of one Service, or would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedOf {
    /// Its name.
    pub service: String,
    /// What was taken; out of a closed set.
    pub taken: &'static str,
    /// How old DNS's word was; none before its first.
    pub age: Option<Duration>,
    /// Why nothing was taken; none where something was.
    pub left_because: Option<String>,
}

/// Why nothing was taken, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NotAccepted(pub String);

/// The side of the local listener.
#[derive(Clone, Debug)]
pub struct CommandSender(mpsc::Sender<LocalCommand>);

/// The side of the loop.
#[derive(Debug)]
pub struct LocalCommands(mpsc::Receiver<LocalCommand>);

/// A channel for commands.
pub fn commands() -> (CommandSender, LocalCommands) {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    (CommandSender(sender), LocalCommands(receiver))
}

/// The loop takes no commands: its queue is full, or it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LoopIsBusy;

impl CommandSender {
    /// Asks for an accept; the reply comes on the channel that this gives.
    pub(crate) fn accept(
        &self,
        consent: Consent,
        mode: AcceptMode,
    ) -> Result<oneshot::Receiver<AcceptReply>, LoopIsBusy> {
        let (reply, receiver) = oneshot::channel();
        let request = AcceptRequest { consent, mode, reply };
        self.0.try_send(LocalCommand::Accept(request)).map_err(|_| LoopIsBusy)?;
        Ok(receiver)
    }
}

impl LocalCommands {
    /// The next command whose requester still waits; never ends, and may be dropped at any time.
    pub async fn next(&mut self) -> LocalCommand {
        while let Some(command) = self.0.recv().await {
            match &command {
                LocalCommand::Accept(request) if request.reply.is_closed() => {}
                LocalCommand::Accept(_) => return command,
            }
        }
        // The local listener is gone, and nobody can ask any more.
        std::future::pending().await
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_command_is_dropped_with_its_requester() {
        let (sender, mut commands) = commands();
        drop(sender.accept(Consent::Records, AcceptMode::Take).expect("there is room"));
        let reply = sender.accept(Consent::Empty, AcceptMode::DryRun).expect("there is room");
        let LocalCommand::Accept(request) = commands.next().await;
        assert_eq!((request.consent(), request.mode()), (Consent::Empty, AcceptMode::DryRun));
        request.answer(Err(NotAccepted("no".to_owned())));
        assert_eq!(reply.await, Ok(Err(NotAccepted("no".to_owned()))));
        assert!(timeout(Duration::from_secs(1), commands.next()).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_full_queue_and_a_lost_loop_refuse() {
        let (sender, commands) = commands();
        let replies: Vec<_> =
            (0..WAITING_MAX).map(|_| sender.accept(Consent::Records, AcceptMode::Take)).collect();
        assert!(replies.iter().all(Result::is_ok));
        assert_eq!(sender.accept(Consent::Records, AcceptMode::Take).err(), Some(LoopIsBusy));
        drop(commands);
        assert_eq!(sender.accept(Consent::Records, AcceptMode::Take).err(), Some(LoopIsBusy));
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_listener_nothing_is_ever_asked() {
        let (sender, mut commands) = commands();
        drop(sender);
        assert!(timeout(Duration::from_secs(3600), commands.next()).await.is_err());
    }
}
