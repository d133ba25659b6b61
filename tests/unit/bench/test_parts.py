"""What the benchmarks say they measure is what they measure, whether or not anybody runs them."""

from importlib import import_module

import pytest
from bench import cluster
from bench.__main__ import PARTS
from bench.checks import check
from bench.cluster import Layout
from bench.running import folder
from bench.still import still

from painless.compiler import compile_snapshot
from painless.compiler.options import Options
from painless.model.snapshot import snapshot_of
from painless.nginx.generation import UPSTREAMS
from painless.nginxd.find import find_nginx
from painless.sensitive import Sensitive
from painless.settings import nginx_variable
from painless.wire.decode import decode_object

SOME = 9  # Applications: with annotations, with TLS and without.


def compiled(objects):
    build = find_nginx("", nginx_variable())
    options = Options(build=build, state="/var/lib/painless", fallback_certificate=Sensitive(b""))
    return compile_snapshot(snapshot_of(objects), options)


@pytest.mark.parametrize("layout", Layout)
def test_objects_and_manifests_are_one_cluster(layout):
    """The compiler alone and the whole program are measured with the same configuration."""
    raw = [cluster.ingress_class()]
    for number in range(SOME):
        raw += cluster.manifests(number, ["10.0.0.1"], layout=layout)
    written = [decode_object(one).object for one in raw]
    assert (
        compiled(cluster.objects(SOME, layout)).generation.cold
        == compiled([one for one in written if one]).generation.cold
    )


@pytest.mark.parametrize("layout", Layout)
def test_a_layout_has_the_services_it_says(layout):
    """One Service for each path is three times as many upstreams as one for each host."""
    each = {Layout.HOST: 1, Layout.PATH: len(cluster.PATHS)}[layout]
    assert len(compiled(cluster.objects(SOME, layout)).generation.upstreams) == each * SOME


@pytest.mark.parametrize("made", [tuple, cluster.alone])
def test_a_generation_that_stands_still_loads_and_resolves_nothing(made):
    """NGINX takes it, and every upstream has the one peer it was given."""
    with folder() as home:
        one = still(home / "state", made(cluster.objects(SOME)), ("127.0.0.2", 8080))
        check(one.state)  # Raises when NGINX refuses it.
    text = one.generation.cold[UPSTREAMS]
    assert (text.count("server 127.0.0.2:8080"), text.count("resolve")) == (SOME, 0)


@pytest.mark.parametrize("part", PARTS)
def test_every_part_can_be_run(part):
    """``python -m bench`` lists no part that is not there."""
    assert callable(import_module(f"bench.{part}").measure)
