//! What reads bytes of others, as functions that take any bytes: a target each.
//!
//! A target panics where the code under it does, or where what must hold for every input does not. libFuzzer calls the
//! targets from `fuzz/` (`cargo xtask fuzz`); the tests of this crate call them with the inputs that are kept in
//! `fuzz/corpus` and with fresh ones.

mod archives;
mod headers;
mod runner;
mod text;

/// A function that takes any bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of the target, of its file in `fuzz/fuzz_targets` and of its folder in `fuzz/corpus`.
    pub name: &'static str,
    /// Tries one input. It panics where the input shows a fault.
    pub run: fn(&[u8]),
    /// Pieces of inputs that mean something to the code under the target: random bytes alone seldom hit them.
    pub words: &'static [&'static str],
}

/// All targets, by name.
pub const TARGETS: &[Target] = &[
    Target { name: "bento_archive", run: archives::bento, words: &[] },
    Target { name: "bento_tag", run: text::bento_tag, words: &[":", "latest", "-", ".", "/", "é", "\u{212a}", "\0"] },
    Target { name: "cache_entry", run: archives::cache_entry, words: &[] },
    Target {
        name: "challenge",
        run: headers::challenge,
        words: &[
            "Bearer ",
            "Basic ",
            "realm=",
            "service=",
            "scope=",
            "\"",
            "\\\"",
            ",",
            " ",
            "=",
            "https://a.b/t",
            "\t",
        ],
    },
    Target {
        name: "command_files",
        run: runner::command_files,
        words: &["\n", "\r", "\r\n", "<<", "=", "ghadelimiter_", "EOF", "NODE_OPTIONS", "\u{2028}"],
    },
    Target {
        name: "dockerfile",
        run: text::dockerfile,
        words: &[
            "FROM ",
            "RUN ",
            "COPY ",
            "ADD ",
            "ENV ",
            "ARG ",
            "WORKDIR ",
            "USER ",
            "ENTRYPOINT ",
            "# syntax=",
            "# escape=`\n",
            "--from=",
            "--mount=type=cache,target=",
            "--chown=",
            "\\\n",
            "\n",
            "<<EOF\n",
            "EOF\n",
            " AS ",
            "$BENTO_PATH",
            "BENTO_PATH=",
            "/home/bentoml/bento",
            "models",
            ". ",
            "[\"a\", \"b\"]",
            "pip install -r",
            "onbuild ",
            "\r\n",
            "\"",
        ],
    },
    Target {
        name: "image_reference",
        run: text::image_reference,
        words: &[
            "localhost",
            ":5000",
            "ghcr.io",
            "docker.io",
            "index.docker.io",
            "/",
            ":",
            "@sha256:",
            "[::1]",
            "a",
            "__",
        ],
    },
    Target {
        name: "link",
        run: headers::link,
        words: &[
            "<",
            ">",
            ";",
            ",",
            "\"",
            "\\",
            "rel",
            "REL",
            "=",
            "next",
            "prev",
            " ",
            "/v2/a/tags/list?n=1&last=b",
            "é",
        ],
    },
    Target {
        name: "lists",
        run: text::lists,
        words: &[
            ",", "\n", "\r\n", "\"", "\"\"", "#", "=", " ", "\t", "{", "}", "\u{feff}", "\u{a0}", "type=raw", "\r",
        ],
    },
    Target {
        name: "manifest",
        run: text::manifest,
        words: &[
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"mediaType\"",
            "\"digest\"",
            "\"size\"",
            "\"layers\"",
            "\"manifests\"",
            "\"config\"",
            "\"annotations\"",
            "\"platform\"",
            "18446744073709551615",
            "-1",
            "1e400",
            "null",
            "\"\"",
            "\"application/vnd.oci.image.index.v1+json\"",
        ],
    },
    Target {
        name: "patterns",
        run: text::patterns,
        words: &[
            "*", "**", "?", "[", "]", "[^", "[!", "-", "!", "/", "\\", "\n", "#", "{", "}", ",", "..", ".", "a", "é",
            "$", "(",
        ],
    },
    Target {
        name: "range",
        run: headers::range,
        words: &[
            "bytes ",
            "bytes=",
            "0-",
            "-",
            "/",
            "*",
            "0",
            "9",
            "18446744073709551615",
            "18446744073709551616",
            "+",
            " ",
        ],
    },
    Target {
        name: "yaml",
        run: text::yaml,
        words: &[
            "\n",
            "  ",
            "- ",
            "? ",
            ": ",
            "a",
            "<<",
            "&a",
            "*a",
            "!!int ",
            "!!binary ",
            "!!python/name:os.system ",
            "|\n",
            ">-\n",
            "\"",
            "'",
            "{",
            "}",
            "[",
            "]",
            ",",
            "#",
            "---\n",
            "...\n",
            "%YAML 1.1\n",
            "0x7f",
            "017",
            "1:30",
            "-.inf",
            "1e400",
            "2001-12-14t21:59:43.10-05:00",
            "yes",
            "~",
            "\t",
            "\u{feff}",
            "\u{85}",
            "99999999999999999999",
        ],
    },
];

/// The target of this name.
pub fn target(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}
