//! One system call of a publication: which, on what, and the how manieth of its kind.

use std::collections::BTreeMap;
use std::path::Path;

/// What stands for the random name of a generation.
const GENERATION: &str = "GENERATION";
/// The object of the call that ends a publication.
const END: &str = "(end)";

/// A call on the output directory, or the one that ends the publication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// As `strace` names it.
    pub(crate) call: String,
    /// Counted among all calls of this name since the thread is watched, from 1.
    pub(crate) nth: usize,
    /// Its object, from the output directory on; empty for the directory itself.
    pub(crate) object: String,
    /// Whether the call makes a file.
    pub(crate) makes: bool,
}

impl Step {
    /// The calls on `volume` in the output of `strace -y`, up to the end of the first publication.
    pub(crate) fn all(output: &str, volume: &Path) -> Vec<Self> {
        let mut steps: Vec<_> = Self::all_of(output, volume).into_iter().map(|(step, _)| step).collect();
        if let Some(end) = steps.iter().position(Self::is_end) {
            steps.truncate(end + 1);
        }
        steps
    }

    /// All of them, each with its line.
    pub(crate) fn all_of<'a>(output: &'a str, volume: &Path) -> Vec<(Self, &'a str)> {
        let mut counts = BTreeMap::<&str, usize>::new();
        let mut steps = vec![];
        for line in output.lines() {
            // Where several threads are traced, each line begins with the thread's number.
            let line = line.trim_start_matches(|c: char| c.is_ascii_digit() || c == ' ');
            let Some((call, arguments)) = line.split_once('(') else { continue };
            let nth = counts.entry(call).or_default();
            *nth += 1;
            if let Some(object) = object(call, arguments, volume) {
                let makes = arguments.contains("O_CREAT");
                steps.push((Self { call: call.to_owned(), nth: *nth, object, makes }, line));
            }
        }
        steps
    }

    /// As after `-e`: `what` happens at this very step.
    pub(crate) fn injection(&self, what: &str) -> String {
        format!("inject={}:{what}:when={}", self.call, self.nth)
    }

    pub(crate) fn is_end(&self) -> bool {
        self.object == END
    }

    /// Whether it may change what is on the disk, or takes the lock.
    pub(crate) fn changes(&self) -> bool {
        match &*self.call {
            "openat" => self.makes,
            "readlinkat" | "getdents64" | "newfstatat" | "fstat" | "statx" | "read" => false,
            _ => true,
        }
    }

    /// For the names of trials.
    pub(crate) fn name(&self) -> String {
        let object = if self.object.is_empty() { "." } else { &self.object };
        format!("{}_{}_{}", self.call, self.nth, object.replace('/', "_"))
    }

    /// What a failure of this step is to say: what was being done, and to what. `None` where it is no
    /// failure of the publication, as `all` shows by what comes before and after.
    pub(crate) fn complaint(&self, all: &[Self]) -> Option<String> {
        let position =
            |is_it: &dyn Fn(&Self) -> bool| all.iter().position(is_it).expect("a whole publication");
        let here = position(&|step| step == self);
        // The state is the first file of all, and its way is cleared before.
        let begins = |step: &Self| step.call == "mkdirat" || step.object == "..tmp~..state.json";
        let first_made = position(&begins);
        let last_sync = all.iter().rposition(|step| step.call == "fsync").expect("a whole publication");
        let is_lock = self.object == "..lock";
        let word = match &*self.call {
            "flock" => "lock it",
            "openat" if is_lock && self.makes => "lock it",
            // Who holds the lock is written there for others to read; it is no more than a courtesy.
            _ if is_lock => return None,
            // Leftovers are in nobody's way.
            _ if here < first_made || here > last_sync => return None,
            "openat" | "mkdirat" | "symlinkat" => "create it",
            "write" | "fchmod" => "write it",
            "fsync" => "sync it",
            "renameat" | "renameat2" => "put it in place",
            "unlinkat" => "remove it",
            other => panic!("what is {other} good for?"),
        };
        Some(format!("cannot {word}: "))
    }

    /// The last part of the object's path, where that is known beforehand.
    pub(crate) fn file_name(&self) -> Option<&str> {
        self.object.rsplit('/').next().filter(|name| *name != GENERATION && !name.is_empty())
    }
}

/// What a call is about: the descriptor's path, and the name below it where the call has one.
fn object(call: &str, arguments: &str, volume: &Path) -> Option<String> {
    if call == "write" && arguments.contains("[eventfd]") {
        return Some(END.to_owned());
    }
    let place = arguments.rsplit_once(" = ").map_or(arguments, |(before, _)| before);
    let place = place.split_once('<')?.1.split_once('>')?.0;
    let quoted = || arguments.split('"').skip(1).step_by(2);
    let name = match call {
        "openat" | "mkdirat" | "unlinkat" | "newfstatat" | "readlinkat" => quoted().next(),
        // The new name, not what it is made of.
        "symlinkat" | "renameat" | "renameat2" => quoted().last(),
        _ => None,
    };
    let path = Path::new(place);
    let path = name.map_or_else(|| path.to_owned(), |name| path.join(name));
    let below = path.strip_prefix(volume).ok()?;
    let part = |part: &str| if part.starts_with("..2") { GENERATION.to_owned() } else { part.to_owned() };
    Some(below.to_str()?.split('/').map(part).collect::<Vec<_>>().join("/"))
}
