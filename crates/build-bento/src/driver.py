"""Builds one Bento and answers in a file: driver.py REQUEST RESULT.

What the project prints while it is imported goes to this process's output and means nothing; only RESULT is read.
Works with BentoML 1.0.25 and later.
"""

import inspect
import json
import os
import re
import sys
import threading
import traceback


class Unsupported(Exception):
    """The installed BentoML lacks something that the request needs."""


def build(request):
    import bentoml.bentos
    from bentoml._internal.bento import BentoStore
    from bentoml._internal.configuration.containers import BentoMLContainer

    try:
        from bentoml._internal.log import configure_logging

        configure_logging()
    except ImportError:
        pass
    # Everything is written below the staging folder: the store gets the Bento in one step, or nothing at all.
    staging = request["staging"]
    folders = {name: os.path.join(staging, name) for name in ("bentos", "tmp")}
    for folder in folders.values():
        os.makedirs(folder, exist_ok=True)
    BentoMLContainer.tmp_bento_store_dir.set(folders["tmp"])

    wanted = {name: value for name, value in request["parameters"].items() if value is not None}
    # Found by itself, not named by the user: a BentoML that does not read pyproject.toml would take it for YAML.
    found = request["found_bentofile"]
    if found is not None and (not found.endswith(".toml") or reads_pyproject()):
        wanted["bentofile"] = found
    store = BentoStore(folders["bentos"])
    # BentoML 1.1 and 1.2 start a second Python here, and look for the tag in what it prints.
    by_itself = not hasattr(bentoml.bentos, "_parse_tag_from_outputs")
    takes = inspect.signature(bentoml.bentos.build_bentofile).parameters
    if by_itself and all(name in takes for name in wanted):
        bento = bentoml.bentos.build_bentofile(_bento_store=store, **wanted)
    else:
        bento = build_by_parts(store, **wanted)
    return {"ok": True, "folder": os.path.join(folders["bentos"], bento.tag.name, bento.tag.version)}


def build_by_parts(store, build_ctx, bentofile=None, service=None, name=None, version=None, labels=None, **others):
    """What the command of BentoML before 1.4 does, with name and labels besides."""
    import attr
    from bentoml._internal.bento import Bento
    from bentoml._internal.bento.build_config import BentoBuildConfig

    if others:
        raise Unsupported(", ".join(others))
    if bentofile is None:
        config = BentoBuildConfig(service=service or "")
    elif reads_pyproject():
        config = BentoBuildConfig.from_file(bentofile)
    else:
        with open(bentofile, encoding="utf-8") as f:
            config = BentoBuildConfig.from_yaml(f)
    if name is not None:
        config = attr.evolve(config, name=name)
    if labels:
        config = attr.evolve(config, labels={**(config.labels or {}), **labels})
    return Bento.create(build_config=config, version=version, build_ctx=build_ctx).save(store)


def reads_pyproject():
    from bentoml._internal.bento.build_config import BentoBuildConfig

    return hasattr(BentoBuildConfig, "from_pyproject") and hasattr(BentoBuildConfig, "from_file")


def chain(error):
    """The error and those that it was raised from, outermost first."""
    seen = []
    while error is not None and not any(error is known for known in seen):
        seen.append(error)
        error = error.__cause__ or error.__context__
    return seen


def is_own(filename, root):
    """Is the file the project's own, not a package in an environment inside the project?"""
    path = os.path.realpath(filename)
    environments = [os.path.realpath(prefix) for prefix in {sys.prefix, sys.base_prefix, sys.exec_prefix}]
    inside = path.startswith(root + os.sep)
    foreign = any(env.startswith(root) and path.startswith(env + os.sep) for env in environments)
    # Generated code has names such as <string>.
    return inside and not foreign and "site-packages" not in path.split(os.sep) and os.path.isfile(path)


def place(errors, root):
    """The error that the project's own code raised, and where: the innermost line of its own."""
    for error in errors:
        if isinstance(error, SyntaxError) and error.filename and is_own(error.filename, root):
            return error, error.filename, error.lineno, error.offset
    for error in errors:
        own = [frame for frame in traceback.extract_tb(error.__traceback__) if is_own(frame.filename, root)]
        if own:
            return error, own[-1].filename, own[-1].lineno, None
    return None, None, None, None


def unknown_keys(errors):
    """Keys of the build configuration that this BentoML does not know, and those that it knows there."""
    pending, keys, known = list(errors), [], []
    while pending:
        error = pending.pop(0)
        pending.extend(getattr(error, "exceptions", ()))
        text = str(error)
        extra = re.match(r"Extra fields in constructor for (\w+): (.+)", text)
        argument = re.match(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", text)
        if extra or argument:
            owner, names = (extra or argument).groups()
            keys.extend(name.strip() for name in names.split(","))
            known.extend(fields_of(owner))
    return keys, known


def fields_of(owner):
    import attr
    from bentoml._internal.bento import build_config

    try:
        return [field.name for field in attr.fields(getattr(build_config, owner))]
    except (AttributeError, TypeError):
        return []


def innermost_message(errors):
    """BentoML tries a failed import as a tag of its store too; what it said of the import counts."""
    imports = [error for error in errors if type(error).__name__ == "ImportServiceError"]
    error = imports[-1] if imports else errors[0]
    details = [str(part) for part in getattr(error, "exceptions", ())]
    return "; ".join([str(error)] + details)


def failure(error, root):
    errors = chain(error)
    own, file, line, column = place(errors, root)
    missing = next((e for e in errors if isinstance(e, ModuleNotFoundError)), None)
    keys, known = unknown_keys(errors)
    if isinstance(error, Unsupported):
        kind = "unsupported"
    elif own is not None:
        kind = "project"
    elif any(type(e).__name__ == "ImportServiceError" for e in errors):
        kind = "service"
    else:
        kind = "bentoml"
    return {
        "ok": False,
        "kind": kind,
        "type": type(own or error).__name__,
        "message": own.msg if isinstance(own, SyntaxError) else str(own) if own else innermost_message(errors),
        "file": file,
        "line": line,
        "column": column,
        "missing": missing.name if missing else None,
        "keys": keys,
        "known": known,
    }


def bentoml_version():
    try:
        import bentoml

        return bentoml.__version__
    except Exception:
        return None


def main():
    request_file, result_file = sys.argv[1:3]
    with open(request_file, encoding="utf-8") as f:
        request = json.load(f)
    # The project sees what it would see under BentoML's own command, not this file and its folder.
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != own]
    sys.argv = ["bentoml", "build"]
    try:
        result = build(request)
    except BaseException as error:
        if not isinstance(error, (Unsupported, KeyboardInterrupt)):
            traceback.print_exc()
        result = failure(error, os.path.realpath(request["context"]))
    result["bentoml_version"] = bentoml_version()
    with open(result_file, "w", encoding="utf-8") as f:
        json.dump(result, f)
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            pass
    # A thread that the project started and never ends must not hold the job.
    if any(t is not threading.main_thread() and not t.daemon for t in threading.enumerate()):
        os._exit(0)


if __name__ == "__main__":
    main()
