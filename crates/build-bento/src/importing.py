"""Lets the project's own files, and BentoML's modules for frameworks, import what is not installed: a stand-in.

Whoever else imports or looks for a module gets the answer that it would get without this file: a stand-in is in no table of
modules that others see.
"""

import ast
import builtins
import difflib
import importlib
import importlib.metadata
import importlib.util
import os
import sys

import stand_ins
from stand_ins import Absent

FRAMEWORKS = ("bentoml._internal.frameworks", "_bentoml_impl.frameworks", "_bentoml_sdk.gradio")
# BentoML loads these late: only when the project has imported them itself.
LATE = ("bentoml._internal.utils.lazy_loader",)
VERSIONS = FRAMEWORKS + ("bentoml._internal.utils.pkg",)
CATCHES = {"ImportError", "ModuleNotFoundError", "Exception", "BaseException"}
FOREIGN = {"node_modules", "site-packages", "__pycache__"}
DEPTH, FOLDERS = 4, 5000


class Importer:
    """Stands behind `import`, `importlib.import_module`, `importlib.util.find_spec` and `importlib.metadata.version`."""

    def __init__(self, is_own, folders, distributions):
        self.is_own, self.folders, self.distributions = is_own, folders, distributions
        # What stands in for each module, and where it was first imported.
        self.modules, self.places = {}, {}
        self.trees = {}
        self.import_, self.import_module = builtins.__import__, importlib.import_module
        self.find_spec, self.version = importlib.util.find_spec, importlib.metadata.version

    def install(self):
        builtins.__import__ = self.statement
        importlib.import_module = self.function
        importlib.util.find_spec = self.spec
        importlib.metadata.version = self.version_of

    def statement(self, name, globals=None, locals=None, fromlist=(), level=0):
        try:
            module = self.import_(name, globals, locals, fromlist, level)
        except ModuleNotFoundError as error:
            module = None if level else self.stand_in(name, error.name, globals or {}, sys._getframe(1))
            if module is None:
                raise
            if fromlist and "*" in fromlist:
                raise stand_ins.need(module._absent_root, "all names are imported from it")
            # `import a.b` binds `a`; `from a import b` takes `b` from it.
            return module if fromlist else self.top(name)
        if fromlist and not level and getattr(module, "__file__", None) is None:
            self.fill(module, name, fromlist, globals or {}, sys._getframe(1))
        return module

    def function(self, name, package=None):
        try:
            return self.import_module(name, package)
        except ModuleNotFoundError as error:
            frame = sys._getframe(1)
            module = self.stand_in(name, error.name, frame.f_globals, frame)
            if module is None:
                raise
            return module

    def spec(self, name, package=None):
        found = None
        try:
            found = self.find_spec(name, package)
        except ModuleNotFoundError:
            pass
        # Own code that asks gets the answer that it gets where all is installed.
        if found is None and self.own(sys._getframe(1).f_globals) and self.distributions.listed(name.split(".")[0]):
            return importlib.util.spec_from_loader(name, None)
        return found

    def version_of(self, name):
        try:
            return self.version(name)
        except importlib.metadata.PackageNotFoundError:
            asks = sys._getframe(1).f_globals
            module = self.distributions.module(name)
            is_ours = self.own(asks) or str(asks.get("__name__")).startswith(VERSIONS)
            if not is_ours or module not in self.modules:
                raise
            return stand_ins.version_of(module)

    def own(self, names):
        file = names.get("__file__")
        return isinstance(file, str) and self.is_own(file)

    def top(self, name):
        first = name.split(".")[0]
        return self.modules.get(first) or sys.modules[first]

    def fill(self, module, name, wanted, names, frame):
        """`from google.cloud import storage`, where other packages have brought the folder `google.cloud`."""
        if not hasattr(module, "__path__") or not self.own(names):
            return
        for one in wanted:
            if one != "*" and not hasattr(module, one):
                self.stand_in(name + "." + one, name + "." + one, names, frame)

    def stand_in(self, name, missing, names, frame):
        """What this importer gets for a module that is not there; nothing: the error."""
        if not missing or not (name + ".").startswith(missing + "."):
            return None
        module_of = str(names.get("__name__"))
        root = next((root for root in self.modules if (name + ".").startswith(root + ".")), None)
        own = self.own(names)
        if root is None:
            if not (own or module_of.startswith(FRAMEWORKS)):
                return None
            parent = missing.rpartition(".")[0]
            if parent and getattr(sys.modules.get(parent), "__file__", "") is not None:
                # A package that is installed and lacks a part is an error of its own.
                return None
            if own and not self.is_foreign(missing, frame):
                return None
            if self.distributions.always_real(missing):
                stand_ins.need(missing, "BentoML works with it, or it is read while the service is imported")
                return None
            root = missing
            self.modules[root] = Absent(root, root)
            self.places[root] = (frame.f_code.co_filename, frame.f_lineno) if own else (None, None)
            version = self.distributions.version(root.split(".")[0])
            if version:
                stand_ins.versions[root] = version
            if parent:
                setattr(sys.modules[parent], missing.rpartition(".")[2], self.modules[root])
        elif not own and not module_of.startswith(FRAMEWORKS + LATE):
            return None
        module = self.modules[root]
        for part in name[len(root):].split(".")[1:]:
            module = getattr(module, part)
        return module

    def is_foreign(self, missing, frame):
        """Is it a package that the project means, not a file of its own that is not found?"""
        top = missing.split(".")[0]
        if self.distributions.listed(top):
            return True
        if self.is_tried(frame) or self.near(top):
            return False
        return not any(self.holds(folder, top) for folder in self.below())

    def is_tried(self, frame):
        """Does the importing statement stand in a `try` that goes on without the module?"""
        file, line = frame.f_code.co_filename, frame.f_lineno
        if file not in self.trees:
            try:
                with open(file, "rb") as source:
                    self.trees[file] = ast.parse(source.read())
            except (OSError, SyntaxError, ValueError, RecursionError):
                self.trees[file] = ast.Module(body=[], type_ignores=[])
        for node in ast.walk(self.trees[file]):
            if isinstance(node, ast.Try) and node.body[0].lineno <= line <= node.body[-1].end_lineno:
                for handler in node.handlers:
                    kinds = [handler.type] if not isinstance(handler.type, ast.Tuple) else handler.type.elts
                    if any(kind is None or getattr(kind, "id", None) in CATCHES for kind in kinds):
                        return True
        return False

    def near(self, top):
        """A module of the project with a name so near that this one is a slip of the pen."""
        names = set()
        inside = [path for path in map(os.path.realpath, sys.path) if any((path + os.sep).startswith(one + os.sep) for one in self.folders)]
        for folder in self.folders + inside:
            try:
                entries = os.listdir(folder)
            except OSError:
                continue
            names.update(name[:-3] for name in entries if name.endswith(".py"))
            names.update(name for name in entries if os.path.isfile(os.path.join(folder, name, "__init__.py")))
        found = difflib.get_close_matches(top, sorted(names), 1, 0.8)
        return found[0] if found and not self.distributions.known(top) else None

    def below(self):
        """The folders that may hold modules of the project's own, the nearest first."""
        level, seen = list(self.folders), 0
        for _ in range(DEPTH + 1):
            yield from level
            seen += len(level)
            if seen > FOLDERS:
                return
            level = [one for folder in level for one in subfolders(folder)]

    def holds(self, folder, top):
        package = os.path.join(folder, top)
        if os.path.isfile(package + ".py") or os.path.isfile(os.path.join(package, "__init__.py")):
            return True
        try:
            return any(name.endswith(".py") for name in os.listdir(package))
        except OSError:
            return False


def subfolders(folder):
    try:
        with os.scandir(folder) as entries:
            found = sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except OSError:
        return []
    names = [(path, os.path.basename(path)) for path in found]
    return [
        path for path, name in names
        if not name.startswith(".") and name not in FOREIGN and not os.path.exists(os.path.join(path, "pyvenv.cfg"))
    ]
