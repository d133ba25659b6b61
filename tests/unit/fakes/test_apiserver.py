"""The fake API server keeps the promises of a real one that our code leans on."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import msgspec
import pytest
import pytest_asyncio
import trustme
from aiohttp import web
from tests.fakes.apiserver import FakeApiServer, Which

INGRESSES = "/apis/networking.k8s.io/v1/namespaces/default/ingresses"
SERVICES = "/api/v1/namespaces/default/services"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
MERGE = "application/merge-patch+json"
SOON = 20.0  # Seconds until something that is under way must have happened.

Json = dict[str, Any]


class Caller:
    """One client; ``call`` returns status and JSON."""

    def __init__(self, api: FakeApiServer, session: aiohttp.ClientSession) -> None:
        self.api = api
        self.session = session
        self.warnings: list[str] = []

    async def call(
        self, method: str, path: str, body: Json | list[Json] | None = None, **headers: str
    ) -> tuple[int, Json]:
        headers = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
        data = None if body is None else msgspec.json.encode(body)
        async with self.session.request(method, self.api.url + path, data=data, headers=headers) as answer:
            self.warnings = answer.headers.getall("Warning", [])
            return answer.status, await answer.json()

    @asynccontextmanager
    async def watch(self, path: str, query: str = "") -> AsyncIterator["Events"]:
        async with self.session.get(f"{self.api.url}{path}?watch=true&{query}") as answer:
            yield Events(answer)


class Events:
    """The events of one watch, as (type, name), or (ERROR, code)."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def event(self) -> Json | None:
        async with asyncio.timeout(SOON):
            line = await self._answer.content.readline()
        found: Json | None = msgspec.json.decode(line) if line else None
        return found

    async def next(self, count: int = 1) -> list[tuple[str, Any]]:
        found = [event for _ in range(count) if (event := await self.event())]
        return [
            (one["type"], one["object"].get("code") or one["object"]["metadata"].get("name")) for one in found
        ]


@pytest_asyncio.fixture
async def api() -> AsyncIterator[FakeApiServer]:
    async with FakeApiServer() as running:
        yield running


@pytest_asyncio.fixture
async def caller(api: FakeApiServer) -> AsyncIterator[Caller]:
    async with aiohttp.ClientSession() as session:
        yield Caller(api, session)


def ingress(name: str = "web", **metadata: Any) -> Json:
    backend = {"service": {"name": "web", "port": {"number": 80}}}
    paths = [{"path": "/", "pathType": "Prefix", "backend": backend}]
    spec = {"rules": [{"host": "a.example", "http": {"paths": paths}}]}
    kind = {"apiVersion": "networking.k8s.io/v1", "kind": "Ingress"}
    return {**kind, "metadata": {"name": name, **metadata}, "spec": spec}


def config(name: str, **labels: str) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": labels}}


async def test_only_the_latest_version_is_replaced(caller):
    """Whoever read an older version gets 409; a create of what is there gets AlreadyExists."""
    _, made = await caller.call("POST", INGRESSES, ingress())
    again, exists = await caller.call("POST", INGRESSES, ingress())
    changed = {**made, "metadata": {**made["metadata"], "labels": {"a": "b"}}}
    first, _ = await caller.call("PUT", f"{INGRESSES}/web", changed)
    second, conflict = await caller.call("PUT", f"{INGRESSES}/web", changed)
    assert (409, "AlreadyExists", 200, 409, "Conflict") == (
        again,
        exists["reason"],
        first,
        second,
        conflict["reason"],
    )


