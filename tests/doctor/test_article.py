"""What the doctor is for: the faults of 2017 are named, each by its check."""

from pathlib import Path

from painless.doctor.checks import CHECKS
from painless.doctor.gather import Asked, gather
from painless.doctor.run import run

ARTICLE = Path(__file__).parent / "article" / "nginx.conf"
FAULTS = {"L003", "N001", "N008", "U001", "U005", "U006", "U007", "U008", "U019"}
"""Few files, old workers that stay, one that accepts, new connections, times that let requests pile up."""


def test_the_faults_of_the_article_are_named() -> None:
    """A configuration is enough: nothing of this machine is asked."""
    gathered = gather(Asked(conf=str(ARTICLE), machine=False), apart=0.0)
    assert gathered.problems == ()
    assert {one.id for one in run(CHECKS, gathered.facts).findings} >= FAULTS
