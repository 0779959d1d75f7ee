//! The `Link` header, by which a registry names the next page of a list.
//!
//! Source: RFC 8288; the distribution specification, "Listing Tags".

/// The target of the first link whose relation is `next`.
pub(crate) fn next(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        let (target, after) = rest.split_once('<')?.1.split_once('>')?;
        let (mut parameters, following) = split(after, ',');
        while !parameters.is_empty() {
            let (parameter, others) = split(parameters, ';');
            if is_next(parameter) {
                return Some(target);
            }
            parameters = others;
        }
        rest = following;
    }
}

/// What stands before the first separator that is in no quotes, and what stands behind it.
fn split(text: &str, separator: char) -> (&str, &str) {
    let mut is_quoted = false;
    let mut is_escaped = false;
    let end = text.char_indices().find(|(_, c)| {
        let ends = *c == separator && !is_quoted;
        is_quoted ^= *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && is_quoted && !is_escaped;
        ends
    });
    let (before, after) = end.and_then(|(at, _)| text.split_at_checked(at)).unwrap_or((text, ""));
    (before, after.strip_prefix(separator).unwrap_or(after))
}

/// `rel=next`, `rel="prev next"`.
fn is_next(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    let mut relations = value.trim().trim_matches('"').split_ascii_whitespace();
    name.trim().eq_ignore_ascii_case("rel") && relations.any(|relation| relation.eq_ignore_ascii_case("next"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_page_is_the_link_of_that_relation() {
        for (header, expected) in [
            (r#"</v2/a/tags/list?last=x&n=1>; rel="next""#, Some("/v2/a/tags/list?last=x&n=1")),
            ("</next>; rel=next", Some("/next")),
            ("</a>;REL=\"prev NEXT\"", Some("/a")),
            (r#"</a>; rel="prev", </b>; rel="next""#, Some("/b")),
            (r#"</a,b>; title="x, </evil>; rel=next"; rel="next""#, Some("/a,b")),
            (r#"</a>; title="x; rel=next"; rel=prev, </b>; rel=next"#, Some("/b")),
            (r#"</next>; rel="prev""#, None),
            (r#"</a>; title="next""#, None),
            ("</a>", None),
            ("</a; rel=next", None),
            ("next", None),
            ("", None),
        ] {
            assert_eq!(next(header), expected, "{header}");
        }
    }

    #[test]
    fn whatever_a_header_holds_it_is_read_to_its_end_and_what_is_found_stands_in_it() {
        let pieces = ["<", ">", ";", ",", "\"", "\\", "rel", "=", "next", "prev", " ", "/a", "é", ""];
        fastrand::seed(7);
        for _ in 0..20_000 {
            let header: String = (0..fastrand::usize(..24)).map(|_| pieces[fastrand::usize(..pieces.len())]).collect();
            if let Some(target) = next(&header) {
                assert!(header.contains(&format!("<{target}>")) && header.contains("next"), "{header:?}: {target:?}");
            }
            // Behind any link of another relation it is found as well.
            let second = format!("</first>; rel=\"prev\", <{}>; rel=next", header.replace(['<', '>'], ""));
            assert_eq!(next(&second), Some(header.replace(['<', '>'], "").as_str()));
        }
    }
}
