"""Where packages come from, and by which hashes they are known: the options among lines of requirements."""

import os
import re
import shlex

from distributions import NAME, normal

# Each option that uv is given, by the forms that pip takes.
OPTIONS = {
    "-i": "--index-url", "--index-url": "--index-url", "--pypi-url": "--index-url",
    "--extra-index-url": "--extra-index-url", "-f": "--find-links", "--find-links": "--find-links",
    "--trusted-host": "--trusted-host",
}
INCLUDES = ("-r", "--requirement")
# Files of requirements that include each other end here.
DEPTH = 10


class Requirements:
    """Lines of requirements, taken apart: packages, and what is said of all of them."""

    def __init__(self):
        self.packages, self.sources, self.hashed = [], [], []
        self.requires_hashes = False

    def add(self, lines, folder, depth=0):
        """Adds lines that stand in a file of this folder, and those of the files that they include."""
        for line in joined(lines):
            if line.startswith("-"):
                self.options(words(line), folder, depth)
            else:
                self.package(line)

    def options(self, arguments, folder, depth=0):
        """Adds arguments of pip; those that say nothing of the source are passed over."""
        arguments = list(arguments)
        while arguments:
            option, given, value = arguments.pop(0).partition("=")
            if not given and option[:2] in ("-i", "-f", "-r") and len(option) > 2:
                option, value = option[:2], option[2:]
            if option == "--no-index":
                self.sources.append(option)
            elif option == "--require-hashes":
                self.requires_hashes = True
            elif option in OPTIONS or option in INCLUDES:
                value = value or (arguments.pop(0) if arguments else "")
                if option in INCLUDES:
                    self.include(os.path.join(folder, value), depth)
                    continue
                if OPTIONS[option] == "--find-links" and not re.match(r"[a-z+]+:", value):
                    value = os.path.join(folder, os.path.expanduser(value))
                self.sources.append("%s %s" % (OPTIONS[option], value))

    def include(self, file, depth=0):
        try:
            with open(file, encoding="utf-8-sig") as source:
                lines = source.read().splitlines()
        except (OSError, ValueError):
            return
        if depth < DEPTH:
            self.add(lines, os.path.dirname(file), depth + 1)

    def package(self, line):
        text, _, hashes = line.partition(" --hash")
        text = text.strip()
        self.packages.append(text)
        if hashes:
            self.requires_hashes = True
            self.hashed.append({"line": text, "locked": locked(text), "hashes": "--hash" + hashes})


def joined(lines):
    """Each line whole, without comments."""
    whole = ""
    for line in lines:
        line = re.sub(r"(^|\s)#.*$", "", line).strip()
        if line.endswith("\\"):
            whole += line[:-1].rstrip() + " "
            continue
        whole = (whole + line).strip()
        if whole:
            yield whole
        whole = ""
    if whole.strip():
        yield whole.strip()


def words(text):
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()


def locked(text):
    """The line as uv writes it when it is resolved: `name==version`, or the name and its address."""
    text = text.split(" ;")[0].strip()
    exact = re.match(NAME.pattern + r"\s*(?:\[[^\]]*\])?\s*===?\s*([^\s;,]+)\s*(?:;.*)?$", text)
    return "%s==%s" % (normal(exact.group(1)), exact.group(2)) if exact else text
