"""A build in which stand-ins take the place of what is not installed, and what it needs to be right."""

import ast
import os
import re
import sys
import traceback
import types

import inspection
import stand_ins
import used_requirements
from distributions import Distributions
from sources import Requirements, words
from importing import Importer
from stand_ins import root_of
from used_models import reached

MARKED = re.compile(r"([A-Za-z_]\w*)[\w.()\[\]]* " + re.escape(stand_ins.MARK))


class Standing:
    """What is known of the modules that are not installed, while the project is imported and built."""

    def __init__(self, request, is_own):
        context = os.path.realpath(request["context"])
        self.is_own = lambda file: any(is_own(file, root) for root in folders)
        folders = sorted({context, os.path.realpath(request["root"]), os.path.realpath(os.getcwd())}, key=len, reverse=True)
        self.is_on = request["dependencies"] == "auto"
        self.of_project, self.of_image = Requirements(), Requirements()
        self.of_project.options(words(request["pip_args"]), context)
        self.of_project.add(request["requirements"], request["requirements_folder"])
        try:
            self.of_image = used_requirements.of_modules(list(reached(os.path.normpath(request["context"]), request["service"])), context)
        except Exception:
            # It reads code of any kind, and the image may have no part in it.
            pass
        self.distributions = Distributions(self.of_project.packages + self.of_image.packages)
        self.importer = Importer(self.is_own, folders, self.distributions)

    def start(self):
        self.importer.install()

    def check(self, folder):
        """Looks for stand-ins where they would change the Bento."""
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if isinstance(file, str) and self.is_own(file):
                for root, what in inspection.of_module(module):
                    stand_ins.need(root, what)
        for root, file in self.marked(folder):
            stand_ins.need(root, "%s of the Bento holds something of it" % file)

    def marked(self, folder):
        """Texts and versions that were made of stand-ins, in what BentoML wrote."""
        files = [os.path.join(folder, "bento.yaml")]
        for below in ("env", "apis"):
            for path, _, names in os.walk(os.path.join(folder, below)):
                files += [os.path.join(path, name) for name in names]
        asked = {root: stand_ins.versions.get(root) for root in self.importer.modules if root in stand_ins.asked}
        for file in files:
            try:
                with open(file, encoding="utf-8", errors="replace") as written:
                    text = written.read()
            except OSError:
                continue
            shown = os.path.relpath(file, folder)
            for root in set(MARKED.findall(text)):
                yield next((one for one in self.importer.modules if one.split(".")[0] == root), root), shown
            # The requirements say versions of their own.
            said = "\n".join(line for line in text.splitlines() if "==" not in line)
            for root, version in asked.items():
                # Of one that is not known the first part is enough.
                wanted = re.escape(version or stand_ins.VERSION.split(".")[0])
                if (version is None or not shown.startswith("env")) and re.search(r"(?<![\w.])%s(?!\w)" % wanted, said):
                    yield root, shown

    def suspect(self, error):
        """Blames the stand-ins that an error went through, if any, and what BentoML itself lacks."""
        if isinstance(error, ModuleNotFoundError) and error.name and self.distributions.always_real(error.name):
            stand_ins.need(error.name.split(".")[0], "BentoML works with it")
        if re.search(r"unexpected keyword argument|required positional argument|required keyword", str(error)):
            # Whatever is passed, the call itself is wrong.
            return
        frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
        lines = {frame: line for frame, line in traceback.walk_tb(error.__traceback__)}
        own = next((frame for frame in reversed(frames) if self.is_own(frame.f_code.co_filename)), None)
        below = frames[frames.index(own) + 1:] if own is not None else frames
        values = [value for frame in below for value in frame.f_locals.values() if frame.f_globals.get("__name__") not in OURS]
        if own is not None:
            names = names_at(own.f_code.co_filename, lines[own])
            scope = {**own.f_globals, **own.f_locals}
            values += [scope[name] for name in names if name in scope]
            # A function that a stand-in returned as it was, in place of what it would have made of it.
            if isinstance(getattr(error, "obj", None), types.FunctionType):
                values += list(own.f_globals.values())
        for root in filter(None, map(blamed, values)):
            stand_ins.need(root, "%s: %s" % (type(error).__name__, error))

    def listed(self):
        """What the service's image asks for, which nobody else knows."""
        return [{"module": "", "what": "", "requirement": line} for line in self.of_image.packages]

    def sources(self):
        """Where the project's packages come from, besides what its build configuration says; and their hashes."""
        both = (self.of_project, self.of_image)
        return {
            "sources": [line for one in both for line in one.sources],
            "hashed": [line for one in both for line in one.hashed],
            "requires_hashes": any(one.requires_hashes for one in both),
        }

    def about(self, module):
        """What is known of a module that is missing, for advice."""
        top = module.split(".")[0]
        listed = self.distributions.listed(top)
        near = None if listed else self.importer.near(top)
        return {"requirement": self.distributions.requirement(top), "listed": listed, "near": near}

    def answer(self):
        """For the one who asked: what was stood in for, and what has to be installed."""
        def placed(module, **more):
            file, line = self.importer.places.get(module, (None, None))
            return {"module": module, "file": file, "line": line, **more}

        needed = [
            placed(root, what=what, requirement=self.distributions.requirement(root))
            for root, what in stand_ins.needed.items()
        ]
        # Where the project lists nothing, its packages come from elsewhere.
        lists, known = self.distributions.lines, self.distributions.known
        stood_in = [placed(root, known=not lists or known(root.split(".")[0])) for root in self.importer.modules]
        return {"stood_in": stood_in, "needed": needed}


OURS = {"stand_ins", "importing", "standing", "inspection"}


def blamed(value):
    if isinstance(value, (dict, list, tuple, set)) and len(value) < 100:
        inside = value.values() if isinstance(value, dict) else value
        return next(filter(None, map(root_of, list(inside))), None)
    return None if isinstance(value, types.ModuleType) else root_of(value)


def names_at(file, line):
    """The names in the innermost statement at a line; of a function or a class those of its head and its annotations."""
    try:
        with open(file, "rb") as source:
            tree = ast.parse(source.read())
    except (OSError, SyntaxError, ValueError, RecursionError):
        return []
    around = [node for node in ast.walk(tree) if isinstance(node, ast.stmt) and first(node) <= line <= node.end_lineno]
    if not around:
        return []
    node = min(around, key=lambda node: node.end_lineno - first(node))
    parts = [node]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        parts = node.decorator_list + [node.args] + [node.returns] * (node.returns is not None)
    elif isinstance(node, ast.ClassDef):
        parts = node.decorator_list + node.bases + [one for one in node.body if isinstance(one, (ast.Assign, ast.AnnAssign))]
    elif hasattr(node, "body"):
        parts = [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.stmt)]
    return [one.id for part in parts for one in ast.walk(part) if isinstance(one, ast.Name)]


def first(node):
    return min([node.lineno] + [one.lineno for one in getattr(node, "decorator_list", [])])
