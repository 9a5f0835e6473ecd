"""What a rule of a custom resource definition refers to, and what an API server takes it to cost, both before any object
is there: by the schema alone.
"""
import re
from lark import Token

# What a string, list or map without a limit in the schema may take: a whole request. And what a value may take that the
# rule makes: before Kubernetes 1.30 servers take that for endless where its size counts, 1.25.0 even that of a boolean.
REQUEST, UNKNOWN = 3 << 20, float("inf")
RESERVED = set("""true false null in as break const continue else for function if import let loop package namespace return
    var void while""".split())
MACROS = {"all", "exists", "exists_one", "filter", "map"}
BOOLEAN, INTEGER, TEXT = {"type": "boolean"}, {"type": "integer"}, {"type": "string"}


class Wrong(Exception):
    """What an API server would refuse, or what this check cannot judge."""


def fields(schema):
    """The declared fields of an object, by the names that they have in rules."""
    def escaped(name):
        signs = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
        return f"__{name}__" if name in RESERVED else re.sub(r"__|[-./]", lambda sign: signs[sign[0]], name)
    return {escaped(name): (name, field) for name, field in schema.get("properties", {}).items()}


def size(schema):
    """How many characters, elements or entries there are at most."""
    if schema.get("made"):
        return UNKNOWN
    if "enum" in schema:
        return max(map(len, schema["enum"]))
    if "maxLength" in schema:
        return 4 * schema["maxLength"]  # bytes
    return schema.get("maxItems", schema.get("maxProperties", REQUEST))


def weight(schema):
    """How much there is to compare at most: more than Kubernetes estimates, which takes an object for nothing."""
    if schema.get("made"):
        return UNKNOWN
    if "properties" in schema:
        parts = sum(map(weight, schema["properties"].values()))
    elif "items" in schema:
        parts = size(schema) * weight(schema["items"])
    else:
        parts = 1 if schema.get("type") in ("boolean", "integer", "number") else size(schema)
    return parts if parts == UNKNOWN else min(parts, REQUEST)


def made(schema):
    return {**schema, "made": True}


def estimate(node, names):
    """The schema of a part of a rule, and what evaluating it costs at most: as Kubernetes 1.25.0 has it, or more."""
    while len(node.children) == 1 and not isinstance(node.children[0], Token) and node.data not in (
            "list_lit", "exprlist", "map_lit"):
        node = node.children[0]
    kind, parts = node.data, node.children
    trees = [part for part in parts if not isinstance(part, Token) and not part.data.startswith("unary_")]
    if kind == "literal":
        numbers = {"INT_LIT": INTEGER, "BOOL_LIT": BOOLEAN}
        return numbers.get(parts[0].type, {"type": "string", "enum": [str(parts[0])]}), 0
    if kind == "ident":
        if str(parts[0]) not in names:
            raise Wrong(f"'{parts[0]}' is not declared")
        return names[str(parts[0])], 1
    if kind == "member_dot":
        schema, cost = estimate(parts[0], names)
        if str(parts[1]) not in fields(schema):
            raise Wrong(f"there is no field '{parts[1]}' in the schema (names are written as Kubernetes escapes them)")
        return fields(schema)[str(parts[1])][1], cost + 1
    if kind == "member_dot_arg" and parts[1] in MACROS:
        schema, cost = estimate(parts[0], names)
        if size(schema) >= REQUEST:
            raise Wrong(f"'{parts[1]}' goes over a list or map without maxItems or maxProperties")
        variable, *steps = parts[2].children
        element = schema.get("items", TEXT)  # of a map it is the key
        inner = {**names, str(next(variable.scan_values(lambda _: True))): element}
        results = [estimate(step, inner) for step in steps]
        cost += size(schema) * (sum(step for _, step in results) + 16)
        return made({"type": "array", "items": element} if parts[1] in ("map", "filter") else BOOLEAN), cost
    arguments = [argument for tree in trees
                 for argument in (tree.children if tree.data == "exprlist" else [tree])]
    results = [estimate(argument, names) for argument in arguments]
    cost, schemas = sum(cost for _, cost in results) + 1, [schema for schema, _ in results]
    function = next((str(part) for part in parts if isinstance(part, Token)), None)
    if kind == "list_lit":
        return {"type": "array", "items": (schemas or [TEXT])[0], "maxItems": len(schemas)}, cost + 10
    if kind == "member_index":
        return schemas[0].get("items", schemas[0].get("additionalProperties", TEXT)), cost
    if function in ("matches", "contains"):  # a tenth for a character, times a quarter for one of the expression
        return made(BOOLEAN), cost + size(schemas[0]) / 10 * (size(schemas[1]) / 4 + 1)
    if kind == "relation":
        operator = trees[0].data
        return made(BOOLEAN), cost + (weight(schemas[1]) if operator == "relation_in" else min(map(weight, schemas)) / 10)
    if function:
        return made(TEXT), cost + (0 if function in ("has", "size", "type") else sum(map(weight, schemas)))
    return made(schemas[-1]), cost  # arithmetic, logic, and the conditional
