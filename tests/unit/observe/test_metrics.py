"""The controller's counters stay few, however many objects there are."""

from prometheus_client.parser import text_string_to_metric_families

from painless.observe.config import Config, Wanted
from painless.observe.metrics import NAMESPACES, Metrics


def test_namespaces_that_make_nginx_load():
    """Each that has a part in a load is counted; beyond the first hundred they are one."""
    metrics = Metrics(Config(lambda: Wanted("1", "1")))
    metrics.reloaded("IngressChanged", 2, ["a", "b"])
    metrics.reloaded("IngressChanged", 1, ["a", *(f"n{at}" for at in range(NAMESPACES))])
    (found,) = (
        one
        for one in text_string_to_metric_families(metrics.page().decode())
        if one.name == "painless_reloads_caused"
    )
    counts = {one.labels["namespace"]: one.value for one in found.samples if one.name.endswith("_total")}
    assert (3, 2, 1, NAMESPACES + 1) == (counts["a"], counts["b"], counts["other"], len(counts))
