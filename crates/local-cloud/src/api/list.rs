//! Lists: `start`, `count`, `search` and the basics of the `q` language.

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{ApiError, ApiResult};
use crate::records::Label;

/// Query of a list. The Python client sends what it does not set as empty values: empty is absent.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListQuery {
    #[serde(default)]
    start: String,
    #[serde(default)]
    count: String,
    #[serde(default)]
    pub search: String,
    #[serde(default)]
    pub q: String,
    #[serde(default)]
    pub cluster: String,
}

impl ListQuery {
    /// Cuts the page out of all items. `count` 0 or absent is not a limit.
    pub(crate) fn page<T>(&self, items: Vec<T>, render: impl FnMut(T) -> Value) -> ApiResult<Value> {
        let start = number("Start", &self.start)?;
        let count = number("Count", &self.count)?;
        let total = items.len();
        let limit = if count == 0 { usize::MAX } else { count };
        let items: Vec<Value> = items.into_iter().skip(start).take(limit).map(render).collect();
        Ok(json!({"total": total, "start": start, "count": count, "items": items}))
    }

    /// Whether an item with this name and these labels is asked for. `honour_q` is false where Yatai ignores `q`.
    pub(crate) fn wants(&self, name: &str, labels: &[Label], honour_q: bool) -> bool {
        name.contains(&self.search)
            && (!honour_q || self.q.split_whitespace().all(|term| term_fits(term, name, labels)))
    }
}

/// `label:k=v,k2=v2` (either), `label:k` (any value), a bare word (part of the name); other keys have no effect.
fn term_fits(term: &str, name: &str, labels: &[Label]) -> bool {
    match term.split_once(':') {
        None => name.contains(term),
        Some(("label", wanted)) => wanted.split(',').any(|one| match one.split_once('=') {
            Some((key, value)) => labels.iter().any(|label| label.key == key && label.value == value),
            None => labels.iter().any(|label| label.key == one),
        }),
        Some(_) => true,
    }
}

fn number(field: &str, text: &str) -> ApiResult<usize> {
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        ApiError::bad(format!(
            "binding error on field '{field}' of type 'ListQuerySchema': strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> ListQuery {
        ListQuery { q: text.to_owned(), ..Default::default() }
    }

    #[test]
    fn labels_are_matched_by_value_by_key_and_by_either() {
        let labels = [Label { key: "team".to_owned(), value: "nlp".to_owned() }];
        for (text, fits) in [
            ("label:team=nlp", true),
            ("label:team", true),
            ("label:team=x", false),
            ("label:team=x,team=nlp", true),
            ("label:team=nlp label:other", false),
            ("iris", true),
            ("rose", false),
            ("sort:created_at-desc", true),
        ] {
            assert_eq!(query(text).wants("iris_clf", &labels, true), fits, "{text}");
        }
    }

    #[test]
    fn a_count_that_is_no_number_is_refused() {
        let query = ListQuery { count: "abc".to_owned(), ..Default::default() };
        assert!(query.page(vec![1], |item| json!(item)).is_err());
    }

    #[test]
    fn no_count_is_everything() {
        let page = ListQuery::default().page(vec![1, 2, 3], |item| json!(item)).expect("no numbers to refuse");
        assert_eq!(page, json!({"total": 3, "start": 0, "count": 0, "items": [1, 2, 3]}));
    }
}
