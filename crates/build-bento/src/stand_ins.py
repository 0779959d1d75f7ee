"""Objects that stand in for modules that are not installed, and for all that is taken from them.

They answer what code asks while it is imported: attributes, calls, decorators, base classes, annotations. Where only the
real thing can answer (a JSON schema, a number, a file), they raise, so that the caller learns which module it needs.
"""

import re
import sys
import types
import typing

import facts
from callers import taken

# Nobody releases this: where it is found in a Bento, a version that is not known got there.
VERSION = "9999.9.9"
# Ends the text of whatever is made of a stand-in; found again in what a Bento says.
MARK = "(not installed)"
EXCEPTION = re.compile(r"[A-Z]\w*(Error|Exception|Warning|Interrupt|Timeout|NotFound)$")

# Modules that only the real thing can answer for, with what asked.
needed = {}
# The version of a module, where the project fixes it.
versions = {}
# Modules whose version was asked for.
asked = set()


class Needed(BaseException):
    """A stand-in was asked what only the real module knows. No `except Exception` of the project may swallow it."""


def need(root, what):
    needed.setdefault(root, what)
    return Needed("%s is needed: %s" % (root, what))


def version_of(root):
    asked.add(root)
    return versions.get(root, VERSION)


def decorates(value):
    """Is it what a decorator gets?"""
    if isinstance(value, types.FunctionType):
        return value.__name__ != "<lambda>"
    owner = getattr(type(value), "__module__", "") or ""
    own_kind = type(value).__name__ in ("Service", "APIMethod") and "bentoml" in owner
    return own_kind or isinstance(value, (type, classmethod, staticmethod, property))


class Operators:
    """What operators give: another stand-in of the same module."""

    def __iter__(self):
        count = taken(sys._getframe(1))
        if count is None:
            raise need(self._absent_root, "its values are gone through: %s" % self._absent_path)
        # What a loop makes of the one value is found where it gets into the Bento.
        return iter([self._absent_value("[]") for _ in range(count)])

    def __getitem__(self, key):
        return self._absent_value("[]")

    def __setitem__(self, key, value):
        pass

    def __delitem__(self, key):
        pass

    def __contains__(self, value):
        return False

    def __enter__(self):
        return self._absent_value("()")

    def __exit__(self, *error):
        return False

    async def __aenter__(self):
        return self._absent_value("()")

    async def __aexit__(self, *error):
        return False

    def __await__(self):
        return self._absent_value("()")
        yield

    # What is compared is most often a version or what the machine has; nothing is the cautious answer.
    def __lt__(self, other):
        return False

    __le__ = __gt__ = __ge__ = __lt__

    def __or__(self, other):
        return self._absent_union(self, other)

    def __ror__(self, other):
        return self._absent_union(other, self)

    def _absent_union(self, left, right):
        return self._absent_value("()")


def operation(self, other=None, *more):
    return self._absent_value("()")


for name in "add sub mul matmul truediv floordiv mod divmod pow lshift rshift and xor".split():
    setattr(Operators, "__%s__" % name, operation)
    setattr(Operators, "__r%s__" % name, operation)
for name in "neg pos abs invert".split():
    setattr(Operators, "__%s__" % name, operation)


