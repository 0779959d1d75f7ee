"""What stand-ins answer, each behaviour by itself: stand_ins.py SOURCES. Runs in a Python that has BentoML and nothing else."""

import importlib
import os
import sys
import tempfile
import typing

sys.path.insert(0, sys.argv[1])
ROOT = os.path.realpath(tempfile.mkdtemp(prefix="stand-ins-"))
OTHER = os.path.realpath(tempfile.mkdtemp(prefix="others-"))

import stand_ins
from distributions import Distributions
from importing import Importer
from sources import Requirements

LISTED = ["heavy-lib==2.5.1", "opencv-python", "google-cloud-storage>=2", "pkg @ git+https://example.com/pkg.git"]


def own_file(file):
    return os.path.realpath(file).startswith(ROOT + os.sep)


importer = Importer(own_file, [ROOT], Distributions(LISTED))
importer.install()
sys.path[:0] = [ROOT, OTHER]
count = 0


def module(code, folder=ROOT):
    """The names of a module with this code."""
    global count
    count += 1
    name = "code_%d" % count
    with open(os.path.join(folder, name + ".py"), "w") as file:
        file.write(code)
    importlib.invalidate_caches()
    return vars(importlib.import_module(name))


def refused(code, folder=ROOT):
    try:
        module(code, folder)
    except ImportError as error:
        return str(error)
    raise AssertionError("it was imported")


def test_forms_of_import():
    names = module(
        "import torch, torch.nn.functional as F\nimport torch.cuda.amp\nfrom torch import Tensor\nfrom torch.nn import Module as M\n"
    )
    assert names["F"] is names["torch"].nn.functional and names["Tensor"] is names["torch"].Tensor
    assert names["M"] is names["torch"].nn.Module
    assert "torch" not in sys.modules


def test_others_see_nothing():
    module("import torch\n")
    probe = "import importlib.util\nthere = importlib.util.find_spec('torch')\ntry:\n    import torch\nexcept ImportError:\n    torch = None\n"
    names = module(probe, OTHER)
    assert names["there"] is None and names["torch"] is None
    assert "torch" in refused("import importlib\nimportlib.import_module('torch')\n", OTHER)


def test_tried_imports_follow_the_requirements():
    names = module("try:\n    import tensorrt\nexcept ImportError:\n    tensorrt = None\ntry:\n    import heavy_lib\nexcept Exception:\n    heavy_lib = None\n")
    assert names["tensorrt"] is None and names["heavy_lib"] is not None
    names = module("import importlib.util as u\na, b = u.find_spec('cv2'), u.find_spec('tensorrt')\n")
    assert names["a"] is not None and names["b"] is None


def test_slips_of_the_pen_stay_errors():
    open(os.path.join(ROOT, "summarizer.py"), "w").close()
    assert "summarizr" in refused("import summarizr\n")
    os.makedirs(os.path.join(ROOT, "libs", "shared"))
    open(os.path.join(ROOT, "libs", "shared", "__init__.py"), "w").close()
    assert "shared" in refused("from shared.conf import PORT\n")
    assert "code_" in refused("from code_1 import nothing\n") and refused("from . import sibling\n")
    assert "email.nothing" in refused("import email.nothing\n")


def test_what_bentoml_works_with_is_never_stood_in_for():
    assert "pyarrow" in refused("import pyarrow\n") and "pyarrow" in stand_ins.needed


def test_namespace_packages_are_completed():
    os.makedirs(os.path.join(OTHER, "google", "api"))
    names = module("from google.cloud import storage\nimport google.cloud.storage as again\nclient = storage.Client()\n")
    assert names["storage"] is names["again"]


def test_versions():
    names = module("import torch, heavy_lib, importlib.metadata as m\nnew = torch.__version__ >= '2'\nfixed, asked = heavy_lib.__version__, m.version('heavy-lib')\n")
    assert names["new"] and names["fixed"] == names["asked"] == "2.5.1"


def test_questions_get_the_answer_of_a_plain_machine():
    names = module("import torch\ncuda, n = torch.cuda.is_available(), torch.cuda.device_count()\nbig = torch.cuda.get_device_capability() >= (8, 0)\n")
    assert (names["cuda"], names["n"], names["big"]) == (False, 0, False)


def test_limits_of_numbers():
    names = module("import torch\nlow, high = torch.iinfo(torch.long).min, torch.iinfo(torch.int64).max\neps = torch.finfo(torch.float32).eps\n")
    assert (names["low"], names["high"]) == (-(2**63), 2**63 - 1) and 0 < names["eps"] < 1e-6


