//! Files of requirements with those that they include: what is in them, as far as a key of the cache is concerned.
//!
//! Source: pip's documentation, "Requirements File Format"; uv reads the same, variables in any name included.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use actions_core::address;
use actions_core::{Cause, Context as _, Env, Error, Result, text};
use sha2::{Digest, Sha256};

use crate::moving::{is_moving, value};

/// The digest of a file of requirements with those that it includes. Does it name something that moves? Credentials in it
/// are masked from here on. `of` says whose wish it is.
///
/// # Errors
/// When one of them cannot be read.
pub(crate) fn digest_file(file: &Path, of: &str, env: &Env) -> Result<(String, bool)> {
    let mut hasher = Sha256::new();
    let moving = digest(file, of, env, &mut hasher, &mut BTreeSet::new())?;
    Ok((hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect(), moving))
}

fn digest(file: &Path, of: &str, env: &Env, hasher: &mut Sha256, seen: &mut BTreeSet<PathBuf>) -> Result<bool> {
    if !seen.insert(file.to_owned()) {
        return Ok(false);
    }
    let text = text_of(file, of)?;
    address::mask(&text);
    hasher.update(address::without(&text));
    let mut moving = false;
    for line in text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim()) {
        let Some(name) = value(line, &["--requirement", "--constraint", "-r", "-c"]) else {
            moving |= is_moving(line);
            continue;
        };
        match expanded(name.trim_matches(['"', '\'']), env) {
            // uv may know the variable, and says so if it does not.
            None => moving = true,
            // At an address stands what somebody may change.
            Some(name) if name.contains("://") => moving = true,
            Some(name) => {
                let name = file.parent().unwrap_or(Path::new("")).join(name);
                moving |= digest(&name, &format!("{of}: {}", file.display()), env, hasher, seen)?;
            }
        }
    }
    Ok(moving)
}

/// The text of a file of requirements; `of` says whose wish it is.
///
/// # Errors
/// When it cannot be read, or is not text: with its line.
pub(crate) fn text_of(file: &Path, of: &str) -> Result<String> {
    let bytes = text::bytes_if_there(file, text::LONGEST).context(|| of.to_owned())?.ok_or_else(|| {
        Error::input(format!("{of}: failed to read {}: it is not there", file.display()))
            .hint("Write the path of a file in the workspace; is the repository checked out before this step?")
    })?;
    decoded(&bytes, file).map_err(|error| {
        let (at, text) = (error.location().cloned(), format!("{of}: {}", error.full_text()));
        let error = Error::new(Cause::Input, text);
        match at {
            Some(at) => error.at(at),
            None => error,
        }
    })
}

/// The text of a file. A byte order mark says how it is encoded, as uv has it: PowerShell's `>` writes UTF-16. uv takes no other
/// encoding.
fn decoded(bytes: &[u8], file: &Path) -> Result<String> {
    let utf_16 = |bytes: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<_> = bytes.as_chunks::<2>().0.iter().map(|pair| unit(*pair)).collect();
        String::from_utf16(&units).map_err(|_| text::not_text(bytes, 0, file))
    };
    let utf_8 = |text: &[u8]| text::decode(text.to_vec(), file);
    match bytes {
        [0xef, 0xbb, 0xbf, text @ ..] => utf_8(text),
        [0xff, 0xfe, text @ ..] => utf_16(text, u16::from_le_bytes),
        [0xfe, 0xff, text @ ..] => utf_16(text, u16::from_be_bytes),
        _ => utf_8(bytes),
    }
}

