//! Messages over UDP that the library's stream passes over in silence or calls unreadable, and that say something
//! all the same: an error without the question, and that an answer was cut short.

use std::error::Error;
use std::fmt;

use hickory_resolver::net::NetError;
use hickory_resolver::proto::op::{DnsResponse, Header, MessageType, OpCode, ResponseCode};
use hickory_resolver::proto::serialize::binary::{BinDecodable, BinDecoder};

/// What such a message says. Handed through the stream as an error of its socket.
#[derive(Clone, Debug)]
pub(super) enum Overheard {
    /// An error from a server that did not get as far as the question, or does not repeat it.
    BareError(DnsResponse),
    /// That it was cut short, be it in the middle of a record.
    CutShort,
}

/// What `bytes` say in answer to the question of this message id; none where the stream sees to it.
///
/// Sender and id are all that tells a forger here, and what one could get by it ends one way to ask.
pub(super) fn overheard(bytes: &[u8], id: u16) -> Option<Overheard> {
    let Header { metadata, .. } = Header::read(&mut BinDecoder::new(bytes)).ok()?;
    let is_answer = metadata.message_type == MessageType::Response && metadata.op_code == OpCode::Query;
    if metadata.id != id || !is_answer {
        return None;
    }
    let response = DnsResponse::from_buffer(bytes.to_vec()).ok();
    let has_question = response.as_ref().is_some_and(|response| !response.queries.is_empty());
    match response {
        _ if has_question => None,
        _ if metadata.truncation => Some(Overheard::CutShort),
        Some(response) if is_error(response.response_code) => Some(Overheard::BareError(response)),
        Some(_) | None => None,
    }
}

fn is_error(code: ResponseCode) -> bool {
    !matches!(code, ResponseCode::NoError | ResponseCode::NXDomain)
}

impl Overheard {
    /// What a socket handed through the stream.
    pub(super) fn in_error(error: &NetError) -> Option<&Self> {
        match error {
            NetError::Io(error) => error.get_ref()?.downcast_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Overheard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BareError(_) => "an error without the question",
            Self::CutShort => "a message that was cut short",
        })
    }
}

impl Error for Overheard {}
