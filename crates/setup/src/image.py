"""Says what a service file asks of its image, without importing it: a JSON object on standard output.

Looked for are the calls `.python_packages(…)`, `.requirements_file(…)` and `.pyproject_toml(…)` of bentoml's Image.
"""

import ast
import json
import sys

KINDS = {"python_packages": "packages", "requirements_file": "requirements", "pyproject_toml": "projects"}

found = {"packages": [], "requirements": [], "projects": [], "unknown": []}
with open(sys.argv[1], "rb") as file:
    tree = ast.parse(file.read())
constants = {}
for node in tree.body:
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        try:
            constants[node.targets[0].id] = ast.literal_eval(node.value)
        except ValueError:
            pass


def values(argument):
    """The texts that an argument stands for: written there, or in a constant of the file."""
    spread = isinstance(argument, ast.Starred)
    node = argument.value if spread else argument
    value = constants[node.id] if isinstance(node, ast.Name) else ast.literal_eval(node)
    texts = list(value) if spread else [value]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError
    return texts


for node in ast.walk(tree):
    kind = KINDS.get(node.func.attr) if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) else None
    if kind is None:
        continue
    arguments = list(node.args) + [keyword.value for keyword in node.keywords]
    if not arguments and kind == "projects":
        found[kind].append("pyproject.toml")
    for argument in arguments:
        try:
            found[kind].extend(values(argument))
        except (KeyError, TypeError, ValueError):
            found["unknown"].append(argument.lineno)
print(json.dumps(found))
