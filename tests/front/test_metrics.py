"""The metrics of the controller, under ingress-nginx's names where it has them, read off a real one."""

from cryptography import x509
from tests.front.clients import Target, until, until_seen
from tests.front.given import NOISE, Make, certificate
from tests.front.manifests import NAMESPACE, Folder
from tests.front.pods import Pods
from tests.front.program import Program

from painless.nginxd import procfs

PREFIX = "nginx_ingress_controller_"
#: What dashboards and example rules of ingress-nginx ask of its controller; they select by these labels.
ASKED = {
    "build_info",
    "config_hash",
    "config_last_reload_successful",
    "config_last_reload_successful_timestamp_seconds",
    "errors",
    "nginx_process_connections",
    "nginx_process_cpu_seconds_total",
    "nginx_process_num_procs",
    "nginx_process_oldest_start_time_seconds",
    "nginx_process_resident_memory_bytes",
    "nginx_process_virtual_memory_bytes",
    "success",
}
SELECTED = {"controller_namespace", "controller_class", "controller_pod"}


async def test_what_is_asked_of_ingress_nginx(folder: Folder, pods: Pods, make: Make) -> None:
    """Each of its series is there with its labels, and says what is so."""
    await pods.service("web")
    pair = certificate("web.test")
    folder.certificate("own", pair)
    folder.ingress("web", "web.test", "web", tls="own")
    folder.ingress("lost", "lost.test", "nobody")
    folder.service("empty", 80)
    folder.ingress("waiting", "waiting.test", "empty")
    program = make()
    program.start()
    await program.ready()
    await until(lambda: _is_there(program, f"{PREFIX}nginx_process_connections"), NOISE)

    samples = await program.samples()
    labelled = {name.removeprefix(PREFIX) for name, labels in samples if dict(labels).keys() >= SELECTED}
    ours = {name: value for (name, _), value in samples.items()}
    orphans = {
        (dict(labels)["namespace"], dict(labels)["ingress"], dict(labels)["type"])
        for name, labels in samples
        if name == f"{PREFIX}orphan_ingress"
    }
    expire = {
        dict(labels)["host"]: (dict(labels)["secret_name"], value)
        for (name, labels), value in samples.items()
        if name == f"{PREFIX}ssl_expire_time_seconds"
    }
    leaf = x509.load_pem_x509_certificate(pair.certificate)
    assert set() == ASKED - labelled
    assert (1, 1, 0) == tuple(
        ours[PREFIX + one] for one in ("config_last_reload_successful", "success", "errors")
    )
    assert 1 + len(procfs.children(program.master())) == ours[f"{PREFIX}nginx_process_num_procs"]
    assert ours[f"{PREFIX}config_hash"] == ours["painless_config_desired_hash"]
    assert {(NAMESPACE, "lost", "no-service"), (NAMESPACE, "waiting", "no-endpoint")} == orphans
    assert ("own", leaf.not_valid_after_utc.timestamp()) == expire["web.test"]
    assert {"web.test", "_"} == set(expire)


async def test_how_long_things_take(folder: Folder, pods: Pods, make: Make) -> None:
    """A compile, a load, and endpoints until NGINX knows them, which is about a second."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    new = await pods.replace("web")
    await until_seen(Target(program.doors.http, "web.test"), lambda one: one.pod == new, NOISE)
    counted = "painless_endpoint_propagation_seconds_count"
    await until(lambda: _is(program, counted, 1), NOISE)
    assert await program.total("painless_compile_seconds_count") >= 1
    assert 1 == await program.total("painless_apply_seconds_count", effect="reload")


async def test_a_change_that_fails(folder: Folder, pods: Pods, make: Make) -> None:
    """It is an error until the next change comes through."""
    await pods.service("web")
    folder.ingress("web", "web.test", "web")
    program = make()
    program.start()
    await program.ready()
    generations = program.state / "generations"
    # As a disk that is broken: nobody can write there.
    hidden = generations.rename(generations.with_name("hidden"))
    generations.touch()
    folder.ingress("more", "more.test", "web")
    failed = f"{PREFIX}config_last_reload_successful"
    await until(lambda: _is(program, failed, 0), NOISE, program.last_words)
    assert await program.total(f"{PREFIX}errors") >= 1
    assert await program.total(f"{PREFIX}config_hash") != await program.total("painless_config_desired_hash")
    generations.unlink()
    hidden.rename(generations)
    await until(lambda: _is(program, failed, 1), 2 * NOISE, program.last_words)
    assert await program.total(f"{PREFIX}config_hash") == await program.total("painless_config_desired_hash")


async def _is_there(program: Program, name: str) -> bool:
    return any(one == name for one, _ in await program.samples())


async def _is(program: Program, name: str, value: int) -> bool:
    return [value] == [found for (one, _), found in (await program.samples()).items() if one == name]
