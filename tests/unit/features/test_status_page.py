"""Who may read NGINX's counters."""

from painless.features.status_page import IPV4, page
from painless.nginx.tree import directive


def test_nobody_else():
    """The lists of both families, then nobody."""
    body = page({IPV4.name: ("10.0.0.0/8",)}).block or ()
    expected = (directive("allow", "10.0.0.0/8"), directive("allow", "::1"), directive("deny", "all"))
    assert expected == body[:3]