class Absent(Operators):
    """A module that is not installed, or something below it: `torch`, `torch.nn.Module`, `torch.load()`."""

    def __init__(self, root, path):
        # The names that a class has: BentoML knows `torch.Tensor` by them.
        parts = path.replace("()", "").replace("[]", "").split(".")
        first = next((i for i, part in enumerate(parts) if part[:1].isupper() and i), max(len(parts) - 1, 1))
        self.__dict__.update(
            _absent_root=root,
            _absent_path=path,
            __module__=".".join(parts[:first]),
            __qualname__=".".join(parts[first:]) or path,
            __name__=parts[-1],
            __doc__=None,
        )

    # For `issubclass(it, …)` of a class that is there.
    __bases__ = ()

    def _absent_value(self, what):
        return self if what == "[]" and self._absent_is_class() else Absent(self._absent_root, self._absent_path + what)

    def _absent_is_class(self):
        return not self._absent_path.endswith(")") and self.__name__[:1].isupper()

    def _absent_union(self, left, right):
        if self._absent_path.endswith((")", "]")):
            return self._absent_value("()")
        try:
            return typing.Union[left, right]
        except TypeError:
            return self._absent_value("()")

    def __getattr__(self, name):
        if name == "__version__":
            return version_of(self._absent_root)
        # `_repr_html_`, `__wrapped__`: what asks for these asks whether they are there.
        if name.startswith("__") or name.startswith("_repr_") or name.startswith("_absent"):
            raise AttributeError(name)
        path = self._absent_path + "." + name
        is_error = EXCEPTION.match(name) and not self._absent_path.endswith(")")
        child = error_class(self._absent_root, path) if is_error else Absent(self._absent_root, path)
        self.__dict__[name] = child
        return child

    def __call__(self, *args, **kwargs):
        name = self.__name__
        called = self._absent_path.endswith(")")
        for known in [] if called else facts.answer(name, args):
            return known
        if len(args) == 1 and not kwargs and (called or not name[:1].isupper()) and decorates(args[0]):
            return args[0]
        return self._absent_value("()")

    def __mro_entries__(self, bases):
        metas = [type(base) for base in bases if isinstance(base, type)]
        plain = all(meta is type or issubclass(meta, AbsentType) for meta in metas)
        return (base_class(self, AbsentType if plain else type),)

    def __instancecheck__(self, value):
        return any(vars(cls).get("_absent_path") == self._absent_path for cls in type(value).__mro__)

    def __subclasscheck__(self, cls):
        if cls is self:
            return True
        return any(vars(one).get("_absent_path") == self._absent_path for one in getattr(cls, "__mro__", ()))

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __str__(self):
        return "%s %s" % (self._absent_path, MARK)

    __repr__ = __str__

    def __format__(self, spec):
        return str(self)

    def __get_pydantic_core_schema__(self, source, handler):
        return any_schema()

    def __get_pydantic_json_schema__(self, schema, handler):
        raise need(self._absent_root, "the schema of an API holds %s" % self._absent_path)


def any_schema():
    from pydantic_core import core_schema

    return core_schema.any_schema()


class AbsentType(type):
    """The class of the project's classes that are made from stand-ins: `Net.from_pretrained(…)`."""

    def __getattr__(cls, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Absent(cls._absent_root, "%s.%s" % (cls._absent_path, name))


class Base(Operators):
    """What a class of the project gets in place of a base that is not installed."""

    def __init__(self, *args, **kwargs):
        try:
            super().__init__(*args, **kwargs)
        except TypeError:
            super().__init__()

    def __init_subclass__(cls, **kwargs):
        # `table=True` and the like is for the real class.
        super().__init_subclass__()

    def __class_getitem__(cls, key):
        return cls

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return Absent(self._absent_root, "%s.%s" % (self._absent_path, name))

    def __call__(self, *args, **kwargs):
        return self._absent_value("()")

    def _absent_value(self, what):
        return Absent(self._absent_root, self._absent_path + what)

    @classmethod
    def __get_pydantic_core_schema__(cls, source, handler):
        # A model of the project that only mixes it in has a schema of its own.
        below = super(Base, cls)
        if hasattr(below, "__get_pydantic_core_schema__"):
            return below.__get_pydantic_core_schema__(source, handler)
        return any_schema()

    @classmethod
    def __get_pydantic_json_schema__(cls, schema, handler):
        raise need(cls._absent_root, "the schema of an API holds %s, made from %s" % (cls.__name__, cls._absent_path))


bases = {}


def base_class(absent, meta):
    key = (absent._absent_path, meta)
    if key not in bases:
        names = {name: absent.__dict__[name] for name in ("_absent_root", "_absent_path", "__module__", "__qualname__")}
        bases[key] = meta(absent.__name__, (Base,), names)
    return bases[key]


def error_class(root, path):
    """An exception: `except` and `raise` take nothing else."""
    module, _, name = path.rpartition(".")
    return type(name, (Exception,), {
        "__module__": module,
        "_absent_root": root,
        "_absent_path": path,
        "__init__": lambda self, *args, **kwargs: Exception.__init__(self, *args),
    })


def root_of(value):
    """The module that a value stands in for, or is made from."""
    found = None
    if isinstance(value, Absent):
        found = value.__dict__["_absent_root"]
    elif isinstance(value, type):
        found = next((vars(cls)["_absent_root"] for cls in value.__mro__ if "_absent_root" in vars(cls)), None)
    elif isinstance(value, types.MethodType):
        found = root_of(value.__self__)
    return found if found or isinstance(value, type) else root_of(type(value))
