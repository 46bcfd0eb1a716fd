//! Writes the inputs made by hand into a directory, one below it for each target, for a fuzzer to
//! begin with.

use std::path::PathBuf;
use std::{env, fs, io};

use eureka_peers_fuzz::{TARGETS, seeds};

fn main() -> io::Result<()> {
    let Some(directory) = env::args_os().nth(1).map(PathBuf::from) else {
        return Err(io::Error::other("name the directory to write into"));
    };
    for (target, _) in TARGETS {
        let home = directory.join(target);
        fs::create_dir_all(&home)?;
        for (name, bytes) in seeds::of(target) {
            fs::write(home.join(name), bytes)?;
        }
    }
    Ok(())
}
