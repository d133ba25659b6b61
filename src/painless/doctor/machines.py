"""A report for programs: JSON, SARIF for code hosts, JUnit for CI; all forms but that for a terminal."""

import re
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any
from xml.etree import ElementTree as ET

import msgspec

from painless.doctor.check import Check, Severity, link, page
from painless.doctor.page import as_html
from painless.doctor.run import Report, Result

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_PLACE = re.compile(r"(.+):(\d+)")
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold."""


def as_json(report: Report, _checks: Iterable[Check]) -> bytes:
    """Return the report whole; it is what a baseline is."""
    return msgspec.json.format(msgspec.json.encode(report), indent=2)


def as_sarif(report: Report, checks: Iterable[Check]) -> bytes:
    """Return the report as a code host takes it, version 2.1.0."""
    rules = [
        {
            "id": one.id,
            "shortDescription": {"text": one.title},
            "fullDescription": {"text": page(one).why},
            "help": {"text": page(one).fix},
            "helpUri": link(one),
        }
        for one in checks
    ]
    driver = {"name": "painless doctor", "rules": rules}
    run = {"tool": {"driver": driver}, "results": [_sarif(one) for one in report.findings]}
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    text = msgspec.json.encode({"$schema": schema, "version": "2.1.0", "runs": [run]})
    return msgspec.json.format(text, indent=2)


def _sarif(one: Result) -> dict[str, Any]:
    found: dict[str, Any] = {
        "ruleId": one.id,
        "level": _LEVELS[one.severity],
        "message": {"text": f"{one.says}; expected {one.expected}. {one.fix}"},
        "partialFingerprints": {"painless/v1": one.key},
    }
    places = [place for each in one.evidence if (place := _PLACE.fullmatch(each.where))]
    if places:
        found["locations"] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": place[1]},
                    "region": {"startLine": int(place[2])},
                }
            }
            for place in places
        ]
    return found


def as_junit(report: Report, checks: Iterable[Check]) -> bytes:
    """Return a test for each check: it fails for a medium finding or worse, and is skipped when unknown."""
    suite = ET.Element("testsuite", name="painless doctor")
    unknown = {one.id: one.why for one in report.unknown}
    found: dict[str, list[Result]] = {}
    for one in report.findings:
        if one.severity not in {Severity.LOW, Severity.INFO}:
            found.setdefault(one.id, []).append(one)
    count = 0
    for check in checks:
        case = ET.SubElement(suite, "testcase", classname="painless.doctor", name=f"{check.id} {check.title}")
        count += 1
        if check.id in unknown:
            ET.SubElement(case, "skipped", message=_fit(unknown[check.id]))
        elif some := found.get(check.id):
            failure = ET.SubElement(case, "failure", message=_fit(some[0].says), type=some[0].severity)
            failure.text = "\n".join(_fit(f"{one.says}; expected {one.expected}; {one.fix}") for one in some)
    suite.set("tests", str(count))
    suite.set("failures", str(len(found)))
    suite.set("skipped", str(len(unknown)))
    ET.indent(suite)
    text: bytes = ET.tostring(suite, encoding="utf-8", xml_declaration=True)
    return text


def _fit(text: str) -> str:
    return _UNFIT.sub("\N{REPLACEMENT CHARACTER}", text)


FORMS: Mapping[str, Callable[[Report, Iterable[Check]], bytes]] = MappingProxyType(
    {"json": as_json, "sarif": as_sarif, "junit": as_junit, "html": as_html}
)
