"""What objects have in common is in memory once, and is no less each one's own."""

import json
from typing import Any

from painless.model.objects import Ingress
from painless.wire import decode_object


def _ingress(name: str, key: str) -> Ingress:
    backend = {"service": {"name": f"{name}-web", "port": {"number": 80}}}
    paths = [{"path": f"/{at}", "pathType": "Prefix", "backend": backend} for at in "ab"]
    raw: dict[str, Any] = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {
            "name": name,
            "namespace": "a-team",
            "annotations": {f"{key}-x": "1"},
        },
        "spec": {"rules": [{"host": f"{name}.example.com", "http": {"paths": paths}}]},
    }
    # Through text, since the constants of this module are shared already.
    found = decode_object(json.loads(json.dumps(raw))).object
    assert isinstance(found, Ingress)
    return found


def test_equal_parts_are_one():
    """Namespaces, annotations and backends that are equal are the same value."""
    one, other = _ingress("one", "k"), _ingress("other", "k")
    assert one.namespace is other.namespace
    assert one.annotations is other.annotations
    assert one.rules[0].paths[0].backend is one.rules[0].paths[1].backend


def test_what_differs_stays_apart():
    """Sharing never mixes up what is not equal."""
    one, other = _ingress("one", "k"), _ingress("one", "l")
    assert (("k-x", "1"),) == one.annotations
    assert (("l-x", "1"),) == other.annotations
