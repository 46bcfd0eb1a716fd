//! The table of settings as Markdown, which a test compares with the README.

use std::fmt::Write;

use super::table::Key;

/// The table, one row a setting, in the order of the help.
pub fn markdown_table() -> String {
    let mut table = "| setting | default | meaning |\n|---|---|---|\n".to_owned();
    for setting in Key::all().map(Key::setting) {
        let (name, value, meaning) = (setting.name, escaped(setting.value_name()), setting.meaning());
        let default = setting.requirement().or_else(|| setting.default_in_words()).unwrap_or_default();
        writeln!(table, "| `--{name} {value}` | {} | {meaning} |", escaped(&default))
            .expect("a String takes all text");
    }
    table
}

/// A bar would end the cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_has_a_row_of_three_cells() {
        let table = markdown_table();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows.len(), Key::all().count());
        for (row, key) in rows.iter().zip(Key::all()) {
            assert!(row.starts_with(&format!("| `--{key} ")), "{row}");
            assert_eq!(row.replace("\\|", "").matches('|').count(), 4, "{row}");
        }
        assert!(table.contains("| `--interval DURATION` | 10s with --role client, else 1s | Time between two questions to DNS about one Service. Takes values from 100ms to 1h. |\n"), "{table}");
    }
}
