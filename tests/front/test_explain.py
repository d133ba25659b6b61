"""The running controller says of a request what NGINX then does with it."""

from tests.front.asking import explained
from tests.front.clients import Target, until_seen
from tests.front.given import PATIENT, Make
from tests.front.manifests import Folder
from tests.front.pods import Pods

pytestmark = PATIENT
SOON = 15.0  # Seconds for what takes one or two.


async def test_who_answers_now(folder: Folder, pods: Pods, make: Make) -> None:
    """The pod that is ready, and that none is once it has gone; nobody for a host without a rule."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()

    code, answer = await explained(program, "http://web.test/x")
    assert (0, 1, "/x") == (code, len(answer["outcomes"][0]["pods"]), answer["outcomes"][0]["sent"])

    folder.endpoints("web", pods.port, ())
    await until_seen(Target(program.doors.http, "web.test"), lambda one: one.status == 503, SOON)
    code, answer = await explained(program, "http://web.test/x")
    assert (0, 503) == (code, answer["outcomes"][0]["status"])

    code, answer = await explained(program, "http://other.test/")
    assert (1, 404) == (code, answer["outcomes"][0]["status"])
