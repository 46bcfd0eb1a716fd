//! Where lines go: standard error, which may have ceased to be read.
//!
//! Must never wait for a reader: a container runtime that has stalled would hold up the loop, the
//! probes and the end of the program. A file on a stalled disk is beyond that, for poll(2) calls every
//! file ready.

use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// Bytes that a pipe takes without waiting once poll(2) calls it ready (pipe(7), `PIPE_BUF`).
const PART_MAX: usize = 4096;
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

/// A descriptor that is written to for as long as it takes bytes at once.
#[derive(Debug)]
pub(super) struct Outlet<F> {
    file: F,
    /// The last line that was begun was not ended.
    is_torn: AtomicBool,
}

impl<F: AsFd> Outlet<F> {
    pub(super) fn new(file: F) -> Self {
        Self { file, is_torn: AtomicBool::new(false) }
    }

    /// Writes a line, and says whether all of it was taken. What is not taken is lost.
    pub(super) fn put(&self, line: &str) -> bool {
        let was_torn = self.is_torn.load(Ordering::Relaxed);
        let end_of_torn = if was_torn { "\n" } else { "" };
        let bytes = [end_of_torn, line].concat().into_bytes();
        let taken = self.write(&bytes);
        let is_torn = if taken == 0 { was_torn } else { taken < bytes.len() };
        self.is_torn.store(is_torn, Ordering::Relaxed);
        taken == bytes.len()
    }

    fn write(&self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && self.is_ready() {
            let part = &bytes[taken..bytes.len().min(taken + PART_MAX)];
            match rustix::io::write(&self.file, part) {
                Ok(length) if length > 0 => taken += length,
                // Nobody is there, or the disk is full.
                Ok(_) | Err(_) => break,
            }
        }
        taken
    }

    fn is_ready(&self) -> bool {
        let mut asked = [PollFd::new(&self.file, PollFlags::OUT)];
        poll(&mut asked, Some(&AT_ONCE)).is_ok() && asked[0].revents().contains(PollFlags::OUT)
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, PipeWriter, Read, pipe};

    use super::*;

    /// A pipe that takes no more, and how many bytes it took.
    fn full_pipe() -> (PipeReader, Outlet<PipeWriter>, usize) {
        let (reader, writer) = pipe().expect("a pipe");
        let outlet = Outlet::new(writer);
        let page = "x".repeat(PART_MAX - 1) + "\n";
        let mut lines = 0;
        while outlet.put(&page) {
            lines += 1;
        }
        assert!(lines > 0);
        (reader, outlet, lines * PART_MAX)
    }

    fn read(reader: &mut PipeReader, length: usize) -> String {
        let mut bytes = vec![0; length];
        reader.read_exact(&mut bytes).expect("that much was written");
        String::from_utf8(bytes).expect("text")
    }

    #[test]
    fn a_pipe_that_nobody_reads_is_not_waited_for() {
        let (mut reader, outlet, length) = full_pipe();
        assert!(!outlet.put("lost\n"));
        read(&mut reader, length);
        assert!(outlet.put("taken\n"));
        assert_eq!(read(&mut reader, 6), "taken\n", "and nothing of the lost line before it");
    }

    #[test]
    fn a_line_that_was_cut_off_does_not_run_into_the_next() {
        let (mut reader, outlet, length) = full_pipe();
        read(&mut reader, PART_MAX);
        assert!(!outlet.put(&"y".repeat(2 * PART_MAX)), "there is room for one part");
        assert!(!outlet.put("lost\n"));
        read(&mut reader, length - PART_MAX);
        assert!(outlet.put("next\n"));
        assert_eq!(read(&mut reader, PART_MAX + 6), "y".repeat(PART_MAX) + "\nnext\n");
    }

    #[test]
    fn where_nobody_reads_any_more_lines_are_lost() {
        let (reader, writer) = pipe().expect("a pipe");
        drop(reader);
        assert!(!Outlet::new(writer).put("lost\n"));
    }
}