/// The text with the values of its `${VARIABLES}`; `None` where one is not set.
pub(crate) fn expanded(text: &str, env: &Env) -> Option<String> {
    let (mut done, mut rest) = (String::new(), text);
    while let Some((before, behind)) = rest.split_once("${") {
        let (name, after) = behind.split_once('}')?;
        done.push_str(before);
        done.push_str(env.raw(name)?);
        rest = after;
    }
    Some(done + rest)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn of(files: &[(&str, &str)]) -> Result<(String, bool)> {
        let folder = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| fs::write(folder.path().join(name), text).unwrap());
        let env = [("NAME", "b")].into_iter().collect();
        digest_file(&folder.path().join("a.txt"), "input requirements", &env)
    }

    #[test]
    fn what_is_included_counts_and_credentials_do_not() {
        let one = of(&[("a.txt", "-r b.txt\n--constraint=c.txt\r\n"), ("b.txt", "x==1\n-r a.txt"), ("c.txt", "")]);
        let one = one.unwrap();
        for (file, text) in [("b.txt", "x==2\n-r a.txt"), ("c.txt", "y==1")] {
            let files = [("a.txt", "-r b.txt\n--constraint=c.txt\r\n"), ("b.txt", "x==1\n-r a.txt"), ("c.txt", "")];
            let changed: Vec<_> = files.into_iter().map(|at| if at.0 == file { (file, text) } else { at }).collect();
            assert_ne!(of(&changed).unwrap(), one, "{file}");
        }
        let with = |secret: &str| of(&[("a.txt", &format!("--index-url https://t:{secret}@h/simple\nx"))]).unwrap();
        assert_eq!(with("first-s3cret"), with("other-s3cret"));
        let error = of(&[("a.txt", "-r missing.txt")]).unwrap_err().full_text();
        assert!(error.contains("a.txt: failed to read") && error.contains("missing.txt"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_text_is_named_with_its_line_also_where_another_includes_it() {
        let folder = tempfile::tempdir().unwrap();
        let (outer, inner) = (folder.path().join("a.txt"), folder.path().join("b.txt"));
        fs::write(&outer, "numpy\n-r b.txt\n").unwrap();
        for (bytes, line) in [(&b"idna\n# caf\xe9\n"[..], Some(2)), (b"\xff\xfe\x00\xd8", None)] {
            fs::write(&inner, bytes).unwrap();
            let error = digest_file(&outer, "input requirements", &Env::default()).unwrap_err();
            assert_eq!((error.cause(), error.location().and_then(|at| at.line)), (Cause::Input, line));
            let text = error.full_text();
            assert!(
                text.starts_with("input requirements: ") && text.contains("b.txt cannot be read as text"),
                "{text}"
            );
        }
    }

    #[test]
    fn files_with_what_may_be_another_thing_are_moving() {
        assert!(!of(&[("a.txt", "-r b.txt"), ("b.txt", "numpy # ./x")]).unwrap().1);
        for text in ["numpy\n-e ./lib # ours\n", "-r https://h/r.txt", "--constraint=https://h/c.txt", "-r b.txt"] {
            assert!(of(&[("a.txt", text), ("b.txt", "x @ git+https://h/x@main")]).unwrap().1, "{text}");
        }
    }

    #[test]
    fn names_are_unquoted_and_have_the_values_of_variables() {
        let include = |name: &str, text: &str| of(&[("a.txt", &format!("-r {name}")), ("b.txt", text)]).unwrap();
        for name in ["\"b.txt\"", "'b.txt'", "${NAME}.txt", "\"${NAME}.txt\""] {
            assert!(!include(name, "x==1").1, "{name}");
            assert_ne!(include(name, "x==1"), include(name, "x==2"), "{name}");
        }
        assert!(include("${OTHER}.txt", "x==1").1 && include("${NAME", "x==1").1);
        assert!(of(&[("a.txt", "--index-url https://h/${TEAM}/simple")]).unwrap().1);
        assert!(!of(&[("a.txt", "--index-url https://${USER}:${TOKEN}@h/simple")]).unwrap().1);
    }

    #[test]
    fn byte_order_marks_say_how_a_file_is_encoded() {
        let text = "-r b.txt\n--index-url https://me:s3cret-in-utf16@h/simple\nx @ git+https://h/x@main\n";
        let units = || "\u{feff}".encode_utf16().chain(text.encode_utf16());
        for bytes in [
            units().flat_map(u16::to_le_bytes).collect(),
            units().flat_map(u16::to_be_bytes).collect(),
            format!("\u{feff}{text}").into_bytes(),
        ] {
            let bytes: Vec<u8> = bytes;
            assert_eq!(decoded(&bytes, Path::new("a.txt")).unwrap(), text);
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join("a.txt"), bytes).unwrap();
            let digest = |included: &str| {
                fs::write(folder.path().join("b.txt"), included).unwrap();
                digest_file(&folder.path().join("a.txt"), "", &Env::default()).unwrap()
            };
            let (one, other) = (digest("x==1"), digest("x==2"));
            assert!(one.1 && one.0 != other.0, "{one:?}");
        }
        assert_eq!(actions_core::runner::mask::redact("s3cret-in-utf16"), "***");
    }
}
