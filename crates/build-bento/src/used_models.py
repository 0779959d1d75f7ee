"""Models that the code of a service names, read without importing it."""

import ast
import os
import re

# What gets a model of the store, under the names of its modules.
GETTERS = re.compile(r"(_bentoml_sdk|bentoml)\.models\.(get|BentoModel)|bentoml\.(?!bentos|deployment|models|cloud|api_token)\w+\.(get|load_model|load_runner)")
HUB = re.compile(r"(_bentoml_sdk|bentoml)\.models\.HuggingFaceModel")
# What brings a model into the store by itself, before it is used.
MAKERS = re.compile(r"bentoml\.models\.(create|pull)|bentoml\.\w+\.(save_model|import_model)")
LEGACY = re.compile(r"bentoml\.(legacy\.)?(Service|Runner)")
MOST_FILES = 500


class Module:
    """A file of the project: its imports, constants, and calls that name a model."""

    def __init__(self, file, tree):
        self.file, self.tree = file, tree
        self.names, self.texts, self.imports = {}, {}, []
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    self.names[alias.asname or alias.name.split(".")[0]] = alias.name if alias.asname else alias.name.split(".")[0]
                    self.imports.append((0, alias.name))
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                self.imports.append((node.level, base))
                for alias in node.names:
                    self.names[alias.asname or alias.name] = base + "." + alias.name
                    self.imports.append((node.level, (base + "." + alias.name).strip(".")))
        for node in tree.body:
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.texts[target.id] = node.value.value

    def path(self, node):
        """`bentoml.models.get` for whatever name it has here."""
        if isinstance(node, ast.Name):
            return self.names.get(node.id, "")
        if isinstance(node, ast.Attribute):
            above = self.path(node.value)
            return above and above + "." + node.attr
        return ""

    def text(self, call):
        """The first argument, where it is known without running anything."""
        named = [keyword.value for keyword in call.keywords if keyword.arg in ("tag", "model_id", "name")]
        for node in (call.args[:1] or named)[:1]:
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                return node.value
            if isinstance(node, ast.Name):
                return self.texts.get(node.id)
        return None

    def attributes(self):
        """Calls that become attributes of a class, directly or by a name of the module."""
        by_name = {}
        for node in self.tree.body:
            if isinstance(node, ast.Assign):
                by_name.update({target.id: node.value for target in node.targets if isinstance(target, ast.Name)})
        found = set()
        for body in (node.body for node in ast.walk(self.tree) if isinstance(node, ast.ClassDef)):
            for node in body:
                value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
                value = by_name.get(value.id) if isinstance(value, ast.Name) else value
                if value is not None:
                    found.update(id(inner) for inner in ast.walk(value) if isinstance(inner, ast.Call))
        return found

    def calls(self):
        """All calls that run when the module is imported or serves."""
        pending = [self.tree]
        while pending:
            node = pending.pop()
            if isinstance(node, ast.If) and "__main__" in ast.dump(node.test):
                pending.extend(node.orelse)
                continue
            if isinstance(node, ast.Call):
                yield node
            pending.extend(ast.iter_child_nodes(node))


def files_of(module, level, folder, roots):
    """The files of the project that an import may read."""
    parts = [part for part in module.split(".") if part]
    for _ in range(level - 1):
        folder = os.path.dirname(folder)
    for base in [folder] if level else roots:
        for end in range(len(parts) + 1):
            path = os.path.join(base, *parts[:end])
            yield os.path.join(path, "__init__.py")
            yield path + ".py"


def read(file):
    try:
        with open(file, "rb") as source:
            return Module(file, ast.parse(source.read()))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def reached(context, service):
    """The service's module and all of the project that it imports."""
    roots = [context, os.path.join(context, "src")]
    name = (service or "service").split(":")[0]
    first = [os.path.join(context, name)] if name.endswith(".py") else list(files_of(name, 0, context, roots))
    pending, seen = first, set()
    while pending and len(seen) < MOST_FILES:
        file = os.path.normpath(pending.pop(0))
        if file in seen or not file.startswith(context + os.sep) or not os.path.isfile(file):
            continue
        seen.add(file)
        module = read(file)
        if module is not None:
            yield module
            for level, imported in module.imports:
                pending.extend(files_of(imported, level, os.path.dirname(file), roots))


def uses(context, service):
    """Models that the service names, each with its place and whether a class declares it."""
    context = os.path.normpath(context)
    found, made = [], set()
    for module in reached(context, service):
        attributes = module.attributes()
        for call in module.calls():
            path = module.path(call.func)
            if LEGACY.fullmatch(path):
                # Its models are those of its runners, whatever they are made of.
                return []
            model = module.text(call)
            if model and MAKERS.fullmatch(path):
                made.add(model.split(":")[0])
            elif model and (GETTERS.fullmatch(path) or HUB.fullmatch(path)):
                found.append({
                    "call": path.replace("_bentoml_sdk", "bentoml"),
                    "model": model,
                    "hub": HUB.fullmatch(path) is not None,
                    "declared": id(call) in attributes,
                    "file": os.path.relpath(module.file, context),
                    "line": call.lineno,
                })
    found = [one for one in found if one["model"].split(":")[0] not in made]
    return sorted(found, key=lambda one: (one["file"], one["line"]))
