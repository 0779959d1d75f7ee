"""What is known of a module without having it: the answers of a plain machine, and the limits of numbers."""

import re

QUESTION = re.compile(r"(is|has|have|can|should|supports|exists)(_|[A-Z]|$)")
NUMBERS = {"device_count": 0, "num_gpus": 0, "get_num_gpus": 0}
LIMITS = {"iinfo": "iinfo", "finfo": "finfo"}
TYPES = {"long": "int64", "int": "int32", "short": "int16", "double": "float64", "float": "float32", "half": "float16"}


def answer(name, args):
    """The answer to a call of a function with this name, in a list; an empty one where it is not known."""
    if QUESTION.match(name):
        return [False]
    if name in NUMBERS:
        return [NUMBERS[name]]
    if name in LIMITS and len(args) == 1:
        import numpy

        named = getattr(args[0], "__name__", str(args[0]))
        try:
            return [getattr(numpy, LIMITS[name])(TYPES.get(named, named))]
        except (TypeError, ValueError):
            return []
    return []
