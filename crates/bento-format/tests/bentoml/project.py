"""Reads a JSON list of {"folder", "env"} and answers what BentoML itself reads of each project: {…} or {"refused": …}."""

import json
import os
import sys

from bentoml._internal.bento.bento import DEFAULT_BENTO_BUILD_FILES
from bentoml._internal.bento.build_config import BentoBuildConfig
from bentoml._internal.tag import Tag
from bentoml._internal.utils.filesystem import resolve_user_filepath


def configuration(folder):
    for name in DEFAULT_BENTO_BUILD_FILES:
        file = os.path.join(folder, name)
        if os.path.exists(file):
            return BentoBuildConfig.from_file(file)
    return BentoBuildConfig(service="")


def path(text, folder):
    try:
        return resolve_user_filepath(text, folder, secure=False)
    except FileNotFoundError:
        return None


def texts(values):
    # The build joins them, which takes texts alone.
    "".join(values or [])
    return list(values or [])


def read(folder):
    config = configuration(folder)
    python = config.python
    # A tag that is none is refused when the model is looked up.
    models = [[str(Tag.from_taglike(model.tag)), model.filter] for model in config.models]
    packages, wheels = texts(python.packages), texts(python.wheels)
    return {
        "service": config.service,
        "name": config.name,
        "models": models,
        "requirements": path(python.requirements_txt, folder) if python.requirements_txt else "",
        "packages": packages,
        "wheels": [path(wheel, folder) for wheel in wheels],
        "index_url": python.index_url or "",
        "extra_index_url": texts(python.extra_index_url),
        "trusted_host": texts(python.trusted_host),
        "no_index": bool(python.no_index),
        "pip_args": python.pip_args or "",
    }


def judge(case):
    kept = dict(os.environ)
    os.environ.update(case["env"])
    try:
        return read(case["folder"])
    except Exception as error:
        return {"refused": f"{type(error).__name__}: {error}"}
    finally:
        os.environ.clear()
        os.environ.update(kept)


answers = [judge(case) for case in json.load(open(sys.argv[1]))]
with open(sys.argv[2], "w") as file:
    json.dump(answers, file)
