"""Calls to the registered validating webhooks, over HTTPS as a real server makes them."""

import base64
import ssl
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import aiohttp
import msgspec
from msgspec import Struct
from tests.fakes.apiserver.kinds import Json, Kind
from tests.fakes.apiserver.refusals import Refusal, internal
from tests.fakes.apiserver.selectors import matches

LONGEST_WARNING = 256
"""Characters that a server keeps of one warning."""


class Asked(Struct, frozen=True):
    """What a webhook is asked about; ``user`` is a name with groups."""

    kind: Kind
    operation: str
    namespace: str
    name: str
    now: Json | None
    before: Json | None
    user: Json
    dry: bool
    options: Json

    @property
    def object(self) -> Json:
        return self.now or self.before or {}


class Admission:
    """Asks the webhooks; ``services`` says where the Services that they name answer."""

    def __init__(self) -> None:
        self.services: dict[tuple[str, str], str] = {}
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def check(
        self, configurations: Iterable[Json], namespaces: dict[str, Json], asked: Asked
    ) -> list[str]:
        """Return the warnings for a request; raise ``Refusal`` when a webhook denies it or fails."""
        warnings: list[str] = []
        for one in configurations:
            for webhook in one.get("webhooks") or ():
                if _wants(webhook, namespaces, asked):
                    warnings += await self._call(webhook, asked)
        return [one[:LONGEST_WARNING] for one in warnings]

    async def _call(self, webhook: Json, asked: Asked) -> list[str]:
        name = webhook["name"]
        try:
            answer = await self._ask(webhook, asked)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, KeyError) as error:
            if webhook.get("failurePolicy") == "Ignore":
                return []
            why = str(error) or "context deadline exceeded"
            raise internal(f'failed calling webhook "{name}": failed to call webhook: {why}') from None
        if not answer.get("allowed"):
            raise _denied(name, answer.get("status") or {})
        return list(answer.get("warnings") or ())

    async def _ask(self, webhook: Json, asked: Asked) -> Json:
        config = webhook["clientConfig"]
        url, host = self._place(config)
        trust = ssl.create_default_context(cadata=base64.b64decode(config["caBundle"]).decode())
        if self._session is None:
            # Each call on its own connection: servers of tests end at once.
            self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(force_close=True))
        review = _review(asked)
        limit = aiohttp.ClientTimeout(total=webhook.get("timeoutSeconds", 10))
        async with self._session.post(
            url,
            params={"timeout": f"{webhook.get('timeoutSeconds', 10)}s"},
            data=msgspec.json.encode(review),
            headers={"Content-Type": "application/json"},
            ssl=trust,
            server_hostname=host,
            timeout=limit,
        ) as response:
            if response.status != 200:
                raise ValueError(f"the server responded with the status code {response.status}")
            found: Any = msgspec.json.decode(await response.read())
        answer: Json = found["response"]
        if answer.get("uid") != review["request"]["uid"]:
            raise ValueError(f"expected response.uid={review['request']['uid']}, got {answer.get('uid')}")
        return answer

    def _place(self, config: Json) -> tuple[str, str | None]:
        """Return the URL and the name that the certificate has to have, if it is another than the URL's."""
        if config.get("url"):
            return config["url"], None
        service = config["service"]
        base = self.services[service["namespace"], service["name"]]
        return base + (service.get("path") or "/"), f"{service['name']}.{service['namespace']}.svc"


def _wants(webhook: Json, namespaces: dict[str, Json], asked: Asked) -> bool:
    if not any(_ruled(rule, asked) for rule in webhook.get("rules") or ()):
        return False
    labels = [((one or {}).get("metadata") or {}).get("labels") or {} for one in (asked.now, asked.before)]
    if not any(matches(webhook.get("objectSelector"), one) for one in labels):
        return False
    home = namespaces.get(asked.namespace) or {"metadata": {}}
    return not asked.namespace or matches(
        webhook.get("namespaceSelector"), home["metadata"].get("labels") or {}
    )


def _ruled(rule: Json, asked: Asked) -> bool:
    kind = asked.kind
    wanted = (
        ("operations", asked.operation),
        ("apiGroups", kind.group),
        ("apiVersions", kind.version),
        ("resources", kind.plural),
    )
    return all({value, "*"} & set(_words(rule, field)) for field, value in wanted)


def _words(rule: Json, field: str) -> Iterator[str]:
    yield from rule.get(field) or ()


def _review(asked: Asked) -> Json:
    kind = asked.kind
    resource = {"group": kind.group, "version": kind.version, "resource": kind.plural}
    of = {"group": kind.group, "version": kind.version, "kind": kind.kind}
    request = {
        "uid": str(uuid.uuid4()),
        "kind": of,
        "resource": resource,
        "requestKind": of,
        "requestResource": resource,
        "name": asked.name,
        **({"namespace": asked.namespace} if asked.namespace else {}),
        "operation": asked.operation,
        "userInfo": asked.user,
        "object": asked.now,
        "oldObject": asked.before,
        "dryRun": asked.dry,
        "options": asked.options,
    }
    return {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request}


def _denied(webhook: str, status: Json) -> Refusal:
    said = status.get("message") or status.get("reason") or ""
    message = f'admission webhook "{webhook}" denied the request'
    message += f": {said}" if said else " without explanation"
    code = status.get("code") or 403
    return Refusal(code, status.get("reason") or "Forbidden", message)
