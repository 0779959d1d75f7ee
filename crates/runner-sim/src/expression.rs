//! `${{ … }}` as far as action metadata needs it: contexts, literals, `||`, `&&`, `!`, `==`, `!=`, parentheses and the
//! status functions of `post-if`.
//!
//! Rules: GitHub's "Evaluate expressions in workflows and actions". Other functions and indexing are refused.

use serde_json::Value;

use crate::Error;

/// How the job stands, for `success()`, `failure()` and `cancelled()`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum JobStatus {
    #[default]
    Success,
    Failure,
    Cancelled,
}

/// What an expression can refer to.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    /// An object with `github`, `runner` and `env`.
    pub(crate) contexts: &'a Value,
    pub(crate) status: JobStatus,
}

impl Scope<'_> {
    /// `text` with each `${{ … }}` replaced by its value.
    pub(crate) fn interpolate(&self, text: &str) -> Result<String, Error> {
        let mut result = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").ok_or_else(|| error(text, "`${{` without `}}`"))?;
            result.push_str(before);
            result.push_str(&to_text(&self.evaluate(expression)?));
            rest = after;
        }
        result.push_str(rest);
        Ok(result)
    }

    /// Whether a condition holds; it may stand in `${{ }}` or not.
    pub(crate) fn condition(&self, text: &str) -> Result<bool, Error> {
        let text = text.trim();
        let inner = text.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).unwrap_or(text);
        Ok(truthy(&self.evaluate(inner)?))
    }

    fn evaluate(&self, text: &str) -> Result<Value, Error> {
        let mut parser = Parser { scope: self, rest: text.trim(), text };
        let value = parser.or()?;
        if parser.rest.is_empty() { Ok(value) } else { Err(error(text, &format!("unexpected `{}`", parser.rest))) }
    }
}

/// Recursive descent over the text; evaluates as it goes (there are no side effects to short-circuit).
struct Parser<'a> {
    scope: &'a Scope<'a>,
    rest: &'a str,
    text: &'a str,
}

impl Parser<'_> {
    fn eat(&mut self, token: &str) -> bool {
        let Some(rest) = self.rest.strip_prefix(token) else { return false };
        self.rest = rest.trim_start();
        true
    }

    fn or(&mut self) -> Result<Value, Error> {
        let mut left = self.and()?;
        while self.eat("||") {
            let right = self.and()?;
            left = if truthy(&left) { left } else { right };
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Value, Error> {
        let mut left = self.equality()?;
        while self.eat("&&") {
            let right = self.equality()?;
            left = if truthy(&left) { right } else { left };
        }
        Ok(left)
    }

    fn equality(&mut self) -> Result<Value, Error> {
        let left = self.unary()?;
        // Texts compare without regard to case.
        let same = |a: &Value, b: &Value| to_text(a).to_lowercase() == to_text(b).to_lowercase();
        if self.eat("==") {
            return Ok(same(&left, &self.unary()?).into());
        }
        if self.eat("!=") {
            return Ok((!same(&left, &self.unary()?)).into());
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Value, Error> {
        if !self.rest.starts_with("!=") && self.eat("!") {
            return Ok((!truthy(&self.unary()?)).into());
        }
        if self.eat("(") {
            let value = self.or()?;
            return if self.eat(")") { Ok(value) } else { Err(error(self.text, "`(` without `)`")) };
        }
        if let Some(rest) = self.rest.strip_prefix('\'') {
            return self.string(rest);
        }
        self.word()
    }

    /// A literal in single quotes, a doubled quote standing for one.
    fn string(&mut self, mut rest: &str) -> Result<Value, Error> {
        let mut value = String::new();
        loop {
            let (part, after) = rest.split_once('\'').ok_or_else(|| error(self.text, "`'` without its end"))?;
            value.push_str(part);
            match after.strip_prefix('\'') {
                Some(next) => {
                    value.push('\'');
                    rest = next;
                }
                None => {
                    self.rest = &self.rest[self.rest.len() - after.len()..];
                    self.rest = self.rest.trim_start();
                    return Ok(value.into());
                }
            }
        }
    }

    fn word(&mut self) -> Result<Value, Error> {
        let part_of_word = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        let end = self.rest.find(|c| !part_of_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest.trim_start();
        if self.eat("(") {
            if !self.eat(")") {
                return Err(error(self.text, &format!("{word}() with arguments is not supported here")));
            }
            return self.function(word);
        }
        match word {
            "" => Err(error(self.text, "a value is missing")),
            "true" => Ok(true.into()),
            "false" => Ok(false.into()),
            "null" => Ok(Value::Null),
            _ if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') => {
                word.parse::<f64>().map(Value::from).map_err(|_| error(self.text, &format!("`{word}` is not a number")))
            }
            _ => self.lookup(word),
        }
    }

    fn function(&self, name: &str) -> Result<Value, Error> {
        let status = self.scope.status;
        match name.to_lowercase().as_str() {
            "always" => Ok(true.into()),
            "success" => Ok((status == JobStatus::Success).into()),
            "failure" => Ok((status == JobStatus::Failure).into()),
            "cancelled" => Ok((status == JobStatus::Cancelled).into()),
            _ => Err(error(self.text, &format!("function {name}() is not supported here"))),
        }
    }

    /// An unknown context is an error, an unknown property is null.
    fn lookup(&self, path: &str) -> Result<Value, Error> {
        let mut names = path.split('.');
        let context = names.next().unwrap_or_default();
        let Some(mut value) = property(self.scope.contexts, context) else {
            return Err(error(
                self.text,
                &format!("unknown context `{context}`: only github, runner and env are there"),
            ));
        };
        for name in names {
            match property(value, name) {
                Some(inner) => value = inner,
                None => return Ok(Value::Null),
            }
        }
        Ok(value.clone())
    }
}

fn property<'a>(value: &'a Value, name: &str) -> Option<&'a Value> {
    value.as_object()?.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// A value as the runner puts it into text: whole numbers without a fraction, null as nothing.
pub(crate) fn to_text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.as_f64().map_or_else(|| number.to_string(), |number| number.to_string()),
        Value::String(text) => text.clone(),
        Value::Array(_) => "Array".into(),
        Value::Object(_) => "Object".into(),
    }
}

