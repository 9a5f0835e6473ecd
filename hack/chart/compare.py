"""Compares what the chart makes with the objects of the standard input, and what becomes of other values.

usage: compare.py HELM CHART <MANIFESTS
"""

import subprocess
import sys

import yaml

HELM, CHART = sys.argv[1:]
NAMESPACE = "xdb-system"
OWN_LABELS = {
    "app.kubernetes.io/instance",
    "app.kubernetes.io/version",
    "app.kubernetes.io/managed-by",
    "helm.sh/chart",
}


def render(*options):
    """The objects, by kind and name; or what Helm says when it takes the values for wrong."""
    command = [HELM, "template", "xdb-operator", CHART, "--namespace", NAMESPACE, *options]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return None, done.stderr
    return objects(done.stdout), ""


def objects(text):
    found = {}
    for item in yaml.safe_load_all(text):
        if item is None:
            continue
        key = item["kind"], item["metadata"]["name"]
        assert key not in found, f"{key} is there twice"
        found[key] = item
    return found


def bare(item):
    """An object without what says only who has made it."""
    metadata = item["metadata"]
    for name in OWN_LABELS:
        assert name in metadata.get("labels", {}) or item["kind"] == "CustomResourceDefinition", (item["kind"], name)
        metadata.get("labels", {}).pop(name, None)
    annotations = metadata.get("annotations", {})
    kept = annotations.pop("helm.sh/resource-policy", None)
    assert (kept == "keep") == (item["kind"] == "CustomResourceDefinition"), f"{item['kind']}: {kept}"
    if not annotations:
        metadata.pop("annotations", None)
    return item


def args(found):
    return found["Deployment", "xdb-operator"]["spec"]["template"]["spec"]["containers"][0]["args"]


def pod(found):
    return found["Deployment", "xdb-operator"]["spec"]["template"]["spec"]


def settings(found):
    return found["ConfigMap", "xdb-operator"]["data"]


def compare():
    wanted = objects(sys.stdin.read())
    # Helm makes it, or has it.
    del wanted["Namespace", NAMESPACE]
    found, words = render()
    assert found is not None, words
    assert set(found) == set(wanted), f"{set(found) ^ set(wanted)}"
    for key, item in found.items():
        got, expected = bare(item), wanted[key]
        assert got == expected, f"{key} differs:\n{yaml.dump(got)}\n--- manifests\n{yaml.dump(expected)}"
    return len(found)


CHANGES = [
    (["crds.install=false"], lambda o: not [key for key in o if key[0] == "CustomResourceDefinition"]),
    (["rbac.aggregate=false"], lambda o: ("ClusterRole", "xdb-view") not in o and ("ClusterRole", "xdb-operator") in o),
    (["priorityClass.create=false", "priorityClass.name=high"], lambda o: pod(o)["priorityClassName"] == "high"
     and "--priority-class=high" in args(o) and not [key for key in o if key[0] == "PriorityClass"]),
    (["priorityClass.create=false", "priorityClass.name="], lambda o: "priorityClassName" not in pod(o)
     and not [arg for arg in args(o) if arg.startswith("--priority-class")]),
    (["watchNamespace=shop"], lambda o: "--namespace=shop" in args(o) and ("Namespace", "xdb-cleanup") not in o
     and not [arg for arg in args(o) if arg.startswith("--cleanup")]),
    (["cleanupNamespace.name=sweep"], lambda o: ("Namespace", "sweep") in o and "--cleanup-namespace=sweep" in args(o)),
    (["cleanupNamespace.create=false"], lambda o: ("Namespace", "xdb-cleanup") not in o
     and "--cleanup-namespace=xdb-cleanup" in args(o)),
    (["settings.failover=Manual", "settings.rebuildLimit=5", "settings.transferBytesPerSecond=200Mi"],
     lambda o: settings(o) == {"failover": "Manual", "rebuildLimit": "5", "transferBytesPerSecond": "200Mi"}),
    (["settings.transferBytesPerSecond=0"], lambda o: settings(o)["transferBytesPerSecond"] == "0"),
    (["metricsPort=9090"], lambda o: "--metrics-port=9090" in args(o)
     and pod(o)["containers"][0]["ports"][0]["containerPort"] == 9090),
    (["workers=8", "log.format=text", "log.level=debug"],
     lambda o: args(o)[-3:] == ["--workers=8", "--log-format=text", "--log-level=debug"]),
    (["image.repository=registry.example/xdb", "image.tag=1.2", "imagePullSecrets[0]=key"],
     lambda o: pod(o)["containers"][0]["image"] == "registry.example/xdb:1.2"
     and pod(o)["imagePullSecrets"] == [{"name": "key"}]),
    (["replicas=1", "nodeSelector.disk=fast", "podAnnotations.a=b", "tolerations[0].key=db"],
     lambda o: pod(o)["nodeSelector"] == {"disk": "fast"} and len(pod(o)["tolerations"]) == 3
     and o["Deployment", "xdb-operator"]["spec"]["replicas"] == 1
     and o["Deployment", "xdb-operator"]["spec"]["template"]["metadata"]["annotations"]["a"] == "b"),
    (["affinity.nodeAffinity.x=y"], lambda o: pod(o)["affinity"] == {"nodeAffinity": {"x": "y"}}),
]

REFUSED = [
    ("replica=1", "Additional property replica is not allowed"),
    ("settings.failover=Off", "settings.failover"),
    ("settings.rebuildLimit=0", "settings.rebuildLimit"),
    ("settings.transferBytesPerSecond=fast", "settings.transferBytesPerSecond"),
    ("log.level=loud", "log.level"),
    ("metricsPort=0", "metricsPort"),
    ("workers=0", "workers"),
    ("watchNamespace=My_Shop", "watchNamespace"),
    ("cleanupNamespace.name=", "cleanupNamespace.name"),
    ("priorityClass.name=", "priorityClass.name"),
    ("image.repository=", "image.repository"),
]


def main():
    count = compare()
    for values, holds in CHANGES:
        found, words = render(*[word for value in values for word in ("--set", value)])
        assert found is not None, f"{values}: {words}"
        assert holds(found), f"{values}: {yaml.dump(found['Deployment', 'xdb-operator'])}"
    for value, word in REFUSED:
        found, words = render("--set", value)
        assert found is None, f"{value} is taken"
        assert word in words, f"{value}: {words}"
    print(f"{count} objects are those of manifests/; {len(CHANGES)} changes of values, {len(REFUSED)} that are refused")


main()
