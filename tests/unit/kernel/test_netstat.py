"""Counters and sysctls by name, of files as kernels write them, and of the running one."""

from pathlib import Path

import pytest

from painless.kernel import netstat
from painless.kernel.throttling import quota_periods


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A ``/proc`` with few columns, in another order than ours."""
    files = {
        "net/netstat": "TcpExt: ListenDrops New ListenOverflows\nTcpExt: 3 4 2\nIpExt: InOctets\nIpExt: 9\n",
        "net/snmp": "Ip: Forwarding\nIp: 1\nTcp: ActiveOpens MaxConn\nTcp: 8 -1\n",
        "sys/net/core/somaxconn": "16\n",
        "sys/net/ipv4/ip_local_port_range": "32768\t60999\n",
        "sys/net/netfilter/nf_conntrack_count": "5\n",
        "sys/net/netfilter/nf_conntrack_max": "50\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_by_name(proc: Path) -> None:
    """Columns are found wherever they stand; what we do not keep is left out."""
    assert {"ListenOverflows": 2, "ListenDrops": 3, "ActiveOpens": 8} == netstat.tcp_counters(proc)


def test_what_is_there(proc: Path) -> None:
    """A sysctl that the kernel has not is missing, and is not zero."""
    expected = {
        "net.core.somaxconn": 16,
        "net.ipv4.ip_local_port_range_low": 32768,
        "net.ipv4.ip_local_port_range_high": 60999,
    }
    assert expected == netstat.sysctls(proc)
    assert (5, 50) == netstat.conntrack(proc)


def test_nothing_is_there(tmp_path: Path) -> None:
    """No file is no answer, and no error."""
    found = netstat.tcp_counters(tmp_path), netstat.sysctls(tmp_path), netstat.conntrack(tmp_path)
    assert ({}, {}, None) == found


def test_nonsense_is_no_answer(proc: Path) -> None:
    """A sandbox may write what it likes."""
    for one in proc.rglob("*"):
        if one.is_file():
            one.write_text("TcpExt: A B\nTcpExt: x\n\0")
    found = netstat.tcp_counters(proc), netstat.sysctls(proc), netstat.conntrack(proc)
    assert ({}, {}, None) == found


def test_this_kernel() -> None:
    """The names are those of the running kernel."""
    assert {
        "ListenOverflows",
        "ListenDrops",
        "SyncookiesSent",
        "ActiveOpens",
    } <= netstat.tcp_counters().keys()
    assert "net.core.somaxconn" in netstat.sysctls()


def test_quotas_that_ran_out(tmp_path: Path) -> None:
    """Each cgroup on the way up that has a quota; one without has no periods."""
    texts = (
        "nr_periods 40\nnr_throttled 4\nthrottled_time 7\n",
        "usage_usec 1\nnr_periods 0\nnr_throttled 0\n",
        "nonsense",
    )
    folders = []
    for at, text in enumerate(texts):
        folders.append(tmp_path / str(at))
        folders[-1].mkdir()
        (folders[-1] / "cpu.stat").write_text(text)
    assert ((40, 4),) == quota_periods((*folders, tmp_path / "gone"))
