"""The shop's folder: complete at once, changed one file at a time."""

from datetime import UTC, datetime

import pytest
import yaml

from painless.demo.shop import CHAT, SERVICES, WEB, Pod, Shop
from painless.wire.decode import decode_object

NOW = datetime.fromtimestamp(1_900_000_000, UTC)


@pytest.fixture
def shop(tmp_path):
    return Shop(tmp_path / "manifests", 8080, NOW)


def objects(shop):
    files = sorted(shop.folder.glob("*.yaml"))
    return [one for file in files for one in yaml.safe_load_all(file.read_text())]


def addresses(shop, service):
    text = (shop.folder / f"pods-{service}.yaml").read_text()
    return [address for one in yaml.safe_load(text)["endpoints"] for address in one["addresses"]]


def test_three_hosts_with_all_they_refer_to(shop):
    """Every Service, Secret and class that an Ingress names is there."""
    shop.write()
    by_kind: dict[str, list[str]] = {}
    for one in objects(shop):
        by_kind.setdefault(one["kind"], []).append(one["metadata"]["name"])
    assert by_kind == {
        "Ingress": ["api-canary", "api", "chat", "shop"],
        "IngressClass": ["nginx"],
        "ConfigMap": ["painless"],
        "EndpointSlice": ["api-canary-1", "api-1", "chat-1", "web-1"],
        "Secret": ["shop-tls"],
        "Service": list(SERVICES),
    }


def test_a_pod_comes_and_goes_in_one_file(shop):
    """Nothing but the Service's slice is rewritten, and no half-written file stays behind."""
    shop.write()
    before = {file.name: file.read_bytes() for file in shop.folder.iterdir()}
    shop.add(WEB, Pod("web-2", "127.0.0.3"))
    shop.add(WEB, Pod("web-1", "127.0.0.2"))
    assert addresses(shop, WEB) == ["127.0.0.2", "127.0.0.3"]
    after = {file.name: file.read_bytes() for file in shop.folder.iterdir()}
    assert {name for name in after if after[name] != before.get(name)} == {"pods-web.yaml"}
    shop.remove(WEB, "web-1")
    assert addresses(shop, WEB) == ["127.0.0.3"]


def test_pods_added_before_writing_are_written(shop):
    """The first picture a controller sees has pods in it."""
    shop.add(WEB, Pod("web-1", "127.0.0.2"))
    assert not shop.folder.exists()
    shop.write()
    assert addresses(shop, WEB) == ["127.0.0.2"]


def test_only_one_host_has_tls(shop):
    """The chat stays on plain HTTP, so that the demo shows both."""
    shop.write()
    tls = {
        one["spec"]["rules"][0]["host"]
        for one in objects(shop)
        if one["kind"] == "Ingress" and "tls" in one["spec"]
    }
    assert (tls, CHAT in tls) == ({"shop.localhost"}, False)


def test_the_manifests_are_understood_without_a_finding(shop):
    """The first thing a newcomer sees must not complain."""
    shop.add(WEB, Pod("web-1", "127.0.0.2"))
    shop.write()
    decoded = [decode_object(one) for one in objects(shop)]
    assert [one.diagnostics for one in decoded] == [()] * len(decoded)
    assert None not in [one.object for one in decoded]
