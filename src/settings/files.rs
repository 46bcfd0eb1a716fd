//! Settings of what is written, and where.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use crate::document::{FileName, Format, OutputFile, UserInfo, UserInfoSource};

use super::checked::OutputSettings;
use super::fault::{Problem, quoted};
use super::peer_settings::parsed;
use super::reader::SettingsReader;
use super::table::Key;
use super::words::{Word, words_of};

pub(super) fn read(reader: &mut SettingsReader<'_>) -> OutputSettings {
    let directory = reader.path(Key::OutputDir);
    let user_info = user_info(reader);
    let files = files(reader);
    refuse_unresolved(reader, &files, &user_info);
    OutputSettings {
        directory,
        files,
        layout: reader.word(Key::Layout),
        file_mode: file_mode(reader, &user_info),
        zone: reader.value(Key::Zone, parsed),
        user_info,
    }
}

fn files(reader: &mut SettingsReader<'_>) -> Vec<OutputFile> {
    let files = reader.list(Key::Output, output_file);
    if files.is_empty() {
        reader.conflict(
            &[Key::Output],
            Problem::new("names no file").hint("name one, or leave it out for peers.properties"),
        );
    }
    let mut names = BTreeSet::new();
    if let Some(twice) = files.iter().find(|file| !names.insert(&file.name)) {
        let problem = Problem::new(format!("gives {} two formats", quoted(twice.name.as_str())));
        reader.conflict(&[Key::Output], problem.hint("give each file a name of its own"));
    }
    if files.len() > 1 && files.iter().any(|file| file.format == Format::Configtree) {
        let problem = Problem::new(
            "names another file beside a configtree, but every file beside it would be a property",
        );
        reader.conflict(
            &[Key::Output],
            problem.hint("give the configtree a sidecar and a directory of its own"),
        );
    }
    files
}

/// Spring Boot binds a configtree's values as they are (seen on 2.7.18 and 3.5.9).
fn refuse_unresolved(reader: &mut SettingsReader<'_>, files: &[OutputFile], user_info: &UserInfoSource) {
    let has_configtree = files.iter().any(|file| file.format == Format::Configtree);
    if let (true, UserInfoSource::Placeholders(_)) = (has_configtree, user_info) {
        let problem =
            Problem::new("has no effect in a configtree, because its placeholders are not resolved");
        reader.conflict(&[Key::UserInfo], problem.hint("use --user-info-file, or another format"));
    }
}

fn output_file(text: &str) -> Result<OutputFile, Problem> {
    let (name, format) = match text.split_once('=') {
        Some((name, format)) => (name.trim(), Some(format.trim())),
        None => (text, None),
    };
    let file_name = file_name(name)?;
    let format = match format {
        Some(word) => Format::from_word(word).ok_or_else(|| no_format(word))?,
        None => format_of_extension(name)?,
    };
    Ok(OutputFile { name: file_name, format })
}

fn file_name(text: &str) -> Result<FileName, Problem> {
    if text.contains('/') {
        let hint = "write the name alone; its directory belongs into --output-dir";
        return Err(Problem::value(text, "contains a slash").hint(hint));
    }
    text.parse().map_err(|error| {
        Problem::value(text, error)
            .hint("write a plain name of a-z, A-Z, 0-9, - _ and inner dots, such as peers.properties")
    })
}

fn no_format(word: &str) -> Problem {
    let words = words_of::<Format>().join(", ");
    Problem::invalid(word, "format", format_args!("one of {words}"))
}

fn format_of_extension(name: &str) -> Result<Format, Problem> {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    Format::of_extension(extension).ok_or_else(|| {
        let problem = Problem::value(name, "has no extension that names a format");
        problem.hint(format!("name the format, such as {name}=spring-properties"))
    })
}

fn user_info(reader: &mut SettingsReader<'_>) -> UserInfoSource {
    let placeholders = reader.optional(Key::UserInfo, placeholders);
    let file = reader.secret_path(Key::UserInfoFile);
    match (placeholders, file) {
        (Some(_), Some(_)) => {
            let problem = Problem::new("is given together with --user-info-file: expected one of them");
            reader.conflict(&[Key::UserInfo, Key::UserInfoFile], problem.hint("keep one of them"));
            UserInfoSource::None
        }
        (Some(placeholders), None) => UserInfoSource::Placeholders(placeholders.user_info),
        (None, Some(file)) => UserInfoSource::File(file),
        (None, None) => UserInfoSource::None,
    }
}

/// Two placeholders and nothing else. A text that is something else may be a password, so it is not
/// quoted.
fn placeholders(text: &str) -> Result<Placeholders, Problem> {
    let user_info = UserInfo::from_placeholders(text).map_err(|error| Problem::new(error.to_string()))?;
    Ok(Placeholders { text: text.to_owned(), user_info })
}

/// User-info that may be shown.
struct Placeholders {
    text: String,
    user_info: UserInfo,
}

impl fmt::Display for Placeholders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn file_mode(reader: &mut SettingsReader<'_>, user_info: &UserInfoSource) -> u32 {
    let is_given = reader.is_given(Key::FileMode);
    let holds_credentials = matches!(user_info, UserInfoSource::File(_));
    let default = reader.default(Key::FileMode, mode);
    let mode = reader.value(Key::FileMode, mode);
    if is_given && holds_credentials && mode.0 & 0o007 != 0 {
        reader.warn(
            Key::FileMode,
            format!("{mode} lets anyone read the credentials; leave it out for {default}"),
        );
    }
    mode.0
}

/// Permission bits, shown as `chmod` takes them.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Mode(u32);

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0{:03o}", self.0)
    }
}

fn mode(text: &str) -> Result<Mode, Problem> {
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal = (3..=4).contains(&digits.len()) && digits.bytes().all(|b| (b'0'..=b'7').contains(&b));
    let mode = u32::from_str_radix(digits, 8).ok().filter(|_| is_octal);
    let mode = mode.ok_or_else(|| Problem::invalid(text, "mode", "three octal digits, such as 0644"))?;
    if mode > 0o777 {
        return Err(Problem::value(
            text,
            "is not a valid mode: expected permission bits alone, 0777 at most",
        ));
    }
    let writes_unread = (0..3).any(|class| mode >> (3 * class) & 0o6 == 0o2);
    if mode & 0o400 == 0 || writes_unread {
        let problem = Problem::value(text, "lets someone write but not read, or keeps us from reading");
        return Err(problem.hint(
            "write an octal mode such as 0644; a decimal number, as in defaultMode: 420, is not taken",
        ));
    }
    Ok(Mode(mode))
}