async def test_status_and_spec_do_not_change_each_other(caller):
    """A write to status leaves the generation, a write to the object leaves status."""
    await caller.call("POST", INGRESSES, ingress())
    told = {"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, "spec": {"ingressClassName": "x"}}
    _, status = await caller.call("PATCH", f"{INGRESSES}/web/status", told, Content_Type=MERGE)
    changed = {"status": {"loadBalancer": {}}, "spec": {"ingressClassName": "y"}}
    _, spec = await caller.call("PATCH", f"{INGRESSES}/web", changed, Content_Type=MERGE)
    seen = [(one["metadata"]["generation"], one["spec"].get("ingressClassName")) for one in (status, spec)]
    assert ([(1, None), (2, "y")], told["status"]) == (seen, spec["status"])


async def test_a_write_that_changes_nothing_makes_no_version(caller):
    _, made = await caller.call("POST", INGRESSES, ingress())
    _, same = await caller.call("PATCH", f"{INGRESSES}/web", {"spec": made["spec"]}, Content_Type=MERGE)
    assert made["metadata"]["resourceVersion"] == same["metadata"]["resourceVersion"]


async def test_the_four_patches(caller):
    """Strategic patch and apply merge a Service's ports by number; a merge patch replaces them."""
    await caller.call("POST", SERVICES, {"metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}})
    patch = {"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 81, "name": "b"}]}}
    named = {"spec": {"ports": [{"port": 80, "name": "a"}]}}
    steps = [{"op": "replace", "path": "/spec/ports/0/name", "value": "c"}]
    path = f"{SERVICES}/web"
    seen = []
    for body, kind in (
        (named, "application/strategic-merge-patch+json"),
        (patch, "application/apply-patch+yaml"),
        (steps, "application/json-patch+json"),
        (patch, MERGE),
    ):
        _, found = await caller.call("PATCH", f"{path}?fieldManager=test", body, Content_Type=kind)
        seen.append([one.get("name") for one in found["spec"]["ports"]])
    assert [["a"], ["a", "b"], ["c", "b"], ["b"]] == seen


async def test_defaults_of_a_service_an_ingress_and_a_slice(api):
    await api.apply(
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": {
                "name": "main",
                "annotations": {"ingressclass.kubernetes.io/is-default-class": "true"},
            },
            "spec": {"controller": "example.com/one"},
        },
        ingress(),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "web"},
            "spec": {"ports": [{"port": 80}]},
        },
        {
            "apiVersion": "discovery.k8s.io/v1",
            "kind": "EndpointSlice",
            "metadata": {"name": "web"},
            "addressType": "IPv4",
        },
    )
    service = api.get("Service", "web")["spec"]
    assert ("main", "ClusterIP", [{"port": 80, "protocol": "TCP", "targetPort": 80}], None) == (
        api.get("Ingress", "web")["spec"]["ingressClassName"],
        service["type"],
        service["ports"],
        api.get("EndpointSlice", "web")["endpoints"],
    )


async def test_what_is_wrong_is_refused_with_its_field(caller):
    """Wrong values are 422, wrong types 400; with ``fieldValidation=Strict`` unknown fields too."""
    no_type = ingress()
    del no_type["spec"]["rules"][0]["http"]["paths"][0]["pathType"]
    bad_type = {"metadata": {"name": "x"}, "spec": {"rules": "none"}}
    extra = {**ingress(), "spec": {**ingress()["spec"], "rulez": []}}
    answers = [
        await caller.call("POST", f"{INGRESSES}?fieldValidation={how}", one)
        for one, how in ((no_type, "Warn"), (bad_type, "Warn"), (extra, "Strict"))
    ]
    await caller.call("POST", INGRESSES, extra)
    assert ['299 - "unknown field \\"spec.rulez\\""'] == caller.warnings
    assert [
        (422, "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified"),
        (400, "cannot unmarshal string into Go struct field spec.rules of type array"),
        (400, 'strict decoding error: unknown field "spec.rulez"'),
    ] == [
        (status, found["message"][-len(says) :])
        for (status, found), says in zip(
            answers,
            (
                "spec.rules[0].http.paths[0].pathType: Required value: pathType must be specified",
                "cannot unmarshal string into Go struct field spec.rules of type array",
                'strict decoding error: unknown field "spec.rulez"',
            ),
            strict=True,
        )
    ]


