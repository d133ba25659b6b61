"""An API server for tests: real HTTP, real semantics, no cluster.

    async with FakeApiServer(tls=True, tokens={"secret": "system:serviceaccount:ns:name"}) as api:
        await api.apply(yaml_or_objects)             # as an administrator: defaults, validation, admission
        api.push({...})                              # whatever a real server would refuse, as it is
        api.get("Ingress", "web", "shop")            # what is stored; also list, patch, delete
        api.kubeconfig(path, token="secret")         # for kubectl, or for ``painless serve --kubeconfig``
        api.requests                                 # what was asked, by whom, with which status
        api.faults.cut_watches()                     # faults: see ``faults.Faults``; stop() and start() too
        api.allows = lambda attempt: attempt.verb != "list"      # or with_rbac=True: by the stored roles

Without ``tokens`` whoever has no client certificate is the administrator.  The same as a process:
``python -m tests.fakes.apiserver --help``; its faults and objects come over ``/fake`` (see ``remote``).

As with a real server: one counter of versions, conflicts, lists in pages that show one moment, watches with
bookmarks and 410 after compaction, status apart from spec, all four patches, defaults, webhooks over HTTPS,
RBAC, tables for kubectl.  Other than with a real server: endpoints may be on loopback; apply forgets who
owned which field; the old lists that a version names are gone unless somebody reads them in pages; bodies
in Protobuf are refused, so that ``kubectl auth can-i`` does not work.
"""

from tests.fakes.apiserver.access import ADMIN, Attempt
from tests.fakes.apiserver.faults import Faults, Which
from tests.fakes.apiserver.refusals import Refusal
from tests.fakes.apiserver.server import FakeApiServer

__all__ = ["ADMIN", "Attempt", "FakeApiServer", "Faults", "Refusal", "Which"]
