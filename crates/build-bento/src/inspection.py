"""Looks for stand-ins in what a service says of itself: its APIs, configuration, image, models and mounted apps."""

import typing

from stand_ins import root_of

# Attributes of a service of BentoML 1.2 and newer, and what they are called here.
PARTS = {
    "name": "the service's name", "config": "the service's configuration", "image": "the image", "description": "the description",
    "envs": "the service's variables", "labels": "the service's labels", "models": "the models", "cmd": "the command",
    "mount_apps": "a mounted app", "middlewares": "a middleware", "path_prefix": "the path",
    # Those of a service of BentoML 1.1.
    "runners": "a runner", "tag": "the service's name",
}
API = ("name", "route", "batchable", "batch_dim", "max_batch_size", "max_latency_ms", "is_task", "doc", "input", "output")
MOST = 20000


def of_module(module):
    """Each stand-in of the services in a module, and where it is."""
    for name, value in list(vars(module).items()):
        root = root_of(value) if name != "__builtins__" else None
        kind = type(value)
        if root is None and kind.__name__ in ("Service", "ServiceWithMarkdown") and "bentoml" in kind.__module__:
            yield from of_service(value)


def of_service(service):
    for part, called in PARTS.items():
        for root in found(getattr(service, part, None)):
            yield root, "%s holds something of it" % called
    inner = getattr(service, "inner", None)
    if inner is not None and root_of(inner):
        yield root_of(inner), "the service is a class made from it"
    for api in dict(getattr(service, "apis", None) or {}).values():
        label = "the API %s" % getattr(api, "name", "")
        for root in found([getattr(api, part, None) for part in API]):
            yield root, "%s holds something of it" % label
        for spec in (getattr(api, "input_spec", None), getattr(api, "output_spec", None)):
            for root in found(spec):
                yield root, "a default value or a type of %s is made of it" % label
    for dependency in dict(getattr(service, "dependencies", None) or {}).values():
        for root in found([getattr(dependency, part, None) for part in ("deployment", "cluster", "url")]):
            yield root, "a dependency holds something of it"


def found(value):
    """The modules of all stand-ins below a value."""
    pending, seen, roots = [value], set(), []
    while pending and len(seen) < MOST:
        value = pending.pop()
        if id(value) in seen or value is None or isinstance(value, (str, bytes, int, float)):
            continue
        seen.add(id(value))
        root = root_of(value)
        if root is not None:
            roots.append(root)
            continue
        pending.extend(inside(value))
    return dict.fromkeys(roots)


def models(annotation):
    """The pydantic models of an annotation: they have defaults of their own."""
    if typing.get_origin(annotation) is not None:
        return [one for argument in typing.get_args(annotation) for one in models(argument)]
    is_model = isinstance(annotation, type) and root_of(annotation) is None and hasattr(annotation, "model_fields")
    return [annotation] if is_model else []


def inside(value):
    if isinstance(value, dict):
        return list(value) + list(value.values())
    if isinstance(value, (list, tuple, set, frozenset)):
        return list(value)
    if isinstance(value, type):
        # The fields of a model; the annotations are asked for their schema by BentoML itself.
        fields = value.__dict__.get("__pydantic_fields__") or value.__dict__.get("model_fields") or {}
        return list(fields.values()) if isinstance(fields, dict) else []
    kind = type(value)
    if kind.__name__ == "FieldInfo":
        names = ("default", "metadata", "description", "title", "examples", "json_schema_extra", "alias")
        return [getattr(value, name, None) for name in names] + models(getattr(value, "annotation", None))
    if hasattr(kind, "__attrs_attrs__"):
        names = [field.name for field in kind.__attrs_attrs__]
        return [getattr(value, name, None) for name in names if name not in ("inner", "func", "context")]
    if kind.__name__ == "WSGIMiddleware":
        return [getattr(value, "app", None)]
    module = getattr(kind, "__module__", "")
    if isinstance(module, str) and module.startswith(("bentoml", "_bentoml")) and hasattr(value, "__dict__"):
        return list(vars(value).values())
    return []
