//! One event becomes one line: text for people, or a flat JSON object.
//!
//! Must never let a value break out of its line or its field, whatever DNS or a server put into
//! it, and never let one value fill the log.

use std::error::Error;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use serde::ser::{SerializeMap, Serializer};
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::model::{ErrorChain, Moment, WallClock};

use super::log_settings::LogFormat;

/// Bytes of one value; longer ones are cut. Far above any message of ours, and with a handful of
/// fields below the 16 KiB at which container runtimes split a line.
const VALUE_LENGTH_MAX: usize = 2048;

/// The layer that writes lines.
pub(super) struct Lines {
    format: LogFormat,
    write: Box<dyn Fn(&str) -> bool + Send + Sync>,
    /// Lines that could not be written, which the log does not say yet.
    lost: AtomicU64,
}

impl Lines {
    /// Writes through `write`, which is given one whole line at a time, line feed included, and says
    /// whether it was taken.
    pub(super) fn new(format: LogFormat, write: Box<dyn Fn(&str) -> bool + Send + Sync>) -> Self {
        Self { format, write, lost: AtomicU64::new(0) }
    }

    fn put(&self, level: Level, fields: &Fields) -> bool {
        let timestamp = WallClock::started_at(SystemTime::now()).rfc3339(Moment::START);
        let line = Line { timestamp, level, fields };
        (self.write)(&match self.format {
            LogFormat::Text => line.as_text(),
            LogFormat::Json => line.as_json(),
        })
    }

    /// Says how many lines are missing, as soon as lines are taken again.
    fn tell_of_lost(&self) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        if lost > 0 && !self.put(Level::WARN, &Fields::about_lost(lost)) {
            self.lost.fetch_add(lost, Ordering::Relaxed);
        }
    }

    pub(super) fn set_format(&mut self, format: LogFormat) {
        self.format = format;
    }
}

impl fmt::Debug for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lines").field("format", &self.format).finish_non_exhaustive()
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let mut fields = Fields::default();
        event.record(&mut fields);
        self.tell_of_lost();
        if !self.put(*event.metadata().level(), &fields) {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Line<'a> {
    timestamp: String,
    level: Level,
    fields: &'a Fields,
}

impl Line<'_> {
    /// `2026-01-31T23:59:59.123Z INFO  message key=value key="a value"`.
    fn as_text(&self) -> String {
        let mut line = format!("{} {:5} ", self.timestamp, self.level);
        push_escaped(&mut line, &self.fields.message);
        for (name, value) in &self.fields.others {
            line.push(' ');
            line.push_str(name);
            line.push('=');
            push_value(&mut line, value);
        }
        line.push('\n');
        line
    }

    /// `{"timestamp":…,"level":…,"message":…,` and the fields, in this order.
    fn as_json(&self) -> String {
        let mut bytes = Vec::with_capacity(256);
        self.write_json(&mut bytes).expect("strings, numbers and a vector cannot fail to serialise");
        bytes.push(b'\n');
        String::from_utf8(bytes).expect("serde_json writes UTF-8")
    }

    fn write_json(&self, bytes: &mut Vec<u8>) -> serde_json::Result<()> {
        let mut serializer = serde_json::Serializer::new(bytes);
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &self.timestamp)?;
        map.serialize_entry("level", self.level.as_str())?;
        map.serialize_entry("message", &self.fields.message)?;
        for (name, value) in &self.fields.others {
            map.serialize_entry(json_key(name), value)?;
        }
        map.end()
    }
}

