"""The reasons of a reload are read off the lines that differ."""

from msgspec import structs
from tests.builders import OPTIONS, PREFIX, ingress, options, path, rule, web

from painless.compiler import compile_snapshot
from painless.model.objects import ConfigMap, Object, ObjectRef, Origin
from painless.model.snapshot import snapshot_of
from painless.nginx.generation import Generation
from painless.plan.changes import Change, Effect, Kind, changes, effect, refused_origins
from painless.sensitive import Sensitive

WEB = ObjectRef("Ingress", "shop", "web")
B = ObjectRef("Ingress", "shop", "b")


def generation(*objects: Object) -> Generation:
    return compile_snapshot(snapshot_of(objects), OPTIONS).generation


def test_an_ingress_that_comes_is_named() -> None:
    """Whoever added it caused the reload, and its Service came with it."""
    before = *web(), *web("a", "a.example")
    found = changes(generation(*before), generation(*before, *web("b", "b.example")))
    assert Change(Kind.ADDED, B, "") in found
    assert {B, ObjectRef("Service", "shop", "b")} == {one.ref for one in found}


def test_an_ingress_that_goes_is_named() -> None:
    """Likewise the other way round."""
    found = changes(generation(*web(), *web("b", "b.example")), generation(*web()))
    assert Change(Kind.REMOVED, B, "") in found


def test_a_changed_annotation_names_object_and_field() -> None:
    """Nothing else is said, and no other object."""
    found = changes(generation(*web()), generation(*web(annotations={"proxy-body-size": "8m"})))
    assert (Change(Kind.CHANGED, WEB, f"metadata.annotations[{PREFIX}proxy-body-size]"),) == found
    assert "IngressChanged" == found[0].label


def test_who_comes_to_share_a_block_is_no_reason() -> None:
    """The lines of a host change when another one shares its block; the other one is who changed."""
    live, want = generation(*web()), generation(*web(), *web("b", "b.example"))
    differ = dict.fromkeys((B, ObjectRef("Service", "shop", "b")), Kind.ADDED)
    assert [WEB] == [one.ref for one in changes(live, want) if one.kind is Kind.CHANGED][:1]
    assert differ.keys() == {one.ref for one in changes(live, want, differ)}


def test_a_host_that_comes_to_share_another_block_is_named() -> None:
    """None of its own lines is another one: they stand in another block."""
    sizes = {"a": "8m", "b": "8m", "c": "9m", "d": "9m", "e": "8m"}
    live, want = (
        generation(
            *(
                one
                for name, size in now.items()
                for one in web(name, f"{name}.example", annotations={"proxy-body-size": size})
            )
        )
        for now in (sizes, {**sizes, "b": "9m"})
    )
    assert (Change(Kind.CHANGED, B, ""),) == changes(live, want)


def test_an_upstream_that_moves_within_its_file_makes_nobody_else_a_reason() -> None:
    """Its Service is looked up now, so its block moves up: the lines it passes are other Services'."""
    live, want = (
        generation(
            *(
                one
                for name in "abcd"
                for one in web(name, f"{name}.example", annotations={"proxy-body-size": now[name]})
            )
        )
        for now in (
            {"a": "1m", "b": "2m", "c": "3m", "d": "3m"},
            {"a": "1m", "b": "3m", "c": "3m", "d": "3m"},
        )
    )
    assert {B} == {one.ref for one in changes(live, want, {B: Kind.CHANGED})}
    assert "a" not in {one.ref.name for one in changes(live, want) if one.ref}


def test_nobody_is_said_to_come_or_go_who_stays() -> None:
    """The upstream of a Service goes with the last path that uses it; the Service is still there."""
    both = *web(), *web("b", "b.example")
    used = generation(*both)
    unused = generation(
        *(one for one in both if one.ref != B), ingress("b", rule("b.example", path("/", "web")))
    )
    differ = {B: Kind.CHANGED}
    assert {(Kind.CHANGED, B)} == {(one.kind, one.ref) for one in changes(used, unused, differ)}
    assert {(Kind.CHANGED, B)} == {(one.kind, one.ref) for one in changes(unused, used, differ)}


