//! As much of a shell's grammar as the pages use: words, quotes, comments, pipes and substitutions.

/// The commands of a line, a list of words each; those in `$(…)` come after the one that they are part of.
pub(crate) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut reader = Reader { rest: line.chars().collect(), at: 0, found: vec![vec![]], inner: vec![] };
    reader.read();
    let inner: Vec<_> = reader.inner.iter().flat_map(|line| commands(line)).collect();
    let mut found: Vec<Vec<String>> =
        reader.found.into_iter().map(without_assignments).chain(inner).collect();
    found.retain(|words| !words.is_empty());
    found
}

/// Words that stand before a command.
const BEFORE: [&str; 5] = ["do", "then", "exec", "sudo", "time"];

fn without_assignments(words: Vec<String>) -> Vec<String> {
    let mut words = words.into_iter().peekable();
    while words.next_if(|word| is_assignment(word) || BEFORE.contains(&word.as_str())).is_some() {}
    words.collect()
}

/// Whether it is `NAME=VALUE`.
pub(super) fn is_assignment(word: &str) -> bool {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.chars().all(|sign| sign.is_ascii_uppercase() || sign.is_ascii_digit() || sign == '_')
    };
    word.split_once('=').is_some_and(|(name, _)| is_name(name))
}

struct Reader {
    rest: Vec<char>,
    at: usize,
    found: Vec<Vec<String>>,
    inner: Vec<String>,
}

impl Reader {
    fn next(&mut self) -> Option<char> {
        let sign = self.rest.get(self.at).copied();
        self.at += 1;
        sign
    }

    fn read(&mut self) {
        let mut word: Option<String> = None;
        while let Some(sign) = self.next() {
            match sign {
                ' ' => self.end(&mut word),
                '#' if word.is_none() => break,
                '|' | '&' | ';' => {
                    self.end(&mut word);
                    self.found.push(vec![]);
                }
                '>' | '<' => {
                    self.end(&mut word);
                    self.skip_target();
                }
                '\'' | '"' => {
                    let quoted = self.quoted(sign);
                    word.get_or_insert_default().push_str(&quoted);
                }
                '$' if self.rest.get(self.at) == Some(&'(') => {
                    self.substitution();
                    word.get_or_insert_default().push_str("SUBSTITUTED");
                }
                other => word.get_or_insert_default().push(other),
            }
        }
        self.end(&mut word);
    }

    fn end(&mut self, word: &mut Option<String>) {
        let last = self.found.last_mut().expect("there is one from the beginning");
        last.extend(word.take());
    }

    /// Up to the closing quote; what is substituted in double quotes is kept as a command.
    fn quoted(&mut self, quote: char) -> String {
        let mut text = String::new();
        while let Some(sign) = self.next() {
            if sign == quote {
                break;
            }
            if quote == '"' && sign == '$' && self.rest.get(self.at) == Some(&'(') {
                self.substitution();
                text.push_str("SUBSTITUTED");
                continue;
            }
            text.push(sign);
        }
        text
    }

    fn substitution(&mut self) {
        let (mut depth, mut text) = (0, String::new());
        while let Some(sign) = self.next() {
            match sign {
                '(' => depth += 1,
                ')' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if !(depth == 1 && sign == '(') {
                text.push(sign);
            }
        }
        self.inner.push(text);
    }

    /// Where output goes, or input comes from.
    fn skip_target(&mut self) {
        while self.rest.get(self.at).is_some_and(|sign| " ><&".contains(*sign)) {
            self.at += 1;
        }
        while self.rest.get(self.at).is_some_and(|sign| !" ;|&".contains(*sign)) {
            self.at += 1;
        }
    }
}
