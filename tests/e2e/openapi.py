"""OpenAPI 2 documents as tests use them: operations with their examples, and answers judged against response schemas.

Only what Azure's documents use: $ref across files, allOf, x-ms-enum (closed or open), additionalProperties, x-ms-long-running-operation,
discriminators left aside. Python's standard library only.
"""

import functools
import json
import os
import re


@functools.lru_cache(maxsize=None)
def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def pointer(doc, fragment):
    for part in fragment.strip("/").split("/"):
        doc = doc[part.replace("~1", "/").replace("~0", "~")]
    return doc


def deref(node, path):
    """Follows $ref; gives the node and the file that it stands in."""
    while isinstance(node, dict) and "$ref" in node:
        file, _, fragment = node["$ref"].partition("#")
        path = os.path.normpath(os.path.join(os.path.dirname(path), file)) if file else path
        node = pointer(load(path), fragment)
    return node, path


def members(schema, path):
    """Properties, required names, and whether others are allowed, with what allOf brings."""
    schema, path = deref(schema, path)
    props, required = {}, set(schema.get("required", ()))
    extra = schema.get("additionalProperties")
    for part in schema.get("allOf", ()):
        p, r, e = members(part, path)
        props.update(p)
        required |= r
        extra = extra if extra is not None else e
    props.update({name: (s, path) for name, s in schema.get("properties", {}).items()})
    return props, required, extra


KINDS = {"string": str, "boolean": bool, "object": dict, "array": list}
DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$")


def judge(value, schema, path, where="", lenient=()):
    """Complaints about a value; lenient: regular expressions of places that may differ."""
    if any(re.fullmatch(p, where) for p in lenient):
        return []
    schema, path = deref(schema, path)
    kind = schema.get("type") or ("object" if "properties" in schema or "allOf" in schema else None)
    if value is None:
        return []  # Azure's documents don't mark what may be null
    if kind in ("integer", "number"):
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and (kind == "number" or isinstance(value, int))
        return [] if good else [f"{where}: {kind} expected, got {value!r}"]
    if kind in KINDS and not isinstance(value, KINDS[kind]):
        return [f"{where}: {kind} expected, got {value!r}"]
    if "enum" in schema and not schema.get("x-ms-enum", {}).get("modelAsString") and value not in schema["enum"]:
        return [f"{where}: {value!r} is none of {schema['enum']}"]
    if schema.get("format") == "date-time" and not DATE_TIME.match(value):
        return [f"{where}: no date-time: {value!r}"]
    if kind == "array":
        return [c for i, v in enumerate(value) for c in judge(v, schema.get("items", {}), path, f"{where}[]", lenient)]
    if kind == "object":
        return judge_object(value, schema, path, where, lenient)
    return []


def judge_object(value, schema, path, where, lenient):
    props, required, extra = members(schema, path)
    found = [f"{where}.{n}: required" for n in sorted(required) if n not in value]
    for name, v in value.items():
        place = f"{where}.{name}"
        if name in props:
            found += judge(v, *props[name], place, lenient)
        elif isinstance(extra, dict):
            found += judge(v, extra, path, place, lenient)
        elif props and not extra and not any(re.fullmatch(p, place) for p in lenient):
            found.append(f"{place}: not declared")
    return found


class Operation:
    def __init__(self, file, path, method, node, shared):
        self.file, self.path, self.method, self.node = file, path, method.upper(), node
        self.id = node["operationId"]
        self.parameters = [deref(p, file) for p in [*shared, *node.get("parameters", ())]]
        self.version = load(file)["info"]["version"]

    def __repr__(self):
        return f"{self.id} ({self.version})"

    @property
    def examples(self):
        return [deref(e, self.file)[0] if "$ref" not in e else load(os.path.normpath(os.path.join(os.path.dirname(self.file), e["$ref"])))
                for e in self.node.get("x-ms-examples", {}).values()]

    @property
    def body_name(self):
        return next((p["name"] for p, _ in self.parameters if p["in"] == "body"), None)

    def example_body(self):
        for e in self.examples:
            if self.body_name in e.get("parameters", {}):
                return e["parameters"][self.body_name]
        return None

    def needed_queries(self):
        return [p for p, _ in self.parameters if p["in"] == "query" and p.get("required") and p["name"] != "api-version"]

    def complaints(self, status, body, lenient=()):
        """About an answer: a status that is not declared (errors count as default), a body that does not fit."""
        responses = self.node["responses"]
        node = responses.get(str(status)) or (responses.get("default") if status >= 400 else None)
        if node is None:
            return [f"status {status} is not declared"]
        node, file = deref(node, self.file)
        if "schema" not in node:
            return []
        if not body:
            return [f"status {status}: a body is declared"]
        return judge(json.loads(body), node["schema"], file, "", lenient)


def operations(file):
    doc = load(file)
    for path, item in {**doc["paths"], **doc.get("x-ms-paths", {})}.items():
        for method, node in item.items():
            if method in ("get", "put", "post", "patch", "delete", "head"):
                yield Operation(file, path, method, node, item.get("parameters", ()))
