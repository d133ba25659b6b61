"""Why NGINX refused, as one reads it from its output and its log."""

from pathlib import Path

from painless.nginxd.errorlog import LOG_KEPT, LOG_MOST, ErrorLog, lacks_room, reasons, trim_log

LINE = "2026/11/24 06:19:11 [emerg] {pid}#{pid}: {says}\n"


def test_only_what_is_new_fatal_and_the_masters_counts(tmp_path: Path) -> None:
    """Earlier lines, other processes and lesser levels are no reasons; a repeated reason is one."""
    path = tmp_path / "error.log"
    path.write_text(LINE.format(pid=7, says="earlier"))
    log = ErrorLog(path)
    with path.open("a") as file:
        file.write(LINE.format(pid=7, says="port in use") * 5)
        file.write(LINE.format(pid=8, says="a test's"))
        file.write("2026/11/24 06:19:11 [error] 7#7: *1 something\n")
        file.write(LINE.format(pid=7, says="still could not bind()"))

    assert ("port in use", "still could not bind()") == log.fatal(7)
    assert ("port in use", "a test's", "still could not bind()") == log.fatal()


def test_a_log_that_was_truncated_is_read_from_its_start(tmp_path: Path) -> None:
    """Somebody's log rotation must not hide the reason."""
    path = tmp_path / "error.log"
    path.write_text("x" * 10_000)
    log = ErrorLog(path)
    path.write_text(LINE.format(pid=7, says="refused"))

    assert ("refused",) == log.fatal(7)


def test_a_log_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    """NGINX makes it at its first start."""
    assert () == ErrorLog(tmp_path / "error.log").fatal()


def test_reasons_of_a_call() -> None:
    """The same sentence, printed twice in two shapes, is one reason; output without one is given whole."""
    printed = (
        LINE.format(pid=7, says="no such thing in a.conf:3") + "nginx: [emerg] no such thing in a.conf:3\n"
    )

    assert "no such thing in a.conf:3" == reasons(printed + "nginx: configuration file a.conf test failed\n")
    assert "Illegal instruction" == reasons("Illegal instruction\n")
    assert "NGINX gave no reason" == reasons("")


def test_a_refusal_for_lack_of_room_is_told_from_others() -> None:
    """Who wrote an object is not told that NGINX refuses it when the disk is full."""
    full = 'open() "/state/run/gen-1" failed (28: No space left on device)'
    other = 'open() "/state/none" failed (2: No such file or directory) in /state/nginx.conf:3'

    assert [Path("/state/run/gen-1"), None, None] == [lacks_room(one) for one in (full, other, "")]


def test_a_log_within_bounds_is_left_alone(tmp_path: Path) -> None:
    """So is one that is not there yet."""
    log = tmp_path / "error.log"
    trim_log(log)
    log.write_text("one line\n")

    trim_log(log)

    assert [log] == list(tmp_path.iterdir())
    assert "one line\n" == log.read_text()


def test_the_latest_of_a_large_log_stays(tmp_path: Path) -> None:
    """The rest of it goes, and so does what stayed the last time."""
    log = tmp_path / "error.log"
    for number in (b"1", b"2"):
        log.write_bytes(b"old" + b"x" * LOG_MOST + number)
        trim_log(log)

    kept = (tmp_path / "error.log.1").read_bytes()
    assert (0, b"x" * (LOG_KEPT - 1) + b"2") == (log.stat().st_size, kept)
