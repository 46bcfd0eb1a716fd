//! From a listing to files: rendered, joined with credentials, and put in place off the loop's thread.

use std::cell::RefCell;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::document::{
    Document, DocumentError, File, UserInfo, UserInfoError, UserInfoSource, file_names, is_whole,
};
use crate::model::{ErrorChain, Listing, Message, PeerSet, ServiceUrl, WallClock};
use crate::publish::{
    DecodedState, ModeNotKept, PublishError, Published, Publisher, decode_state, encode_state,
};
use crate::reconcile::{Policy, Publication, PublishFault, PublishOutcome, SavedState};
use crate::settings::OutputSettings;
use crate::small_file;

/// Bytes read of a user-info file: far more than any password, far less than a mistake.
const USER_INFO_BYTES_MAX: usize = 4096;

/// The directory that is written into.
///
/// Blocking: a stalled disk stalls the caller, so the loop hands it to a thread of its own.
pub(super) struct Volume {
    publisher: Publisher,
    /// The dates of the saved state.
    clock: WallClock,
    found: Found,
}

/// The files as the start found them, output after output, where they are a whole document; else none.
pub(super) type Found = Arc<[Vec<File>]>;

/// What a start finds of the saved state.
pub(super) struct StateFound {
    /// What can be read of it.
    pub(super) state: Option<SavedState>,
    /// Why not all of it can.
    pub(super) fault: Option<String>,
}

