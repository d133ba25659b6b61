"""Whoever comes from ingress-nginx keeps the arguments of its controller as they are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from painless import __version__
from painless.cli.accepted import flag_name
from painless.cli.help import TITLES, title
from painless.cli.main import main, serve
from painless.flags import CONTROLLER, FLAGS, KLOG, WITHOUT_EFFECT, Flag, Kind
from painless.settings import SettingsError, admin, collector, duration

EXAMPLES = {Kind.TEXT: "x", Kind.BOOL: "true", Kind.FLOATS: "0.5,1", Kind.DURATION: "1m30s"}

#: Defaults that are meant to differ; docs/differences.md has the reason.
OTHER_DEFAULTS = {"post-shutdown-grace-period": "0.0"}


def spelled(flag: Flag) -> list[str]:
    """All ways in which Go takes a flag."""
    value = EXAMPLES.get(flag.kind, "2")
    ways = [f"--{flag.name}={value}", *([f"--{flag.name}"] if flag.kind is Kind.BOOL else [])]
    return [*ways, *(["-v=2", "-v2"] if flag.name == "v" else [])]


def parsed(*arguments: str) -> click.Context:
    return serve.make_context("serve", list(arguments))


def served(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["serve", *arguments])


def test_there_are_all_of_them():
    """72 of the controller and 13 of klog, each with an option of ours."""
    ours = {name.lstrip("-") for one in serve.params for name in one.opts}
    assert (72, 13, set()) == (len(CONTROLLER), len(KLOG), FLAGS.keys() - ours)


@pytest.mark.parametrize("flag", FLAGS.values(), ids=lambda one: one.name)
def test_go_s_spellings_are_taken(flag):
    """With a sign of equality, and alone where it is a boolean."""
    (option,) = (one for one in serve.params if flag_name(one) == flag.name or f"--{flag.name}" in one.opts)
    values = {str(parsed(way).params[str(option.name)]) for way in spelled(flag)}
    assert 1 == len(values)


@pytest.mark.parametrize("flag", FLAGS.values(), ids=lambda one: one.name)
def test_defaults_are_ingress_nginx_s(flag):
    """Nobody has to write a flag that was not needed before."""
    (option,) = (one for one in serve.params if f"--{flag.name}" in one.opts)
    ours = OTHER_DEFAULTS.get(flag.name, flag.default)
    shown = str(option.default).lower() if flag.kind is Kind.BOOL else str(option.default)
    assert re.sub(r"\.0$", "", shown) == re.sub(r"\.0$", "", ours)


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("--profiling=perhaps", "true or false"),
        ("--sync-period=30", "a duration such as 30s or 1m30s"),
        ("--max-buckets=-1", "a whole number, 0 at least"),
        ("--sync-rate-limit=fast", "a number"),
        ("--time-buckets=1,", "numbers, separated by commas"),
        ("--size-buckets=1,3,2", "numbers, separated by commas, each above the one before"),
        ("--length-buckets=1,inf", "numbers, separated by commas, each above the one before"),
        ("-v=many", "a whole number"),
    ],
)
def test_a_wrong_value_ends_the_command(argument, expected):
    """Also of a flag that changes nothing: with a sentence."""
    ended = served(argument)
    assert (2, True) == (ended.exit_code, f"expected {expected}" in ended.output)


@pytest.mark.parametrize(
    ("text", "seconds"), [("0", 0), ("30s", 30), ("1m30s", 90), ("1.5h", 5400), ("500ms", 0.5), ("-1s", -1)]
)
def test_durations_are_go_s(text, seconds):
    """Each unit, several together, and none for zero."""
    assert duration("--election-ttl", text) == seconds


def test_the_version_is_shown():
    """And nothing is served."""
    assert (0, f"painless, version {__version__}\n") == (
        (ended := served("--version", "--source=/nowhere")).exit_code,
        ended.output,
    )


def test_the_help_has_groups():
    """Each flag once, those without effect by their names at the end."""
    text = served("--help").output
    assert list(TITLES) == [one for one in re.findall(r"^(\S.*):$", text, re.MULTILINE) if one in TITLES]
    assert [] == [one.name for one in serve.params if title(one) not in TITLES]
    assert 1 == text.count("--http-port")


def test_hosts_that_nobody_has_need_the_label():
    """As in ingress-nginx, which does not start either."""
    ended = served("--source=/nowhere", "--metrics-per-host=false", "--metrics-per-undefined-host")
    says = "found --metrics-per-undefined-host without --metrics-per-host, expected both"
    assert (2, True) == (ended.exit_code, ended.output.strip().endswith(says))


def test_a_flag_without_effect_is_told_once(tmp_path: Path):
    """When it was given, with what holds in any case; the others are not mentioned."""
    # Into a process: logs are the process's.  It ends by itself, since the folder is none.
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "painless", "serve", "--source", str(tmp_path / "none")),
            *("--state-dir", str(tmp_path / "state"), "--status-port=10246", "--deep-inspect", "--v=0"),
            "--exclude-socket-metrics=bytes_sent,unheard_of",
        ],
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    told = [json.loads(one) for one in ended.stderr.splitlines() if one.startswith("{")]
    without = [(f"--{name}", WITHOUT_EFFECT[name].why) for name in ("status-port", "deep-inspect")]
    excluded = ("--exclude-socket-metrics", "no request metric is called unheard_of")
    assert [*without, excluded] == [
        (one["flag"], one["why"]) for one in told if one["event"] == "flag_without_effect"
    ]


@pytest.mark.parametrize(("given", "missing"), [("certificate", "key"), ("key", "certificate")])
def test_half_a_pair_for_the_webhook_is_refused(given: str, missing: str, tmp_path: Path) -> None:
    """In one sentence, before anything is started."""
    source = ["serve", "--source", str(tmp_path), "--validating-webhook", ":8443"]
    result = CliRunner().invoke(main, [*source, f"--validating-webhook-{given}", str(tmp_path / "tls.pem")])
    says = f"found --validating-webhook without --validating-webhook-{missing}, expected both"
    assert (2, True) == (result.exit_code, result.output.strip().endswith(says))


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (("--admin-address", "0.0.0.0:10253"), "which others reach, and no cluster that knows them"),
        (("--admin-address", ":10253"), "expected --admin-token-file, or an address on loopback"),
        (("--admin-address", "localhost:10253"), 'found "localhost", expected an IP address'),
        (("--admin-address", "127.0.0.1,10.0.0.1:10253"), "expected one address or none"),
        (("--admin-address", "127.0.0.1"), "expected [address]:port such as 127.0.0.1:10253"),
        (("--admin-tls-key-file", "key"), "expected --admin-tls-cert-file and --admin-tls-key-file"),
    ],
)
def test_an_admin_port_that_cannot_be_is_refused(tmp_path, flags, says):
    """Above all one that strangers could reach and nobody would ask who they are."""
    result = CliRunner().invoke(main, ["serve", "--source", str(tmp_path), *flags])
    assert (2, True) == (result.exit_code, says in result.output)


@pytest.mark.parametrize(
    ("address", "host", "loopback"),
    [
        ("127.0.0.1:1", "127.0.0.1", True),
        ("[::1]:1", "::1", True),
        ("fd00::7:1", "fd00::7", False),
        ("10.0.0.7:1", "10.0.0.7", False),
        (":1", "", False),
        ("[::ffff:127.0.0.1]:1", "::ffff:7f00:1", False),
    ],
)
def test_where_the_admin_port_is(address, host, loopback):
    """A Pod's address of IPv6 needs no brackets, since a manifest cannot write them."""
    found = admin(address, "", "", "", alone=False)
    assert found is not None
    assert (host, 1, loopback) == (found.host, found.port, found.loopback)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("otel-collector.tracing.svc:4318", ("otel-collector.tracing.svc", 4318)),
        ("[2001:db8::1]:4318", ("[2001:db8::1]", 4318)),
        ("http://collector:4318", False),
        ("collector", False),
        ("collector:0", False),
        ("user@collector:1", False),
        ("collector/path:1", False),
    ],
)
def test_where_our_own_spans_go(text, found):
    if found is False:
        with pytest.raises(SettingsError, match="expected host:port such as otel-collector:4318"):
            collector("--otlp-collector", text)
    else:
        assert found == collector("--otlp-collector", text)
