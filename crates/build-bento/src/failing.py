"""Makes of an exception what a person can be told: what it is about, and the line of the project that it comes from."""

import os
import re
import subprocess
import sys
import traceback


MODEL = re.compile(r"(?i)^(?:no )?models? (?:with name )?'?([\w.:\-]+)'? (?:could not be found|not found|is not found|found$|exist)")
# Classes of errors that a server's not being there raises, or its answering nothing that can be used.
UNREACHABLE = {
    "httpx": ("TransportError", "TooManyRedirects"),
    "httpx2": ("TransportError", "TooManyRedirects"),
    "requests": ("ConnectionError", "Timeout", "TooManyRedirects"),
    "urllib": ("URLError",),
    "socket": ("gaierror",),
    "builtins": ("ConnectionRefusedError", "ConnectionResetError"),
}


class Unsupported(Exception):
    """The installed BentoML lacks something that the request needs."""


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


def tell(error, root, is_ours):
    """Prints the traceback without what is between the project and its user: the import system, this suite, and what led here."""
    whole = traceback.TracebackException.from_exception(error)
    own = lambda frame: is_own(frame.filename, root)
    pending, seen = [whole], set()
    while pending:
        one = pending.pop()
        if one is None or id(one) in seen:
            continue
        seen.add(id(one))
        pending += [one.__cause__, one.__context__]
        frames = [frame for frame in one.stack if not frame.filename.startswith("<frozen importlib") and not is_ours(frame.filename)]
        first = next((index for index, frame in enumerate(frames) if own(frame)), 0)
        one.stack[:] = frames[first:]
    print("".join(whole.format()), file=sys.stderr, end="")
