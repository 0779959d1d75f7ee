//! Projects that build with nothing installed but BentoML, to the same Bento as with everything installed.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::project::{Project, venv};

/// Modules as small as can be that behave as the real ones do, for the other side of the comparison.
const HEAVY: [(&str, &str); 6] = [
    (
        "torch/__init__.py",
        "from . import nn, cuda\nfrom .cuda import inference_mode\n__version__ = '2.9.1'\nclass Tensor: pass\nclass dtype: pass\nfloat16 = dtype()\ndef no_grad(f): return f\n",
    ),
    (
        "torch/nn.py",
        "class Module:\n    def eval(self): return self\n    def to(self, *a): return self\nclass Linear(Module):\n    def __init__(self, *a): pass\n",
    ),
    (
        "torch/cuda.py",
        "def is_available(): return False\ndef device_count(): return 0\ndef inference_mode(): return lambda f: f\n",
    ),
    (
        "transformers.py",
        "class AutoModel:\n    @classmethod\n    def from_pretrained(cls, *a, **k): return cls()\nclass PreTrainedModel: pass\ndef pipeline(*a, **k): return lambda text: text\n",
    ),
    ("sklearn/__init__.py", ""),
    ("sklearn/base.py", "class BaseEstimator: pass\n"),
];

/// What is compared: all that BentoML wrote, but for the time.
fn written(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut pending = vec![folder.to_owned()];
    while let Some(at) = pending.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(folder).unwrap().display().to_string();
            if path.is_dir() {
                pending.push(path);
            } else if !name.contains("__pycache__") {
                let text = fs::read_to_string(&path).unwrap();
                let lines = text.lines().filter(|line| !line.starts_with("creation_time:"));
                found.insert(name, lines.collect::<Vec<_>>().join("\n"));
            }
        }
    }
    found
}

/// Builds with nothing installed, and with everything; each is the same Bento.
fn is_the_same(files: &[(&str, &str)], stood_in: &[&str]) -> BTreeMap<String, String> {
    let project = || {
        let project = Project::empty()
            .file("bentofile.yaml", "service: service:svc\npython:\n  lock_packages: false\n  packages: [torch]\n");
        files
            .iter()
            .fold(project, |project, (path, text)| project.file(path, text))
            .with("version", "1")
            .env("UV_OFFLINE", "1")
    };
    let heavy = tempfile::tempdir().unwrap();
    for (path, text) in HEAVY {
        let file = heavy.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    let bare = project();
    let result = bare.build();
    assert!(result.succeeded(), "{}", result.log_text());
    let log = result.log_text();
    let line = log.lines().find(|line| line.contains("built without ")).unwrap_or_default();
    assert!(stood_in.iter().all(|module| line.contains(module)), "{log}");
    let full = project().env("PYTHONPATH", heavy.path().to_str().unwrap()).with("dependencies", "none");
    let other = full.build();
    assert!(other.succeeded(), "{}", other.log_text());
    let bento = written(Path::new(&result.outputs["bento-path"]));
    assert_eq!(bento, written(Path::new(&other.outputs["bento-path"])));
    bento
}

#[test]
fn every_behaviour_of_a_stand_in() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let run = Command::new(venv().join("bin/python"))
        .arg("-B")
        .arg(here.join("tests/stand_ins.py"))
        .arg(here.join("src"))
        .output();
    let run = run.unwrap();
    assert!(
        run.status.success() && String::from_utf8_lossy(&run.stdout).contains("all passed"),
        "{}{}",
        String::from_utf8_lossy(&run.stdout),
        String::from_utf8_lossy(&run.stderr)
    );
}

#[test]
fn a_service_with_heavy_imports_at_its_top() {
    let service = "\
from __future__ import annotations
import bentoml
import numpy as np
import torch
import torch.nn as nn
from transformers import AutoModel, PreTrainedModel, pipeline

MEAN = np.array([0.485, 0.456])
device = 'cuda' if torch.cuda.is_available() else 'cpu'
new = torch.__version__ >= '2'


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(1, 2)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(x)


net = Net().eval().to(device)
model = AutoModel.from_pretrained('distilbert')
classify = pipeline('text-classification', device=device)


@bentoml.service(name='heavy', workers=2 if new else 1, labels={'device': device}, resources={'cpu': '1'})
class svc:
    @bentoml.api
    @torch.inference_mode()
    def predict(self, x: torch.Tensor, text: str = 'a', scale: float | None = None) -> torch.Tensor:
        return net(x)

    @bentoml.api(batchable=True)
    @torch.no_grad
    def embed(self, texts: list[str]) -> np.ndarray:
        return model(texts)

    @bentoml.task
    def slow(self, text: str) -> dict:
        return classify(text)
";
    let bento = is_the_same(&[("service.py", service)], &["torch", "transformers"]);
    assert!(bento["bento.yaml"].contains("torch-tensor") && bento["bento.yaml"].contains("device: cpu"), "{bento:?}");
}

#[test]
fn several_services_that_depend_on_each_other_in_modules_of_their_own() {
    let embedding = "\
import bentoml
from transformers import AutoModel

@bentoml.service(resources={'gpu': 1})
class Embedding:
    def __init__(self):
        self.model = AutoModel.from_pretrained('x')

    @bentoml.api
    def embed(self, text: str) -> list:
        return self.model(text)
";
    let service = "\
import bentoml, torch
from parts.embedding import Embedding

@bentoml.service
class svc:
    embedding = bentoml.depends(Embedding)

    @bentoml.api
    def answer(self, question: str) -> str:
        return str(torch.zeros(1)) + str(self.embedding.embed(question))
";
    let files = [("service.py", service), ("parts/__init__.py", ""), ("parts/embedding.py", embedding)];
    let bento = is_the_same(&files, &["torch", "transformers"]);
    assert!(bento["bento.yaml"].contains("name: Embedding"), "{bento:?}");
}

#[test]
fn a_service_of_bentoml_1_1_with_its_own_runnable() {
    let service = "\
import bentoml
import numpy as np
import torch
from bentoml.io import JSON, NumpyNdarray
from sklearn.base import BaseEstimator


class Scorer(BaseEstimator):
    pass


class Own(bentoml.legacy.Runnable):
    SUPPORTED_RESOURCES = ('nvidia.com/gpu', 'cpu')
    SUPPORTS_CPU_MULTI_THREADING = True

    def __init__(self):
        self.model = torch.load('model.pt')

    @bentoml.legacy.Runnable.method(batchable=True, batch_dim=0)
    def predict(self, x):
        return self.model(x)


runner = bentoml.legacy.Runner(Own, name='own')
svc = bentoml.legacy.Service('classic', runners=[runner])


@svc.api(input=NumpyNdarray(shape=(-1, 4), dtype='float32'), output=JSON())
def classify(x: np.ndarray) -> dict:
    return runner.predict.run(x)
";
    let bento = is_the_same(&[("service.py", service)], &["torch", "sklearn"]);
    assert!(bento["apis/openapi.yaml"].contains("/classify") && bento["bento.yaml"].contains("name: own"), "{bento:?}");
}

#[test]
fn a_mounted_app() {
    let service = "\
import bentoml
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
import torch


async def health(request):
    return PlainTextResponse(str(torch.cuda.device_count()))


app = Starlette(routes=[Route('/health', health)])


@bentoml.asgi_app(app, path='/extra')
@bentoml.service
class svc:
    @bentoml.api
    def count(self) -> int:
        return torch.cuda.device_count()
";
    let bento = is_the_same(&[("service.py", service)], &["torch"]);
    assert!(bento["bento.yaml"].contains("/extra/health"), "{bento:?}");
}