async def test_pages_show_one_moment(api, caller):
    """What is made or deleted between two pages changes neither; after a compaction the next page is 410."""
    await api.apply([config(f"c{at}") for at in range(5)])
    path = "/api/v1/configmaps?limit=2"
    names = []
    _, page = await caller.call("GET", path)
    version = page["metadata"]["resourceVersion"]
    await api.delete("ConfigMap", "c3")
    while True:
        names += [one["metadata"]["name"] for one in page["items"]]
        if not (token := page["metadata"].get("continue")):
            break
        _, page = await caller.call("GET", f"{path}&continue={token}")
        assert version == page["metadata"]["resourceVersion"]
    _, page = await caller.call("GET", path)
    api.faults.compact()
    status, gone = await caller.call("GET", f"{path}&continue={page['metadata']['continue']}")
    assert (["c0", "c1", "c2", "c3", "c4"], 410, "Expired") == (names, status, gone["reason"])


async def test_a_watch_goes_on_where_a_list_ended(api, caller):
    """Every change after the list comes once, then bookmarks; selectors make things come and go."""
    api.bookmark_every = 0.05
    _, page = await caller.call("GET", "/api/v1/configmaps")
    version = page["metadata"]["resourceVersion"]
    await api.apply(config("a", show="yes"), config("b"))
    query = f"resourceVersion={version}&allowWatchBookmarks=true&labelSelector=show%3Dyes"
    async with caller.watch("/api/v1/configmaps", query) as events:
        seen = await events.next()
        await api.patch("ConfigMap", "b", {"metadata": {"labels": {"show": "yes"}}})
        await api.patch("ConfigMap", "a", {"metadata": {"labels": {"show": None}}})
        while len(seen) < 3:
            seen += [one for one in await events.next() if one[0] != "BOOKMARK"]
        bookmark = await events.event()
    assert [("ADDED", "a"), ("ADDED", "b"), ("DELETED", "a")] == seen
    assert ("BOOKMARK", str(api.store.version)) == (
        bookmark["type"],
        bookmark["object"]["metadata"]["resourceVersion"],
    )


async def test_a_watch_from_a_forgotten_version_is_told_so(api, caller):
    await api.apply(config("a"), config("b"))
    api.faults.compact()
    async with caller.watch("/api/v1/configmaps", "resourceVersion=1") as events:
        seen = await events.next()
        end = await events.event()
    assert ([("ERROR", 410)], None) == (seen, end)


async def test_a_watch_ends_after_its_time(caller):
    async with caller.watch("/api/v1/configmaps", "timeoutSeconds=1") as events:
        assert [] == await events.next()


async def test_a_lease_is_taken_once(caller):
    """Two candidates that read the same lease: one write wins."""
    lease = {"metadata": {"name": "leader"}, "spec": {"holderIdentity": ""}}
    _, made = await caller.call("POST", LEASES, lease)
    answers = [
        await caller.call("PUT", f"{LEASES}/leader", {**made, "spec": {"holderIdentity": who}})
        for who in ("one", "two")
    ]
    blind, _ = await caller.call("PUT", f"{LEASES}/leader", lease)
    assert ([200, 409], 422) == ([status for status, _ in answers], blind)


async def test_both_views_of_an_event_are_one_object(caller):
    event = {
        "metadata": {"name": "e"},
        "regarding": {"kind": "Ingress", "name": "web"},
        "note": "Served.",
        "type": "Normal",
    }
    await caller.call("POST", "/apis/events.k8s.io/v1/namespaces/default/events", event)
    _, found = await caller.call(
        "GET", "/api/v1/namespaces/default/events?fieldSelector=involvedObject.name%3Dweb"
    )
    assert ["Served."] == [one["message"] for one in found["items"]]