/// Why a publication did not come about.
#[derive(Debug, thiserror::Error)]
enum VolumeError {
    #[error("cannot read the user-info file {path}")]
    UserInfoFile { path: PathBuf, source: io::Error },
    #[error("the user-info file {path} is a directory, a device or a pipe; name the file itself")]
    NoUserInfoFile { path: PathBuf },
    #[error("the user-info file {path} cannot be used")]
    UserInfo { path: PathBuf, source: UserInfoError },
    #[error("the document cannot be written")]
    Document(#[from] DocumentError),
    #[error(transparent)]
    Publish(#[from] PublishError),
}

impl VolumeError {
    fn fault(&self) -> PublishFault {
        let (reason, message) = match self {
            Self::UserInfoFile { path, source } => {
                let what = format!("cannot read the user-info file: {source}");
                ("user_info", Message::new(what, "make it readable for this container").at(&path.display()))
            }
            Self::NoUserInfoFile { path } => {
                let what = "the user-info file is a directory, a device or a pipe";
                ("user_info", Message::new(what, "name the file itself").at(&path.display()))
            }
            Self::UserInfo { path, source } => {
                let what = format!("the user-info file cannot be used: {source}");
                ("user_info", Message::new(what, "correct its content").at(&path.display()))
            }
            Self::Document(_) => ("document", Message::new(ErrorChain(self).to_string(), "")),
            Self::Publish(error) => (error.reason(), error.message()),
        };
        PublishFault { reason, message: Arc::new(message) }
    }
}

impl Volume {
    /// The volume that `output` names; nothing is touched yet.
    pub(super) fn new(output: &OutputSettings, clock: WallClock) -> Self {
        let directory = output.directory.clone().unwrap_or_default();
        let publisher = Publisher::new(directory, output.layout, output.file_mode);
        let publisher = match output.user_info {
            UserInfoSource::File(_) => publisher.guarding_secrets(),
            UserInfoSource::None | UserInfoSource::Placeholders(_) => publisher,
        };
        Self { publisher, clock, found: Found::default() }
    }

    /// Reads the saved state.
    pub(super) fn saved_state(&mut self) -> StateFound {
        match self.decoded_state() {
            Ok(None) => StateFound { state: None, fault: None },
            Ok(Some(DecodedState { state, refused })) => {
                let fault = refused
                    .first()
                    .map(|first| format!("{}; entries left out: {}", ErrorChain(first), refused.len()));
                StateFound { state: Some(state), fault }
            }
            Err(fault) => StateFound { state: None, fault: Some(fault) },
        }
    }

    /// Looks for a whole document in the files of `output`; who changes it from now on takes it away.
    pub(super) fn find_document(&mut self, output: &OutputSettings, policy: &Policy) -> Found {
        let found: Found = self.document_in_place(output, policy).unwrap_or_default().into();
        self.publisher.found(&found.concat());
        found
    }

    /// Keeps the files that were found for [`Self::keep_found`].
    pub(super) fn is_to_keep(&mut self, found: &Found) {
        self.found = Arc::clone(found);
    }

    /// Makes the files say what [`Self::find_document`] found in them, and was to be kept.
    pub(super) fn keep_found(&mut self) -> PublishOutcome {
        let outcome = self.publisher.keep(&self.found.concat());
        self.ended(outcome.map_err(VolumeError::from))
    }

    fn decoded_state(&self) -> Result<Option<DecodedState>, String> {
        let bytes = self.publisher.read_state().map_err(|error| ErrorChain(&error).to_string())?;
        let decode = |bytes: &[u8]| decode_state(bytes, self.clock);
        bytes.as_deref().map(decode).transpose().map_err(|fault| ErrorChain(&fault).to_string())
    }

    /// Every file of every output, where all of them are there, whole, and name no host that the policy does
    /// not permit. What cannot be read is not.
    fn document_in_place(&self, output: &OutputSettings, policy: &Policy) -> Option<Vec<Vec<File>>> {
        let mut found = vec![];
        for file in &output.files {
            let names = file_names(file.format, &file.name, &output.zone);
            let files = self.publisher.read_files(&names).ok()??;
            if !is_whole(file.format, &output.zone, &files, |url| policy.permits(url)) {
                return None;
            }
            found.push(files);
        }
        Some(found)
    }

    /// Makes the files of `output` say what `publication` says.
    pub(super) fn publish(&mut self, output: &OutputSettings, publication: &Publication) -> PublishOutcome {
        let outcome = self.try_publish(output, publication);
        self.ended(outcome)
    }

    fn ended(&self, outcome: Result<Published, VolumeError>) -> PublishOutcome {
        match outcome {
            Ok(Published::Written) => PublishOutcome::Written,
            Ok(Published::Unchanged) => PublishOutcome::Unchanged,
            Ok(Published::Repaired) => PublishOutcome::Repaired,
            Err(error) if self.has_lost_list() => PublishOutcome::Lost(error.fault()),
            Err(error) => PublishOutcome::Failed(error.fault()),
        }
    }

    /// Whether others have taken away, emptied or changed what readers found here.
    pub(super) fn has_lost_list(&self) -> bool {
        self.publisher.has_lost_files()
    }

    /// What the file system makes of the mode of our files, where it does not keep it.
    pub(super) fn mode_not_kept(&self) -> Option<ModeNotKept> {
        self.publisher.mode_not_kept()
    }

    fn try_publish(
        &mut self,
        output: &OutputSettings,
        publication: &Publication,
    ) -> Result<Published, VolumeError> {
        let files = render(output, &publication.listing)?;
        Ok(self.publisher.publish(&files, &encode_state(&publication.state, self.clock))?)
    }
}

/// The URLs of what was found, as they stand there, without user-info; none where nothing was found.
pub(super) fn urls_in(found: &Found, output: &OutputSettings) -> Option<PeerSet> {
    let urls = RefCell::new(PeerSet::new());
    let note = |url: &ServiceUrl| {
        urls.borrow_mut().insert(url.clone());
        true
    };
    let _they_may = may_stay(found, output, note);
    (!found.is_empty()).then(|| urls.into_inner())
}

/// Why these files cannot say this, or, where there is nothing to be said yet, cannot have the credentials that
/// they need: what a publication would meet, and what to do.
pub fn cannot_render(output: &OutputSettings, listing: Option<&Listing>) -> Option<Message> {
    let rendered = match listing {
        Some(listing) => render(output, listing).map(drop),
        None => user_info(&output.user_info).map(drop),
    };
    rendered.err().map(|error| (*error.fault().message).clone())
}

/// Whether what was found is still a whole document of these outputs; where nothing was found, it is.
pub(super) fn may_stay(
    found: &Found,
    output: &OutputSettings,
    permits: impl Fn(&ServiceUrl) -> bool,
) -> bool {
    found.iter().zip(&output.files).all(|(files, file)| is_whole(file.format, &output.zone, files, &permits))
}

/// The property's value as the document would have it, for the endpoint that takes it in the call.
///
/// Credentials come from a disk that may stall, so they are read on a thread of their own.
pub(super) async fn value_of(output: OutputSettings, listing: Listing) -> Result<String, String> {
    let rendering = tokio::task::spawn_blocking(move || {
        let user_info = user_info(&output.user_info).map_err(|error| ErrorChain(&error).to_string())?;
        let document = Document { listing: &listing, zone: &output.zone, user_info: user_info.as_ref() };
        Ok(document.value())
    });
    rendering.await.unwrap_or_else(|error| Err(error.to_string()))
}

fn render(output: &OutputSettings, listing: &Listing) -> Result<Vec<File>, VolumeError> {
    let user_info = user_info(&output.user_info)?;
    let document = Document { listing, zone: &output.zone, user_info: user_info.as_ref() };
    let mut files = vec![];
    for file in &output.files {
        files.extend(document.render(file.format, &file.name)?);
    }
    Ok(files)
}

fn user_info(source: &UserInfoSource) -> Result<Option<UserInfo>, VolumeError> {
    match source {
        UserInfoSource::None => Ok(None),
        UserInfoSource::Placeholders(user_info) => Ok(Some(user_info.clone())),
        UserInfoSource::File(path) => secret_in(path).map(Some),
    }
}

fn secret_in(path: &Path) -> Result<UserInfo, VolumeError> {
    let unread = |source| VolumeError::UserInfoFile { path: path.to_owned(), source };
    let Some(bytes) = small_file::read_beginning(path, USER_INFO_BYTES_MAX).map_err(unread)? else {
        return Err(VolumeError::NoUserInfoFile { path: path.to_owned() });
    };
    UserInfo::from_secret(&bytes).map_err(|source| VolumeError::UserInfo { path: path.to_owned(), source })
}
