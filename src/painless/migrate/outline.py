"""The directives that each Ingress comes to, read off a generation by the origin of its lines.

A line that several Ingresses put there belongs to each of them; such texts are kept once, by number, since
hosts that look alike share whole blocks.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from painless.model.objects import ObjectRef
from painless.nginx.generation import MAIN, UPSTREAMS, Generation
from painless.plan.changes import origins_of

_FILES = (MAIN, UPSTREAMS)
_INDENT = 4
_HTTP = "http {"


class Outlines(Struct, frozen=True):
    """What each Ingress has alone, the numbers of what it shares, and the shared texts."""

    own: dict[ObjectRef, str]
    shared: dict[ObjectRef, tuple[int, ...]]
    texts: tuple[str, ...]


def outlines(generation: Generation) -> Outlines:
    """Return the directives of each Ingress."""
    own: dict[ObjectRef, list[str]] = {}
    together: dict[frozenset[ObjectRef], list[str]] = {}
    for name in _FILES:
        lines = generation.cold.get(name, "").splitlines()
        alone: dict[ObjectRef, list[int]] = {}
        common: dict[frozenset[ObjectRef], list[int]] = {}
        for at, refs in _owners(generation.origins.get(name, ())):
            if len(refs) == 1:
                alone.setdefault(next(iter(refs)), []).append(at)
            elif refs:
                common.setdefault(refs, []).append(at)
        around = tuple(_around(lines))
        for ref, some in alone.items():
            own.setdefault(ref, []).append(_text(lines, around, some))
        for refs, some in common.items():
            together.setdefault(refs, []).append(_text(lines, around, some))
    return _numbered(own, together)


def _numbered(own: dict[ObjectRef, list[str]], together: dict[frozenset[ObjectRef], list[str]]) -> Outlines:
    shared: dict[ObjectRef, list[int]] = {}
    for number, refs in enumerate(together):
        for ref in refs:
            shared.setdefault(ref, []).append(number)
    return Outlines(
        {ref: "\n".join(some) for ref, some in own.items()},
        {ref: tuple(some) for ref, some in shared.items()},
        tuple("\n".join(some) for some in together.values()),
    )


def _owners(origins: Iterable[object]) -> Iterator[tuple[int, frozenset[ObjectRef]]]:
    # Most lines of a block have the very same origin: looked at once.
    seen: dict[int, frozenset[ObjectRef]] = {}
    for at, entry in enumerate(origins):
        refs = seen.get(id(entry))
        if refs is None:
            refs = frozenset(one.ref for one in origins_of(entry) if one.ref.kind == "Ingress")
            seen[id(entry)] = refs
        yield at, refs


def _around(lines: list[str]) -> Iterator[tuple[int, ...]]:
    """Yield for each line the numbers of the lines that open the blocks around it, outermost first."""
    stack: list[int] = []
    for at, line in enumerate(lines):
        bare = line.strip()
        if bare == "}":
            stack = stack[:-1]
        yield tuple(stack)
        if _opens(bare):
            stack = [*stack, at]


def _text(lines: list[str], around: tuple[tuple[int, ...], ...], wanted: list[int]) -> str:
    """Return these lines inside the blocks they stand in."""
    out: list[str] = []
    opened: tuple[int, ...] = ()
    for at in wanted:
        bare = lines[at].strip()
        if bare in {"", "}"}:
            continue
        common = _common(opened, around[at])
        out.extend(_closing(lines[one]) for one in reversed(opened[common:]))
        out.extend(lines[one] for one in around[at][common:])
        out.append(lines[at])
        opened = (*around[at], at) if _opens(bare) else around[at]
    out.extend(_closing(lines[one]) for one in reversed(opened))
    if out and out[0] == _HTTP:
        # Around everything, so it says nothing.
        out = [one[_INDENT:] for one in out[1:-1]]
    return "\n".join(out)


def _opens(bare: str) -> bool:
    return bare.endswith("{") and not bare.startswith("#")


def _common(opened: tuple[int, ...], around: tuple[int, ...]) -> int:
    count = 0
    for one, other in zip(opened, around, strict=False):
        if one != other:
            break
        count += 1
    return count


def _closing(opening: str) -> str:
    return " " * (len(opening) - len(opening.lstrip())) + "}"
