//! The actions under way: each is a task whose end comes back as an observation.
//!
//! The machine has at most one of a kind in flight, so their number is bounded by the Services.

use std::future::Future;
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::{AbortHandle, Id, JoinError, JoinSet};

use crate::dns::Lookup;
use crate::model::{Answer, ListOrigin, Question, ServerFault};
use crate::reconcile::{Publication, PublishOutcome, RefreshCall, Replicas};
use crate::settings::OutputSettings;

use super::server::Server;
use super::volume::Volume;

const NO_VALUE: &str = "the list cannot be written out, because a file that it takes does not answer within";

/// How an action ended, and how long it took.
pub(super) struct Ended {
    pub(super) took: Duration,
    pub(super) outcome: Outcome,
}

/// What an action brought.
pub(super) enum Outcome {
    Answered {
        question: Question,
        answer: Answer,
    },
    /// Others have taken the list away; it is to be put right next.
    Lost {
        volume: Volume,
        writing: Writing,
    },
    Published {
        volume: Volume,
        outcome: PublishOutcome,
    },
    Refreshed(Result<(), ServerFault>),
    Confirmed(Result<Replicas, ServerFault>),
    Diagnosed(ListOrigin),
}

/// Makes the files say what they should.
pub(super) type Writing = Box<dyn FnOnce(&mut Volume) -> PublishOutcome + Send>;

#[derive(Default)]
pub(super) struct Work {
    tasks: JoinSet<Ended>,
    refresh: Option<AbortHandle>,
}

impl Work {
    pub(super) fn ask<L: Lookup + 'static>(&mut self, lookup: Rc<L>, question: Question) {
        self.start(async move {
            let answer = lookup.ask(&question).await;
            Outcome::Answered { question, answer }
        });
    }

    /// Looks at what readers find before it writes. Where others have taken the list away, that comes first: it is
    /// shown also while it cannot be put right, or takes its time.
    pub(super) fn publish(&mut self, volume: Volume, output: OutputSettings, publication: Publication) {
        self.look_and_write(volume, Box::new(move |volume| volume.publish(&output, &publication)));
    }

    /// The same for the files that were found.
    pub(super) fn keep_found(&mut self, volume: Volume) {
        self.look_and_write(volume, Box::new(Volume::keep_found));
    }

    fn look_and_write(&mut self, volume: Volume, writing: Writing) {
        let look =
            |volume: &mut Volume| if volume.has_lost_list() { Err(writing) } else { Ok(writing(volume)) };
        self.start(async move {
            match with_files(volume, look).await {
                (volume, Ok(outcome)) => Outcome::Published { volume, outcome },
                (volume, Err(writing)) => Outcome::Lost { volume, writing },
            }
        });
    }

    /// Puts a list right that was lost, also where it says something new by now.
    pub(super) fn write(&mut self, volume: Volume, writing: Writing) {
        self.start(async move {
            let (volume, outcome) = with_files(volume, writing).await;
            let outcome = match outcome {
                PublishOutcome::Written => PublishOutcome::Repaired,
                other => other,
            };
            Outcome::Published { volume, outcome }
        });
    }

    pub(super) fn refresh<S: Server + 'static>(
        &mut self,
        server: Rc<S>,
        call: RefreshCall,
        value: impl Future<Output = Result<String, String>> + 'static,
        timeout: Duration,
    ) {
        self.refresh = Some(self.start(async move {
            Outcome::Refreshed(match tokio::time::timeout(timeout, value).await {
                Ok(Ok(value)) => server.refresh(call, &value, timeout).await,
                Ok(Err(reason)) => Err(ServerFault::Unreadable(reason)),
                Err(_) => Err(ServerFault::Unreadable(format!("{NO_VALUE} {timeout:?}"))),
            })
        }));
    }

    /// Drops the refresh under way; nothing comes back for it.
    pub(super) fn abandon_refresh(&mut self) {
        if let Some(refresh) = self.refresh.take() {
            refresh.abort();
        }
    }

    pub(super) fn confirm<S: Server + 'static>(&mut self, server: Rc<S>) {
        self.start(async move { Outcome::Confirmed(server.replicas().await) });
    }

    pub(super) fn diagnose<S: Server + 'static>(&mut self, server: Rc<S>) {
        self.start(async move { Outcome::Diagnosed(server.diagnose().await) });
    }

    /// The next action to end; waits for ever where there is none. A panic in one goes on here.
    pub(super) async fn next_ended(&mut self) -> Ended {
        loop {
            match self.tasks.join_next_with_id().await {
                Some(Ok((id, ended))) if self.is_wanted(id, &ended.outcome) => return ended,
                Some(Ok(_)) => {}
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => resume(error),
                None => std::future::pending().await,
            }
        }
    }

    /// A refresh that ended while it was being dropped says nothing about the one after it.
    fn is_wanted(&self, id: Id, outcome: &Outcome) -> bool {
        match outcome {
            Outcome::Refreshed(_) => self.refresh.as_ref().is_some_and(|refresh| refresh.id() == id),
            Outcome::Answered { .. }
            | Outcome::Lost { .. }
            | Outcome::Published { .. }
            | Outcome::Confirmed(_)
            | Outcome::Diagnosed(_) => true,
        }
    }

    fn start(&mut self, doing: impl Future<Output = Outcome> + 'static) -> AbortHandle {
        self.tasks.spawn_local(async move {
            let since = Instant::now();
            let outcome = doing.await;
            Ended { took: since.elapsed(), outcome }
        })
    }
}

/// File work blocks: it has a thread of its own, so that a stalled disk stalls nothing else.
async fn with_files<T: Send + 'static>(
    mut volume: Volume,
    doing: impl FnOnce(&mut Volume) -> T + Send + 'static,
) -> (Volume, T) {
    let work = tokio::task::spawn_blocking(move || {
        let done = doing(&mut volume);
        (volume, done)
    });
    work.await.unwrap_or_else(|error| resume(error))
}

/// A task that panicked is a loop that panicked: its supervisor knows what to do.
fn resume(error: JoinError) -> ! {
    std::panic::resume_unwind(error.into_panic())
}
