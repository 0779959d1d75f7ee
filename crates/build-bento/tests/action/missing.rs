//! Modules that are missing: what is advised, and that nothing is advised that is not known.

use crate::project::{BENTOFILE, Project, SERVICE};

/// The one error of a build that stood nothing in.
fn error(project: Project) -> String {
    let result = project.with("dependencies", "none").build();
    assert_eq!(result.exit_code, Some(6), "{}", result.log_text());
    assert_eq!(result.annotations.len(), 1, "{:?}", result.annotations);
    result.annotations[0].message.clone()
}

fn importing(module: &str) -> Project {
    Project::service(&format!("import os\nimport {module}\n{SERVICE}"))
}

#[test]
fn no_package_is_suggested_for_a_module_that_nobody_knows() {
    let message = error(importing("torch_that_is_not_there.nn"));
    assert!(!message.contains("pip install") && message.contains("may differ"), "{message}");
    assert!(message.contains("bentoml.importing()"), "{message}");
}

#[test]
fn what_the_project_lists_is_named_with_its_line_and_the_input_that_installs_it() {
    let project = importing("torch_that_is_not_there")
        .file("bentofile.yaml", "service: service:Echo\npython:\n  requirements_txt: r.txt\n  lock_packages: false\n")
        .file("r.txt", "# needed\nTorch-that.is_not-there[gpu]>=2\n");
    let message = error(project);
    assert!(message.contains("lists Torch-that.is_not-there[gpu]>=2 (r.txt:2)"), "{message}");
    assert!(message.contains("dependencies: install"), "{message}");
}

#[test]
fn a_known_module_leads_to_its_distribution() {
    for (module, distribution) in
        [("cv2", "opencv-python-headless"), ("PIL.Image", "pillow"), ("sklearn", "scikit-learn")]
    {
        let message = error(importing(module));
        assert!(message.contains(&format!("The package {distribution} has the module")), "{message}");
    }
}

#[test]
fn a_slip_of_the_pen_leads_to_the_module_that_is_meant_even_where_missing_ones_are_stood_in_for() {
    let project = || importing("summarizr").file("summarizer.py", "").file("bentofile.yaml", BENTOFILE);
    assert!(error(project()).contains("Did you mean summarizer?"));
    let result = project().build();
    assert_eq!(result.exit_code, Some(6), "{}", result.log_text());
    assert!(result.errors()[0].contains("Did you mean summarizer?"), "{:?}", result.errors());
}

#[test]
fn a_service_of_bentoml_1_1_is_told_which_bentoml_takes_it() {
    let message = error(Project::service("import bentoml\nsvc = bentoml.Service('echo', runners=[])\n"));
    assert!(message.contains("<1.4") && message.contains("bentoml.legacy.Service"), "{message}");
}

#[test]
fn a_module_that_no_requirement_brings_is_a_warning_at_its_import() {
    let bentofile = "service: service:Echo\npython:\n  lock_packages: false\n  packages: [idna]\n";
    let result = importing("nobody_knows_this").file("bentofile.yaml", bentofile).build();
    assert!(result.succeeded(), "{}", result.log_text());
    let [warning] = result.annotations.as_slice() else { panic!("{:?}", result.annotations) };
    assert_eq!((warning.file.as_deref(), warning.line), (Some("service.py"), Some(2)), "{warning:?}");
    assert!(warning.message.contains("nobody_knows_this is not installed here"), "{warning:?}");
    let listed = bentofile.replace("idna", "'nobody-knows.this'");
    let result = importing("nobody_knows_this").file("bentofile.yaml", &listed).build();
    assert!(result.succeeded() && result.annotations.is_empty(), "{}", result.log_text());
}

#[test]
fn a_traceback_shows_the_lines_of_the_project_and_not_the_way_to_them() {
    let project = Project::service("import helper\n").file("helper.py", "import json\njson.loads('{')\n");
    let log = project.build().log_text();
    for there in ["Traceback", "service.py", "helper.py", "json.loads('{')", "decoder.py"] {
        assert!(log.contains(there), "{there}: {log}");
    }
    for absent in ["driver.py", "importing.py", "frozen importlib", "loader.py"] {
        assert!(!log.contains(absent), "{absent}: {log}");
    }
}
