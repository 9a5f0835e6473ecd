"""usage: rules.py CASES DEFINITION...

Evaluates the rules (x-kubernetes-validations) of custom resource definitions as an API server does, and compares what
they say of the objects in CASES with what the rules in Swift said. Ends with 1 and a line for each thing that is wrong.
"""
import json, sys
import celpy, yaml
from celpy import celtypes as cel
from estimate import INTEGER, TEXT, Wrong, estimate, fields, size

# What servers allow the rules of a definition to cost, by an estimate for the largest object that its schema admits:
# StaticEstimatedCostLimit and StaticEstimatedCRDCostLimit of Kubernetes' apiextensions-apiserver.
RULE_LIMIT, DEFINITION_LIMIT = 10_000_000, 100_000_000

# --- How a rule is evaluated ---

def same(one, other):
    """Equality as Kubernetes has it: also of values of different types, and of sets in any order."""
    if isinstance(one, cel.MapType) and isinstance(other, cel.MapType):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, cel.ListType) and isinstance(other, cel.ListType):
        if isinstance(one, Unordered):
            return len(one) == len(other) and all(any(same(a, b) for b in other) for a in one)
        return len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and one == other


class Unordered(cel.ListType):
    """A list whose type is set or map."""


def equal(one, other):
    if isinstance(one, (cel.MapType, cel.ListType)):
        return cel.BoolType(same(one, other))
    return cel.BoolType(one == other)  # an error where the types differ


FUNCTIONS = {"_==_": equal, "_!=_": lambda one, other: cel.BoolType(not equal(one, other))}
ENVIRONMENT = celpy.Environment()


class Rule:
    """One rule, at one place of a schema."""

    def __init__(self, entry, schema, place, times, correlatable):
        self.text, self.message, self.place = entry.get("rule", ""), entry.get("message", ""), place
        self.verdicts = set()
        if not self.message.strip() or "\n" in self.message:
            raise Wrong(f"{self}: the message is empty or has a line break")
        try:
            tree = ENVIRONMENT.compile(self.text)
            self.of_change = any(token == "oldSelf" for token in tree.scan_values(lambda _: True))
            _, cost = estimate(tree, {"self": schema, "oldSelf": schema, "int": INTEGER, "string": TEXT})
        except (Wrong, celpy.CELParseError) as error:
            raise Wrong(f"{self}: {error}") from None
        self.program, self.cost = ENVIRONMENT.program(tree, functions=FUNCTIONS), cost * times
        if self.of_change and not correlatable:
            raise Wrong(f"{self}: oldSelf is unknown in lists whose type is not map")
        if self.cost > RULE_LIMIT:
            raise Wrong(f"{self}: it may cost {self.cost:.0f}, and servers allow {RULE_LIMIT}: give what it reads, and the "
                        "lists and maps around it, a maxLength, maxItems or maxProperties, and do not compare or go "
                        "over what the rule itself makes")

    def __str__(self):
        return f"{self.place or 'the object'}: rule '{self.text}'"

    def holds(self, value, old):
        try:
            verdict = self.program.evaluate({"self": value} | ({"oldSelf": old} if self.of_change else {}))
        except celpy.CELEvalError as error:
            raise Wrong(f"{self}: it cannot be evaluated: {error.args[0]}") from None
        if not isinstance(verdict, cel.BoolType):
            raise Wrong(f"{self}: it gives {verdict!r}")
        self.verdicts.add(bool(verdict))
        return verdict


def compile_rules(schema, place="", times=1, correlatable=True):
    """Puts rules in the place of the entries that declare them, and returns them."""
    rules = [Rule(entry, schema, place, times, correlatable) for entry in schema.get("x-kubernetes-validations", [])]
    schema["x-kubernetes-validations"] = rules
    for name, field in schema.get("properties", {}).items():
        rules = rules + compile_rules(field, f"{place}.{name}".lstrip("."), times, correlatable)
    if "items" in schema:
        correlatable = correlatable and schema.get("x-kubernetes-list-type") == "map"
        rules = rules + compile_rules(schema["items"], place + "[]", times * size(schema), correlatable)
    if "additionalProperties" in schema:
        rules = rules + compile_rules(schema["additionalProperties"], place + "[]", times * size(schema), correlatable)
    return rules


