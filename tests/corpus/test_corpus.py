"""Every case file holds: its golden output, its findings, and what a real NGINX answers to its requests."""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.corpus.agreement import Explaining
from tests.corpus.case import OPTIONAL, BadCase, Case, parse_case, with_output
from tests.corpus.client import Answer
from tests.corpus.conftest import Accepted
from tests.corpus.given import Given, read_given
from tests.corpus.golden import Output, difference, output_of
from tests.corpus.probes import Cookies, Probe, judge, parse_requests
from tests.corpus.settings import defaults, with_options
from tests.corpus.stage import Theatre

from painless.compiler import compile_snapshot
from painless.compiler.options import Options
from painless.model.snapshot import snapshot_of
from painless.nginx import catalog

HERE = Path(__file__).parent
HTTP = 80
UNPRIVILEGED = 1024  # Ports below belong to root, or to whom the kernel lets have them.
FILES = sorted(HERE.rglob("*.case"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(HERE).with_suffix("")))
@pytest.mark.asyncio(loop_scope="session")
async def test_case(file: Path, stage: Theatre, accepted: Accepted | None) -> None:
    """What the first sentence of the file says holds, in text and on a running NGINX."""
    try:
        case = parse_case(file.relative_to(HERE), file.read_text())
        given, options = read_given(case), with_options(case, defaults())
        probes = tuple(parse_requests(case))
    except BadCase as told:
        pytest.fail(str(told), pytrace=False)
    output = output_of(given, options)
    _always(given, output, options)
    if accepted is not None:
        _accept(case, file, output, accepted)
    elif wrong := _differences(case, output):
        pytest.fail(f"{case.sentence}\n\n{wrong}\n\nmake accept rewrites it", pytrace=False)
    if why := _out_of_reach(file, given, stage):
        pytest.skip(why)
    served = output_of(given, stage.options(options))
    async with stage.perform(served, given):
        explaining = Explaining(served, given, stage.options(options))
        wrong = await _answers(case, probes, stage, explaining)
    if wrong:
        pytest.fail(f"{case.sentence}\n\n{wrong}", pytrace=False)


def _out_of_reach(file: Path, given: Given, stage: Theatre) -> str:
    """Return why this user cannot have the case's requests answered, if so: the text was compared."""
    low = [pod.port for pod in given.pods if pod.port < UNPRIVILEGED]
    if stage.ports.http == HTTP:
        return ""
    if low:
        return f"a pod at port {low[0]} needs a right that this user has not"
    return "only the real port 443 goes without saying" if file.stem == "with-port-443" else ""


def _always(given: Given, output: Output, options: Options) -> None:
    """Promises that every case keeps: NGINX knows all directives; order and repetition change nothing."""
    assert () == catalog.check(output.tree)
    objects = list(given.objects)
    random.Random(len(objects)).shuffle(objects)
    for some in (given.objects, objects, objects[::-1]):
        assert output.compiled == compile_snapshot(snapshot_of(some), options)


def _differences(case: Case, output: Output) -> str:
    found = []
    for name, actual in output.sections.items():
        section = case.sections.get(name)
        if section is None and name in OPTIONAL:
            continue
        if text := difference(name, section.text if section else "", actual):
            found.append(f"{case.path}:{section.line if section else 1}\n{text}")
    return "\n\n".join(found)


def _accept(case: Case, file: Path, output: Output, accepted: Accepted) -> None:
    sections = {
        name: text for name, text in output.sections.items() if name in case.sections or name not in OPTIONAL
    }
    if (text := with_output(case, sections)) != file.read_text():
        accepted[file] = text


async def _answers(case: Case, probes: Iterable[Probe], stage: Theatre, explaining: Explaining) -> str:
    """Send the case's requests in order; return what is wrong with the answers, or what explains them."""
    cookies, found = Cookies(), []
    for probe in probes:
        answers, request = [], probe.request
        if probe.logged:
            await stage.logged()
        for _ in range(probe.times):
            request = cookies.added_to(probe.request) if probe.cookies else probe.request
            answers.append(await stage.ask(request))
            cookies.keep(answers[-1])
        wrong = judge(probe, answers)
        if differs := explaining.wrong(request, answers[-1]):
            wrong += (f"explained otherwise: {differs}",)
        if probe.logged:
            lines = await stage.logged()
            wrong += tuple(filter(None, (check(lines) for check in probe.logged)))
        if wrong:
            said = (*(f"  {one}" for one in wrong), *_shown(answers[-1]))
            found.append("\n".join((f"{case.path}:{probe.line}: {probe.text}", *said)))
    return "\n\n".join(found)


def _shown(answer: Answer) -> tuple[str, ...]:
    return (f"  last answer: {answer.status}", *(f"    {name}: {value}" for name, value in answer.headers))
