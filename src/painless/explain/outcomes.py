"""How a request may end, in words: who answers, and what decides where there are two who may."""

from collections.abc import Mapping
from http import HTTPStatus

from msgspec import Struct, structs

from painless.compiler.site import CanaryArm, Denied, Location, NotFound, Proxy, Unavailable, Upstream
from painless.explain.answer import Outcome
from painless.explain.arms import why_of
from painless.explain.scene import Known, Scene
from painless.explain.walk import CLOSED, Ending, Walk
from painless.features.canary import WHOLE


class Run(Struct, frozen=True):
    """One walk and its end."""

    walk: Walk
    ending: Ending

    @property
    def refused(self) -> bool:
        """Whether somebody else would have been let in."""
        return any(one.passes is False for one in self.walk.doors)


def outcomes(
    runs: tuple[Run, ...], here: Scene, known: Known, location: Location | None
) -> tuple[Outcome, ...]:
    """Return how requests end that differ in nothing but chance; ``runs`` are the two ends of it."""
    first, last = (outcome(one.ending, here, known, location) for one in runs)
    arm = _arm(location)
    if first == last or arm is None:
        return (structs.replace(first, why=why_of(runs[0].walk, arm) if arm else ""),)
    share = arm.rule.weight / WHOLE
    why = "by chance"
    found = (structs.replace(first, chance=share, why=why), structs.replace(last, chance=1 - share, why=why))
    return tuple(
        structs.replace(one, says=f"{one.chance:.2%}".replace(".00%", "%") + f" {one.says}") for one in found
    )


def _arm(location: Location | None) -> CanaryArm | None:
    answer = location.route.answer if location else None
    return answer.canary if isinstance(answer, Proxy) else None


def outcome(ending: Ending, here: Scene, known: Known, location: Location | None) -> Outcome:
    """Return what an end is."""
    if ending.upstream:
        return _by_application(ending, here.upstreams.get(ending.upstream), known.peers)
    status = ending.status
    if ending.target:
        target = _shown(ending.target)
        return Outcome(f"{_status(status)} to {target}", status=status, target=target)
    if not status:
        return Outcome("an answer that a snippet decides")
    why = _why(ending, location)
    return Outcome(_status(status) + (f": {why}" if why else ""), status=status, page_of=ending.page_of)


def _by_application(
    ending: Ending, upstream: Upstream | None, peers: Mapping[str, tuple[str, ...]]
) -> Outcome:
    service = (
        f"{upstream.namespace}/{upstream.service}:{upstream.port}" if upstream and upstream.service else ""
    )
    who = f"Service {service}" if service else ending.upstream
    instead = f", in place of {_status(ending.page_of)}" if ending.page_of else ""
    return Outcome(
        f"{who} answers{instead}",
        service=service,
        upstream=ending.upstream,
        scheme=ending.scheme,
        sent=_shown(ending.sent),
        pods=peers.get(ending.upstream),
        page_of=ending.page_of,
    )


def passed_on(here: Scene, known: Known) -> Outcome:
    """Return who gets the connection of a host whose TLS is not read here."""
    assert here.passed_on, "only such hosts are passed on"
    name = here.passed_on.upstream
    found = _by_application(Ending(upstream=name, scheme="tls"), here.upstreams.get(name), known.peers)
    return structs.replace(found, says=f"{found.says}, TLS and all: nothing of it is read here")


_BY_STATUS = {
    400: "NGINX does not take such a request",
    401: "a password is asked for",
    403: "the client may not enter",
    405: "NGINX does not answer this method",
    CLOSED: "the connection is closed",
    413: "the body is larger than allowed",
}


def _why(ending: Ending, location: Location | None) -> str:
    """Return why NGINX answers by itself."""
    answer = location.route.answer if location else None
    status = ending.status
    if isinstance(answer, Denied | Unavailable) and status == HTTPStatus.SERVICE_UNAVAILABLE:
        return answer.why
    if isinstance(answer, NotFound) and status == HTTPStatus.NOT_FOUND:
        return "nobody serves it, and there is no default backend"
    if ending.by and ending.by.name == "ssl_reject_handshake":
        return "TLS to a name that nobody has is refused"
    if ending.by and ending.by.name == "ssl_verify_client":
        return "a certificate is asked for"
    if ending.page_of or status == HTTPStatus.SERVICE_UNAVAILABLE:
        return "no pod of the Service is ready" if isinstance(answer, Proxy) else ""
    return _BY_STATUS.get(status, "")


def _shown(text: str) -> str:
    """Return a text as it can be shown: bytes that are no text become a sign of their own."""
    return text.encode(errors="surrogateescape").decode(errors="replace")


def _status(status: int) -> str:
    if status == CLOSED:
        return "no answer at all"
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)
