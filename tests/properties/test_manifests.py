"""Promises about any manifest at all: decoding never raises, YAML means what PyYAML says it means."""

import json
from typing import Any

import yaml
from hypothesis import given
from hypothesis import strategies as st

from painless.folder.manifest import manifest_ref, parse_manifest
from painless.syntax.jsontext import parse_json
from painless.syntax.yaml import parse_yaml
from painless.wire import decode_all

KINDS = {
    "Ingress": "networking.k8s.io/v1",
    "IngressClass": "networking.k8s.io/v1",
    "Service": "v1",
    "Secret": "v1",
    "ConfigMap": "v1",
    "EndpointSlice": "discovery.k8s.io/v1",
    "List": "v1",
}

FIELDS = (
    "addresses addressType annotations backend clusterIP conditions controller creationTimestamp data"
    " defaultBackend endpoints externalName host hosts http ingressClassName items kind labels metadata name"
    " namespace number path pathType paths port ports protocol ready resource rules secretName service spec"
    " stringData targetPort tls type"
).split()

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | text
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(FIELDS) | text, inner, max_size=5)
    ),
    max_leaves=30,
)
# kubectl and PyYAML read y, n and some numbers differently; the table in test_folder_yaml.py has those.
printable = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn", "Co"]), max_size=12
).filter(lambda word: word not in tuple("yYnN") and word[:1] not in tuple("+-.0123456789"))
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | printable,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(printable.filter(bool), inner, max_size=4),
    max_leaves=20,
)


def typed(kind: str, tree: Any) -> dict[str, Any]:
    found = tree if isinstance(tree, dict) else {"spec": tree}
    return {"metadata": {"name": "a"}} | found | {"kind": kind, "apiVersion": KINDS[kind]}


@given(st.sampled_from(list(KINDS)), trees)
def test_decoding_never_raises_and_always_tells(kind: str, tree: Any) -> None:
    """Whatever a user wrote, there is an object or a diagnostic, in printable text."""
    for found in decode_all(typed(kind, tree)):
        assert found.object is not None or found.diagnostics
        for one in found.diagnostics:
            assert str(one).isprintable()


@given(st.lists(documents, min_size=1, max_size=3), st.booleans())
def test_yaml_means_what_was_dumped(values: list[Any], flow: bool) -> None:  # noqa: FBT001  hypothesis names it
    """What PyYAML writes we read back as PyYAML does, in both styles."""
    dumped = yaml.safe_dump_all(values, default_flow_style=flow, allow_unicode=True)
    parsed = parse_yaml(dumped.encode())
    assert () == parsed.faults
    expected = list(yaml.load_all(dumped, Loader=yaml.CSafeLoader))
    assert expected == [one.value for one in parsed.documents]


@given(documents)
def test_json_means_what_was_dumped(value: Any) -> None:
    """JSON reads back as itself, as JSON and, since kubectl treats it so, mostly as YAML."""
    parsed = parse_json(json.dumps(value).encode())
    assert [value] == [one.value for one in parsed.documents]


@given(st.binary(max_size=200) | text.map(str.encode), st.sampled_from(["a.yaml", "a.json"]))
def test_no_file_raises(data: bytes, name: str) -> None:
    """Any bytes are a manifest, if a broken one; each fault has a place."""
    found = parse_manifest(name, data)
    for one in found.diagnostics:
        assert str(one).isprintable()
        # What was read as an object is told of its own fields.
        assert one.field.startswith(f"{name}:") or one.about != manifest_ref(name)


@given(st.text(alphabet="ab:-[]{},&*!|>'\"#%?~ \n\t1.<", max_size=60))
def test_yaml_of_syntax_alone_agrees_with_pyyaml(source: str) -> None:
    """What we accept PyYAML accepts with the same structure, where both have the same words."""
    parsed = parse_yaml(source.encode())
    if parsed.faults:
        return
    loader = yaml.CSafeLoader(source)
    try:
        events = []
        while loader.check_event():
            events.append(type(loader.get_event()).__name__)
    finally:
        loader.dispose()
    assert events.count("DocumentStartEvent") == len(parsed.documents)
