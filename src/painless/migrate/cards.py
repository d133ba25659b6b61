"""The parts of the page that repeat: a setting, and an Ingress with all its settings, as HTML."""

from collections.abc import Sequence
from typing import TypeVar

from painless.migrate.markup import fold, lines, paragraphs, prose, text
from painless.migrate.report import Judged, Standing, Surprise, Verdict, many, named
from painless.migrate.titles import title

CLASSES = {
    Standing.SAME: "same",
    Standing.DIFFERS: "differs",
    Standing.UNSUPPORTED: "unsupported",
    Standing.CLOSED: "closed",
}
"""Names of the style sheet and the script."""

_SENTENCES = 2  # Findings shown for each setting in the overview, since values vary and their sentences too.
_NAMES = 12  # Ingresses named there.
_PATHS = 20  # Paths named for each habit.
_HOSTS = 3  # Hosts named beside an Ingress.

T = TypeVar("T")


def setting(
    standing: Standing | None, name: str, some: Sequence[tuple[Judged, T]], says: Sequence[str], instead: str
) -> str:
    """Return one setting or surprise with all who have it; surprises have no standing."""
    count = many(len({one.ref for one, _ in some}), "Ingress", "Ingresses")
    more = [f"… and {len(says) - _SENTENCES} more like these"] if len(says) > _SENTENCES else []
    shown = (*says[:_SENTENCES], *more)
    return (
        f'<details class="card {CLASSES[standing] if standing else "surprise"}">'
        f"<summary><span class=badge>{standing or 'surprise'}</span><strong>{text(title(name))}</strong>"
        f"<span class=hosts>{count}</span></summary>{paragraphs(shown)}{_instead(instead)}"
        f"<p class=hint>{text(named(some, _NAMES))}</p></details>"
    )


def ingress(one: Judged) -> str:
    """Return one Ingress: what is bad, what is odd, what is the same, and its directives."""
    bad = [verdict for verdict in one.verdicts if verdict.standing is not Standing.SAME]
    good = [verdict for verdict in one.verdicts if verdict.standing is Standing.SAME]
    odd = "".join(map(_surprise, one.surprises))
    return (
        f'<details class="card {CLASSES[one.standing]}{" odd" if odd else ""}">{_summary(one)}'
        f"{''.join(map(verdict_of, bad))}{odd}{same(good)}{_directives(one)}</details>"
    )


def _summary(one: Judged) -> str:
    more = f" and {len(one.hosts) - _HOSTS} more" if len(one.hosts) > _HOSTS else ""
    odd = f"<i>{many(len(one.surprises), 'surprise', 'surprises')}</i>" if one.surprises else ""
    return (
        f"<summary><span class=badge>{one.standing}</span>"
        f"<strong>{text(one.ref.namespace)}/{text(one.ref.name)}</strong>"
        f"<span class=hosts>{text(', '.join(one.hosts[:_HOSTS]) + more)}</span>{odd}</summary>"
    )


def verdict_of(one: Verdict) -> str:
    """Return what becomes of one setting."""
    value = f" <code>{text(one.value)}</code>" if one.value else ""
    return (
        f'<div class="verdict {CLASSES[one.standing]}"><h4>{text(title(one.name))}{value}</h4>'
        f"{paragraphs(one.says)}{_where(one.where)}{_instead(one.instead)}</div>"
    )


def _surprise(one: Surprise) -> str:
    says = paragraphs((one.says,))
    return f"<div class=surprise><h4>{text(title(one.what))}</h4>{says}{_instead(one.mend)}</div>"


def _where(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    more = f" and {len(paths) - _PATHS:,} more" if len(paths) > _PATHS else ""
    return f"<p class=where>{' '.join(f'<code>{text(one)}</code>' for one in paths[:_PATHS])}{more}</p>"


def _instead(sentence: str) -> str:
    return f"<p class=instead>{prose(sentence)}</p>" if sentence else ""


def same(some: Sequence[Verdict]) -> str:
    """Return settings that mean the same, by name."""
    if not some:
        return ""
    each = "".join(f"<li><code>{text(one.name)}</code> {prose(' '.join(one.says))}</li>" for one in some)
    return fold(f"{many(len(some), 'setting means', 'settings mean')} the same", f"<ul>{each}</ul>")


def _directives(one: Judged) -> str:
    if not one.directives and not one.shared:
        return ""
    links = ", ".join(f'<a href="#text-{at}">shared block {at + 1}</a>' for at in one.shared)
    more = f"<p>Together with Ingresses that look alike: {links}</p>" if links else ""
    return fold("Effective NGINX directives", (lines(one.directives) if one.directives else "") + more)
