//! Phrases that a reader has to read twice, and what to write in their place.

/// A phrase, and what stands right before it where it is good English.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Phrase {
    text: &'static str,
    instead: &'static str,
    fine_after: &'static [&'static str],
    fine_before: &'static [&'static str],
}

impl Phrase {
    pub(super) fn remedy(&self) -> String {
        format!("{:?}: write {}", self.text.trim(), self.instead)
    }
}

const PHRASES: [Phrase; 3] = [
    Phrase {
        text: " is no ",
        instead: "\"is not a …\" or \"is not a valid …\"",
        fine_after: &["there", "There"],
        fine_before: &["longer", "more", "reason", "such", "other", "business", "fault", "nope"],
    },
    Phrase { text: "` counts.", instead: "\"applies\"", fine_after: &[], fine_before: &[] },
    Phrase { text: "it is told", instead: "who reports what", fine_after: &[], fine_before: &[] },
];

/// The phrases of a text, with their lines, from 1.
pub(super) fn found(text: &str) -> Vec<(usize, Phrase)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for phrase in PHRASES {
            let fine = |at: usize| {
                let (before, after) = (&line[..at], &line[at + phrase.text.len()..]);
                phrase.fine_after.iter().any(|word| before.ends_with(word))
                    || phrase.fine_before.iter().any(|word| after.starts_with(word))
            };
            found.extend(line.match_indices(phrase.text).filter(|(at, _)| !fine(*at)).map(|_| (number + 1, phrase)));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phrases_are_found_and_good_english_is_left_alone() {
        let text = "there is no such file\nthat is no boolean\nit is no longer used\nthe variable `A` counts.\n";
        let lines: Vec<_> = found(text).into_iter().map(|(line, phrase)| (line, phrase.remedy())).collect();
        assert_eq!(
            lines,
            [
                (2, "\"is no\": write \"is not a …\" or \"is not a valid …\"".to_owned()),
                (4, "\"` counts.\": write \"applies\"".to_owned())
            ]
        );
    }
}
