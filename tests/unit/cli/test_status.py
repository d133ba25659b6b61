"""What people are shown of how the controller is."""

from painless.cli.status import held, lines
from painless.controller.status import (
    GenerationStatus,
    GovernorStatus,
    Held,
    OverflowStatus,
    QueueStatus,
    Status,
    wrong_with,
)
from painless.model.objects import ObjectRef
from painless.plan.workers import Connections, Holder

SHOP = ObjectRef("Ingress", "shop", "web")


def test_who_holds_a_generation() -> None:
    """The same pods may answer several hosts, and what is not known by name is said together."""
    some = (
        Holder("a.test", SHOP, 5, more=2),
        Holder("b.test", SHOP, 1),
        Holder("", SHOP, 7),
        Holder("c.test", SHOP, 1),
    )
    expected = (
        "a.test or 2 other hosts (Ingress shop/web): 5; b.test (Ingress shop/web): 1; others: 7; and 1 more"
    )
    assert expected == held(some)


def test_what_is_not_known_is_a_question_mark() -> None:
    """It is never shown as nothing."""
    one = GenerationStatus("4f1c", 90.0, 3.0, None, None, (), ())
    two = GenerationStatus("77aa", 5.0, None, 2_000_000, Connections(1, 2, 3), (), ())
    shown = list(lines(Status(version="1", nginx="1.31.3", ready=True, generations=(two, one))))
    assert ["77aa 5s 0 1 2 3 2.0 MB", "4f1c 1m30s 3s 0 ? ? ? ?"] == [
        " ".join(each.split()) for each in shown[-2:]
    ]


def test_what_is_unknown_says_why() -> None:
    """With the right that it takes; what the kernel does not tell is a question mark."""
    queue = QueueStatus("0.0.0.0:80", "all", 3, 4, None, None)
    right = "the socket family AF_NETLINK (seccomp), to see limits and drops of accept queues"
    found = Status(version="1", nginx="1.31.3", ready=True, queues=(queue,), unknown=(right,))
    shown = [" ".join(one.split()) for one in lines(found)]
    assert [f"unknown: {right}", "0.0.0.0:80 all 3 4 ? ?"] == [shown[2], shown[-1]]


def test_what_a_change_waits_for_is_a_sentence() -> None:
    """Not only the name that metrics have for it; a newer controller's name is shown as it is."""
    shown = [
        next(
            one for one in lines(Status(version="1", nginx="1", ready=True, governor=each)) if "waits" in one
        )
        for each in (GovernorStatus("granted", 4, None, ()), GovernorStatus("new", 4, None, ()))
    ]
    begins = "governor: 4 generations at most; a change waits: "
    assert [f"{begins}every old generation has 8 s", f"{begins}new"] == shown


def test_what_is_wrong_is_said_with_what_to_do() -> None:
    """Nothing is wrong, or each thing is a sentence."""
    overflow = OverflowStatus("0.0.0.0:80", 2.0, 12, "burst", "129 of 128 waited", "raise net.core.somaxconn")
    assert () == wrong_with("", Held())
    assert (
        "it is not ready: it ends",
        "NGINX refuses 3 of the objects; the log says which and why",
        "the latest changes are not applied, which is tried again: no room to write",
        "a change waits: a reload needs more memory than there is, and nothing is left that could end before",
        "0.0.0.0:80 dropped 12 connections: burst, 129 of 128 waited; raise net.core.somaxconn",
    ) == wrong_with("it ends", Held(1, 2), (overflow,), "no-room", "no room to write")