fn error(text: &str, reason: &str) -> Error {
    Error::Expression { text: text.trim().to_owned(), reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn scope(contexts: &Value, status: JobStatus) -> Scope<'_> {
        Scope { contexts, status }
    }

    #[test]
    fn contexts_are_put_into_text() {
        let contexts = json!({"github": {"token": "t0k", "event": {"number": 7, "draft": false}}, "runner": {}, "env": {"A": "b"}});
        let scope = scope(&contexts, JobStatus::Success);
        for (text, expected) in [
            ("plain", "plain"),
            ("${{ github.token }}", "t0k"),
            ("${{github.TOKEN}}-${{ env.A }}", "t0k-b"),
            ("${{ github.event.number }}", "7"),
            ("${{ github.event.draft }}", "false"),
            ("${{ github.event.nothing.there }}", ""),
            ("${{ env.NONE || 'it''s' }}", "it's"),
            ("${{ env.A && 'yes' || 'no' }}", "yes"),
            ("${{ github.event.number == 7 }}", "true"),
            ("${{ env.A != 'B' }}", "false"),
            ("${{ 1.5 }}", "1.5"),
        ] {
            assert_eq!(scope.interpolate(text).expect(text), expected, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_evaluated_is_an_error() {
        let contexts = json!({"github": {}, "runner": {}, "env": {}});
        for text in
            ["${{ secrets.X }}", "${{ github.x", "${{ }}", "${{ hashFiles('x') }}", "${{ github.a b }}", "${{ 'x }}"]
        {
            scope(&contexts, JobStatus::Success).interpolate(text).expect_err(text);
        }
    }

    #[test]
    fn conditions_see_the_state_of_the_job() {
        let contexts = json!({"github": {}, "runner": {}, "env": {}});
        for (text, success, failure, cancelled) in [
            ("always()", true, true, true),
            ("success()", true, false, false),
            ("${{ failure() }}", false, true, false),
            ("!cancelled()", true, true, false),
            ("success() || (failure() && !cancelled())", true, true, false),
        ] {
            for (status, expected) in
                [(JobStatus::Success, success), (JobStatus::Failure, failure), (JobStatus::Cancelled, cancelled)]
            {
                assert_eq!(scope(&contexts, status).condition(text).expect(text), expected, "{text} {status:?}");
            }
        }
    }
}
