"""Directives by Ingress: each line where it stands, shared ones once."""

from tests.builders import OPTIONS, web

from painless.compiler import compile_snapshot
from painless.migrate.outline import outlines
from painless.model.objects import ObjectRef
from painless.model.snapshot import snapshot_of


def of(*names, **more):
    objects = [one for name in names for one in web(name, f"{name}.example", **more)]
    return outlines(compile_snapshot(snapshot_of(objects), OPTIONS).generation)


def ref(name):
    return ObjectRef("Ingress", "shop", name)


def test_a_host_of_its_own_has_its_whole_block():
    """As the file has it, without what is around everything."""
    found = of("a", annotations={"proxy-read-timeout": "99"})
    lines = found.own[ref("a")].splitlines()
    assert ("server {", True, ()) == (
        next(one for one in lines if one == "server {"),
        any("proxy_read_timeout 99s;" in one for one in lines),
        found.texts,
    )
    assert found.own[ref("a")].count("{") == found.own[ref("a")].count("}")


def test_hosts_that_look_alike_share_one_text():
    """Each has its own lines, and the number of the text that is both's."""
    found = of("a", "b")
    assert ({ref("a"): (0,), ref("b"): (0,)}, 1) == (found.shared, len(found.texts))
    assert ["location / {"] == [
        one.strip() for one in found.texts[0].splitlines() if one.strip().startswith("location")
    ]
    assert [False, True] == ["b.example" in found.own[ref(name)] for name in ("a", "b")]