async def test_a_refusal_names_user_verb_and_resource(api, caller):
    which = Which(resource="ingresses")
    api.faults.forbid(which)
    status, found = await caller.call("GET", "/apis/networking.k8s.io/v1/ingresses")
    api.faults.permit(which)
    again, _ = await caller.call("GET", "/apis/networking.k8s.io/v1/ingresses")
    says = (
        'ingresses.networking.k8s.io is forbidden: User "kubernetes-admin" cannot list resource "ingresses" '
        'in API group "networking.k8s.io" at the cluster scope'
    )
    assert (403, says, 200) == (status, found["message"], again)


async def test_stored_roles_decide():
    """With RBAC an account may do what its roles say, in their namespaces, until the binding is gone."""
    group = "rbac.authorization.k8s.io"
    subjects = [{"kind": "ServiceAccount", "name": "painless", "namespace": "default"}]
    rules = [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}]
    made = {"apiVersion": f"{group}/v1", "metadata": {"name": "reader", "namespace": "default"}}
    role = {"kind": "Role", "name": "reader", "apiGroup": group}
    user = "system:serviceaccount:default:painless"
    async with FakeApiServer(tokens={"t": user}, with_rbac=True) as api, aiohttp.ClientSession() as session:
        await api.apply({**made, "kind": "Role", "rules": rules})
        await api.apply({**made, "kind": "RoleBinding", "roleRef": role, "subjects": subjects})
        caller = Caller(api, session)
        paths = (
            "/api/v1/namespaces/default/secrets",
            "/api/v1/secrets",
            "/api/v1/namespaces/default/configmaps",
        )
        seen = [(await caller.call("GET", one, Authorization="Bearer t"))[0] for one in paths]
        await api.delete("RoleBinding", "reader")
        seen.append((await caller.call("GET", paths[0], Authorization="Bearer t"))[0])
        api.faults.expire("t")
        seen.append((await caller.call("GET", paths[0], Authorization="Bearer t"))[0])
        assert [200, 403, 403, 403, 401] == seen


async def test_a_client_certificate_says_who_asks():
    async with FakeApiServer(tls=True, tokens={"t": "somebody"}) as api:
        context = ssl.create_default_context()
        api.authority.configure_trust(context)
        api.authority.issue_cert(common_name="jane").configure_cert(context)
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
            await Caller(api, session).call("GET", "/api/v1/pods")
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"{api.url}/api/v1/pods", ssl=_trusting(api)) as no,
        ):
            assert (["jane"], 401) == ([one.user for one in api.requests], no.status)


async def test_faults_of_answers_end_by_themselves(api, caller):
    """429 carries Retry-After; the next request is answered."""
    api.faults.answer(429, retry_after=3, which=Which(verb="list"))
    async with caller.session.get(f"{api.url}/api/v1/pods") as answer:
        found = (answer.status, answer.headers["Retry-After"])
    assert ((429, "3"), 200) == (found, (await caller.call("GET", "/api/v1/pods"))[0])


async def test_a_server_that_went_away_comes_back_with_its_objects(api, caller):
    await api.apply(config("a"))
    await api.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.call("GET", "/api/v1/configmaps")
    await api.start()
    _, found = await caller.call("GET", "/api/v1/namespaces/default/configmaps/a")
    assert "a" == found["metadata"]["name"]


async def test_cut_and_silent_watches(api, caller):
    """A cut watch is an error for its client; a silent one neither ends nor tells, and others go on."""
    async with caller.watch("/api/v1/configmaps") as cut:
        api.faults.cut_watches("ConfigMap")
        with pytest.raises(aiohttp.ClientPayloadError):
            await cut.event()
    async with caller.watch("/api/v1/configmaps") as silent:
        api.faults.stall()
        await api.apply(config("a"))
        async with aiohttp.ClientSession() as other, Caller(api, other).watch("/api/v1/configmaps") as events:
            assert [("ADDED", "a")] == await events.next()
        heard = asyncio.ensure_future(silent.event())
        await asyncio.sleep(0.05)
        assert not heard.done()
        api.faults.recover()
        with pytest.raises(aiohttp.ClientPayloadError):
            await heard