def test_decorators():
    names = module("import torch\n@torch.no_grad\ndef a(): return 1\n@torch.inference_mode()\ndef b(): return 2\n@torch.jit.script\nclass C: pass\n")
    assert names["a"]() == 1 and names["b"]() == 2 and isinstance(names["C"], type)


def test_subclasses():
    names = module(
        "import abc, typing, enum\nfrom torch import nn, Data\nimport pydantic\nT = typing.TypeVar('T')\n"
        "class Net(nn.Module):\n    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(1, 2)\n    def twice(self): return 2\n"
        "class Base(nn.Module, abc.ABC):\n    @abc.abstractmethod\n    def run(self): ...\n"
        "class Set(Data[T], typing.Generic[T]): pass\n"
        "class Row(pydantic.BaseModel, nn.Mixin):\n    x: int\n"
        "class Table(nn.SQL, table=True): pass\n"
        "net = Net()\nout = net(1).argmax().item()\nloaded = Net.from_pretrained('x')\nrow = Row(x=1)\n"
    )
    assert names["net"].twice() == 2 and names["row"].x == 1
    assert issubclass(names["Net"], names["nn"].Module) and isinstance(names["net"], names["nn"].Module)
    assert not isinstance(1, names["nn"].Module) and names["Net"].__name__ == "Net"


def test_annotations():
    names = module(
        "import typing as t\nimport torch\nfrom torch import Tensor, dtype\n"
        "def f(a: t.Optional[Tensor], b: t.List[Tensor], c: Tensor['n'], d: 'Tensor' = None) -> t.Union[Tensor, int]: ...\n"
        "if hasattr(int, '__or__') or True:\n    u = Tensor | None\n    v = None | Tensor\n    w = str | Tensor\n"
    )
    assert typing.get_args(names["u"]) == (names["Tensor"], type(None)) and names["v"] and names["w"]
    tensor = names["Tensor"]
    assert (tensor.__module__, tensor.__qualname__, tensor.__name__) == ("torch", "Tensor", "Tensor")
    module_ = names["torch"].nn.Module.forward
    assert (module_.__module__, module_.__qualname__) == ("torch.nn", "Module.forward")


def test_values():
    names = module(
        "import torch, copy\nfrom heavy_lib import Pipe, prompt\n"
        "with torch.device('cuda') as d: x = torch.zeros(2) * 2 + 1\na, b = Pipe()\nfirst, second, third = x\n"
        "chain = prompt() | Pipe() | (lambda v: v)\nitems = []\nfor i in x: items.append(i)\nx[0] = 1\ny = -x[0] @ x\ntorch.backends.cudnn.benchmark = True\n"
        "kept = torch.backends.cudnn.benchmark\ncopied = copy.deepcopy(x) is x\ntable = {torch.float16: 1, torch.float32: 2}\nhas = 1 in x\n"
        "async def run():\n    async with x as s: return await s\nok = bool(x)\nsame = torch.float16 == torch.float16\n"
    )
    assert [str(item) for item in names["items"]] == ["torch.zeros()()()[] (not installed)"] and names["kept"] is True and names["copied"] and len(names["table"]) == 2
    assert not names["has"] and names["ok"] and names["same"] and names["third"] is not None


def test_values_that_are_gone_through_need_the_real_one():
    for code in ("[i for i in x]", "{**x}", "[*x]", "{k: 1 for k in x}", "', '.join(x)", "list(x)", "any(i for i in x)", "dict(x)", "sorted(x.names())"):
        try:
            module("from heavy_lib import x\nvalue = %s\n" % code)
        except stand_ins.Needed:
            assert stand_ins.needed.pop("heavy_lib"), code
        else:
            raise AssertionError(code)
    assert not stand_ins.needed.keys() & {"heavy_lib", "torch"}


def test_errors_can_be_raised_and_caught():
    names = module("from heavy_lib.exceptions import ApiError\ntry:\n    raise ApiError('x', code=3)\nexcept ApiError as e:\n    text = str(e)\n")
    assert names["text"] == "x"


