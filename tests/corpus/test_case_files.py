"""The runner itself: whoever writes a case wrongly is told the line and what was expected there."""

import re
from pathlib import Path

import pytest
from tests.corpus.case import BadCase, parse_case, with_output
from tests.corpus.client import Answer
from tests.corpus.conftest import refusal
from tests.corpus.given import Pod, read_given
from tests.corpus.golden import difference
from tests.corpus.probes import judge, parse_requests
from tests.corpus.settings import defaults, with_options

HERE = Path(__file__).parent
RULES = "classes conflicts conformance default-backend differences hosts main objects paths services".split()
"""The areas whose cases show rules, so that a table says which shows which."""

WHERE = Path("area/some.case")

GOOD = """\
A sentence.

--- manifests
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {ports: [{port: 80, targetPort: 8080}]}

--- nginx
old

--- requests
GET http://web.example/ => 200 web
"""


def parsed(text: str):
    return parse_case(WHERE, text)


def requests(line: str) -> str:
    return f"A sentence.\n\n--- manifests\n\n--- requests\n{line}\n"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", 'area/some.case:1: found "", expected a sentence'),
        ("No period\n--- manifests\n", 'area/some.case:1: found "No period", expected a sentence'),
        ("A sentence.\n", 'area/some.case:1: found no section "--- manifests"'),
        ("A sentence.\n--- manifest\n", 'area/some.case:2: found "--- manifest", expected "--- " and one of'),
        ("A sentence.\n---manifests\n", 'area/some.case:2: found "---manifests", expected "--- " and one of'),
        (
            "A sentence.\n--- manifests\n--- manifests\n",
            'area/some.case:3: found a second section "manifests"',
        ),
        (
            "A sentence.\n--- requests\n--- manifests\n",
            'area/some.case:3: found section "manifests" after "requests"',
        ),
    ],
)
def test_a_malformed_file_is_told_by_line(text: str, says: str):
    """Every mistake in the frame of a file is named with its line and what was expected."""
    with pytest.raises(BadCase) as told:
        parsed(text)
    assert str(told.value).startswith(says)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("GET http://a.example/ 200", "expected METHOD URL"),
        ("GET a.example/ => 200", "expected METHOD URL"),
        ("http://a.example/ => 200", "expected METHOD URL"),
        ("GET http://a.example/ => ok", "expected METHOD URL"),
        ("GET http://a.example/  nonsense => 200", 'found "nonsense", expected a field of a request'),
        ("GET http://a.example/ => 200 web  nonsense", 'found "nonsense", expected a field of an answer'),
    ],
)
def test_a_malformed_request_is_told_by_line(line: str, says: str):
    """A line of the requests that means nothing is named, and never skipped."""
    with pytest.raises(BadCase) as told:
        list(parse_requests(parsed(requests(line))))
    assert str(told.value).startswith("area/some.case:6: ")
    assert says in str(told.value)


def test_faults_in_manifests_have_the_line_of_the_file():
    """YAML that cannot be read is told by the line of the case file, not of its section."""
    with pytest.raises(BadCase, match=r"^area/some\.case:6: "):
        read_given(parsed("A sentence.\n\n--- manifests\nkind: Service\nmetadata:\n  name: {\n"))


def test_an_unknown_option_is_told_with_those_that_exist():
    case = parsed("A sentence.\n\n--- manifests\n\n--- options\nclass: nginx\n")
    with pytest.raises(BadCase, match='found option "class", expected one of access-log, '):
        with_options(case, defaults())


def test_accepting_changes_output_and_nothing_else():
    """Sections that are output are replaced or added in their place; empty diagnostics have no section."""
    text = with_output(parsed(GOOD), {"nginx": "new\n", "diagnostics": "a line\n"})
    assert GOOD.replace("old\n", "new\n\n--- diagnostics\na line\n") == text
    assert GOOD.replace("old", "new") == with_output(parsed(text), {"diagnostics": ""})


def test_accepting_much_needs_a_reason():
    assert "" == refusal(20, "")
    assert "" == refusal(21, "every location has a comment")
    assert "nothing was written" in refusal(21, "")


def test_every_service_has_a_pod_of_its_name():
    assert (Pod("127.0.0.101", 8080, "web", "http"),) == read_given(parsed(GOOD)).pods


def test_a_difference_names_both_sides():
    """Whoever reads a failure sees which line the file has and which the compiler made."""
    lines = difference("nginx", "a\nb\n", "a\nc\n").splitlines()
    assert ["--- nginx in the case file", "+++ nginx as compiled"] == lines[:2]
    assert ["-b", "+c"] == lines[-2:]


@pytest.mark.parametrize(
    ("line", "answer", "wrong"),
    [
        ("200 web", Answer(200, (("X-Pod", "web"),), ""), ()),
        ("200 web", Answer(200, (), ""), ("found no pod answering, expected web",)),
        ("404", Answer(404, (("X-Pod", "web"),), ""), ("found web answering, expected no pod",)),
        ("200", Answer(503, (), ""), ("found status 503, expected 200",)),
        ("200  A: b", Answer(200, (("a", "b"),), ""), ()),
        ("200  A: b", Answer(200, (("a", "c"),), ""), ('found header A "c", expected it "b"',)),
        ("200  A: b", Answer(200, (), ""), ('found header A none, expected it "b"',)),
        ("200  no A", Answer(200, (("a", "c"),), ""), ('found header A "c", expected it absent',)),
        ("200  A ~ ^b", Answer(200, (("a", "ab"),), ""), ('found header A "ab", expected it to match ^b',)),
        ("200  body contains x", Answer(200, (), "y"), ('expected "x" in the body',)),
        ("200  body lacks y", Answer(200, (), "y"), ('expected no "y" in the body',)),
        (
            "200  certificate: a.example",
            Answer(200, (), "", ("b.example",)),
            ("found a certificate for b.example, expected one for a.example",),
        ),
    ],
)
def test_an_answer_is_judged_in_words(line: str, answer: Answer, wrong: tuple[str, ...]):
    """What is wrong with an answer says what was found and what was expected."""
    (probe,) = parse_requests(parsed(requests(f"GET http://a.example/ => {line}")))
    assert wrong == judge(probe, (answer,))


def test_pods_that_share_a_line_must_all_answer():
    """With several names each must have answered; ``(one pod)`` wants the same one each time."""
    both, one = parse_requests(
        parsed(requests("2x GET http://a.example/ => 200 a, b\n2x GET http://a.example/ => 200 (one pod)"))
    )
    a, b = (Answer(200, (("X-Pod", name),), "") for name in "ab")
    assert () == judge(both, (a, b))
    assert ("found a answering, expected a, b",) == judge(both, (a, a))
    assert () == judge(one, (b, b))
    assert ("found answers of a, b, expected one pod",) == judge(one, (a, b))


def test_the_table_names_every_case_that_shows_a_rule():
    """Whoever looks for a rule finds its case in the README, and no case that is gone."""
    cases = {one.relative_to(HERE).with_suffix("").as_posix() for one in HERE.rglob("*.case")}
    of_rules = {one for one in cases if one.partition("/")[0] in RULES}
    named = set(re.findall(r"`([a-z-]+/[a-z0-9-]+)`", (HERE / "README.md").read_text()))
    assert set() == of_rules - named
    assert set() == named - cases
