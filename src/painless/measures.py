"""Puts the metrics together of what the parts know; each is declared in ``painless.observe``."""

from collections import Counter
from collections.abc import Callable

from painless.controller.picture import Picture
from painless.examining.schedule import Examining
from painless.nginx.generation import MAIN
from painless.nginxd.processes import processes
from painless.observe.accepting import Accept
from painless.observe.accesslog import AccessLogged
from painless.observe.answers import Answered
from painless.observe.apiserver import ApiServer
from painless.observe.bulkheads import Rejected
from painless.observe.config import Config, Wanted
from painless.observe.doctor import Doctor
from painless.observe.generations import Generations
from painless.observe.governor import Governed
from painless.observe.labels import Identity
from painless.observe.machine import Machine, Processes
from painless.observe.metrics import Metrics, State, by_reason
from painless.observe.served import Served, Serves, serves
from painless.observe.traces import Spans
from painless.observe.turns import Turned
from painless.outside import Outside
from painless.plan.governor import WAITS
from painless.settings import Settings
from painless.watching import Watching


class Measures:
    """The metrics of a controller; what they show is read off its ``picture`` when somebody asks."""

    def __init__(
        self,
        settings: Settings,
        outside: Outside,
        watching: Watching,
        examining: Examining,
        picture: Callable[[], Picture],
    ) -> None:
        self._outside = outside
        self._picture = picture
        self.config = Config(self._wanted)
        self.governed = Governed(lambda: picture().governor, WAITS)
        cluster, answers, turns = outside.cluster, outside.answers, outside.turns
        namespace, pod = settings.pod or ("", "")
        self.metrics = Metrics(
            self.config,
            State(self._generation, self._diagnostics, self._held),
            AccessLogged(outside.log.went),
            Accept(watching.seen),
            Machine(watching.seen, self._processes),
            Generations(lambda: picture().generations),
            Doctor(examining.examined),
            self.governed,
            Rejected(outside.refused.so_far),
            Served(self._serves, settings.controller_class),
            Spans(
                lambda: outside.traces.exported() + outside.following.exported(),
                lambda: outside.following.dropped() + Counter(outside.traces.dropped()),
                outside.traces.went,
            ),
            *((ApiServer(cluster.lines),) if cluster else ()),
            *((Answered(answers.said),) if answers else ()),
            *((Turned(lambda: turns.counts),) if turns else ()),
            identity=Identity(namespace, settings.controller_class, pod),
        )

    def _generation(self) -> str:
        live = self._picture().live
        return live.id if live else ""

    def _diagnostics(self) -> dict[tuple[str, str], int]:
        return by_reason((one.severity, one.reason) for one in self._picture().diagnostics)

    def _held(self) -> dict[str, int]:
        picture = self._picture()
        return {"earlier": picture.held_earlier, "nothing": picture.held_out}

    def _wanted(self) -> Wanted:
        compiled = self._picture().compiled
        return Wanted(self._generation(), compiled.generation.id if compiled else "")

    def _serves(self) -> Serves:
        answers, outside = self._outside.answers, self._outside
        leads = answers is None or not answers.said().lease or answers.said().leads
        return serves(self._picture().compiled, outside.responder.without_pods(), leads=leads)

    def _processes(self) -> Processes | None:
        sight = self._outside.sight()
        return processes(sight.master if sight else None)


def main_file(picture: Picture) -> str:
    """Return the main file that is loaded."""
    return picture.live.cold.get(MAIN, "") if picture.live else ""
