//! Secrets: masked in the runner before anything could print them, and redacted in all that this process prints.

use std::sync::{PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretString};

use super::console;

/// Of a secret's several lines, shorter ones are not masks.
const SHORTEST_LINE: usize = 3;

static MASKS: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// Registers a secret: from now on neither the runner's log nor this process shows it.
///
/// The runner masks line by line, so each line of the value is a mask of its own. Lines of white space only are skipped, as
/// the runner refuses them; and of several lines those that give nothing away but would blacken the log, such as a key's `{`.
pub fn add(secret: &SecretString) {
    let secret = secret.expose_secret();
    let shortest = if secret.trim().contains('\n') { SHORTEST_LINE } else { 1 };
    for value in secret.lines().map(str::trim).filter(|value| value.len() >= shortest) {
        let mut masks = MASKS.write().unwrap_or_else(PoisonError::into_inner);
        if masks.iter().any(|mask| mask == value) {
            continue;
        }
        masks.push(value.to_owned());
        masks.sort_by_key(|mask| std::cmp::Reverse(mask.len()));
        drop(masks);
        console::add_mask(value);
    }
}

/// The text with every registered secret replaced by `***`.
pub fn redact(text: &str) -> String {
    let masks = MASKS.read().unwrap_or_else(PoisonError::into_inner);
    masks.iter().fold(text.to_owned(), |text, mask| if text.contains(mask) { text.replace(mask, "***") } else { text })
}

/// Where text may be parted, at this place or before it, so that no registered secret stands on both sides: neither a whole
/// one, nor one that the text ends within.
pub fn boundary(text: &[u8], at: usize) -> usize {
    let masks = MASKS.read().unwrap_or_else(PoisonError::into_inner);
    let mut at = at.min(text.len());
    while let Some(start) = masks.iter().filter_map(|mask| straddler(text, at, mask.as_bytes())).min() {
        at = start;
    }
    at
}

/// Where this secret begins, if it lies across the place.
fn straddler(text: &[u8], at: usize, mask: &[u8]) -> Option<usize> {
    let first = at.saturating_sub(mask.len().saturating_sub(1));
    (first..at).find(|&start| text.get(start..).is_some_and(|rest| rest.starts_with(mask) || mask.starts_with(rest)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_of_a_secret_is_redacted_and_the_longest_first() {
        add(&SecretString::from("sekrit-one\n  \nsekrit-one-more"));
        assert_eq!(redact("a sekrit-one-more b sekrit-one c"), "a *** b *** c");
        assert_eq!(redact("nothing here"), "nothing here");
        add(&SecretString::from("{\n  sekrit-key\n}\n"));
        assert_eq!(redact("{sekrit-key}"), "{***}");
    }
}
