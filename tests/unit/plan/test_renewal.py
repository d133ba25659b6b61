"""The text on which a new binary of NGINX starts beside the old one."""

from painless.discovery.answers import Peer
from painless.nginx.generation import MAIN, STREAM_UPSTREAMS, UPSTREAMS, Generation
from painless.plan.renewal import bridge

APART = "127.0.0.17:10053"
COLD = {
    MAIN: "http {\n    resolver 127.0.0.1:10053 127.0.0.2:10053 ipv6=off;\n    resolver_timeout 2s;\n}\n",
    UPSTREAMS: """\
upstream shop.web.80 {
    zone upstreams 1m;
    server shop.web.80.painless:8080 resolve max_fails=0;
}

upstream shop.mixed.80 {
    server shop.mixed.80.painless service=http resolve max_fails=0;
}

upstream shop.fixed.80 {
    server 10.96.0.1:80 max_fails=0;
}
""",
    STREAM_UPSTREAMS: "upstream shop.db.5432 {\n    server shop.db.5432.painless:5432 resolve;\n}\n",
}
KNOWN = {
    "shop.web.80": (Peer("10.0.0.1", 8080), Peer("2001:db8::1", 8080)),
    "shop.mixed.80": (Peer("10.0.0.2", 9090),),
    "shop.db.5432": (Peer("203.0.113.1", 0),),
}


def test_each_name_has_its_peers_beside_it():
    """The name stays, so that what is learned under it goes along; parameters of one are those of all."""
    cold = bridge(Generation("old", COLD), KNOWN, APART).cold
    assert [
        "server shop.web.80.painless:8080 resolve max_fails=0;",
        "server 10.0.0.1:8080 max_fails=0;",
        "server [2001:db8::1]:8080 max_fails=0;",
        "server shop.mixed.80.painless service=http resolve max_fails=0;",
        "server 10.0.0.2:9090 max_fails=0;",
        "server 10.96.0.1:80 max_fails=0;",
    ] == [one.strip() for one in cold[UPSTREAMS].splitlines() if " server " in one]
    assert "    server 203.0.113.1:5432;\n" in cold[STREAM_UPSTREAMS]
    assert f"    resolver {APART} {APART} ipv6=off;\n    resolver_timeout 2s;\n" in cold[MAIN]


def test_who_is_unknown_is_asked_for_alone():
    """An upstream that nobody knows peers of keeps its text."""
    assert COLD[UPSTREAMS] == bridge(Generation("old", COLD), {}, APART).cold[UPSTREAMS]
