"""Reads a JSON list of texts, answers what PyYAML makes of each: {"value": …} or {"error": …}.

Timestamps and the numbers that JSON lacks stay text, as in the reader under test.
"""

import json
import math
import sys

import yaml

TIMESTAMP = "tag:yaml.org,2002:timestamp"


class Loader(yaml.SafeLoader):
    """BentoML's loader, without timestamps."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def construct_float(loader, node):
    value = yaml.SafeLoader.construct_yaml_float(loader, node)
    return value if math.isfinite(value) else node.value


Loader.add_constructor("tag:yaml.org,2002:float", construct_float)


def judge(text):
    try:
        return {"value": yaml.load(text, Loader)}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError, ValueError) as error:
        return {"error": str(error)}


answers = []
for text in json.load(sys.stdin):
    answer = judge(text)
    try:
        answers.append(json.dumps(answer, default=str))
    except (TypeError, ValueError) as error:
        answers.append(json.dumps({"error": f"no JSON: {error}"}))
sys.stdout.write("[" + ",".join(answers) + "]")
