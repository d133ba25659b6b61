"""Whether what was explained of a request is what NGINX answered to it."""

from collections.abc import Mapping

from tests.corpus.client import Answer, Request
from tests.corpus.given import Given, Pod
from tests.corpus.golden import Output

from painless.compiler.options import Options
from painless.discovery.answers import Peer
from painless.discovery.zone import answer
from painless.explain.answer import Explanation, Outcome
from painless.explain.asked import Request as Asked
from painless.explain.asked import understood
from painless.explain.request import request as explain
from painless.explain.scene import Known
from painless.explain.walk import CLOSED
from painless.model.snapshot import snapshot_of


def disagreement(found: Explanation, got: Answer, pods: Mapping[str, str]) -> str:
    """Return what differs; empty when the answer is one that the explanation has.

    ``pods`` are the names of pods by address and port.
    """
    wrong = [_difference(one, got, pods) for one in found.outcomes if one.chance > 0]
    return "" if "" in wrong else "; or ".join(wrong)


def _difference(one: Outcome, got: Answer, pods: Mapping[str, str]) -> str:
    if one.upstream:
        return _of_application(one, got, pods)
    who = got.all("X-Pod")
    # Headers are read as Latin 1, and NGINX sends a path's bytes as they are.
    locations = tuple(one.encode("latin-1").decode(errors="replace") for one in got.all("Location"))
    actual = (got.status, locations, who)
    # A connection that is closed has no status.
    status = 0 if one.status == CLOSED else one.status
    expected = (status, (one.target,) if one.target else (), ())
    return "" if actual == expected else f"found {actual}, expected {expected}"


def _of_application(one: Outcome, got: Answer, pods: Mapping[str, str]) -> str:
    names = {pods[each] for each in one.pods or ()}
    (who,) = got.all("X-Pod") or ("nobody",)
    asked = next((line for line in got.body.splitlines() if line.endswith(" HTTP/1.1")), "")
    path = asked.partition(" ")[2].rpartition(" ")[0]
    # A pod does not say whether an empty query had its question mark.
    if who in names and path.removesuffix("?") == one.sent.removesuffix("?"):
        return ""
    return f"found {got.status} by {who} for {path}, expected one of {sorted(names)} for {one.sent}"


class Explaining:
    """Says what would be answered to the requests of a case."""

    def __init__(self, output: Output, given: Given, options: Options) -> None:
        upstreams = output.compiled.site.every_upstream
        told = ((one.name, answer(one, given.slices, allow_loopback=True)[0]) for one in upstreams)
        peers = {name: tuple(map(_spelled, one.peers)) for name, one in told if not one.external}
        self._known = Known(output.compiled, snapshot_of(given.objects), options, peers)
        self.pods = {_spelled(one): one.name for one in given.pods}

    def says(self, request: Request) -> Explanation | None:
        """Return what is said of a request; ``None`` where more than its URL and headers decides."""
        url = request.url
        beside = request.http2 or request.whole or request.shown or request.proxied
        if beside or request.server_name is not None:
            return None
        headers = [f"{name}: {value}" for name, value in request.headers]
        headers += [f"Content-Length: {request.length}"] if request.length else []
        whole = f"{url.scheme}://{url.authority}{url.target}"
        found = understood(whole, request.method, headers, request.source or "127.0.0.1")
        return explain(self._known, found) if isinstance(found, Asked) else None

    def wrong(self, request: Request, got: Answer) -> str:
        """Return what differs between what is said and what was answered, whatever the moment decides."""
        found = self.says(request)
        if found is None or not _is_sure(found, request):
            return ""
        if any(one.upstream for one in found.outcomes) and not _by_a_known_pod(found, got, self.pods):
            return ""
        return disagreement(found, got, self.pods)


def _is_sure(found: Explanation, request: Request) -> bool:
    """Whether nothing was left open: who is let in, who comes too often, which port, what a proxy says."""
    named = {name.lower() for name, _ in request.headers}
    moment = any(one.state in {"asks", "unknown"} for one in found.way)
    limited = any(one.directive.startswith("limit_req ") for one in found.way)
    strange = request.url.port or request.method == "UDP" or {"x-forwarded-for", "x-long"} & named
    return not (moment or limited or strange or found.unclear)


def _by_a_known_pod(found: Explanation, got: Answer, pods: Mapping[str, str]) -> bool:
    """Whether a pod answered that has addresses here, and no page replaced its answer."""
    replaced = any("_intercept_errors on" in one.directive for one in found.way)
    known = all(one in pods for each in found.outcomes for one in each.pods or ())
    told = any(line.endswith(" HTTP/1.1") for line in got.body.splitlines())
    read = all(one.scheme != "tls" and one.pods for one in found.outcomes)
    return bool(got.all("X-Pod")) and known and told and read and not replaced


def _spelled(one: Peer | Pod) -> str:
    return f"{one.address}:{one.port}"
