//! The service cannot be imported, or is not there.

use actions_core::{Cause, Error, Location};

use super::{Build, Failure, lacking, missing, place};

/// The project's own code raised something while it was imported.
pub(super) fn raised(failure: &Failure, build: &Build<'_>) -> Error {
    let file = failure.file.clone().unwrap_or_default();
    let said = if failure.message.is_empty() {
        failure.class.clone()
    } else {
        format!("{}: {}", failure.class, failure.message)
    };
    let is_of_1_1 = failure.message.contains("Service.__init__() got an unexpected keyword argument 'runners'");
    let hint = match &failure.missing {
        _ if is_of_1_1 => {
            "A service with runners, as in BentoML 1.1, needs a BentoML before 1.4: set `bentoml-version: \"<1.4\"` of \
                           the setup action; or write `bentoml.legacy.Service`, which 1.4 still has."
                .to_owned()
        }
        Some(module) => missing::hint(module, &failure.about, build),
        None if !build.lacking.is_empty() => build.lacking.iter().map(lacking::hint).collect::<Vec<_>>().join(" "),
        None if failure.class == "SyntaxError" => "Fix the line; does it need a newer Python?".to_owned(),
        None => "BentoML imports the service to build it: it must be importable in the job. The traceback is in \
                 the log."
            .to_owned(),
    };
    let at = Location { file: build.shown(&file), line: failure.line, column: failure.column };
    let name = build.inside(&file);
    Error::new(Cause::Build, format!("failed to import the service: {name} raised {said}")).hint(hint).at(at)
}

/// The configuration names no service, or one that is not there.
pub(super) fn no_service(failure: &Failure, build: &Build<'_>) -> Error {
    let error = Error::new(Cause::Build, format!("the project has no service to build: {}", failure.message)).hint(
        "Name the service in bentofile.yaml (`service: \"service:MyService\"`, as in `from service import MyService`), \
         or put a class with @bentoml.service into service.py.",
    );
    place(error, build.at("/service"))
}
