use super::*;

const TEXT: &str = "FROM x\n# RUN pip install -r no\nARG BENTO_USER_UID=1034\nARG BENTO_USER_GID=7\nARG BENTO_PATH=/b/c/\n\
    RUN if true; then \\\n    pip install -r x; \\\n    fi\nRUN --mount=type=cache,target=/c pip install -r a\n\
    RUN echo hi\nCOPY --chown=a:a ./env ./env/\nCOPY --chown=a:a . ./\nUSER a\n";

#[test]
fn a_dockerfile_that_nobody_writes_is_refused_at_its_line() {
    let parse = |text: &str| Dockerfile::parse(text.into(), Path::new("Dockerfile"));
    let comments = "# a\n".repeat(20_000);
    assert!(parse(&format!("{comments}FROM x\n{}", "RUN a\n".repeat(9_999))).is_ok());
    assert!(parse(&"FROM x\n".repeat(1000)).is_ok());
    for (text, limit, line) in [
        (format!("{comments}FROM x\n{}", "RUN a\n".repeat(10_000)), "10000 instructions", 30_001),
        (format!("RUN a \\\n b\n{}", "FROM x\n".repeat(1001)), "1000 stages", 1003),
    ] {
        let error = parse(&text).unwrap_err();
        assert_eq!(error.location().and_then(|location| location.line), Some(line), "{}", error.full_text());
        assert!(error.cause() == actions_core::Cause::Input && error.full_text().contains(limit));
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(LONGEST + 1).unwrap();
    let error = crate::bento::read_dockerfile(file.path(), "none").unwrap_err();
    assert!(error.cause() == actions_core::Cause::Input && error.full_text().contains("longer than 1.0 MiB"));
}

/// The most that is taken, each stage beginning from the one before.
#[test]
fn the_most_stages_are_looked_at_at_once() {
    let stages = (0..1000).map(|number| format!("FROM s{number} AS s{}\n{}", number + 1, "RUN make\n".repeat(9)));
    let text = format!("{}COPY . .\n", stages.collect::<String>());
    let file = Dockerfile::new(text);
    let start = std::time::Instant::now();
    let place = file.place(&[], None);
    assert!(!file.reads_models(&place, &no_scripts));
    assert!(file.with_before_source("LINE\n", &place, None, &no_scripts).text().ends_with("LINE\nCOPY . .\n"));
    assert!(start.elapsed().as_secs() < 10, "{:?}", start.elapsed());
}

#[test]
fn only_installing_instructions_get_a_cache() {
    let changed = Dockerfile::new(TEXT).with_caches();
    assert_eq!(changed.text().matches("sharing=locked").count(), 1, "{}", changed.text());
    let first = format!("RUN {CACHE_MOUNT}if true; then \\\n    pip install -r x; \\\n    fi\n");
    assert!(changed.text().contains(&first), "{}", changed.text());
    assert_eq!(changed.text().replace(CACHE_MOUNT, ""), TEXT);
}

#[test]
fn lines_go_before_the_source_and_else_to_the_end() {
    let with = |text: &str, target: Option<&str>| {
        let dockerfile = Dockerfile::new(text);
        dockerfile.with_before_source("MODELS\n", &dockerfile.place(&[], target), target, &no_scripts).text().to_owned()
    };
    assert!(with(TEXT, None).contains("./env/\nMODELS\nCOPY --chown=a:a . ./\n"));
    assert_eq!(with("FROM x", None), "FROM x\nMODELS\n");
    // The stage that makes the image, and one that needs them.
    let two = |run: &str| format!("FROM x AS a\nCOPY . .\nRUN {run}\nFROM y\nCOPY . /b\nRUN z\n");
    assert_eq!(with(&two("make"), None), two("make").replace("COPY . /b", "MODELS\nCOPY . /b"));
    assert_eq!(with(&two("convert models/m"), None), two("convert models/m").replace("COPY .", "MODELS\nCOPY ."));
    assert_eq!(with(&two("make"), Some("a")), two("make").replace("COPY . .", "MODELS\nCOPY . ."));
    assert_eq!(with("FROM x AS a\nRUN a\nFROM y\n", Some("a")), "FROM x AS a\nRUN a\nMODELS\nFROM y\n");
}

#[test]
fn a_builder_without_mounts_gets_none() {
    let plain = Dockerfile::new(TEXT).with_caches().without_caches().unwrap();
    assert!(!plain.text().contains("--mount"), "{}", plain.text());
    assert!(plain.text().contains("RUN pip install -r a\n"), "{}", plain.text());
    let secret = Dockerfile::new("FROM x\nRUN --mount=type=cache,target=/c --mount=type=secret,id=a pip install x\n");
    assert_eq!(secret.without_caches().unwrap_err(), "--mount=type=secret,id=a");
}

#[test]
fn the_whole_context_can_be_named_piece_by_piece() {
    let changed = Dockerfile::new(TEXT).with_copied(&["src".into()], &["a b".into()]);
    let expected = "COPY --chown=a:a [\"a b\",\"./\"]\nCOPY --chown=a:a [\"src\",\"./src/\"]\nUSER a\n";
    assert!(changed.text().ends_with(expected), "{}", changed.text());
}

#[test]
fn bases_are_what_is_written_out() {
    let text = "FROM --platform=$BUILDPLATFORM r.x/a:1 AS b\nFROM $BASE\nfrom python:3.11-slim\n";
    assert_eq!(Dockerfile::new(text).bases(), ["r.x/a:1", "python:3.11-slim"]);
}

#[test]
fn the_place_comes_from_arguments() {
    let dockerfile = Dockerfile::new(TEXT);
    let place = |arguments: &[&str]| {
        dockerfile.place(&arguments.iter().map(|&argument| argument.to_owned()).collect::<Vec<_>>(), None)
    };
    assert_eq!(place(&[]), Place { folder: "/b/c".into(), uid: 1034, gid: 7 });
    assert_eq!(place(&["BENTO_USER_UID=5", "BENTO_PATH=/d"]), Place { folder: "/d".into(), uid: 5, gid: 7 });
    let none = Dockerfile::new("FROM x").place(&[], None);
    assert_eq!((none.folder.as_str(), none.uid), ("/home/bentoml/bento", 1034));
    for (text, expected) in [
        ("FROM x\nENV BENTO_PATH=/e\nWORKDIR /w\nCOPY . .\n", "/e"),
        ("FROM x\nWORKDIR /w/\nCOPY . ./\nWORKDIR /z\n", "/w"),
        ("FROM x\nWORKDIR /w\nCOPY . b/\n", "/w/b"),
        ("FROM x\nCOPY . /c\n", "/c"),
        ("FROM x\nWORKDIR $W\nCOPY . .\n", "/home/bentoml/bento"),
        ("FROM x AS a\nCOPY . /src\nFROM y\nCOPY --from=a /src /app\nWORKDIR /app\n", "/app"),
    ] {
        assert_eq!(Dockerfile::new(text).place(&[], None).folder, expected, "{text}");
    }
}

fn no_scripts(_: &str) -> Option<String> {
    None
}

/// The last stage begins from the one that copies the Bento.
#[test]
fn a_stage_has_what_it_begins_from() {
    let text =
        "FROM x AS base\nWORKDIR /w\nCOPY . .\nFROM y AS other\nWORKDIR /o\nFROM base AS final\nRUN cat models/m/v1\n";
    let dockerfile = Dockerfile::new(text);
    let place = dockerfile.place(&[], None);
    assert_eq!(place.folder, "/w");
    for (target, folder) in [("BASE", "/w"), ("other", "/o"), ("1", "/o"), ("final", "/w")] {
        assert_eq!(dockerfile.place(&[], Some(target)).folder, folder, "{target}");
    }
    assert!(dockerfile.reads_models(&place, &no_scripts));
    let with = dockerfile.with_before_source("LINE\n", &place, None, &no_scripts);
    assert_eq!(with.text(), text.replace("COPY . .\n", "LINE\nCOPY . .\n"));
}

#[test]
fn reading_models_during_the_build_is_noticed() {
    let reads = |text: &str| {
        let dockerfile = Dockerfile::new(text);
        dockerfile.reads_models(&dockerfile.place(&[], None), &no_scripts)
    };
    assert!(!reads(TEXT));
    assert!(!reads("ENV BENTOML_HF_CACHE_DIR=/b/hf-models/x\n# RUN ls models/\n"));
    // BentoML runs the commands of an Image before it copies the Bento.
    assert!(!reads("FROM x\nRUN mkdir -p models/cache\nCOPY . ./\n"));
    assert!(!reads("FROM x\nCOPY . ./\nFROM y\nRUN convert models/m/v1\n"));
    assert!(reads("FROM x\nCOPY . /b\nRUN convert models/m/v1\n"));
    assert!(reads("FROM x\nCOPY models/m /m\nCOPY . ./\n"));
    assert!(Dockerfile::new(TEXT).with_models_from("x").is_none());
    let changed = Dockerfile::new("FROM x\nCOPY models/m /m\nUSER a\n").with_models_from("c").unwrap();
    assert_eq!(changed.text(), "FROM x\nCOPY --from=c [\"models/m\",\"/m\"]\nUSER a\n");
}