async def test_kinds_overtake_each_other_and_events_come_twice(api, caller):
    async with (
        caller.watch("/api/v1/configmaps") as configs,
        caller.watch("/api/v1/namespaces/default/services") as services,
    ):
        api.faults.hold("ConfigMap")
        await api.apply(config("a"))
        service = {"metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
        await api.apply({"apiVersion": "v1", "kind": "Service", **service})
        assert [("ADDED", "s")] == await services.next()
        api.faults.release("ConfigMap")
        first = await configs.next()
        api.faults.repeat("ConfigMap", 1)
        assert [("ADDED", "a")] * 2 == first + await configs.next()


@pytest.mark.parametrize(
    ("policy", "answer", "expected"),
    [
        ("Fail", {"allowed": True, "warnings": ["careful"]}, (201, '299 - "careful"')),
        (
            "Fail",
            {"allowed": False, "status": {"message": "no"}},
            (403, 'admission webhook "w.x" denied the request: no'),
        ),
        ("Ignore", None, (201, "")),
        (
            "Fail",
            None,
            (
                500,
                (
                    'Internal error occurred: failed calling webhook "w.x": failed to call webhook: '
                    "the server responded with the status code 500"
                ),
            ),
        ),
    ],
)
async def test_webhooks_are_asked_over_https(caller, policy, answer, expected):
    """A webhook allows with warnings, denies, or fails as its policy says."""
    ca = trustme.CA()

    async def hook(request: web.BaseRequest) -> web.Response:
        review = await request.read()
        asked = msgspec.json.decode(review)["request"]
        assert ("CREATE", "web", "default") == (asked["operation"], asked["name"], asked["namespace"])
        if answer is None:
            return web.Response(status=500)
        return web.json_response({"response": {"uid": asked["uid"], **answer}})

    server = web.Server(hook)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ca.issue_cert("hook.default.svc").configure_cert(context)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0, ssl=context)
    port = listener.sockets[0].getsockname()[1]
    caller.api.admission.services["default", "hook"] = f"https://127.0.0.1:{port}"
    await caller.api.apply(_registration(ca, policy))
    status, found = await caller.call("POST", INGRESSES, ingress())
    listener.close()
    await server.shutdown(0)
    assert expected == (status, found.get("message") or "".join(caller.warnings))


def _registration(ca: trustme.CA, policy: str) -> Json:
    rule = {
        "apiGroups": ["networking.k8s.io"],
        "apiVersions": ["v1"],
        "operations": ["CREATE", "UPDATE"],
        "resources": ["ingresses"],
    }
    config = {
        "caBundle": msgspec.json.decode(msgspec.json.encode(ca.cert_pem.bytes())),
        "service": {"namespace": "default", "name": "hook", "path": "/check"},
    }
    webhook = {"name": "w.x", "clientConfig": config, "rules": [rule], "failurePolicy": policy}
    kind = {"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration"}
    return {**kind, "metadata": {"name": "w"}, "webhooks": [webhook]}


def _trusting(api: FakeApiServer) -> ssl.SSLContext:
    context = ssl.create_default_context()
    api.authority.configure_trust(context)
    return context


async def test_the_side_door(api, caller):
    """A server that is another process takes objects and faults over ``/fake``."""
    async with caller.session.post(f"{api.url}/fake/push", json=[config("a")]) as answer:
        assert 200 == answer.status
    fault = {"status": 503, "times": 1, "which": {"verb": "list"}}
    async with caller.session.post(f"{api.url}/fake/faults/answer", json=fault) as answer:
        assert 200 == answer.status
    seen = [(await caller.call("GET", "/api/v1/configmaps"))[0] for _ in range(2)]
    assert ([503, 200], "a") == (seen, api.get("ConfigMap", "a")["metadata"]["name"])