def test_only_the_real_one_knows_numbers_files_and_names():
    for code in ("int(heavy_lib.limit)", "float(heavy_lib.x())", "len(heavy_lib.x)", "open(heavy_lib.path)", "heavy_lib.__file__"):
        try:
            module("import heavy_lib\nn = %s\n" % code)
        except (TypeError, AttributeError):
            continue
        raise AssertionError(code)
    try:
        module("from heavy_lib import *\n")
    except stand_ins.Needed:
        assert stand_ins.needed.pop("heavy_lib")
    else:
        raise AssertionError("import *")


def test_schemas_need_the_real_one_and_models_do_not():
    names = module(
        "import pydantic, typing\nfrom heavy_lib import Message\nclass Own(Message): pass\n"
        "class Chat(pydantic.BaseModel):\n    messages: typing.List[Message]\n    own: typing.Optional[Own] = None\n"
    )
    try:
        names["Chat"].model_json_schema()
    except stand_ins.Needed as error:
        assert "heavy_lib.Message" in str(error) and stand_ins.needed.pop("heavy_lib")
    else:
        raise AssertionError("it has a schema")


def test_tensors_have_bentomls_schema():
    import bentoml

    names = module(
        "import bentoml, torch\n@bentoml.service\nclass S:\n    @bentoml.api\n    def f(self, x: torch.Tensor) -> torch.Tensor: ...\n"
    )
    schema = names["S"].apis["f"].schema()
    assert schema["input"]["properties"]["x"]["format"] == "torch-tensor", schema
    assert "torch" not in stand_ins.needed


def test_texts_are_marked():
    names = module("import heavy_lib\ntext = f'{heavy_lib.name()}-{heavy_lib.x:>3}' + str(heavy_lib.y)\n")
    assert names["text"].count(stand_ins.MARK) == 3


def test_a_requirement_is_the_one_of_this_python():
    found = Distributions(["pandas==2.0.3 ; python_version < '3'", "pandas==2.2.3; python_version >= '3'", "only==1; python_version < '3'"])
    assert found.requirement("pandas").startswith("pandas==2.2.3") and found.version("pandas") == "2.2.3"
    assert found.listed("only")


def test_versions_that_are_not_whole_are_none():
    for line in ("a==4.40.*", "a>=1", "a~=1.2", "a!=2"):
        assert Distributions([line]).version("a") is None, line
    assert Distributions(["a==4.40.1,<5"]).version("a") == "4.40.1"


def test_options_of_requirements_say_where_packages_come_from():
    with open(os.path.join(ROOT, "base.txt"), "w") as file:
        file.write("--find-links wheels  # ours\nbase==1 \\\n    --hash=sha256:0 \\\n    --hash=sha256:1\n")
    found = Requirements()
    found.add(["-i https://a/simple", "-fwheels", "--extra-index-url=https://b", "--no-index", "-r base.txt", "-e .", "x[y]==2 ; python_version > '3' --hash=sha256:2"], ROOT)
    wheels = "--find-links " + os.path.join(ROOT, "wheels")
    assert found.sources == ["--index-url https://a/simple", wheels, "--extra-index-url https://b", "--no-index", wheels]
    assert found.packages == ["base==1", "x[y]==2 ; python_version > '3'"] and found.requires_hashes
    assert [(one["locked"], one["hashes"].split()) for one in found.hashed] == [
        ("base==1", ["--hash=sha256:0", "--hash=sha256:1"]), ("x==2", ["--hash=sha256:2"])]
    found = Requirements()
    found.options(["--no-index", "--timeout", "3", "--find-links", "https://c"], ROOT)
    assert found.sources == ["--no-index", "--find-links https://c"] and not found.requires_hashes


def test_distributions():
    found = Distributions(["Torch==2.1.0 --hash=sha256:0", "# no", "-r other.txt", "opencv-python-headless[x]>=4 ; python_version>'3'", "./local", "scikit_learn~=1.3 # why", "git+https://h/x.git#egg=thing", "git+https://github.com/openai/CLIP.git@main"])
    assert found.requirement("torch") == "Torch==2.1.0" and found.version("torch") == "2.1.0"
    assert found.requirement("cv2").startswith("opencv-python-headless") and found.requirement("sklearn") == "scikit_learn~=1.3"
    assert found.requirement("PIL") == "pillow" and not found.listed("PIL") and found.listed("thing") and found.listed("clip")
    assert found.requirement("nobody_knows_me") is None


for name, test in list(globals().items()):
    if name.startswith("test_"):
        try:
            test()
        except BaseException:
            print("in", name, flush=True)
            raise
print("all passed", flush=True)
os._exit(0)
