"""An API server of one node, as far as the suite for clusters gets without containers.

usage: api-server.py KUBECONFIG [--lingering SECONDS] [--others NAMESPACE] [--unready]

Writes KUBECONFIG, and serves until it is told to stop. Objects are kept, listed, watched, patched and
deleted; what controllers, kubelet and podproc's webhook would do to them is done as they are written.
Nothing runs: exec and logs are refused.

GET /left has a line for each object that was made and not removed, for each that was there before and
is lost, for each node with podproc's label, and for each where a daemon was and nobody has swept.
"""

import argparse
import base64
import copy
import json
import os
import re
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

# Group and version: {plural: (kind, namespaced)}
RESOURCES = {
    "v1": {
        "namespaces": ("Namespace", False),
        "nodes": ("Node", False),
        "pods": ("Pod", True),
        "events": ("Event", True),
        "services": ("Service", True),
        "serviceaccounts": ("ServiceAccount", True),
        "secrets": ("Secret", True),
        "configmaps": ("ConfigMap", True),
    },
    "apps/v1": {
        "daemonsets": ("DaemonSet", True),
        "deployments": ("Deployment", True),
        "statefulsets": ("StatefulSet", True),
    },
    "rbac.authorization.k8s.io/v1": {
        "clusterroles": ("ClusterRole", False),
        "clusterrolebindings": ("ClusterRoleBinding", False),
        "roles": ("Role", True),
        "rolebindings": ("RoleBinding", True),
    },
    "admissionregistration.k8s.io/v1": {
        "mutatingwebhookconfigurations": ("MutatingWebhookConfiguration", False),
        "validatingadmissionpolicies": ("ValidatingAdmissionPolicy", False),
        "validatingadmissionpolicybindings": ("ValidatingAdmissionPolicyBinding", False),
    },
    "apiregistration.k8s.io/v1": {"apiservices": ("APIService", False)},
    "policy/v1": {"poddisruptionbudgets": ("PodDisruptionBudget", True)},
    "networking.k8s.io/v1": {"networkpolicies": ("NetworkPolicy", True)},
    "coordination.k8s.io/v1": {"leases": ("Lease", True)},
}
PATH = re.compile(
    r"^/(?:api|apis)/(?P<version>v1|[^/]+/v1)"
    r"(?:/namespaces/(?P<namespace>[^/]+)(?=/[^/]+))?/(?P<plural>[^/]+)(?:/(?P<name>[^/]+))?(?:/(?P<sub>.+))?$"
)
changed = threading.Condition(threading.RLock())
objects = {}  # (version, plural, namespace, name): object
events = []  # (revision, type, key, object)
given = set()  # keys of what a cluster has before
unswept = set()  # nodes that have on their disks what a daemon makes there


def labels_of(entity):
    return entity["metadata"].get("labels") or {}


def matches(key, entity, query):
    for term in filter(None, query.get("labelSelector", [""])[0].split(",")):
        name, equals, value = term.partition("=")
        if name not in labels_of(entity) or (equals and labels_of(entity)[name] != value.lstrip("=")):
            return False
    for term in filter(None, query.get("fieldSelector", [""])[0].split(",")):
        name, _, value = term.partition("=")
        if name == "metadata.name" and key[3] != value.lstrip("="):
            return False
    return True


def store(key, entity):
    kind = "MODIFIED" if key in objects else "ADDED"
    if kind == "MODIFIED":
        old = objects[key]
        entity["metadata"]["generation"] = old["metadata"]["generation"] + (old.get("spec") != entity.get("spec"))
    else:
        entity["metadata"].setdefault("generation", 1)
    events.append((len(events) + 1, kind, key, entity))
    entity["metadata"]["resourceVersion"] = str(len(events))
    objects[key] = entity
    control(key, entity)
    changed.notify_all()


def delete(key, lingering=True):
    if key[1] == "namespaces" and lingering:
        # As while its pods end.
        threading.Timer(options.lingering, delete, (key, False)).start()
        return
    with changed:
        delete_now(key)


def delete_now(key):
    entity = objects.pop(key, None)
    if entity is None:
        return
    events.append((len(events) + 1, "DELETED", key, entity))
    if key[1] == "namespaces":
        for other in [other for other in objects if other[2] == key[3]]:
            delete(other)
    if key[1] in ("daemonsets", "deployments"):
        for other in pods_of(key):
            delete(other)
    changed.notify_all()


# ---- what others on a cluster do ----


