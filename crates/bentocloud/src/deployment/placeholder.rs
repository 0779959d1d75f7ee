//! Texts that somebody meant to be replaced before they are sent.

/// What a text looks like, if it looks like a placeholder: a variable of a shell (`$NAME` as a whole, `${NAME}`), an
/// expression of GitHub's, or a name in words (`<your-key>`, `YOUR_API_KEY`). Behind the host of an address a `${name}` in small
/// letters belongs to whoever reads the address: a variable of the environment is in capitals.
pub(super) fn shape(text: &str) -> Option<&'static str> {
    let text = text.trim();
    if text.strip_prefix('$').is_some_and(is_name) {
        return Some("a variable ($NAME)");
    }
    let braces = text.match_indices("${").find_map(|(at, _)| {
        let rest = text.get(at..)?;
        if rest.starts_with("${{") {
            return rest.contains("}}").then_some("an expression of a workflow (${{ … }})");
        }
        let name = rest.get(2..rest.find('}')?)?;
        let is_meant = is_name(name) && !(is_behind_host(text.get(..at)?) && name.contains(char::is_lowercase));
        is_meant.then_some("a variable (${NAME})")
    });
    let brackets = || {
        let inside = text.strip_prefix('<')?.strip_suffix('>')?;
        is_in_words(inside).then_some("a placeholder (<…>)")
    };
    let yours = || {
        let start = text.get(..5)?.to_ascii_lowercase();
        let is_one_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
        (is_one_word && ["your-", "your_"].contains(&&*start)).then_some("a placeholder (YOUR_…)")
    };
    braces.or_else(brackets).or_else(yours)
}

/// Does an address go on here behind its host?
fn is_behind_host(before: &str) -> bool {
    let word = before.rsplit(char::is_whitespace).next().unwrap_or_default();
    word.rsplit_once("://").is_some_and(|(_, address)| address.contains(['/', '?', '#']))
}

/// A name that a shell takes for a variable.
fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Words that say what to put there. Tokens of a model, such as `<eos>`, are not meant.
fn is_in_words(text: &str) -> bool {
    let separates = |c: char| matches!(c, '-' | '_' | ' ');
    if !text.chars().all(|c| c.is_ascii_alphanumeric() || separates(c)) {
        return false;
    }
    let text = text.to_ascii_lowercase();
    let words: Vec<_> = text.split(separates).filter(|word| !word.is_empty()).collect();
    let asks = words.iter().any(|word| ["your", "my", "insert", "replace", "enter", "here"].contains(word));
    asks || words.last().is_some_and(|word| ["key", "token", "secret", "password"].contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_meant_to_be_replaced_is_found() {
        for (text, found) in [
            ("$YOUR_KEY", "$NAME"),
            ("https://${HOST}/v1", "${NAME}"),
            ("https://${host}/v1/${id}", "${NAME}"),
            ("https://x/v1?key=${API_KEY}", "${NAME}"),
            ("https://x/${id}/y ${name}", "${NAME}"),
            ("${{ secrets.HF_TOKEN }}", "${{"),
            ("<your-key>", "<…>"),
            ("<API_KEY>", "<…>"),
            ("<insert the token here>", "<…>"),
            ("YOUR_API_KEY", "YOUR_…"),
            (" your-key\n", "YOUR_…"),
        ] {
            assert!(shape(text).is_some_and(|shape| shape.contains(found)), "{text}: {:?}", shape(text));
        }
        let values = ["", "$", "costs $5", "a$b", "${", "${1}", "${a b}", "pa$$word"];
        let tokens = ["<eos>", "<|endoftext|>", "<s>", "<>", "a < b > c", "your service", "yours", "<b>your key</b>"];
        let templates = ["https://x/${id}/y", "see https://x/items?id=${itemId}#${part}", "s3://bucket/${run_id}/out"];
        for text in values.into_iter().chain(tokens).chain(templates) {
            assert_eq!(shape(text), None, "{text}");
        }
    }
}