def test_what_has_no_line_is_named_when_nothing_else_changed() -> None:
    """An Ingress answers otherwise when the Secret that it names goes; it did not change."""
    gone = ObjectRef("Secret", "shop", "users")
    found = changes(
        generation(*web()), generation(*web(annotations={"proxy-body-size": "8m"})), {gone: Kind.REMOVED}
    )
    assert (Change(Kind.REMOVED, gone, ""),) == found
    assert "SecretRemoved" == found[0].label


def test_a_changed_setting_is_ours() -> None:
    """What no object says has no object."""
    live = compile_snapshot(snapshot_of(web()), OPTIONS).generation
    named = options(configmap=("shop", "config"))
    config = ConfigMap("shop", "config", (("hsts", "false"),))
    want = compile_snapshot(snapshot_of((*web(), config)), named).generation
    assert (Change(Kind.CHANGED, None, ""),) == changes(live, want)


def test_the_effect_is_decided_by_the_files_alone() -> None:
    """Text is a reload, a hot file is live, equal is nothing; a start is a reload."""
    live = generation(*web())
    rotated = structs.replace(live, hot={**live.hot, "certificates/default.pem": Sensitive(b"new")})
    found = [effect(None, live), effect(live, live), effect(live, rotated), effect(live, generation())]
    assert [Effect.RELOAD, Effect.NONE, Effect.LIVE, Effect.RELOAD] == found


def test_the_line_nginx_refuses_has_an_owner() -> None:
    """NGINX names file and line; the line knows its object."""
    want = generation(*web())
    lines = want.cold["nginx.conf"].splitlines()
    at = next(number for number, line in enumerate(lines, 1) if "server_name web.example" in line)
    origins = refused_origins(f"nonsense in /state/generations/{want.id}/nginx.conf:{at}", want)
    assert [WEB] == [one.ref for one in origins]
    assert () == refused_origins("bind() to 0.0.0.0:80 failed", want)


def origin(name: str) -> Origin:
    return Origin(ObjectRef("Ingress", "shop", name), "spec")


SHARED = Generation(
    "0",
    {"nginx.conf": "req_zone $a zone=x:1m;\nreq_zone $a zone=xy:1m;\nreq zone=x burst=5;\nreq zone=xy;\n"},
    origins={"nginx.conf": (None, None, (origin("a"), origin("b")), origin("c"))},
)


def test_a_line_that_hosts_share_has_all_their_owners() -> None:
    """Nobody of them is spared, and each is once."""
    found = refused_origins("bad in /x/nginx.conf:3\nbad in /x/nginx.conf:3", SHARED)
    assert (origin("a"), origin("b")) == found


def test_a_zone_that_nginx_refuses_at_a_reload_has_the_owners_of_its_lines() -> None:
    """A reload names no line; a zone with a longer name is another one."""
    says = 'limit_req "x" uses the "$a" key while previously it used the "$b" key'
    assert (origin("a"), origin("b")) == refused_origins(says, SHARED)


def test_a_shared_line_that_changes_is_a_reason_for_each_owner() -> None:
    """Each of the hosts behind it is served otherwise; when one has a line of its own, that is the reason."""
    text = SHARED.cold["nginx.conf"].replace("zone=x burst=5", "zone=x burst=6")
    found = changes(SHARED, structs.replace(SHARED, id="1", cold={"nginx.conf": text}))
    assert {origin("a").ref, origin("b").ref} == {one.ref for one in found}
    text = text.replace("zone=xy;", "zone=xy burst=1;")
    found = changes(SHARED, structs.replace(SHARED, id="2", cold={"nginx.conf": text}))
    assert {origin("c").ref} == {one.ref for one in found}
