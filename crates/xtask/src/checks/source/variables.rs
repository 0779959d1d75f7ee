//! Names of environment variables that stand as literals where a variable is read or set.

/// Methods that take a variable's name first: those of `Env`, of `process::Command`, of the job's files and of `inputs!`.
const METHODS: [&str; 9] = ["get", "raw", "os", "path", "flag", "set", "env", "env_remove", "export"];

/// The literals in a source file with their lines, from 1. A file's tests may write what they like.
pub(super) fn literals(source: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in source.lines().enumerate().take_while(|(_, line)| *line != "#[cfg(test)]") {
        if line.trim_start().starts_with("//") {
            continue;
        }
        for method in METHODS {
            let call = format!(".{method}(\"");
            found.extend(line.match_indices(&call).filter_map(|(at, call)| {
                let name = line.get(at + call.len()..)?.split('"').next()?;
                is_variable(name).then_some((number + 1, name))
            }));
        }
    }
    found
}

fn is_variable(name: &str) -> bool {
    name.len() > 1 && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_where_a_variable_is_read_or_set() {
        let source = "// env.get(\"HOME\")\nenv.path(\"HOME\").or(env.get(\"CI\"));\nheaders.get(\"ETag\"); map.get(\"x\");\n\
                      command.env(\"UV_OFFLINE\", \"1\").env(name::OF, \"A_B\");\n#[cfg(test)]\nenv.set(\"PATH\", \"\");";
        assert_eq!(literals(source), [(2, "CI"), (2, "HOME"), (4, "UV_OFFLINE")]);
    }
}
