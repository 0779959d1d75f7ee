//! The service cannot be imported, or is not there.

use bento_core::{Cause, Error, Location};

use super::{Build, Failure, missing, place};

/// The project's own code raised something while it was imported.
pub(super) fn raised(failure: &Failure, build: &Build<'_>) -> Error {
    let file = failure.file.clone().unwrap_or_default();
    let said = if failure.message.is_empty() {
        failure.class.clone()
    } else {
        format!("{}: {}", failure.class, failure.message)
    };
    let hint = match &failure.missing {
        Some(module) => missing::hint(module, build),
        None if failure.class == "SyntaxError" => "Fix the line; does it need a newer Python?".to_owned(),
        None => "BentoML imports the service to build it: it must be importable in the job. The whole traceback is in \
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
