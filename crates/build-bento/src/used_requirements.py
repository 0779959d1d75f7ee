"""What the image of a service asks for, read without importing it: `Image(…).python_packages(…)` and the like."""

import ast
import os


def of_modules(modules, context):
    """The lines of requirements in these modules of the project."""
    lines = []
    for module in modules:
        for call in (node for node in ast.walk(module.tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", None)
            if name == "python_packages":
                lines += texts(call, module)
            elif name == "requirements_file":
                for file in texts(call, module):
                    lines += of_file(os.path.join(context, file))
            elif name == "pyproject_toml":
                for file in texts(call, module) or ["pyproject.toml"]:
                    lines += of_project(os.path.join(context, file))
    return lines


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


def of_file(file):
    try:
        with open(file, encoding="utf-8-sig") as source:
            return [line.strip() for line in source if line.strip() and not line.strip().startswith("#")]
    except (OSError, ValueError):
        return []


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
