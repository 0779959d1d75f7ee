"""What the code that iterates a stand-in does with its values."""

import dis

PASSED_OVER = {dis.opmap[name] for name in ("EXTENDED_ARG", "CACHE", "NOP") if name in dis.opmap}


def taken(frame):
    """How many values the caller takes out of a stand-in: as many as it has names for, one in a `for` statement. Nothing where
    their number may matter: in a comprehension, `list()`, `join`, `{**it}`."""
    code, at = frame.f_code.co_code, frame.f_lasti
    steps = [(code[i], code[i + 1]) for i in range(at, min(at + 20, len(code)), 2) if code[i] not in PASSED_OVER]
    (operation, count), following = steps[0], steps[1:2]
    if operation == dis.opmap["UNPACK_SEQUENCE"]:
        return count
    is_loop = operation == dis.opmap["GET_ITER"] and following and following[0][0] == dis.opmap["FOR_ITER"]
    # Newer Pythons begin to iterate inside of a generator expression.
    return 1 if is_loop and not frame.f_code.co_name.startswith("<gen") else None
