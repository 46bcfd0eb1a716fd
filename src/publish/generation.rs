//! Names of the directories that hold one publication each: `..YYYY_MM_DD_hh_mm_ss.<random>`.

use std::time::{SystemTime, UNIX_EPOCH};

/// The name of a generation's directory, as the kubelet's `AtomicWriter` forms it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct GenerationName(String);

/// The shape of a name up to the random part; `0` stands for any digit.
const SHAPE: &[u8] = b"..0000_00_00_00_00_00.";

/// Characters of the random part: enough that no two writers meet within a second.
const RANDOM_LENGTH: usize = 10;

impl GenerationName {
    /// A name for now, in UTC; unique by chance, and `mkdir` would notice.
    pub(super) fn fresh() -> Self {
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let random: String = std::iter::repeat_with(fastrand::alphanumeric).take(RANDOM_LENGTH).collect();
        Self(format!("..{}.{random}", utc(seconds)))
    }

    /// A name found in a directory, if it is of this form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (head, random) = text.as_bytes().split_at_checked(SHAPE.len())?;
        let alike = |(byte, shape): (&u8, &u8)| match shape {
            b'0' => byte.is_ascii_digit(),
            literal => byte == literal,
        };
        let formed = head.iter().zip(SHAPE).all(alike)
            && !random.is_empty()
            && random.iter().all(u8::is_ascii_alphanumeric);
        formed.then(|| Self(text.to_owned()))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

/// `YYYY_MM_DD_hh_mm_ss` of a Unix time.
///
/// The date is found in eras of 400 years that begin on 1 March, so that the leap day is the last
/// of its year (Howard Hinnant, "chrono-compatible low-level date algorithms", `civil_from_days`).
fn utc(unix_seconds: u64) -> String {
    let (days, second) = (unix_seconds / 86_400 + 719_468, unix_seconds % 86_400);
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_since_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_since_march + 2) / 5 + 1;
    let (month, year_ends) =
        if months_since_march < 10 { (months_since_march + 3, 0) } else { (months_since_march - 9, 1) };
    let year = era * 400 + year_of_era + year_ends;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}_{month:02}_{day:02}_{hour:02}_{minute:02}_{second:02}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_those_of_the_calendar() {
        for (seconds, text) in [
            (0, "1970_01_01_00_00_00"),
            (951_782_399, "2000_02_28_23_59_59"),
            (951_782_400, "2000_02_29_00_00_00"),
            (951_827_696, "2000_02_29_12_34_56"),
            (951_868_800, "2000_03_01_00_00_00"),
            (1_735_689_599, "2024_12_31_23_59_59"),
            (4_107_542_400, "2100_03_01_00_00_00"),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }

    #[test]
    fn knows_its_own_and_the_kubelets_names_and_no_others() {
        let fresh = GenerationName::fresh();
        assert_eq!(GenerationName::parse(fresh.as_str()), Some(fresh));
        assert!(GenerationName::parse("..2016_02_01_15_04_05.12345678").is_some());
        for text in [
            "..data",
            "..2016_02_01_15_04_05.",
            "..2016_02_01_15_04_05",
            "..2016_02_01_15_04_05.1/..",
            ".2016_02_01_15_04_05.1",
            "..2016_02_01_15_04_0x.1",
            "../16_02_01_15_04_05.1",
            "..ä",
            "",
        ] {
            assert_eq!(GenerationName::parse(text), None, "{text:?}");
        }
    }
}
