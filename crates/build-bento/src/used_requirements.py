"""What the image of a service asks for, read without importing it: `Image(…).python_packages(…)` and the like."""

import ast
import os

from sources import Requirements


def of_modules(modules, context):
    """The requirements in these modules of the project."""
    found = Requirements()
    for module in modules:
        for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", None)
            if name == "python_packages":
                found.add(texts(call, module), context)
            elif name == "requirements_file":
                for file in texts(call, module):
                    found.include(os.path.join(context, file))
            elif name == "pyproject_toml":
                for file in texts(call, module) or ["pyproject.toml"]:
                    found.add(of_project(os.path.join(context, file)), context)
    return found


def texts(call, module):
    """The texts of a call: written there, or in a constant of the file."""
    found = []
    for node in call.args:
        node = node.value if isinstance(node, ast.Starred) else node
        if isinstance(node, ast.Name):
            node = next((one.value for one in module.tree.body if isinstance(one, ast.Assign)
                         and any(getattr(target, "id", None) == node.id for target in one.targets)), node)
        try:
            value = ast.literal_eval(node)
        except ValueError:
            continue
        found += [value] if isinstance(value, str) else [text for text in value if isinstance(text, str)]
    return found


def of_project(file):
    try:
        import tomllib
    except ImportError:
        import tomli as tomllib
    try:
        with open(file, "rb") as source:
            lines = tomllib.load(source).get("project", {}).get("dependencies", [])
    except (OSError, ValueError, AttributeError):
        return []
    return [line for line in lines if isinstance(line, str)]
