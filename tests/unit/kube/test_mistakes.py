"""A mistake of ours in what is said to the cluster ends nothing: that part starts again."""

from tests.fakes.apiserver import FakeApiServer
from tests.unit.kube.given import Fleet, RealTime, until

from painless.kube.answers import AGAIN, Answering, Answers, Nature


class HurriedTime(RealTime):
    """A clock that remembers for how long it was asked to wait, and lets nobody wait long."""

    def __init__(self) -> None:
        self.waits: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        await super().sleep(min(seconds, 0.01))


async def test_an_election_that_failed_by_our_mistake_begins_again() -> None:
    """After some time, and what runs beside it has not noticed."""
    mistakes = [ZeroDivisionError("ours")]

    def wall() -> float:
        if mistakes:
            raise mistakes.pop()
        return 1.0

    clock = HurriedTime()
    async with FakeApiServer() as api, Fleet(api) as fleet:
        api.push({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "painless"}})
        asked = Answering(pod=("painless", "painless-1"), statuses=False)
        answers = Answers(fleet.client(), asked, Nature(clock, wall, lambda: 0.1))
        async with answers.running():
            await until(answers.leads)
    assert AGAIN in clock.waits
