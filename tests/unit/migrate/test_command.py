"""``painless migrate`` on folders: its report, its exit status, and what it never says."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from bench import migration
from click.testing import CliRunner, Result

from painless.cli.main import main
from painless.migrate.titles import TITLES

HERE = Path(__file__).parent
SMALL = HERE / "small"
GOLDEN = HERE / "small.json"

PLAIN = """
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {namespace: shop, name: web, annotations: {%s}}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example
      http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}
"""


def migrate(source: Path, *more: str) -> Result:
    return CliRunner().invoke(main, ["migrate", "--source", str(source), *more])


def report(source: Path, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(migrate(source, "--output", "json", *more).stdout)
    return found


def folder(tmp_path: Path, annotations: str = "") -> Path:
    (tmp_path / "web.yaml").write_text(PLAIN % annotations)
    return tmp_path


def settled(found: dict[str, Any]) -> dict[str, Any]:
    """Return what of a report is this package's: directives are the compiler's, and cases of the corpus."""
    del found["general"], found["texts"], found["source"]
    for one in found["ingresses"]:
        del one["directives"], one["shared"]
    return found


def test_the_report_of_a_small_cluster():
    """All of it. To accept a change: ``python -m tests.unit.migrate``."""
    assert json.loads(GOLDEN.read_text()) == settled(report(SMALL))


@pytest.mark.parametrize(
    ("annotations", "expected"),
    [
        ("", 0),
        ('nginx.ingress.kubernetes.io/load-balance: "ewma"', 1),
        ('nginx.ingress.kubernetes.io/enable-modsecurity: "true"', 2),
        ('nginx.ingress.kubernetes.io/whitelist-source-range: "office"', 2),
    ],
)
def test_the_exit_status_is_the_worst_standing(tmp_path, annotations, expected):
    """For pipelines: 0 same, 1 differs, 2 not supported or closed."""
    assert expected == migrate(folder(tmp_path, annotations)).exit_code


def test_nothing_of_a_secret_is_ever_said(tmp_path):
    """Neither in the terminal nor in the JSON nor on the page."""
    page = tmp_path / "report.html"
    said = [migrate(SMALL, "--html", str(page)).output, migrate(SMALL, "--output", "json").output]
    words = re.compile("sesame|c2VzYW1l|hunter2")
    assert ["Certificate that does not fit"] == [
        one for one in TITLES.values() if one in page.read_text() and "fit" in one
    ]
    assert [] == [found for text in (*said, page.read_text()) for found in words.findall(text)]


def test_the_flags_of_the_old_controller_decide_what_is_served(tmp_path):
    """They are what its Ingresses are written for; the command line has the last word."""
    text = (SMALL / "controller.yaml").read_text()
    text = text.replace("- --profiling=false", "- --annotations-prefix=old.example")
    (tmp_path / "controller.yaml").write_text(text)
    home = folder(tmp_path, 'old.example/load-balance: "ewma"')
    flag = ("--annotations-prefix", "nginx.ingress.kubernetes.io")
    assert (["differs"], ["same"]) == tuple(
        [one["standing"] for one in report(home, *more)["ingresses"]] for more in ((), flag)
    )


VALUES = """
controller:
  config: {proxy-body-size: 8m, server-tokens: false}
  image: {chroot: true}
  keda: {enabled: true}
  replicaCount: 3
  typo: 1
"""


def test_values_of_the_chart_are_judged_with_their_config(tmp_path):
    """The ConfigMap that they would make counts where there is none."""
    values = tmp_path / "values.yaml"
    values.write_text(VALUES)
    (tmp_path / "site").mkdir()
    found = report(folder(tmp_path / "site"), "--values", str(values))
    names: dict[str, list[str]] = {"config": [], "values": []}
    for part, bad in names.items():
        bad += [one["name"] for one in found[part] if one["standing"] != "same"]
    expected = ["controller.image.chroot", "controller.keda", "controller.typo"]
    assert {"config": ["server-tokens"], "values": expected} == names


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (None, "cannot be read"),
        ("- a list", "holds no values, expected a map"),
        ("a: [", "values.yaml:"),
    ],
)
def test_values_that_are_none_end_it_with_a_sentence(tmp_path, content, expected):
    """And exit status 2, as everywhere."""
    values = tmp_path / "values.yaml"
    if content is not None:
        values.write_text(content)
    done = migrate(SMALL, "--values", str(values))
    assert (2, True, 1) == (done.exit_code, expected in done.output, done.output.count("\n"))


def test_a_page_that_cannot_be_written_ends_it_with_a_sentence(tmp_path):
    """Nothing half is left."""
    done = migrate(SMALL, "--html", str(tmp_path / "no" / "report.html"))
    assert (2, "") == (done.exit_code, done.stdout)
    assert "--html" in done.stderr


def test_a_varied_cluster_shows_every_standing_and_most_surprises(tmp_path):
    """The cluster that the measurement is made of is worth measuring."""
    migration.write(tmp_path / "cluster", 300)
    found = report(tmp_path / "cluster")
    surprises = {it["what"] for one in found["ingresses"] for it in one["surprises"]}
    assert (True, True) == (all(found["counts"].values()), len(surprises) >= 8)
    assert set() == surprises - set(TITLES)


def test_a_missing_list_of_users_closes_paths_and_is_no_certificate(tmp_path):
    """Where Secrets are there to be read; a folder without any says that they were not looked at."""
    auth = "nginx.ingress.kubernetes.io/auth-type: basic, nginx.ingress.kubernetes.io/auth-secret: users"
    without = report(folder(tmp_path, auth))["ingresses"][0]
    (tmp_path / "secret.yaml").write_text((SMALL / "secrets.yaml").read_text())
    with_one = report(tmp_path)["ingresses"][0]
    what = [it["what"] for it in with_one["surprises"]]
    assert ("same", "closed", []) == (without["standing"], with_one["standing"], what)
