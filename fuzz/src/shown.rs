//! What may be shown of a text from outside.

/// Characters of one text that is shown; a log line cuts values at 2,048 bytes.
const LENGTH_MAX: usize = 2048;

/// Insists that `text` is one bounded line without anything that could steer a terminal.
pub fn assert_line(text: &str) {
    assert!(!text.contains(char::is_control), "a control character in {text:?}");
    assert!(text.chars().count() <= LENGTH_MAX, "{} characters: {text:?}", text.chars().count());
}
