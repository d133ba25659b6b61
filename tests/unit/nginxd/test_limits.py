"""What limits workers, beside what their configuration says."""

import pytest

from painless.nginxd.limits import short_of_files
from painless.plan.capacity import Facts

TEXT = "worker_processes 2;\nworker_rlimit_nofile 20000;\n"


@pytest.mark.parametrize(
    ("has", "text", "expected"),
    [
        (1024, TEXT, ["20000", "1024"]),
        (20_000, TEXT, []),
        (65_536, TEXT, []),
        (None, TEXT, []),
        (1024, "worker_processes 2;\n", []),
    ],
)
def test_workers_that_may_not_have_their_files(has: int | None, text: str, expected: list[str]) -> None:
    """Both numbers are said; what is not known is no reason to say anything."""
    found = short_of_files(Facts(clients=0, workers=2, listeners=3, open_files=has), text)
    assert expected == [word for one in found for word in one.replace(";", "").split() if word.isdigit()]
