//! What the program tells the shell, the kubelet and scripts.

use std::process::ExitCode;

/// How the program ended. Codes from 64 on are those of `sysexits.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// 0: done, or `run` stopped as asked.
    Success,
    /// 1: something unexpected; `run` or `init` stopped before a list was in place.
    Failure,
    /// 2: the command line cannot be read.
    Usage,
    /// 3: `mesh` is incomplete, or `check` found faults.
    Findings,
    /// 69 (`EX_UNAVAILABLE`): `init` waited its deadline out.
    DeadlinePassed,
    /// 73 (`EX_CANTCREAT`): `init` cannot write.
    CannotWrite,
    /// 78 (`EX_CONFIG`): bad settings at start.
    BadSettings,
}

impl ExitStatus {
    pub fn code(self) -> u8 {
        match self {
            Self::Success => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Findings => 3,
            Self::DeadlinePassed => 69,
            Self::CannotWrite => 73,
            Self::BadSettings => 78,
        }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status.code())
    }
}
