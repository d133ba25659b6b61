"""Which NGINX this is and what it can do, as a value: parsed from what ``nginx -V`` prints.

The compiler takes it as an input, so that what a build lacks is a finding about the object that asked
for it and never a broken configuration.  Finding a binary and running it is ``nginxd.find``'s part.
"""

import re

from msgspec import Struct

Version = tuple[int, int, int]

FLOOR: Version = (1, 29, 7)
"""The oldest NGINX that has it all: ``resolve`` in upstreams (1.27.3), ``ssl_certificate_cache`` (1.27.4),
``sticky`` (1.29.6), pooled upstream connections by default (1.29.7)."""

_VERSION = re.compile(r"^nginx version: \S+?/(\d+)\.(\d+)\.(\d+)", re.MULTILINE)
_WITH = re.compile(r"--with-([a-z][a-z0-9_-]*)(?=\s|$|=dynamic)")
_WITHOUT = re.compile(r"--(without-[a-z][a-z0-9_-]*)(?=\s|$)")
_MODULES = re.compile(r"--modules-path=(\S+)")
_ADDED = re.compile(r"--add(?:-dynamic)?-module=(\S+)")

_FILES = {"ngx_brotli": "ngx_http_brotli_filter_module"}
"""Modules whose file, without its suffix, has another name than the folder that they are built from."""


class Build(Struct, frozen=True):
    """An NGINX binary: its version, what it was built with, where it is and why it was chosen.

    ``flags`` are the names after ``--with-`` (``http_ssl_module``, ``stream``, ``debug``) and, for modules
    that were added, the last part of their path (``njs``, ``headers-more-nginx-module``), both without a
    version at the end; also of modules that can be loaded from ``modules_path`` (``ngx_otel_module``).
    """

    version: Version
    flags: frozenset[str]
    path: str
    why: str
    modules_path: str = ""

    def has(self, flag: str) -> bool:
        return flag in self.flags or _FILES.get(flag) in self.flags

    def to_load(self, module: str) -> str:
        """Return the file of a module that has to be loaded; empty when it is built in."""
        name = _FILES.get(module, module)
        return "" if name != module and module in self.flags else f"{self.modules_path}/{name}.so"

    @property
    def temporary(self) -> tuple[str, ...]:
        """The built-in modules, other than proxy and fastcgi, for which NGINX makes a temporary folder."""
        return tuple(name for name in ("uwsgi", "scgi") if not self.has(f"without-http_{name}_module"))

    @property
    def is_new_enough(self) -> bool:
        return self.version >= FLOOR


def spelled(version: Version) -> str:
    return ".".join(str(part) for part in version)


def parse_build(output: str, path: str, why: str) -> Build | None:
    """Return the build that ``output`` describes; ``None`` when it does not come from an NGINX."""
    found = _VERSION.search(output)
    if found is None:
        return None
    major, minor, patch = (int(part) for part in found.groups())
    added = {_module(place) for place in _ADDED.findall(output)}
    flags = frozenset(_WITH.findall(output)) | frozenset(_WITHOUT.findall(output)) | frozenset(added)
    folder = _MODULES.search(output)
    return Build((major, minor, patch), flags, path, why, folder[1].strip("'\"") if folder else "")


def _module(place: str) -> str:
    # njs keeps its NGINX module in a folder "nginx" below a folder with its name and version.
    parts = [part for part in place.strip("'\"").split("/") if part not in {"", "nginx"}]
    return re.sub(r"-v?\d[\d.]*$", "", parts[-1]) if parts else ""
