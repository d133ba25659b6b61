"""Promises of the compiler and the planner about any cluster at all."""

import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import structs
from tests.properties.clusters import (
    CONFIGMAP,
    MARKER,
    OPTIONS,
    PATIENT,
    SEVERAL,
    alone,
    clusters,
    compiled,
    decoded,
    objects,
)

from painless.compiler import Compiled, compile_snapshot, with_listeners
from painless.compiler.emit import warm_generation
from painless.compiler.fit import fit
from painless.compiler.lower import lower, warm
from painless.compiler.lower_upstreams import lower_upstream, zone_size
from painless.compiler.memory import Memory
from painless.features import parse_config, upstream_keepalive
from painless.model.objects import ConfigMap, EndpointSlice, Ingress, IngressClass, Object, Secret, Service
from painless.model.snapshot import snapshot_of
from painless.nginx import catalog
from painless.nginx.generation import MAIN, UPSTREAMS
from painless.nginx.reader import Shape, read, shape, shape_of
from painless.nginxd.disk import Disk
from painless.plan.diff import plan

TESTED = 10.0  # Seconds for ``nginx -t``, which takes milliseconds.

pytestmark = PATIENT


@SEVERAL
@given(clusters(), st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(some, chance) -> None:
    """The same objects in any order are the same site, the same bytes and the same findings."""
    shuffled = list(some)
    chance.shuffle(shuffled)
    assert compiled(some) == compiled(tuple(shuffled))


@SEVERAL
@given(clusters())
def test_what_is_live_needs_nothing(some) -> None:
    """Compiling again gives an equal generation, and there is nothing to do to get to it."""
    first, again = compiled(some).generation, compiled(some).generation
    assert (first, ()) == (again, plan(first, again))


@SEVERAL
@given(st.lists(clusters(), min_size=2, max_size=4), st.lists(objects, max_size=6))
def test_what_is_remembered_changes_nothing(several, added) -> None:
    """A compile with what earlier ones have left gives what a compile without it gives."""
    memory = Memory()
    some = several[0]
    for raw in added:
        new = decoded([raw])
        some = (*(one for one in some if one.ref not in {each.ref for each in new}), *new)
        several.append(some)
    for cluster in several:
        assert compiled(cluster) == compile_snapshot(snapshot_of(cluster), OPTIONS, memory)


@settings(SEVERAL, max_examples=SEVERAL.max_examples // 3)
@given(st.lists(clusters(), min_size=2, max_size=3), st.lists(objects, max_size=6))
def test_a_branch_of_what_is_remembered_changes_nothing(several, added) -> None:
    """Compiles with a branch of the memory give what they give alone; so do those that go on without it."""
    memory = Memory()
    for cluster in several:
        new = tuple(decoded(added))
        more = (*(one for one in cluster if one.ref not in {each.ref for each in new}), *new)
        branch = memory.branch()
        assert compiled(more) == compile_snapshot(snapshot_of(more), OPTIONS, branch)
        assert compiled(cluster) == compile_snapshot(snapshot_of(cluster), OPTIONS, memory)
        assert compiled(cluster) == compile_snapshot(snapshot_of(cluster), OPTIONS, branch)


@SEVERAL
@given(clusters())
def test_any_text_stays_within_its_word(some) -> None:
    """Whatever users wrote: NGINX reads the tree that was built, each directive where the catalog has it."""
    found = compiled(some)
    configmap = next((one for one in some if isinstance(one, ConfigMap) and _is_ours(one)), None)
    config, _ = parse_config(configmap, OPTIONS.build.has)
    main = lower(found.site, with_listeners(OPTIONS, config), config, Memory()).tree
    size = zone_size(len(found.site.upstreams))
    defaults = config.as_defaults()
    kept = upstream_keepalive.upstream(defaults, int(fit(OPTIONS.machine, defaults).kept.value))
    upstreams = tuple(lower_upstream(one, size, kept) for one in found.site.upstreams)
    assert ((), ()) == (catalog.check(main), catalog.check(upstreams, "http"))
    cold = found.generation.cold
    assert shape_of(main) == shape(read(cold[MAIN]))
    # Which upstream comes first is no matter of quoting.
    assert Counter(shape_of(upstreams, "http")) == Counter(shape(read(cold[UPSTREAMS])))
    early = warm_generation(found.generation, OPTIONS)
    assert () == catalog.check(warm(OPTIONS, 0, ()))
    assert read(early.cold[MAIN])


@SEVERAL
@given(clusters())
def test_no_secret_is_shown(some) -> None:
    """Nothing of a Secret's values is in a text that people see, and all of those are printable."""
    found = compiled(some)
    texts = [*found.generation.cold.values(), repr(found), *map(str, found.diagnostics)]
    assert [] == [one for one in texts if MARKER in one]
    assert all(str(one).isprintable() for one in found.diagnostics)


def _is_ours(one: ConfigMap) -> bool:
    return (one.namespace, one.name) == CONFIGMAP


@SEVERAL
@given(clusters(), objects)
def test_one_object_more_leaves_other_hosts_alone(some, raw) -> None:
    """Adding any one object changes nothing in the servers of hosts that do not refer to it."""
    new = [one for one in decoded([raw]) if one.ref not in {each.ref for each in some}]
    before, after = compiled(alone(some)), compiled(alone((*some, *new)))
    touched = {name for one in new for name in _touched(one, (*some, *new), before, after)}
    old_servers, new_servers = _servers(before), _servers(after)
    for names, server in old_servers.items():
        if not touched & set(names):
            assert server == new_servers[names]


def _servers(found: Compiled) -> dict[tuple[str, ...], tuple[Shape, list[str | None]]]:
    """Return each host's server block as NGINX reads it, and its certificate, by its names."""
    http = next(one for one in shape(read(found.generation.cold[MAIN])) if one[0] == ("http",))
    blocks = [one for one in http[1] or () if one[0] == ("server",) and _serves_hosts(one)]
    certificates = found.site.certificates
    return {
        one.names: (block, [certificates.get(name) for name in one.names])
        for one, block in zip(found.site.servers, blocks, strict=True)
    }


def _serves_hosts(server: Shape) -> bool:
    """Whether a server is some host's: neither ours nor one that only redirects to a host."""
    lines = [one[0] for one in server[1] or ()]
    names = {name for words in lines if words[0] == "server_name" for name in words[1:]}
    return names.isdisjoint({"painless", "signin"}) and any(words[0] == "location" for words in lines)


def _touched(one: Object, some: tuple[Object, ...], before: Compiled, after: Compiled) -> set[str]:
    """Return the names of all servers that may differ because of ``one``."""
    hosts = {
        host for each in some if isinstance(each, Ingress) and _refers(each, one) for host in _hosts(each)
    }
    return {
        name
        for site in (before.site, after.site)
        for server in site.servers
        if hosts & {server.host, *server.names}
        for name in server.names
    }


def _refers(ingress: Ingress, one: Object) -> bool:
    near = ingress.namespace == getattr(one, "namespace", "")
    match one:
        case Ingress():
            return ingress == one
        case IngressClass(name=name):
            return ingress.class_name in {name, None}
        case ConfigMap(name=name):
            return _is_ours(one) or any(name in value for _, value in ingress.annotations)
        case Service(name=name) | EndpointSlice(service=name):
            asked = any(f"{name}." in value for _, value in ingress.annotations)
            return asked or (near and f"name='{name}'" in repr(ingress))
        case Secret(name=name):
            return near and name in repr(ingress)


def _hosts(ingress: Ingress) -> set[str]:
    named = {rule.host for rule in ingress.rules} | {host for tls in ingress.tls for host in tls.hosts}
    aliases = dict(ingress.annotations).get("nginx.ingress.kubernetes.io/server-alias", "")
    return {one.lower() for one in {"", *named, *(part.strip() for part in aliases.split(","))}}


@pytest.fixture(scope="module")
def disk() -> Iterator[Disk]:
    with tempfile.TemporaryDirectory(prefix="painless-", dir="/tmp") as root, Disk(Path(root)) as opened:
        yield opened


@SEVERAL
@given(some=clusters())
def test_nginx_accepts_whatever_users_write(some, disk: Disk) -> None:
    """The real NGINX loads what any cluster compiles to, and the first step of a start on it too."""
    options = structs.replace(OPTIONS, state=str(disk.root))
    want = compiled(some, options).generation
    for one in (want, warm_generation(want, options)):
        disk.stage(one)
        main = disk.folder(one.id) / MAIN
        ran = subprocess.run(
            [OPTIONS.build.path, "-t", "-q", "-c", main, "-p", disk.root, "-e", "stderr"],
            capture_output=True,
            timeout=TESTED,
            check=False,
        )
        assert (0, b"") == (ran.returncode, ran.stderr if ran.returncode else b"")
    disk.prune(())