# --- What the server makes of an object ---

def stored(schema, value):
    """The value with defaults, without null and what the schema does not know."""
    if isinstance(value, dict) and "additionalProperties" in schema:
        return {key: stored(schema["additionalProperties"], inner) for key, inner in value.items()}
    if isinstance(value, dict):
        present = {name: field.get("default") if value.get(name) is None else value[name]
                   for name, field in schema.get("properties", {}).items()}
        return {name: stored(schema["properties"][name], inner) for name, inner in present.items() if inner is not None}
    return [stored(schema["items"], inner) for inner in value] if isinstance(value, list) else value


def in_rules(schema, value):
    """The value as rules see it."""
    if isinstance(value, dict) and "additionalProperties" in schema:
        return cel.MapType({cel.StringType(key): in_rules(schema["additionalProperties"], inner)
                            for key, inner in value.items()})
    if isinstance(value, dict):
        return cel.MapType({cel.StringType(escaped): in_rules(field, value[name])
                            for escaped, (name, field) in fields(schema).items() if name in value})
    if isinstance(value, list):
        kind = Unordered if schema.get("x-kubernetes-list-type") in ("set", "map") else cel.ListType
        return kind(in_rules(schema["items"], inner) for inner in value)
    if schema.get("type") == "number":
        return cel.DoubleType(value)
    return cel.TimestampType(value) if schema.get("format") == "date-time" else celpy.json_to_cel(value)


def refusals(schema, value, old, path=""):
    """What the rules refuse: PATH: MESSAGE."""
    found = []
    for rule in schema["x-kubernetes-validations"]:
        # A rule about a change is for values that were there before.
        if rule.of_change and old is None:
            continue
        if not rule.holds(in_rules(schema, value), None if old is None else in_rules(schema, old)):
            found.append(f"{path}: {rule.message}" if path else rule.message)
    if isinstance(value, dict):
        for name, inner in value.items():
            field = schema.get("properties", {}).get(name) or schema["additionalProperties"]
            found += refusals(field, inner, (old or {}).get(name), f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        keys = schema.get("x-kubernetes-list-map-keys")
        for index, inner in enumerate(value):
            before = [other for other in old or [] if keys and all(other.get(key) == inner.get(key) for key in keys)]
            found += refusals(schema["items"], inner, before[0] if before else None, f"{path}[{index}]")
    return found


def main(cases, *definitions):
    schemas, rules = {}, {}
    for name in definitions:
        spec = yaml.safe_load(open(name))["spec"]
        kind, schema = spec["names"]["kind"], spec["versions"][0]["schema"]["openAPIV3Schema"]
        # All that rules may know of the metadata.
        schema["properties"]["metadata"]["properties"] = {"name": TEXT.copy(), "generateName": TEXT.copy()}
        schemas[kind], rules[kind] = schema, compile_rules(schema)
        if sum(rule.cost for rule in rules[kind]) > DEFINITION_LIMIT:
            raise Wrong(f"{kind}: the rules together may cost more than {DEFINITION_LIMIT}")
    wrong, count = [], 0
    for line in open(cases):
        case = json.loads(line)
        schema = schemas[case["object"]["kind"]]
        old = case["old"] and stored(schema, case["old"])
        found, expected = refusals(schema, stored(schema, case["object"]), old), case["refusals"]
        if sorted(found) != sorted(expected):
            wrong.append(f"of {json.dumps(case)} the definition's rules refuse {found}")
        count += 1
    for kind in schemas:
        wrong += [f"{kind}: {rule}: no case that is {verdict}" for rule in rules[kind]
                  for verdict in (True, False) if verdict not in rule.verdicts]
        print(f"{kind}: {len(rules[kind])} rules, the dearest costs {max(rule.cost for rule in rules[kind]):.0f} of {RULE_LIMIT}")
    print(f"{count} cases, {len(wrong)} problems")
    return wrong


if __name__ == "__main__":
    try:
        problems = main(*sys.argv[1:])
    except Wrong as error:
        problems = [str(error)]
    sys.exit("\n".join(problems[:20]) if problems else 0)
