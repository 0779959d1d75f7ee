"""Builds one Bento and answers in a file: driver.py REQUEST RESULT.

What the project prints while it is imported goes to this process's output and means nothing; only RESULT is read.
Works with BentoML 1.0.25 and later.
"""

import inspect
import json
import os
import site
import sys
import threading

from failing import Unsupported, chain, failure, is_own, tell

OURS = os.path.dirname(os.path.abspath(__file__))


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


def bentoml_version():
    try:
        import bentoml

        return bentoml.__version__
    except Exception:
        return None


def is_ours(module):
    """Was the module carried along with this file?"""
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and os.path.dirname(file) == OURS and module.__name__ != "__main__"


def decoded(value):
    """Paths come as lists of bytes: JSON has no word for one that is not UTF-8."""
    is_path = value.keys() == {"bytes"} and isinstance(value["bytes"], list)
    return os.fsdecode(bytes(value["bytes"])) if is_path else value


def write(file, result):
    # What is not UTF-8 is shown as `?`.
    with open(file, "w", encoding="utf-8", errors="replace") as f:
        json.dump(result, f, ensure_ascii=False)


def main():
    request_file, result_file = sys.argv[1:3]
    with open(request_file, encoding="utf-8") as f:
        request = json.load(f, object_hook=decoded)
    from used_models import uses

    from standing import Standing

    standing = Standing(request, is_own)
    # A module of the project may have one of these names.
    for name in [name for name, module in sys.modules.items() if is_ours(module)]:
        del sys.modules[name]
    # The project sees what it would see under BentoML's own command, not this file and its folder.
    sys.path[:] = [folder for folder in sys.path if os.path.abspath(folder or ".") != OURS]
    sys.argv = ["bentoml", "build"]
    if request["dependencies"] == "list":
        return write(result_file, {"ok": False, "needed": standing.listed(), **standing.sources()})
    if request["overlay"]:
        # Behind what is installed: it brings only what is missing.
        site.addsitedir(request["overlay"])
    try:
        if standing.is_on:
            standing.start()
        result = build(request)
        if standing.is_on:
            standing.check(os.path.join(request["staging"], result["folder"]))
    except BaseException as error:
        result = failure(error, os.path.realpath(request["context"]))
        if standing.is_on:
            for one in chain(error):
                standing.suspect(one)
        if result["missing"]:
            result["about"] = standing.about(result["missing"])
        # The resolver has said on the screen why there is no solution, and its words are looked for at the end.
        is_told = result["kind"] in ("unsupported", "requirements") or isinstance(error, KeyboardInterrupt)
        if not is_told and not standing.answer()["needed"]:
            tell(error, os.path.realpath(request["context"]), lambda file: os.path.dirname(file) == OURS)
    result["bentoml_version"] = bentoml_version()
    result.update(standing.answer())
    result.update(standing.sources())
    try:
        result["uses"] = uses(request["context"], request["service"])
    except Exception:
        # It is for warnings alone, and reads code of any depth: a Bento that was built stays built.
        result["uses"] = []
    write(result_file, result)
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
