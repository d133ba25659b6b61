"""``kubectl painless explain``: the part of the reference that a name is about."""

import pytest

from painless.annotations.names import ANNOTATIONS, CONFIG_KEYS
from painless.features import KEYS
from painless.kubectl.explain import explained, nearest
from painless.model.diagnostics import Reason


@pytest.mark.parametrize("reason", Reason)
def test_each_finding_is_explained(reason):
    """What a log line names can be asked about: its meaning and its remedy come."""
    (text,) = explained(str(reason))
    assert text.startswith(f"## {reason}")
    assert reason.mend in text


def test_each_name_of_ingress_nginx_is_explained():
    """With its prefix or without: a section where it is honoured, else its state."""
    prefix = "nginx.ingress.kubernetes.io/"
    assert [] == [name for name in ANNOTATIONS | CONFIG_KEYS if not explained(prefix + name)]
    honoured = next(name for name in sorted(KEYS) if name in ANNOTATIONS)
    assert explained(prefix + honoured)[0].startswith("#")


def test_flags_and_metrics_are_explained():
    """Their rows come, whether a flag is written with its dashes or without."""
    assert explained("--http-port") == explained("http-port")
    assert "Port for HTTP" in "".join(explained("--http-port"))
    assert "painless_reloads" in explained("painless_reloads_total")[0]


def test_a_name_that_is_nearly_one_leads_to_it():
    """Nothing is found for it, and what was meant is offered."""
    assert ((), True) == (explained("proxy-body-sise"), "proxy-body-size" in nearest("proxy-body-sise"))
