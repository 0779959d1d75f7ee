"""Builds one Bento and answers in a file: driver.py REQUEST RESULT.

What the project prints while it is imported goes to this process's output and means nothing; only RESULT is read.
Works with BentoML 1.0.25 and later.
"""

import inspect
import json
import os
import re
import subprocess
import sys
import threading
import traceback


# Classes of errors that a server's not being there raises, or its answering nothing that can be used.
UNREACHABLE = {
    "httpx": ("TransportError", "TooManyRedirects"),
    "httpx2": ("TransportError", "TooManyRedirects"),
    "requests": ("ConnectionError", "Timeout", "TooManyRedirects"),
    "urllib": ("URLError",),
    "socket": ("gaierror",),
    "builtins": ("ConnectionRefusedError", "ConnectionResetError"),
}
MODEL = re.compile(r"(?i)^(?:no )?models? (?:with name )?'?([\w.:\-]+)'? (?:could not be found|not found|is not found|found$|exist)")


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
    return {"ok": True, "folder": os.path.join("bentos", bento.tag.name, bento.tag.version)}


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


def leaf(error):
    """The innermost error of a configuration that does not fit, and the JSON pointer of the value that it speaks of."""
    pointer = ""
    while getattr(error, "exceptions", None):
        error = error.exceptions[0]
        for note in getattr(error, "__notes__", ()):
            key = getattr(note, "name", getattr(note, "index", None))
            if key is not None:
                pointer += f"/{key}"
                break
    # What a validator of attrs raises carries the attribute.
    attribute = getattr(error.args[1], "name", None) if len(error.args) > 1 else None
    return error, pointer + (f"/{attribute}" if isinstance(attribute, str) else "")


def unknown_keys(error):
    """Keys of the build configuration that this BentoML does not know, and those that it knows there."""
    text = str(error)
    extra = re.match(r"Extra fields in constructor for (\w+): (.+)", text)
    argument = re.match(r"(\w+)\.__init__\(\) got an unexpected keyword argument '(\w+)'", text)
    if not (extra or argument):
        return [], []
    owner, names = (extra or argument).groups()
    return [name.strip() for name in names.split(",")], fields_of(owner)


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
    return said(imports[-1] if imports else errors[0])


def said(error):
    """What an error says. BentoML writes None where it kept nothing of what a program printed: then how that ended."""
    text = str(error)
    ended = next((e for e in chain(error) if isinstance(e, subprocess.CalledProcessError)), None)
    if ended is None or not text.endswith(": None"):
        return text
    command = ended.cmd if isinstance(ended.cmd, str) else " ".join(map(str, ended.cmd[:2]))
    return f"{text[: -len('None')]}{command} ended with {ended.returncode}"


def unreachable(errors):
    """The error of a server that cannot be reached, or has a bad moment."""
    for error in errors:
        for known in type(error).__mro__:
            # `HTTPError` is an answer, and a `URLError` to urllib.
            if known.__name__ == "HTTPError":
                break
            if known.__name__ in UNREACHABLE.get(known.__module__.split(".")[0], ()):
                return error
        status = getattr(getattr(error, "response", None), "status_code", None)
        if isinstance(status, int) and status >= 500:
            return error
    return None


def frames(error):
    """The frames that an error went through, innermost first."""
    return [frame for frame, _ in traceback.walk_tb(error.__traceback__)][::-1]


def not_text(errors):
    """The file whose bytes could not be decoded, as the frames that read it know it."""
    for error in errors:
        if not isinstance(error, UnicodeDecodeError):
            continue
        for frame in frames(error):
            for value in frame.f_locals.values():
                name = getattr(value, "name", None) if hasattr(value, "buffer") else None
                if isinstance(name, (str, os.PathLike)) and os.path.isfile(name):
                    return os.path.abspath(os.fspath(name))
    return None


def not_python(error):
    """Is it an error of syntax only because the file is in another encoding than it says?"""
    words = ("(unicode error)", "null bytes", "encoding problem", "unknown encoding", "invalid or missing encoding")
    return isinstance(error, (SyntaxError, ValueError)) and any(word in str(error) for word in words)


