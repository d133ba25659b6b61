"""The rules of the house that a machine can check cheaply; the rest is taste, and review."""

import ast
import functools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from painless.model.diagnostics import Reason

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "painless"
CORPUS = ROOT / "tests" / "corpus"
DIAGNOSTICS = ROOT / "docs" / "reference" / "diagnostics.md"
BIN = Path(sys.executable).parent

TOOL_DEADLINE = 50  # seconds; a cold cache takes ten on two busy cores
EXEMPTIONS = 40  # of mypy and ruff in src and tests, each with its reason; this number only goes down


def output(*command: str) -> str:
    """Return what a command printed; it must have succeeded."""
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=TOOL_DEADLINE, check=False
    )
    assert done.returncode == 0, f"{' '.join(command)}:\n{done.stdout}{done.stderr}"
    return done.stdout


@functools.cache
def tracked() -> tuple[Path, ...]:
    """Every text file of the repository; of an unpacked archive, every file outside hidden folders."""
    if (ROOT / ".git").exists():
        names = output("git", "ls-files", "-z").split("\0")
        files = [ROOT / name for name in names if name]
    else:
        files = [
            one for one in ROOT.rglob("*") if not any(part[0] == "." for part in one.relative_to(ROOT).parts)
        ]
    return tuple(one for one in files if one.is_file() and not one.is_symlink())


def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def modules() -> list[Path]:
    return sorted(SOURCE.rglob("*.py"))


def test_imports_go_downwards():
    """Layers are kept, the core does no I/O, features do not know each other (pyproject.toml)."""
    output(str(BIN / "lint-imports"))


def test_every_module_says_why_it_exists():
    """A module without a docstring has no stated promise, and no stated border."""
    silent = [one for one in modules() if not ast.get_docstring(ast.parse(text_of(one)))]
    assert silent == []


def test_modules_stay_readable():
    """Past 450 lines a module is asking to be split by stage; a table may be as long as what it lists."""
    long = [one for one in modules() if text_of(one).count("\n") > 450]
    assert [one for one in long if re.search(r"^(?:class|def|async def) ", text_of(one), re.MULTILINE)] == []


def test_exemptions_only_go_down():
    """``type: ignore``, ``noqa`` and ``cast`` are counted, so that each new one is a decision."""
    pattern = re.compile(r"#\s*type:\s*ignore|#\s*noqa|\bcast\(")
    files = [one for one in tracked() if one.suffix == ".py" and one != Path(__file__).resolve()]
    found = {
        str(one.relative_to(ROOT)): count for one in files if (count := len(pattern.findall(text_of(one))))
    }
    assert sum(found.values()) <= EXEMPTIONS, found


def test_the_repository_stands_alone():
    """Nothing refers to files beside the checkout."""
    outside = re.compile(r"\.\./" + r"shared|/work/" + r"shared|/work/" + r"main")
    assert [one for one in tracked() if outside.search(text_of(one))] == []


def test_no_patching_and_no_sleeping_in_tests():
    """A patched test tests the patch; one that sleeps (not: polls) is slow, and fails on a slow machine."""
    bad = re.compile(r"monkeypatch\.setattr|mock\.patch|\bsleep\((?:0?\.[1-9]|[1-9](?:\.\d+)?\))")
    files = [one for one in (ROOT / "tests").rglob("test_*.py") if one != Path(__file__).resolve()]
    found = [f"{one.relative_to(ROOT)}: {hit}" for one in files for hit in bad.findall(text_of(one))]
    assert found == []


def test_links_between_documents_resolve():
    """A relative link in a document names a file that exists."""
    link = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")
    dead = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in tracked()
        if page.suffix == ".md"
        for target in link.findall(re.sub(r"```.*?```", "", text_of(page), flags=re.DOTALL))
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert dead == []


def test_every_decision_is_listed():
    """docs/adr/README.md is the table of contents."""
    folder = ROOT / "docs" / "adr"
    files = sorted(one.name for one in folder.glob("[0-9]*.md"))
    assert files == re.findall(r"\]\(([^)]+)\)", text_of(folder / "README.md"))


def test_every_dependency_has_its_reason_and_its_lock():
    """Run-time dependencies are those of ADR 0006, and each has one exact version."""
    project = tomllib.loads(text_of(ROOT / "pyproject.toml"))
    needs = {re.split(r"[><=\[; ]", one)[0].lower() for one in project["project"]["dependencies"]}
    decided = re.findall(r"^\| `([^`]+)` \|", text_of(ROOT / "docs/adr/0006-dependencies.md"), re.MULTILINE)
    locked = set(re.findall(r"^([\w.-]+)==", text_of(ROOT / "requirements.lock"), re.MULTILINE))
    assert needs == {one.lower() for one in decided}
    assert needs - locked == set()


@pytest.mark.skipif(
    not any((SOURCE / name).exists() for name in ("docs.py", "docs/__main__.py")),
    reason="nothing is generated",
)
def test_generated_pages_are_fresh():
    """Reference pages say what the code says."""
    output(sys.executable, "-m", "painless.docs", "--check")


@pytest.mark.skipif(not DIAGNOSTICS.exists(), reason="there are no reference pages")
def test_every_reason_is_documented():
    """Whoever reads a reason in a log finds a section about it."""
    sections = set(re.findall(r"^#+ `?(\w+)`?\s*$", text_of(DIAGNOSTICS), re.MULTILINE))
    assert {str(one) for one in Reason} - sections == set()


@pytest.mark.skipif(not CORPUS.is_dir(), reason="there are no cases")
def test_every_reason_is_produced_by_a_case():
    """A reason that no case produces is dead, or a promise nobody has tried."""
    cases = "\n".join(text_of(one) for one in CORPUS.rglob("*.case"))
    told = set(re.findall(r"\b[A-Z]\w+\b", cases))
    # These need more than a snapshot: a folder that is read, and an NGINX that refuses.
    elsewhere = {
        Reason.CHANGES_GATHERED,
        Reason.CONFIGURATION_REFUSED,
        Reason.CONNECTIONS_CLOSED,
        Reason.CONNECTIONS_STAY,
        Reason.DUPLICATE_OBJECT,
        Reason.INVALID_MANIFEST,
        Reason.NO_MEMORY_TO_RELOAD,
    }
    assert {str(one) for one in set(Reason) - elsewhere} - told == set()