def pods_of(key):
    return [other for other in objects if other[1] == "pods" and other[2] == key[2] and other[3].startswith(key[3] + "-")]


def make_pod(namespace, name, template):
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": copy.deepcopy(template["metadata"]), "spec": copy.deepcopy(template["spec"])}
    pod["metadata"].update(name=name, namespace=namespace, uid=str(uuid.uuid4()))
    store(("v1", "pods", namespace, name), pod)


def control(key, entity):
    version, plural, namespace, name = key
    if plural == "namespaces":
        for kind, plural, each in (("ServiceAccount", "serviceaccounts", "default"), ("ConfigMap", "configmaps", "kube-root-ca.crt")):
            if ("v1", plural, name, each) not in objects:
                metadata = {"name": each, "namespace": name}
                store(("v1", plural, name, each), {"apiVersion": "v1", "kind": kind, "metadata": metadata})
    elif plural == "pods":
        run(entity)
    elif plural in ("daemonsets", "deployments"):
        wanted = 1 if plural == "daemonsets" else entity["spec"].setdefault("replicas", 1)
        for pod in pods_of(key)[wanted:]:
            delete(pod)
        for number in range(len(pods_of(key)), wanted):
            make_pod(namespace, f"{name}-{uuid.uuid4().hex[:5]}", entity["spec"]["template"])
        counts = (
            ["desiredNumberScheduled", "currentNumberScheduled", "numberReady", "numberAvailable", "updatedNumberScheduled"]
            if plural == "daemonsets"
            else ["replicas", "readyReplicas", "availableReplicas", "updatedReplicas"]
        )
        entity["status"] = dict.fromkeys(counts, wanted)
        if options.unready and name == "podproc-daemon":
            entity["status"].update(numberReady=0, numberAvailable=0)
        entity["status"]["observedGeneration"] = entity["metadata"]["generation"]
        if plural == "daemonsets":
            entity["status"]["numberMisscheduled"] = 0


def run(pod):
    spec = pod["spec"]
    spec.setdefault("nodeName", "node")
    ended = spec.get("restartPolicy") == "Never"
    is_daemon = labels_of(pod).get("app.kubernetes.io/component") == "daemon"
    if is_daemon:
        unswept.add(spec["nodeName"])
    elif pod["metadata"]["name"].startswith("sweep-"):
        unswept.discard(spec["nodeName"])
    pod["status"] = {
        "phase": "Succeeded" if ended else "Running",
        "containerStatuses": [
            {"name": container["name"], "ready": not ended and not (is_daemon and options.unready), "restartCount": 0, "image": "", "imageID": ""}
            for container in spec["containers"]
        ],
    }


def admit(pod, namespace):
    asked = labels_of(objects[("v1", "namespaces", "", namespace)]).get("podproc.io/inject")
    asked = labels_of(pod).get("podproc.io/inject", asked)
    hooks = [hook for key in objects if key[1] == "mutatingwebhookconfigurations" for hook in objects[key].get("webhooks") or []]
    if asked == "enabled" and hooks and pods_of(("apps/v1", "deployments", hooks[0]["clientConfig"]["service"]["namespace"], "podproc-webhook")):
        pod["spec"].setdefault("volumes", []).append({"name": "podproc-proc-meminfo", "hostPath": {"path": "/"}})


# ---- HTTP ----


def merged(old, patch):
    """RFC 7386. Strategic patches are taken for such: lists are replaced."""
    if not isinstance(patch, dict) or not isinstance(old, dict):
        return patch
    result = {key: value for key, value in old.items() if patch.get(key, value) is not None}
    for key, value in patch.items():
        if value is not None and not key.startswith("$"):
            result[key] = merged(old.get(key, {}), value)
    return result


def json_patched(old, patch):
    """RFC 6902, as far as clients use it."""
    result = copy.deepcopy(old)
    for step in patch:
        if step["op"] == "test":
            continue
        *path, last = [word.replace("~1", "/").replace("~0", "~") for word in step["path"].split("/")[1:]]
        at = result
        for word in path:
            at = at[int(word)] if isinstance(at, list) else at[word]
        if isinstance(at, list):
            where = len(at) if last == "-" else int(last)
            if step["op"] == "remove":
                at.pop(where)
            elif step["op"] == "add":
                at.insert(where, step["value"])
            else:
                at[where] = step["value"]
        elif step["op"] == "remove":
            at.pop(last, None)
        else:
            at[last] = step["value"]
    return result


