//! The Bentos whose images are compared.

mod current;
mod files;
mod models;
mod older;

/// A service without anything, for the file `service.py`.
const SERVICE: &str = "\
import bentoml


@bentoml.service
class Service:
    @bentoml.api
    def echo(self, text: str) -> str:
        return text
";

/// Its `bentofile.yaml`, to be added to.
const BENTOFILE: &str = "service: service:Service\npython:\n  lock_packages: false\n";