/// A field may not take the place of what every line has.
fn json_key(name: &'static str) -> &'static str {
    match name {
        "timestamp" => "field.timestamp",
        "level" => "field.level",
        other => other,
    }
}

/// The fields of one event, in the order of its call.
#[derive(Default)]
struct Fields {
    message: String,
    others: Vec<(&'static str, Value)>,
}

impl Fields {
    fn about_lost(lines: u64) -> Self {
        let message = "lines of this log are missing here, because they could not be written".to_owned();
        Self { message, others: vec![("lines", lines.into())] }
    }

    fn push_text(&mut self, field: &Field, value: impl fmt::Display) {
        let mut clipped = Clipped::default();
        // A value whose own formatting fails is shown as far as it came.
        let _incomplete = write!(clipped, "{value}");
        let text = clipped.finish();
        if field.name() == "message" {
            self.message = text;
        } else {
            self.push(field, Value::String(text));
        }
    }

    fn push(&mut self, field: &Field, value: Value) {
        self.others.push((field.name(), value));
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.push_text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.push_text(field, value);
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        self.push_text(field, ErrorChain(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.push(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.push(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.push(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.push(field, value.into());
    }
}

/// Text that stops growing at its bound and counts what it left out.
#[derive(Default)]
struct Clipped {
    text: String,
    left_out: usize,
}

impl Clipped {
    fn finish(mut self) -> String {
        if self.left_out > 0 {
            let _infallible = write!(self.text, "… ({} bytes more)", self.left_out);
        }
        self.text
    }
}

impl fmt::Write for Clipped {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = if self.left_out > 0 { 0 } else { VALUE_LENGTH_MAX - self.text.len() };
        let kept = (0..=room.min(text.len())).rfind(|at| text.is_char_boundary(*at)).unwrap_or(0);
        self.text.push_str(&text[..kept]);
        self.left_out += text.len() - kept;
        Ok(())
    }
}

fn push_value(line: &mut String, value: &Value) {
    let Value::String(text) = value else {
        let _infallible = write!(line, "{value}");
        return;
    };
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '=' | '\\');
    if !text.is_empty() && text.chars().all(plain) {
        line.push_str(text);
        return;
    }
    line.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            line.push('\\');
        }
        push_printable(line, c);
    }
    line.push('"');
}

fn push_escaped(line: &mut String, text: &str) {
    for c in text.chars() {
        push_printable(line, c);
    }
}

/// Control characters, line separators and marks that turn the direction of writing are spelt out.
fn push_printable(line: &mut String, c: char) {
    match c {
        '"' | '\'' | '\\' => line.push(c),
        _ => line.extend(c.escape_debug()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::sync::{Arc, Mutex};

    use proptest::prelude::*;
    use tracing_subscriber::Registry;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn line(format: LogFormat, speak: impl FnOnce()) -> String {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&lines);
        let write = move |line: &str| {
            sink.lock().expect("no writer panics").push(line.to_owned());
            true
        };
        let layer = Lines::new(format, Box::new(write));
        tracing::subscriber::with_default(Registry::default().with(layer), speak);
        let lines = lines.lock().expect("no writer panics");
        let [line] = &lines[..] else { panic!("not one line: {lines:?}") };
        line.clone()
    }

    fn after_timestamp(line: &str) -> &str {
        let (timestamp, rest) = line.split_once(' ').expect("a blank follows the timestamp");
        assert!(humantime_like(timestamp), "{timestamp}");
        rest
    }

    /// `YYYY-MM-DDTHH:MM:SS.mmmZ`.
    fn humantime_like(text: &str) -> bool {
        let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
        shape == "0000-00-00T00:00:00.000Z"
    }

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("inner")]
    struct Inner;

    fn speak_of_everything() {
        let error: &(dyn Error + 'static) = &Outer(Inner);
        tracing::info!(
            peers = 3_u64,
            change = -1_i64,
            share = 0.5,
            held = true,
            server = %"http://eureka-0:8761/eureka/",
            why = "two words",
            nothing = "",
            quoted = "a\"b\\c",
            error,
            "took {} peers",
            2
        );
    }

    #[test]
    fn text_for_people() {
        assert_eq!(
            after_timestamp(&line(LogFormat::Text, speak_of_everything)),
            "INFO  took 2 peers peers=3 change=-1 share=0.5 held=true \
             server=http://eureka-0:8761/eureka/ why=\"two words\" nothing=\"\" quoted=\"a\\\"b\\\\c\" \
             error=\"outer: inner\"\n"
        );
    }

    #[test]
    fn json_is_flat_and_in_order() {
        let line = line(LogFormat::Json, speak_of_everything);
        let rest = line.strip_prefix("{\"timestamp\":\"").expect("the timestamp comes first");
        assert!(humantime_like(&rest[..24]), "{line}");
        assert_eq!(
            &rest[24..],
            "\",\"level\":\"INFO\",\"message\":\"took 2 peers\",\"peers\":3,\"change\":-1,\
             \"share\":0.5,\"held\":true,\"server\":\"http://eureka-0:8761/eureka/\",\"why\":\"two words\",\
             \"nothing\":\"\",\"quoted\":\"a\\\"b\\\\c\",\"error\":\"outer: inner\"}\n"
        );
    }

    #[test]
    fn fields_do_not_take_the_place_of_what_every_line_has() {
        let line =
            line(LogFormat::Json, || tracing::warn!(level = "high", timestamp = 1, share = f64::NAN, "x"));
        let json: Value = serde_json::from_str(&line).expect("JSON");
        assert_eq!(json["level"], "WARN");
        assert_eq!(json["field.level"], "high");
        assert_eq!(json["field.timestamp"], 1);
        assert_eq!(json["share"], Value::Null);
    }

    #[test]
    fn lines_that_nobody_took_are_counted_and_told() {
        let taken = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&taken);
        let is_stalled = Arc::new(AtomicBool::new(false));
        let stalled = Arc::clone(&is_stalled);
        let write = move |line: &str| {
            let is_taken = !stalled.load(Ordering::Relaxed);
            if is_taken {
                let text = after_timestamp(line).to_owned();
                sink.lock().expect("no writer panics").push(text);
            }
            is_taken
        };
        let layer = Lines::new(LogFormat::Text, Box::new(write));
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            tracing::info!("one");
            is_stalled.store(true, Ordering::Relaxed);
            tracing::info!("two");
            tracing::info!("three");
            is_stalled.store(false, Ordering::Relaxed);
            tracing::info!("four");
            tracing::info!("five");
        });
        assert_eq!(
            *taken.lock().expect("no writer panics"),
            [
                "INFO  one\n",
                "WARN  lines of this log are missing here, because they could not be written lines=2\n",
                "INFO  four\n",
                "INFO  five\n",
            ]
        );
    }

    #[test]
    fn control_characters_stay_in_their_line() {
        let hostile = "a\nb\r\u{1b}[31m\u{2028}\u{202e}\u{0}\u{7f}ü";
        let text = line(LogFormat::Text, || tracing::info!(reason = hostile, "{hostile}"));
        assert_eq!(
            after_timestamp(&text),
            "INFO  a\\nb\\r\\u{1b}[31m\\u{2028}\\u{202e}\\0\\u{7f}ü \
             reason=\"a\\nb\\r\\u{1b}[31m\\u{2028}\\u{202e}\\0\\u{7f}ü\"\n"
        );
        let json = line(LogFormat::Json, || tracing::info!(reason = hostile, "{hostile}"));
        assert_eq!(json.matches('\n').count(), 1);
        let json: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["reason"], hostile);
        assert_eq!(json["message"], hostile);
    }

    #[test]
    fn a_value_in_pieces_is_cut_once_at_its_bound() {
        let write = |pieces: [&str; 3]| {
            let mut clipped = Clipped::default();
            for piece in pieces {
                clipped.write_str(piece).expect("text takes everything");
            }
            clipped.finish()
        };
        let (most, rest) = ("a".repeat(VALUE_LENGTH_MAX - 1), "b".repeat(10));
        assert_eq!(write([&most, "b", ""]), format!("{most}b"));
        assert_eq!(write([&most, &rest, ""]), format!("{most}b… (9 bytes more)"));
        // Where a letter of two bytes had no room, nothing that came later has any.
        assert_eq!(write([&most, "ü", "b"]), format!("{most}… (3 bytes more)"));
    }

    #[test]
    fn lines_can_be_shown_without_their_outlet() {
        let lines = Lines::new(LogFormat::Json, Box::new(|_: &str| true));
        assert_eq!(format!("{lines:?}"), "Lines { format: Json, .. }");
    }

    #[test]
    fn a_long_value_is_cut_and_says_so() {
        let long = "ü".repeat(VALUE_LENGTH_MAX);
        let line = line(LogFormat::Json, || tracing::info!(long = ?long, "x"));
        assert!(line.len() < VALUE_LENGTH_MAX + 200, "{} bytes", line.len());
        assert!(line.contains("bytes more)"), "{line}");
    }

    proptest! {
        #[test]
        fn any_value_makes_one_line(message in any::<String>(), value in any::<String>()) {
            let text = line(LogFormat::Text, || tracing::info!(value, "{message}"));
            prop_assert!(text.strip_suffix('\n').is_some_and(|line| !line.contains(char::is_control)));
            let json = line(LogFormat::Json, || tracing::info!(value, "{message}"));
            let json: Value = serde_json::from_str(json.strip_suffix('\n').expect("ends its line")).expect("JSON");
            prop_assert_eq!(&json["message"], &message);
            prop_assert_eq!(&json["value"], &value);
        }
    }
}