def fields(message):
    """Those of a protobuf message that have a length, by number."""
    found, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            value |= (message[at] & 0x7F) << shift
            at, shift = at + 1, shift + 7
            if message[at - 1] < 0x80:
                return value

    while at < len(message):
        tag = number()
        if tag & 7 == 0:
            number()
            continue
        length = number()
        found.setdefault(tag >> 3, []).append(message[at : at + length])
        at += length
    return found


def parsed(body):
    """Helm writes its Secrets in protobuf: k8s.io/api/core/v1/generated.proto."""
    if not body.startswith(b"k8s\0"):
        return json.loads(body)
    secret = fields(fields(body[4:])[2][0])
    metadata = fields(secret[1][0])
    entries = [(each[1][0].decode(), each[2][0]) for each in map(fields, secret.get(2, []))]
    labels = [(each[1][0].decode(), each[2][0].decode()) for each in map(fields, metadata.get(11, []))]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": metadata[1][0].decode(), "labels": dict(labels)},
        "data": {name: base64.b64encode(value).decode() for name, value in entries},
        "type": secret[3][0].decode(),
    }


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body):
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def refuse(self, status, reason):
        self.answer(status, {"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": status, "reason": reason, "message": reason})

    def discovery(self, path):
        groups = [version for version in RESOURCES if "/" in version]
        if path == "/version":
            return {"major": "1", "minor": "36", "gitVersion": "v1.36.0"}
        if path == "/api":
            return {"kind": "APIVersions", "versions": ["v1"]}
        if path == "/apis":
            return {"kind": "APIGroupList", "apiVersion": "v1", "groups": [
                {"name": version.split("/")[0], "versions": [{"groupVersion": version, "version": "v1"}],
                 "preferredVersion": {"groupVersion": version, "version": "v1"}} for version in groups]}
        version = path.removeprefix("/apis/").removeprefix("/api/")
        if version in RESOURCES:
            return {"kind": "APIResourceList", "groupVersion": version, "resources": [
                {"name": plural, "singularName": "", "namespaced": namespaced, "kind": kind,
                 "verbs": ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]}
                for plural, (kind, namespaced) in RESOURCES[version].items()]}
        return None

    def handle_any(self):
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if url.path == "/openapi/v2":
            return self.answer(200, b"")  # no schema, in protobuf
        if url.path == "/left":
            with changed:
                made = ["/".join(key[1:]) for key in objects if key not in given]
                lost = ["lost: " + "/".join(key[1:]) for key in given if key not in objects]
                labels = ["label of " + key[3] for key in objects if key[1] == "nodes" and "podproc.io/ready" in labels_of(objects[key])]
                disks = ["disk of " + node for node in unswept]
                return self.answer(200, "".join(line + "\n" for line in sorted(made + lost) + labels + disks).encode())
        found = self.discovery(url.path)
        if found:
            return self.answer(200, found)
        match = PATH.match(url.path)
        if not match or match["plural"] not in RESOURCES.get(match["version"], {}):
            return self.refuse(404, "NotFound")
        if "watch" in query:
            return self.watch(match, query)
        with changed:
            self.serve(match, query, body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

    def keys(self, match, query):
        return [key for key, entity in objects.items()
                if key[:2] == (match["version"], match["plural"])
                and (match["namespace"] is None or key[2] == match["namespace"])
                and (match["name"] is None or key[3] == match["name"])
                and matches(key, entity, query)]

    def serve(self, match, query, body):
        version, plural, namespace, name = match["version"], match["plural"], match["namespace"] or "", match["name"]
        kind = RESOURCES[version][plural][0]
        key = (version, plural, namespace, name)
        if self.command == "POST":
            return self.create(parsed(body), version, plural, namespace, "dryRun" in query)
        if name and key not in objects or match["sub"] not in (None, "status", "scale"):
            return self.refuse(404, "NotFound")
        if self.command == "GET":
            if not name:
                items = [objects[key] for key in self.keys(match, query)]
                return self.answer(200, {"kind": kind + "List", "apiVersion": version,
                                         "metadata": {"resourceVersion": str(len(events))}, "items": items})
            return self.answer(200, self.scale(objects[key]) if match["sub"] == "scale" else objects[key])
        if self.command == "DELETE":
            deleted = self.keys(match, query)
            items = [objects[key] for key in deleted]
            for each in deleted:
                delete(each)
            return self.answer(200, items[0] if name else {"kind": kind + "List", "apiVersion": version, "metadata": {}, "items": items})
        old = objects[key]
        if match["sub"] == "scale":
            new = copy.deepcopy(old)
            change = json.loads(body)
            new["spec"]["replicas"] = json_patched(self.scale(old), change)["spec"]["replicas"] if isinstance(change, list) else change["spec"]["replicas"]
        elif self.command == "PUT":
            new = parsed(body)
            new["metadata"] = {**old["metadata"], **new["metadata"]}
        elif "json-patch" in self.headers["Content-Type"]:
            new = json_patched(old, json.loads(body))
        else:
            new = merged(old, json.loads(body))
        store(key, new)
        self.answer(200, self.scale(new) if match["sub"] == "scale" else new)

    @staticmethod
    def scale(entity):
        return {"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": entity["metadata"], "spec": {"replicas": entity["spec"]["replicas"]}}

    def create(self, entity, version, plural, namespace, dry):
        metadata = entity["metadata"]
        metadata.setdefault("name", metadata.get("generateName", "") + uuid.uuid4().hex[:5])
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = "2026-01-01T00:00:00Z"
        key = (version, plural, namespace, metadata["name"])
        if namespace:
            metadata["namespace"] = namespace
            if ("v1", "namespaces", "", namespace) not in objects:
                return self.refuse(404, "NotFound")
        if key in objects:
            return self.refuse(409, "AlreadyExists")
        if plural == "pods":
            admit(entity, namespace)
        if not dry:
            store(key, entity)
        self.answer(201, entity)

    def watch(self, match, query):
        if "Upgrade" in self.headers:
            return self.answer(200, b"")  # ask again without a WebSocket
        since = int(query.get("resourceVersion", ["0"])[0] or 0)
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while True:
            with changed:
                changed.wait_for(lambda: len(events) > since, 1)
                fresh = events[since:]
                since = len(events)
            for _, kind, key, entity in fresh:
                if key[:2] == (match["version"], match["plural"]) and (match["namespace"] in (None, key[2])) and matches(key, entity, query):
                    line = json.dumps({"type": kind, "object": entity}).encode() + b"\n"
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
            self.wfile.flush()


def give(version, plural, name, namespace="", **rest):
    kind = RESOURCES[version][plural][0]
    metadata = {"name": name, **({"namespace": namespace} if namespace else {}), "labels": rest.pop("labels", {})}
    with changed:
        store((version, plural, namespace, name), {"apiVersion": version, "kind": kind, "metadata": metadata, **rest})


def main():
    give("v1", "namespaces", "default")
    give("v1", "namespaces", "kube-system")
    give("rbac.authorization.k8s.io/v1", "clusterroles", "cluster-admin")
    amounts = {"pods": "110", "memory": "8Gi", "cpu": "2"}
    info = {"kernelVersion": "6.12", "containerRuntimeVersion": "containerd://2.1", "kubeletVersion": "v1.36.0"}
    give("v1", "nodes", "node", spec={}, status={"capacity": amounts, "allocatable": amounts, "nodeInfo": info}, labels={} if options.unready else {"podproc.io/ready": "true"})
    if options.others:
        give("v1", "namespaces", options.others)
        ours = {"app.kubernetes.io/part-of": "podproc"}
        template = {"metadata": {"labels": {"app.kubernetes.io/component": "daemon"}}, "spec": {"containers": []}}
        give("apps/v1", "daemonsets", "podproc-daemon", options.others, labels=ours, spec={"template": template})
        give("rbac.authorization.k8s.io/v1", "clusterroles", "podproc-daemon", labels=ours)
    given.update(objects)
    unswept.clear()  # what others have made
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    address = f"http://127.0.0.1:{server.server_port}"
    with open(options.kubeconfig + ".next", "w", encoding="utf-8") as file:
        json.dump({"apiVersion": "v1", "kind": "Config", "current-context": "c",
                   "clusters": [{"name": "c", "cluster": {"server": address}}],
                   "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
                   "users": [{"name": "u", "user": {}}]}, file)
    os.rename(options.kubeconfig + ".next", options.kubeconfig)
    server.serve_forever()


arguments = argparse.ArgumentParser()
arguments.add_argument("kubeconfig")
arguments.add_argument("--lingering", type=float, default=0.2, help="how long namespaces take to go")
arguments.add_argument("--others", help="where somebody else's podproc is")
arguments.add_argument("--unready", action="store_true", help="no daemon is ever ready")
options = arguments.parse_args()
main()
