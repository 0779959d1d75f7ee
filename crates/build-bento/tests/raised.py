"""Builds many broken projects in one process: raised.py DRIVER CASES ANSWERS.

A case is {"folder", "env", "code"}. Its project is built as the driver builds; where there is `code`, that is run instead.
The answer to each is the driver's. Besides, all `raise` statements on the way of a build are listed, and those that a case
went through are marked; and so are the classes of bentoml.exceptions that none of them names.
"""

import ast
import importlib.util
import json
import os
import pathlib
import shutil
import sys

ON_THE_WAY = """
    bentoml/_internal/bento/bento.py bentoml/_internal/bento/bentoml_builder.py bentoml/_internal/bento/build_config.py
    bentoml/_internal/bento/gen.py bentoml/_internal/configuration/__init__.py bentoml/_internal/configuration/containers.py
    bentoml/_internal/configuration/helpers.py bentoml/_internal/container/frontend/dockerfile/__init__.py
    bentoml/_internal/container/generate.py bentoml/_internal/models/model.py bentoml/_internal/service/loader.py
    bentoml/_internal/store.py bentoml/_internal/tag.py bentoml/_internal/utils/__init__.py
    bentoml/_internal/utils/args.py bentoml/_internal/utils/cattr.py bentoml/_internal/utils/dotenv.py
    bentoml/_internal/utils/filesystem.py bentoml/_internal/utils/pkg.py bentoml/_internal/cloud/config.py bentoml/bentos.py
    _bentoml_impl/docker.py _bentoml_impl/loader.py _bentoml_sdk/images.py _bentoml_sdk/models/base.py
    _bentoml_sdk/models/huggingface.py _bentoml_sdk/models/manager.py _bentoml_sdk/service/config.py
    _bentoml_sdk/service/dependency.py _bentoml_sdk/service/factory.py _bentoml_sdk/_pydantic.py _bentoml_sdk/decorators.py
    _bentoml_sdk/io_models.py _bentoml_sdk/method.py bentoml/__init__.py bentoml/_internal/configuration/v2/__init__.py
""".split()


def load_driver(path):
    # What it imports lies beside it.
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    spec = importlib.util.spec_from_file_location("driver", path)
    driver = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(driver)
    del sys.path[0]
    return driver


def statements(site):
    """Every `raise` of the files above: file, function, what it raises, first and last line."""
    found = []
    for name in ON_THE_WAY:
        file = site / name

        def walk(node, owner):
            for child in ast.iter_child_nodes(node):
                is_owner = isinstance(child, (ast.FunctionDef, ast.ClassDef, ast.AsyncFunctionDef))
                if isinstance(child, ast.Raise):
                    says = ast.unparse(child.exc) if child.exc else "raise"
                    found.append([name, owner, says, child.lineno, child.end_lineno])
                walk(child, f"{owner}.{child.name}".strip(".") if is_owner else owner)

        if file.exists():
            walk(ast.parse(file.read_text()), "")
    return found


def everything(error):
    """The error, those below it, and those inside of groups."""
    pending, seen = [error], []
    while pending:
        error = pending.pop()
        if error is None or any(error is known for known in seen):
            continue
        seen.append(error)
        pending += [error.__cause__, error.__context__, *getattr(error, "exceptions", ())]
    return seen


def run(driver, case, staging):
    folder = case["folder"]
    kept, path = dict(os.environ), list(sys.path)
    os.environ.update(case["env"])
    os.chdir(folder)
    parameters = {"build_ctx": folder}
    found = next((os.path.join(folder, n) for n in ("bentofile.yaml", "pyproject.toml")
                  if os.path.exists(os.path.join(folder, n))), None)
    try:
        if case["code"]:
            exec(compile(case["code"], "<case>", "exec"), {})
        else:
            driver.build({"staging": staging, "parameters": parameters, "found_bentofile": found})
        return {"built": True}, []
    except BaseException as error:
        places = set()
        for one in everything(error):
            frame = one.__traceback__
            while frame is not None:
                places.add((frame.tb_frame.f_code.co_filename, frame.tb_lineno))
                frame = frame.tb_next
        answer = driver.failure(error, os.path.realpath(folder))
        # The driver adds it.
        answer["bentoml_version"] = "1.4"
        return answer, places
    finally:
        os.environ.clear()
        os.environ.update(kept)
        sys.path[:] = path
        for name, module in list(sys.modules.items()):
            if (getattr(module, "__file__", None) or "").startswith(folder + os.sep):
                del sys.modules[name]


def main():
    driver = load_driver(sys.argv[1])
    cases = json.loads(pathlib.Path(sys.argv[2]).read_text())
    import bentoml

    site = pathlib.Path(bentoml.__file__).parents[1]
    raises, places, answers = statements(site), set(), []
    for number, case in enumerate(cases):
        staging = f"{sys.argv[3]}.{number}"
        answer, at = run(driver, case, staging)
        shutil.rmtree(staging, ignore_errors=True)
        answers.append(answer)
        places.update(at)
    marked = []
    for name, owner, says, first, last in raises:
        hit = any((str(site / name), line) in places for line in range(first, last + 1))
        marked.append({"file": name, "owner": owner, "says": says, "hit": hit})
    # A class that nothing on the way names is one that the files above do not raise.
    for name, value in vars(importlib.import_module("bentoml.exceptions")).items():
        if isinstance(value, type) and issubclass(value, Exception) and not any(name in says for _, _, says, _, _ in raises):
            marked.append({"file": "bentoml/exceptions.py", "owner": name, "says": name, "hit": False})
    pathlib.Path(sys.argv[3]).write_text(json.dumps({"answers": answers, "raises": marked}))
    # Importing services may have started threads.
    sys.stdout.flush()
    os._exit(0)


main()
