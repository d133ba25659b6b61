"""Answers for Ingresses that are about to be stored, from the objects of the moment.

The loop's thread only collects who is concerned; the compiler looks at them in threads of its own, so that
endpoints, probes and rounds go on meanwhile.  What is asked, and how that is answered, is the webhook's.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from typing import Generic, TypeVar

from painless.compiler.admission import Verdict, Version, names_of, review
from painless.compiler.options import Options
from painless.controller.inbox import Inbox
from painless.model.objects import Object, ObjectRef
from painless.model.snapshot import Snapshot, in_precedence

K = TypeVar("K")
T = TypeVar("T", bound=Object)


class Admission:
    """Judges changes of Ingresses; ``listed`` says whether the objects are complete.

    ``counts`` says of which objects it is known what there is: others are not ours to judge.
    """

    def __init__(self, inbox: Inbox, options: Options, listed: Callable[[], bool]) -> None:
        self._inbox = inbox
        self._options = options
        self._listed = listed
        self.counts: Callable[[ObjectRef], bool] = lambda _: True

    @property
    def ready(self) -> bool:
        """Whether all objects are known; before that, who is older cannot be said."""
        return self._listed()

    async def review(self, before: Version | None, after: Version, threads: Executor) -> Verdict:
        """Judge a change; ``before`` is ``None`` for a new Ingress."""
        if not self.counts(after.ref):
            return Verdict()
        around = self._around(before, after)
        # Our own executor: the compile of a round is never behind a queue of reviews.
        work = asyncio.get_running_loop().run_in_executor
        return await work(threads, review, before, after, around, self._options)

    def _around(self, before: Version | None, after: Version) -> Snapshot:
        """Return the objects of the moment, with the Ingresses that share a name with one of the versions."""
        versions = [one.ingress for one in (before, after) if one and one.ingress]
        names = frozenset(name for one in versions for name in names_of(one))
        near = self._inbox.neighbours(names)
        taken = self._inbox.taken()
        return Snapshot(
            ingresses=in_precedence(one for one in near if one.ref != after.ref),
            classes=_Found(taken.objects, lambda name: ObjectRef("IngressClass", "", name)),
            services=_Found(taken.objects, lambda name: ObjectRef("Service", *name)),
            port_numbers=taken.port_numbers,
            secrets=_Found(taken.objects, lambda name: ObjectRef("Secret", *name)),
            configmaps=_Found(taken.objects, lambda name: ObjectRef("ConfigMap", *name)),
        )


class _Found(Mapping[K, T], Generic[K, T]):
    """The objects of one kind, looked up among all: to sort thousands for one Ingress is a waste."""

    def __init__(self, objects: Mapping[ObjectRef, Object], ref: Callable[[K], ObjectRef]) -> None:
        self._objects = objects
        self._ref = ref

    def __getitem__(self, name: K) -> T:
        found: T = self._objects[self._ref(name)]  # type: ignore[assignment]
        return found

    def __iter__(self) -> Iterator[K]:
        raise TypeError("names are looked up, never listed")

    def __len__(self) -> int:
        raise TypeError("names are looked up, never listed")
