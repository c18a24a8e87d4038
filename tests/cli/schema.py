"""schema.py SCHEMA.json ANSWER.json ... - does each answer obey the schema? The keywords that docs/architech-results.schema.json
uses are known here, any other is an error; so nothing but Python is needed."""
import json
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}
ANNOTATIONS = {"$schema", "$defs", "title", "description"}


def is_a(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def problems(value, schema, root, at):
    if "$ref" in schema:
        yield from problems(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
        return
    for keyword, wanted in schema.items():
        if keyword == "type":
            names = [wanted] if isinstance(wanted, str) else wanted
            if not any(is_a(value, name) for name in names):
                yield f"{at}: is {json.dumps(value)[:60]}, expected {wanted}"
        elif keyword in ("const", "enum"):
            if value not in ([wanted] if keyword == "const" else wanted):
                yield f"{at}: is {json.dumps(value)[:60]}, expected {wanted}"
        elif keyword == "pattern":
            if isinstance(value, str) and not re.search(wanted, value):
                yield f"{at}: is {json.dumps(value)[:60]}, expected {wanted}"
        elif keyword in ("minimum", "maximum"):
            if is_a(value, "number") and (value < wanted if keyword == "minimum" else value > wanted):
                yield f"{at}: is {value}, {keyword} {wanted}"
        elif keyword == "required":
            if isinstance(value, dict):
                yield from (f"{at}: lacks {name}" for name in wanted if name not in value)
        elif keyword == "properties":
            for name, inner in wanted.items():
                if isinstance(value, dict) and name in value:
                    yield from problems(value[name], inner, root, f"{at}/{name}")
        elif keyword == "additionalProperties" and wanted is False:
            if isinstance(value, dict):
                yield from (f"{at}: {name} is not in the schema" for name in value if name not in schema["properties"])
        elif keyword == "items":
            for i, item in enumerate(value if isinstance(value, list) else []):
                yield from problems(item, wanted, root, f"{at}/{i}")
        elif keyword not in ANNOTATIONS:
            raise SystemExit(f"schema.py: knows no {keyword}")


def main():
    schema = json.load(open(sys.argv[1]))
    found = [f"{path}: {text}" for path in sys.argv[2:] for text in problems(json.load(open(path)), schema, schema, "")]
    print("\n".join(found[:20]), end="\n" if found else "")
    sys.exit(len(found) > 0)


main()
