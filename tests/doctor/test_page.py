"""The report as a page: what files say stays text, nothing is loaded or run, and it shows what there is."""

from html.parser import HTMLParser
from pathlib import Path

from painless.doctor.check import Evidence, Severity
from painless.doctor.checks import CHECKS
from painless.doctor.gather import Asked, gather
from painless.doctor.page import as_html
from painless.doctor.run import Report, Result, Silenced, Undecided, run

EVIL = "</code></style><script>alert(1)</script><img src=x onerror='alert(2)'>\u202e\"'&"
TAGS = frozenset(
    "html head meta title style body header h1 h2 h3 p ul li b span main details summary strong div code pre "
    "table tbody tr td".split()
)
LOADS = frozenset("src href srcset action style background poster data".split())


class Seen(HTMLParser):
    """What a browser would see."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.metas: list[dict[str, str | None]] = []
        self.said = ""
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag == "meta":
            self.metas.append(dict(attrs))

    def handle_data(self, data: str) -> None:
        self.said += data


def result(severity: Severity) -> Result:
    evil = (Evidence(EVIL, EVIL),)
    return Result(EVIL, severity, EVIL, EVIL, EVIL, EVIL, EVIL, EVIL, evil, EVIL, (EVIL,))


def test_text_stays_text() -> None:
    """No tag and no attribute comes of it, wherever it stands; what hides letters is spelled out."""
    report = Report(
        findings=tuple(map(result, Severity)),
        unknown=(Undecided(EVIL, EVIL, EVIL),),
        passed=(EVIL, "K001"),
        silenced=(Silenced(EVIL, 1, EVIL),),
        looked_at={EVIL: EVIL},
        problems=(EVIL,),
    )
    page = as_html(report, CHECKS)
    seen = Seen(page)
    assert (set(), set()) == (seen.tags - TAGS, seen.attributes & LOADS)
    assert not {one for one in seen.attributes if one.startswith("on")}
    assert "\u202e" not in page.decode()
    assert seen.said.count("alert(1)") > 20


def test_nothing_loads_or_runs() -> None:
    """The policy has a digest of the page's own style, and nothing else."""
    (policy,) = [one["content"] for one in Seen(as_html(Report((), (), ()), ())).metas if "http-equiv" in one]
    assert policy is not None
    assert ["default-src 'none'", "base-uri 'none'", "form-action 'none'"] == [
        one for one in policy.split("; ") if not one.startswith("style-src 'sha256-")
    ]


def test_it_has_what_was_found() -> None:
    """Each finding with its fix, what could not be known, and what passed."""
    conf = Path(__file__).parent / "article" / "nginx.conf"
    report = run(CHECKS, gather(Asked(conf=str(conf), machine=False), apart=0.0).facts)
    said = Seen(as_html(report, CHECKS)).said
    assert [] == [one.id for one in report.findings if one.says not in said or one.id not in said]
    assert f"{len(report.unknown)} checks could not be made" in said
    assert f"{len(report.passed)} checks passed" in said
    assert "Nothing found" in Seen(as_html(Report((), (), ()), CHECKS)).said
