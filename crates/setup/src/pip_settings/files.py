"""Reads pip's configuration files as pip does, the later ones over the earlier: a JSON object on standard output."""

import configparser
import json
import sys

found = {}
for file in sys.argv[1:]:
    parser = configparser.RawConfigParser()
    try:
        parser.read(file)
    except (configparser.Error, UnicodeDecodeError) as error:
        print(f"{file}: {error}", file=sys.stderr)
        raise SystemExit(1)
    for section in parser.sections():
        if section in ("global", "install"):
            for name, value in parser.items(section):
                found[f"{section}.{name.lower().replace('_', '-').lstrip('-')}"] = value
print(json.dumps(found))
