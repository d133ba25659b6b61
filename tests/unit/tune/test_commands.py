"""What the commands are told wrongly, or cannot read, is one sentence and exit status 2."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from painless.cli.main import main

PAGE = 'painless_workers{state="active"} 2\n'
HPA = """
kind: HorizontalPodAutoscaler
metadata: {name: web, namespace: shop}
spec: {maxReplicas: 4, behavior: {scaleUp: {stabilizationWindowSeconds: 60}}}
"""


@pytest.fixture
def here(tmp_path: Path) -> Path:
    (tmp_path / "page").write_text(PAGE)
    (tmp_path / "hpa.yaml").write_text(HPA)
    (tmp_path / "broken.yaml").write_text("kind: [")
    (tmp_path / "broken").write_text("painless_workers{ 1\n")
    return tmp_path


def run(here: Path, text: str, given: str = "") -> Result:
    return CliRunner().invoke(main, text.replace("HERE", str(here)).split(), input=given)


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("tune --metrics http://127.0.0.1:1/metrics", "cannot be read: Connection refused"),
        ("tune --metrics HERE/absent", "cannot be read: No such file or directory"),
        ("tune --metrics HERE/broken", "is no page of metrics"),
        ("tune --metrics /dev/null", "has no metric of Painless"),
        ("tune --metrics HERE/page --hpa HERE/broken.yaml", "broken.yaml, line 1, column"),
        ("tune --metrics HERE/page --hpa HERE/absent.yaml", "cannot be read"),
        ("tune --metrics HERE/page --source HERE/absent", "does not exist"),
        ("tune --metrics HERE/page --load-balancer haproxy", "expected seconds or one of aws-alb"),
        ("tune --metrics HERE/page --application nan", "expected seconds or one of gunicorn"),
        ("tune --metrics HERE/page --configmap settings", "--configmap"),
        ("tune --metrics a --metrics b --metrics c", "expected an earlier and a later page"),
        ("tune --prometheus ftp://there", "expected a URL such as"),
        ("tune --prometheus http://127.0.0.1:1 --window soon", "expected a time such as 6h or 7d"),
        ("tune --prometheus http://127.0.0.1:1", "does not answer"),
        ("tune --metrics HERE/page --hpa HERE/hpa.yaml --write HERE/page", "cannot be written"),
        ("split --metrics HERE/page", "no Ingress was read"),
    ],
)
def test_mistakes(here, command, says):
    done = run(here, command)
    assert (2, 1) == (done.exit_code, len(done.stderr.splitlines()))
    assert says in done.stderr


def test_objects_from_standard_input(here):
    done = run(here, "tune --hpa - --metrics HERE/page", HPA)
    assert (1, True) == (done.exit_code, "60 s sooner" in done.stdout)


def test_nothing_to_change(here):
    assert 0 == run(here, "tune --metrics HERE/page").exit_code


def test_two_sources_of_measurements(here):
    done = run(here, "tune --metrics HERE/page --prometheus http://127.0.0.1:1")
    assert (2, True) == (done.exit_code, "expected one of --prometheus and --metrics" in done.stderr)
