"""schema.py SCHEMA.json ANSWER.json ... - does each answer obey the schema? The keywords that docs/*.schema.json use are known
here, any other is an error; so nothing but Python is needed.
schema.py --refuse SCHEMA.json ANSWER.json CHANGE ... - is the answer refused after each change, one at a time? A change is a
statement about `a`, the answer: "a.pop('digest')". It is an error, too, when the answer is refused as it is."""
import json
import operator
import re
import sys

TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int, "number": (int, float), "null": type(None)}
SIZES = {"minItems": (list, operator.ge), "maxItems": (list, operator.le), "minLength": (str, operator.ge),
         "maxLength": (str, operator.le), "minProperties": (dict, operator.ge), "maxProperties": (dict, operator.le)}
LIMITS = {"minimum": operator.ge, "maximum": operator.le, "exclusiveMinimum": operator.gt, "exclusiveMaximum": operator.lt}
ANNOTATIONS = {"$schema", "$ref", "$id", "default", "$defs", "title", "description"}


def is_a(value, name):
    return isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool))


def problems(value, schema, root, at):
    if "$ref" in schema:
        yield from problems(value, root["$defs"][schema["$ref"].removeprefix("#/$defs/")], root, at)
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
        elif keyword in LIMITS:
            if is_a(value, "number") and not LIMITS[keyword](value, wanted):
                yield f"{at}: is {value}, {keyword} {wanted}"
        elif keyword == "required":
            if isinstance(value, dict):
                yield from (f"{at}: lacks {name}" for name in wanted if name not in value)
        elif keyword == "properties":
            for name, inner in wanted.items():
                if isinstance(value, dict) and name in value:
                    yield from problems(value[name], inner, root, f"{at}/{name}")
        elif keyword == "additionalProperties":
            for name in value if isinstance(value, dict) else []:
                if name not in schema.get("properties", {}) and not any(
                        re.search(pattern, name) for pattern in schema.get("patternProperties", {})):
                    if wanted is False:
                        yield f"{at}: {name} is not in the schema"
                    else:
                        yield from problems(value[name], wanted, root, f"{at}/{name}")
        elif keyword == "patternProperties":
            for name in value if isinstance(value, dict) else []:
                for pattern, inner in wanted.items():
                    if re.search(pattern, name):
                        yield from problems(value[name], inner, root, f"{at}/{name}")
        elif keyword == "dependentRequired":
            yield from (f"{at}: {name} needs {other}" for name, others in wanted.items() for other in others
                        if isinstance(value, dict) and name in value and other not in value)
        elif keyword == "dependentSchemas":
            for name, inner in wanted.items():
                if isinstance(value, dict) and name in value:
                    yield from problems(value, inner, root, at)
        elif keyword == "not":
            if next(problems(value, wanted, root, at), None) is None:
                yield f"{at}: {json.dumps(value)[:60]} is what it must not be"
        elif keyword == "uniqueItems":
            if isinstance(value, list) and len({json.dumps(item) for item in value}) < len(value):
                yield f"{at}: an entry is there twice"
        elif keyword == "propertyNames":
            for name in value if isinstance(value, dict) else []:
                yield from problems(name, wanted, root, f"{at} (a name)")
        elif keyword in SIZES:
            kind, limit = SIZES[keyword]
            if isinstance(value, kind) and not limit(len(value), wanted):
                yield f"{at}: has {len(value)} entries, {keyword} {wanted}"
        elif keyword == "allOf":
            for inner in wanted:
                yield from problems(value, inner, root, at)
        elif keyword in ("oneOf", "anyOf"):
            fit = sum(next(problems(value, inner, root, at), None) is None for inner in wanted)
            if fit == 0 or (fit > 1 and keyword == "oneOf"):
                yield f"{at}: {json.dumps(value)[:60]} fits {fit} of {len(wanted)} ways"
        elif keyword == "prefixItems":
            for i, (item, inner) in enumerate(zip(value if isinstance(value, list) else [], wanted)):
                yield from problems(item, inner, root, f"{at}/{i}")
        elif keyword == "items":
            first = len(schema.get("prefixItems", []))
            for i, item in enumerate(value[first:] if isinstance(value, list) else []):
                if wanted is False:
                    yield f"{at}/{first + i}: is one entry too many"
                else:
                    yield from problems(item, wanted, root, f"{at}/{first + i}")
        elif keyword not in ANNOTATIONS:
            raise SystemExit(f"schema.py: knows no {keyword}")


def refuse(schema, path, changes):
    read = lambda: json.load(open(path))
    found = [f"{path}: {text}" for text in problems(read(), schema, schema, "")]
    for change in changes:
        answer = read()
        exec(change, {"a": answer})
        if next(problems(answer, schema, schema, ""), None) is None:
            found.append(f"{path}: passes after {change}")
    return found


def main():
    arguments = sys.argv[1:]
    refusing = arguments[0] == "--refuse"
    schema = json.load(open(arguments[refusing]))
    if refusing:
        found = refuse(schema, arguments[2], arguments[3:])
    else:
        found = [f"{path}: {text}" for path in arguments[1:] for text in problems(json.load(open(path)), schema, schema, "")]
    print("\n".join(found[:20]), end="\n" if found else "")
    sys.exit(len(found) > 0)


main()
