"""Who shares a name with whom, as Ingresses come, change and go."""

from tests.builders import CLASS, ingress, path, rule, service

from painless.controller.inbox import Inbox
from painless.model.objects import Ingress


def _names(some: tuple[Ingress, ...]) -> list[str]:
    return sorted(one.name for one in some)


def test_an_ingress_is_found_by_each_of_its_names() -> None:
    """Hosts, aliases, and the catch-all when it answers for every host."""
    inbox = Inbox()
    hosts = ingress("hosts", rule("a.example", path("/", "web")), rule("b.example", path("/", "web")))
    alias = ingress("alias", rule("c.example"), annotations={"server-alias": "A.example, d.example"})
    everything = ingress("everything", default_backend=path("/", "web").backend)
    inbox.take((CLASS, service("web"), hosts, alias, everything), ())
    assert [["alias", "hosts"], ["hosts"], ["alias"], ["everything"], []] == [
        _names(inbox.neighbours([one])) for one in ("a.example", "b.example", "d.example", "", "x.example")
    ]


def test_what_changed_is_found_by_its_new_names_only() -> None:
    """And what is gone by none."""
    inbox = Inbox()
    one = ingress("one", rule("a.example", path("/", "web")))
    inbox.take((one,), ())
    inbox.take((ingress("one", rule("b.example", path("/", "web"))),), ())
    assert [[], ["one"]] == [_names(inbox.neighbours([name])) for name in ("a.example", "b.example")]
    inbox.take((), (one.ref,))
    assert () == inbox.neighbours(["a.example", "b.example"])