def undecoded_source(errors, root):
    """The module of the project that Python could not decode: the loader's frame knows it."""
    for error in errors:
        if not_python(error):
            for frame in frames(error):
                path = frame.f_locals.get("path")
                if isinstance(path, str) and is_own(path, root):
                    return path
    return None


def named_path(errors):
    """The path of the configuration that BentoML refused, as it is written there."""
    for error in errors:
        for frame in frames(error)[:1]:
            if frame.f_code.co_name == "resolve_user_filepath":
                return frame.f_locals.get("filepath")
    return None


def variable(errors):
    """The variable of the environment that BentoML could not make its own configuration of."""
    names = {"override_config_values": "BENTOML_CONFIG_OPTIONS", "bentoml_config_file": "BENTOML_CONFIG"}
    for error in errors:
        for frame in frames(error):
            for local, name in names.items():
                if "_internal" in frame.f_code.co_filename and frame.f_locals.get(local):
                    return name
    return None


def failure(error, root):
    inner, pointer = leaf(error)
    errors = chain(error) + (chain(inner) if inner is not error else [])
    own, file, line, column = place(errors, root)
    missing = next((e for e in errors if isinstance(e, ModuleNotFoundError)), None)
    keys, known = unknown_keys(inner)
    message = innermost_message(errors)
    path = named_path(errors)
    undecoded = undecoded_source(errors, root) or (own is None and not_text(errors)) or None
    model = next((found[1] for found in (MODEL.search(str(e)) for e in errors) if found), None)
    locking = next((e for e in errors if str(e).startswith("Failed to lock PyPI packages")), None)
    if isinstance(error, Unsupported):
        kind = "unsupported"
    elif own is None and variable(errors):
        kind = "environment"
    elif undecoded:
        kind, file, line = "text", undecoded, None
    elif model:
        kind, message = "model", str(own or error)
    elif missing is None and not isinstance(own, SyntaxError) and unreachable(errors):
        kind = "unreachable"
        inner, own = unreachable(errors), None
        message = str(inner)
    elif own is not None:
        kind = "project"
        message = own.msg if isinstance(own, SyntaxError) else str(own)
    elif any(type(e).__name__ == "ImportServiceError" for e in errors):
        kind = "service"
    elif locking or any("requirements file" in str(e) for e in errors):
        kind = "requirements"
    elif inner is not error:
        kind, message = "configuration", str(inner.args[0] if inner.args else inner)
    elif path:
        kind = "path"
        message = next(str(e) for e in errors if named_path([e]))
    else:
        kind = "bentoml"
    return {
        "ok": False,
        "kind": kind,
        "type": type(own or inner).__name__,
        "message": message,
        "file": file,
        "line": line,
        "column": column,
        "missing": missing.name if missing else None,
        "keys": keys,
        "known": known,
        "pointer": pointer,
        "model": model,
        "path": path,
        "variable": variable(errors),
    }


def bentoml_version():
    try:
        import bentoml

        return bentoml.__version__
    except Exception:
        return None


def decoded(value):
    """Paths come as lists of bytes: JSON has no word for one that is not UTF-8."""
    is_path = value.keys() == {"bytes"} and isinstance(value["bytes"], list)
    return os.fsdecode(bytes(value["bytes"])) if is_path else value


def main():
    request_file, result_file = sys.argv[1:3]
    with open(request_file, encoding="utf-8") as f:
        request = json.load(f, object_hook=decoded)
    from used_models import uses

    # A module of the project may have that name.
    del sys.modules["used_models"]
    # The project sees what it would see under BentoML's own command, not this file and its folder.
    own = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != own]
    sys.argv = ["bentoml", "build"]
    try:
        result = build(request)
    except BaseException as error:
        result = failure(error, os.path.realpath(request["context"]))
        # The resolver has said on the screen why there is no solution, and its words are looked for at the end.
        if result["kind"] not in ("unsupported", "requirements") and not isinstance(error, KeyboardInterrupt):
            traceback.print_exc()
    result["bentoml_version"] = bentoml_version()
    try:
        result["uses"] = uses(request["context"], request["service"])
    except Exception:
        # It is for warnings alone, and reads code of any depth: a Bento that was built stays built.
        result["uses"] = []
    # What is not UTF-8 is shown as `?`.
    with open(result_file, "w", encoding="utf-8", errors="replace") as f:
        json.dump(result, f, ensure_ascii=False)
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
