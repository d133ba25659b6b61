"""What was measured decides; what was not is said, and gets no number."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.tune.worlds import REF, USUAL, autoscaler, deployment, fast, measured, reported, slow, traffic

from painless.tune import numbers
from painless.tune.advice import Advice, Report
from painless.tune.measured import Measured

READ = "proxy-read-timeout"


def changes(report: Report) -> dict[str, str]:
    return {one.id: one.advised for one in report.changes}


def of(report: Report, name: str) -> Advice:
    (found,) = (one for one in (*report.changes, *report.good) if one.id == name)
    return found


def test_nothing_measured_is_nothing_advised():
    """Every setting is named, with how to measure it."""
    report = reported(Measured())
    assert ((), ()) == (report.changes, report.good)
    assert all(one.how for one in report.missing)
    assert {
        *(READ, "proxy-connect-timeout", "client-header-timeout", "keep-alive", "upstream-keepalive-timeout"),
        *("worker-shutdown-timeout", "terminationGracePeriodSeconds", "net.core.somaxconn", "nofile"),
        *("net.netfilter.nf_conntrack_max", "net.ipv4.ip_local_port_range", "worker-processes", "reaction"),
    } == {one.id for one in report.missing}


@pytest.mark.parametrize(
    ("header", "now", "advised"),
    [
        (fast(), {}, "1 s"),
        (slow(1.0), {}, "3 s"),
        (slow(5.0), {}, "11 s"),
        # A quarter more or less is noise.
        (slow(5.0), {READ: "10"}, None),
        (slow(5.0), {READ: "60m"}, "11 s"),
    ],
)
def test_read_timeout(header, now, advised):
    assert advised == changes(reported(measured(traffic(header=header)), config=now)).get(READ)


def test_an_annotation_counts_before_the_configmap():
    ingress = {
        "kind": "Ingress",
        "metadata": {
            "namespace": "shop",
            "name": "web",
            "annotations": {f"nginx.ingress.kubernetes.io/{READ}": "11"},
        },
    }
    assert READ not in changes(reported(measured(traffic(header=slow(5.0))), ingress))


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"header": fast(999)}, "fewer than 1,000 requests were counted"),
        ({"header": slow(float("inf"))}, "beyond the last bucket of the histogram (10 s)"),
        ({"timed_out": 11}, "0.1% of its requests ended with the time-out of 60 s"),
        ({"upgraded": 5}, "two pings and 15 s"),
    ],
)
def test_what_cannot_be_known(more, says):
    report = reported(measured(traffic(**more)))
    assert READ not in changes(report)
    (missing,) = (one for one in report.missing if one.id == READ)
    assert says in missing.how


def test_no_number_where_none_fits():
    """At 1,000 requests a second a quarter of 16,000 slots is two seconds; the application needs eleven."""
    found = of(reported(measured(traffic(header=slow(5.0), rate=1000.0))), READ)
    assert ("no number", ()) == (found.advised[:9], found.paste)
    assert "needs 11 s and a quarter of all connections allows 2 s" in found.advised


def test_tries_fit_the_client():
    """Two tries of 5 s and 11 s in 40 s: the second begins within 16."""
    report = reported(measured(traffic(header=slow(5.0))), client=40.0)
    assert ("11 s", "16 s") == (changes(report)[READ], changes(report)["proxy-next-upstream-timeout"])


@pytest.mark.parametrize(
    ("told", "config", "expected"),
    [
        ({"balancer": 600.0}, {}, {"keep-alive": "630 s"}),
        ({"balancer": 60.0}, {}, {}),
        ({"balancer": 60.0}, {"keep-alive": "30"}, {"keep-alive": "65 s"}),
        ({"balancer": 350.0, "flows": True}, {}, {}),
        ({"balancer": 350.0, "flows": True}, {"keep-alive": "400"}, {"keep-alive": "332 s"}),
        ({"application": 5.0}, {}, {"upstream-keepalive-timeout": "4 s"}),
        ({"application": 120.0}, {}, {}),
    ],
)
def test_keepalive(told, config, expected):
    names = {"keep-alive", "upstream-keepalive-timeout"}
    found = changes(reported(measured(), config=config, **told))
    assert expected == {name: says for name, says in found.items() if name in names}


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, {}),
        ({numbers.NEW: 20_000.0}, {"net.core.somaxconn": "8,192", "net.netfilter.nf_conntrack_max": ""}),
        ({numbers.NEW: 2_000.0}, {"net.netfilter.nf_conntrack_max": "524,288 entries, 161 MiB when full"}),
        ({numbers.TRACKED: 200_000.0}, {"net.netfilter.nf_conntrack_max": "524,288 entries"}),
        ({numbers.DROPS: 5}, {"net.core.somaxconn": "not a longer queue"}),
        ({numbers.DROPS: 5, numbers.LIMIT: 128}, {"net.core.somaxconn": "1,024"}),
        ({numbers.LIMIT: 128}, {"net.core.somaxconn": "1,024"}),
        ({numbers.PORTS: 0.9}, {"net.ipv4.ip_local_port_range": "1024 to 65535"}),
        ({numbers.MOST_FILES: 1024}, {"nofile": "8,066"}),
        ({numbers.THROTTLED: 900}, {"worker-processes": ""}),
    ],
)
def test_the_machine(known, expected):
    found = changes(reported(measured(numbers_={**USUAL, **known})))
    assert expected.keys() == found.keys()
    assert all(says in found[name] for name, says in expected.items())


def test_workers_end_within_memory_and_the_pod():
    """Requests take 5 s at most, so 6 and at least 10 s will do; 240 s hold too many generations."""
    busy = {**USUAL, numbers.RELOADS: 600.0}
    report = reported(measured(traffic(whole=slow(5.0)), numbers_=busy))
    assert "10 s" == changes(report)["worker-shutdown-timeout"]
    assert "worker-shutdown-timeout" not in changes(reported(measured(traffic(whole=slow(5.0)))))


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        ({"terminationGracePeriodSeconds": 300}, None),
        ({}, "245 s"),
        ({"container": {"lifecycle": {"preStop": {"sleep": {"seconds": 60}}}}}, "305 s"),
        ({"container": {"lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", "sleep 20"]}}}}}, "265 s"),
        ({"container": {"args": ["serve", "--shutdown-grace-period=10"]}}, "255 s"),
    ],
)
def test_the_kubelet_waits(pod, expected):
    report = reported(measured(), deployment(**pod))
    assert expected == changes(report).get("terminationGracePeriodSeconds")


def test_the_kubelet_waits_for_what_is_advised():
    """Not for what is set now, where that does not fit the memory."""
    busy = measured(traffic(whole=slow(5.0)), numbers_={**USUAL, numbers.RELOADS: 600.0})
    assert "terminationGracePeriodSeconds" not in changes(reported(busy, deployment()))


def test_a_hook_of_unknown_length():
    pod: dict[str, Any] = {"container": {"lifecycle": {"preStop": {"exec": {"command": ["/wait-shutdown"]}}}}}
    report = reported(measured(), deployment(**pod))
    assert ["its preStop hook runs a command: measure how long that takes"] == [
        one.how for one in report.missing if one.id == "terminationGracePeriodSeconds"
    ]


def test_the_reaction_of_an_autoscaler():
    """Its terms with where they are from, the largest by name, and what nobody measured."""
    probe = {"container": {"readinessProbe": {"initialDelaySeconds": 5, "periodSeconds": 10}}}
    metrics_server = deployment(
        ("kube-system", "metrics-server"),
        "metrics-server:v1",
        container={"args": ["--metric-resolution=15s"]},
    )
    found = of(
        reported(measured(), autoscaler(), deployment(REF, "shop:1", **probe), metrics_server), "reaction"
    )
    assert found.now.startswith("5 s to 61 s and what is not known")
    assert "30 s of it at worst is metrics" == found.why
    assert "Not measured: scheduling, image and start" in found.measured
    assert "a target of 80 % survives a load that grows by at most 25% a minute" == found.effect


def test_a_window_for_scaling_up_is_time_lost():
    behavior = {"scaleUp": {"stabilizationWindowSeconds": 180}}
    found = of(reported(measured(), autoscaler(behavior=behavior)), "reaction")
    assert (True, "180 s sooner") == (found.change, found.effect)
    series = tuple((at * 30.0, 6 if at % 20 < 10 else 2) for at in range(240))
    assert not of(
        reported(measured(replicas={REF: series}), autoscaler(behavior=behavior)), "reaction"
    ).change


def test_pods_that_were_seen_to_start():
    """Three are enough; one that was restarted says nothing."""

    def pod(seconds: int, restarts: int = 0) -> dict[str, object]:
        owner = {"kind": "ReplicaSet", "name": "web-6d4cf56db6"}
        return {
            "kind": "Pod",
            "metadata": {
                "namespace": "shop",
                "name": f"web-{seconds}",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "ownerReferences": [owner],
            },
            "status": {
                "containerStatuses": [{"restartCount": restarts}],
                "conditions": [
                    {
                        "type": "Ready",
                        "status": "True",
                        "lastTransitionTime": f"2026-01-01T00:00:{seconds:02}Z",
                    }
                ],
            },
        }

    found = of(reported(measured(), autoscaler(), pod(7), pod(9), pod(12), pod(50, 1)), "reaction")
    assert "a Pod until Ready 7 to 12 s (creation to Ready of 3 Pods" in found.measured


def test_flapping_gets_a_window():
    """Up and down each ten minutes; the window is twice the period."""
    series = tuple((at * 30.0, 6 if at % 20 < 10 else 2) for at in range(240))
    found = of(reported(measured(replicas={REF: series}), autoscaler()), "flapping")
    assert (True, "scaleDown.stabilizationWindowSeconds 1200, and 10 % a minute at most") == (
        found.change,
        found.advised,
    )
    calm = tuple((at * 30.0, 3) for at in range(240))
    assert not of(reported(measured(replicas={REF: calm}), autoscaler()), "flapping").change


def test_an_autoscaler_at_its_end():
    report = reported(measured(), autoscaler(status={"desiredReplicas": 20}))
    assert "more than that, if the nodes have room" == changes(report)["maxReplicas"]


_STRANGE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                (
                    "kind metadata name namespace spec template status containers conditions items "
                    "data behavior scaleUp policies metrics scaleTargetRef securityContext sysctls lifecycle "
                    "preStop readinessProbe image"
                ).split()
            ),
            inner | st.sampled_from(["Deployment", "HorizontalPodAutoscaler", "Pod", "Ingress", "ConfigMap"]),
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.lists(_STRANGE, max_size=4))
def test_whatever_objects_hold(trees):
    """Nothing is raised, and no measurement is no advice about what it would measure."""
    report = reported(Measured(), *trees)
    assert {"terminationGracePeriodSeconds", "reaction", "maxReplicas"} >= {one.id for one in report.changes}
