//! Projects that do not build: one annotation, at the line where it is known, and a store as it was.

use std::io::{Read, Write};

use runner_sim::{Annotation, StepResult};

use crate::project::{BENTOFILE, Project, SERVICE};

/// The one annotation of a failed build; nothing else was left behind.
fn failed(project: &Project, code: i32) -> (Annotation, StepResult) {
    let result = project.build();
    let log = result.log_text();
    assert_eq!(result.exit_code, Some(code), "{log}");
    assert_eq!(result.annotations.len(), 1, "{:?}\n{log}", result.annotations);
    assert!(result.outputs.is_empty(), "{:?}", result.outputs);
    assert_eq!((project.stored("bentos/echo"), project.stored("tmp")), (Vec::new(), Vec::new()));
    (result.annotations[0].clone(), result)
}

fn place(annotation: &Annotation) -> (Option<&str>, Option<u32>) {
    (annotation.file.as_deref(), annotation.line)
}

#[test]
fn a_service_that_raises_is_shown_at_its_innermost_line() {
    let helper = "def load(path):\n    print('::error::inert')\n    raise ValueError('no weights in ' + path)\n";
    let project = Project::empty()
        .file("app/service.py", &format!("from lib import helper\nhelper.load('w.bin')\n{SERVICE}"))
        .file("app/lib/helper.py", helper)
        .file("app/bentofile.yaml", BENTOFILE)
        .with("context", "app");
    let (error, result) = failed(&project, 6);
    assert_eq!(place(&error), (Some("app/lib/helper.py"), Some(3)));
    assert!(error.message.contains("lib/helper.py raised ValueError: no weights in w.bin"), "{}", error.message);
    assert!(result.log_text().contains("Traceback (most recent call last)"), "{}", result.log_text());
}

#[test]
fn a_hub_that_sends_us_round_in_circles_is_one_that_cannot_be_reached() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let hub = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut peer in listener.incoming().flatten() {
            let again = b"HTTP/1.1 307 Again\r\nconnection: close\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n";
            let _ = peer.read(&mut [0; 16 * 1024]);
            let _ = peer.write_all(again);
        }
    });
    let model = "class Echo:\n    model = bentoml.models.HuggingFaceModel('org/tiny')\n";
    let project = Project::service(&SERVICE.replace("class Echo:\n", model)).env("HF_ENDPOINT", &hub);
    let (error, _) = failed(&project, 5);
    assert!(error.message.contains("TooManyRedirects") && error.message.contains("HF_ENDPOINT"), "{}", error.message);
}

#[test]
fn an_error_of_syntax_is_shown_where_it_is() {
    let project = Project::service("import broken\n").file("broken.py", "x = 1\ny = (2,\nz = = 3\n");
    let (error, _) = failed(&project, 6);
    assert_eq!(error.file.as_deref(), Some("broken.py"));
    assert!(error.line.is_some_and(|line| (2..=3).contains(&line)), "{error:?}");
    assert!(error.message.contains("SyntaxError"), "{}", error.message);
}

#[test]
fn a_module_of_the_workspace_is_said_to_be_there() {
    let project = Project::empty()
        .file("services/chat/service.py", &format!("from shared.conf import PORT\n{SERVICE}"))
        .file("services/chat/bentofile.yaml", BENTOFILE)
        .file("libs/shared/__init__.py", "")
        .file("libs/shared/conf.py", "PORT = 1\n")
        .with("context", "services/chat");
    let (error, _) = failed(&project, 6);
    let message = &error.message;
    assert!(message.contains("The module shared is in the workspace, in the folder libs,"), "{message}");
    assert!(message.contains("PYTHONPATH") && !message.contains("pip install"), "{message}");
    let libs = project.workspace().join("libs").display().to_string();
    let result = project.env("PYTHONPATH", &libs).build();
    assert!(result.succeeded(), "{}", result.log_text());
}

#[test]
fn requirements_without_a_solution_are_shown_with_the_resolvers_reason() {
    let project = Project::echo()
        .file("bentofile.yaml", "service: service:Echo\npython:\n  packages:\n  - idna\n  - acme-private-zz==9.9\n")
        .env("UV_OFFLINE", "1");
    let (error, _) = failed(&project, 6);
    assert_eq!(place(&error), (Some("bentofile.yaml"), Some(5)));
    assert!(error.message.contains("acme-private-zz was not found"), "{}", error.message);
    assert!(!error.message.contains("--debug"), "{}", error.message);
}

#[test]
fn a_project_without_a_service_is_an_error_at_the_line_that_names_it() {
    let (error, _) = failed(&Project::service("x = 1\n"), 6);
    assert_eq!(place(&error), (Some("bentofile.yaml"), Some(1)));
    assert!(error.message.contains("no service") && error.message.contains("Echo"), "{}", error.message);
    let typo = Project::echo().file("bentofile.yaml", "labels: {a: b}\nservice: servise:Echo\n");
    let (error, _) = failed(&typo, 6);
    assert_eq!(place(&error), (Some("bentofile.yaml"), Some(2)));
    assert!(error.message.contains("servise") && !error.message.contains("pip install"), "{}", error.message);
    let (error, _) = failed(&Project::empty(), 6);
    assert!(error.message.contains("service.py"), "{}", error.message);
}

#[test]
fn an_unknown_key_is_shown_at_its_line_with_the_nearest_one() {
    for (text, line, meant) in [
        ("service: service:Echo\nlabel: {a: b}\n", 2, "labels"),
        ("service: service:Echo\npython:\n  lock_package: false\n", 3, "lock_packages"),
    ] {
        let (error, _) = failed(&Project::echo().file("bentofile.yaml", text), 2);
        assert_eq!(place(&error), (Some("bentofile.yaml"), Some(line)), "{error:?}");
        assert!(error.message.contains(&format!("Did you mean {meant}?")), "{}", error.message);
    }
}

#[test]
fn a_service_that_ends_python_is_an_error() {
    let (error, _) = failed(&Project::service("import sys\nsys.exit('enough')\n"), 6);
    assert_eq!(place(&error), (Some("service.py"), Some(2)));
    let (error, _) = failed(&Project::service("import os\nprint('bye', flush=True)\nos._exit(3)\n"), 6);
    assert!(error.message.contains("exit code 3") && error.message.contains("bye"), "{}", error.message);
    let (error, _) = failed(&Project::service("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n"), 6);
    assert!(error.message.contains("signal"), "{}", error.message);
}

#[test]
fn a_store_that_cannot_be_written_is_an_error() {
    // A file in its place: permissions do not stop every user.
    let project = Project::echo();
    std::fs::write(project.home(), "").unwrap();
    let result = project.build();
    assert_eq!((result.exit_code == Some(0), result.errors().len()), (false, 1), "{}", result.log_text());
    assert!(result.errors()[0].contains(&project.home().display().to_string()), "{:?}", result.errors());
    assert!(std::fs::metadata(project.home()).unwrap().is_file());
}

#[test]
fn a_secret_in_an_error_is_masked() {
    let project = Project::service("import os\nraise ValueError('key ' + os.environ['BENTO_CLOUD_API_KEY'])\n")
        .with("cloud-api-token", "cloud-s3cret");
    let (error, result) = failed(&project, 6);
    assert!(!error.message.contains("cloud-s3cret") && error.message.contains("key ***"), "{}", error.message);
    assert!(!result.log_text().contains("cloud-s3cret"));
}
