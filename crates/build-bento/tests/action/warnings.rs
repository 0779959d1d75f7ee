//! What is said of projects that build and yet are not what their authors mean: one warning each, at file and line.

use runner_sim::Level;

use crate::project::{BENTOFILE, Project, SERVICE};

/// The warnings of a build that succeeds: file, line, message.
fn warnings(project: &Project) -> Vec<(String, Option<u32>, String)> {
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    let warnings = result.annotations.into_iter().filter(|annotation| annotation.level == Level::Warning);
    warnings.map(|one| (one.file.unwrap_or_default(), one.line, one.message)).collect()
}

/// The only warning, at this place and with these words.
fn warned(project: &Project, at: (&str, Option<u32>), words: &[&str]) {
    let found = warnings(project);
    assert_eq!(found.len(), 1, "{found:?}");
    let (file, line, message) = &found[0];
    assert_eq!((file.as_str(), *line), at, "{message}");
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

/// The project with more in its bentofile.yaml, from line 4 on.
fn configured(more: &str) -> Project {
    Project::echo().file("bentofile.yaml", &format!("{BENTOFILE}{more}"))
}

#[test]
fn a_sound_project_is_not_warned_of() {
    let sound = "include: ['*.py']\nenvs:\n- {name: A, value: 'http://localhost:80', stage: all}\n\
                 docker: {python_version: '3.10'}\n";
    assert_eq!(warnings(&configured(sound)), []);
}

#[test]
fn a_configuration_that_bentoml_does_not_look_for_is_named() {
    let project = Project::empty().file("service.py", SERVICE).file("bentofile.yml", BENTOFILE);
    let project = project.file("pyproject.toml", "[tool.bentoml.build.python]\nlock_packages = false\n");
    warned(&project, ("bentofile.yml", None), &["is not read", "bentofile.yaml alone", "input bentofile"]);
    // Whoever names it means it.
    assert_eq!(warnings(&project.with("bentofile", "bentofile.yml")), []);
}

#[test]
fn a_text_in_place_of_a_list_is_shown_as_bentoml_reads_it() {
    warned(&configured("include: '*.py'\n"), ("bentofile.yaml", Some(4)), &["`*`, `.`, `p`, …", "include: [\"*.py\"]"]);
    warned(&configured("docker:\n  system_packages: git\n"), ("bentofile.yaml", Some(5)), &["system_packages", "`g`"]);
}

#[test]
fn a_boolean_in_quotes_is_said_to_be_true() {
    let text = "service: service:Echo\npython:\n  lock_packages: false\n  is_src_layout: 'no'\n";
    let project = Project::echo().file("bentofile.yaml", text);
    warned(&project, ("bentofile.yaml", Some(4)), &["python.is_src_layout", "takes for true"]);
}

#[test]
fn an_unknown_key_of_an_environment_variable_is_shown_with_the_nearest() {
    let project = configured("envs:\n- name: A\n  valu: '5'\n");
    warned(&project, ("bentofile.yaml", Some(6)), &["envs.0 holds the key valu", "Did you mean value?"]);
}

#[test]
fn python_3_10_without_quotes_is_said_to_be_3_1() {
    let project = |version| configured(&format!("docker:\n  base_image: python:3\n  python_version: {version}\n"));
    warned(&project("3.10"), ("bentofile.yaml", Some(6)), &["\"3.10\", in quotes"]);
    assert_eq!(warnings(&project("3.11")), []);
}

#[test]
fn credentials_that_travel_with_the_bento_are_said_to_and_never_shown() {
    let text = "service: service:Echo\npython:\n  lock_packages: false\n  requirements_txt: r.txt\n  \
                index_url: https://me:t0ken-one@pypi.example/simple\n  extra_index_url:\n  \
                - https://${TOKEN}@pypi.example/a\n  - https://t0ken-two@pypi.example/b\n\
                envs:\n- {name: DB, value: 'postgres://me:t0ken-three@db/x'}\n";
    let project = Project::echo()
        .file("bentofile.yaml", text)
        .file("r.txt", "idna\nx @ https://me:t0ken-four@host.example/x-1-py3-none-any.whl\n");
    let result = project.build();
    assert!(result.succeeded(), "{}", result.log_text());
    let places: Vec<_> =
        result.annotations.iter().map(|one| (one.file.as_deref().unwrap(), one.line.unwrap())).collect();
    let expected = [("bentofile.yaml", 5), ("bentofile.yaml", 8), ("bentofile.yaml", 10), ("r.txt", 2)];
    assert_eq!(places, expected);
    assert!(result.annotations.iter().all(|one| one.message.contains("credentials")));
    let everything = format!("{}{:?}{:?}", result.log_text(), result.annotations, result.summary);
    for token in ["t0ken-one", "t0ken-two", "t0ken-three", "t0ken-four"] {
        assert!(!everything.contains(token), "{everything}");
    }
}

const POINTER: &str = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345\n";

#[test]
fn git_lfs_pointers_that_are_packed_as_weights_are_named() {
    let project = configured("exclude: ['left-out/']\n").file("weights/w.bin", POINTER).file("left-out/x.bin", POINTER);
    warned(&project, ("weights/w.bin", None), &["The Bento holds a Git LFS pointer", "weights/w.bin", "lfs: true"]);
    // Where the build fails, they may be why.
    let failing = Project::service("raise ValueError('no weights')\n").file("w.bin", POINTER).build();
    let warnings: Vec<_> = failing.annotations.iter().filter(|one| one.level == Level::Warning).collect();
    assert_eq!((failing.exit_code, warnings.len()), (Some(6), 1), "{}", failing.log_text());
    assert_eq!(warnings[0].file.as_deref(), Some("w.bin"));
}

#[test]
fn git_lfs_pointers_in_models_of_the_store_are_named() {
    let project = configured("models:\n- weights:v1\n");
    let model = project.home().join("models/weights/v1");
    std::fs::create_dir_all(&model).unwrap();
    let text = "name: weights\nversion: v1\nmodule: ''\nlabels: {}\noptions: {}\nmetadata: {}\ncontext: \
                {framework_name: '', framework_versions: {}, bentoml_version: 1.4.39, python_version: 3.11.2}\n\
                signatures: {}\napi_version: v1\ncreation_time: '2026-01-01T00:00:00.000000+00:00'\n";
    std::fs::write(model.join("model.yaml"), text).unwrap();
    std::fs::write(model.join("w.bin"), POINTER).unwrap();
    std::fs::write(model.parent().unwrap().join("latest"), "v1").unwrap();
    warned(&project, ("bentofile.yaml", Some(5)), &["The model weights:v1 holds a Git LFS pointer", "w.bin"]);
}

#[test]
fn models_are_looked_for_in_the_modules_that_the_service_imports_and_in_no_others() {
    let project = Project::service(&format!("from lib.load import weights\n{SERVICE}"))
        .file("lib/__init__.py", "")
        .file(
            "lib/load.py",
            "import bentoml\nfrom . import more\n\ndef weights():\n    return bentoml.models.get('w:v1')\n",
        )
        .file("lib/more.py", "")
        .file("train.py", "import bentoml\nbentoml.models.get('raw')\n");
    warned(&project, ("lib/load.py", Some(5)), &["w:v1"]);
    // An alias of the configuration declares it; here the model itself is not in the store, and nothing is said twice.
    let named = project.file("bentofile.yaml", &format!("{BENTOFILE}models:\n- {{tag: 'real:v1', alias: 'w:v1'}}\n"));
    let result = named.build();
    assert_eq!((result.exit_code, result.annotations.len()), (Some(4), 1), "{}", result.log_text());
}

#[test]
fn code_that_is_too_deep_to_be_looked_through_builds() {
    let deep = format!("deep{}()\n", ".deep".repeat(1200));
    let result = Project::service(&format!("if False:\n    {deep}\n{SERVICE}")).build();
    assert!(result.succeeded(), "{}", result.log_text());
}
