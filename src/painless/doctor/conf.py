"""A configuration of NGINX with all it includes, as checks ask it: what is set where, and what holds there.

Any configuration, not only ours: a directive nobody knows is one more name.  What stands in tables (``map``,
``types`` …) is data, and not kept but for one expression, named ``~``.  ``load`` makes it of files.
"""

from collections.abc import Iterable, Iterator

from msgspec import Struct

from painless.doctor import units

TABLES = frozenset("map types geo split_clients charset_map".split())
PASSES = ("proxy_pass", "grpc_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass")


class Directive(Struct, eq=False):
    """A directive without a block, and the block it stands in."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    block: "Block"

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def text(self) -> str:
        return " ".join((self.name, *self.args)) + ";"

    @property
    def first(self) -> str:
        return self.args[0] if self.args else ""

    @property
    def seconds(self) -> float | None:
        return units.seconds(self.args)

    @property
    def number(self) -> int | None:
        return units.number(self.first)

    def option(self, name: str) -> str | None:
        """Return what an argument ``name=value`` has."""
        return next((one[len(name) + 1 :] for one in self.args if one.startswith(f"{name}=")), None)


class Block(Struct, eq=False):
    """A block, or the file itself; ``own`` are its directives by name."""

    name: str
    args: tuple[str, ...]
    file: str
    line: int
    outer: "Block | None"
    own: dict[str, list[Directive]]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"

    @property
    def label(self) -> str:
        """Return a name that stays when lines move: ``server shop.example location /``."""
        names = self.own.get("server_name", ())
        words = names[0].args[:1] if self.name == "server" and names else self.args
        here = " ".join((self.name, *words))
        return (
            here
            if self.outer is None or not self.outer.name or self.outer.name == "http"
            else (f"{self.outer.label} {here}")
        )

    @property
    def private(self) -> bool:
        """Whether it is a server that only this machine's processes reach, by a file."""
        listens = self.own.get("listen", ())
        return bool(listens) and all(one.first.startswith("unix:") for one in listens)

    def nearest(self, name: str) -> list[Directive]:
        """Return what holds here: the directives of that name in the nearest block that has any."""
        block: Block | None = self
        while block is not None:
            if found := block.own.get(name):
                return found
            block = block.outer
        return []

    def value(self, name: str) -> Directive | None:
        """Return the one directive of that name that holds here."""
        found = self.nearest(name)
        return found[-1] if found else None

    def within(self, name: str) -> bool:
        """Whether a block of that name is around this one."""
        block = self.outer
        while block is not None:
            if block.name == name:
                return True
            block = block.outer
        return False


class Conf(Struct, eq=False):
    """A configuration: all its blocks and directives by name, and the files it was read from."""

    main: Block
    blocks: dict[str, list[Block]]
    directives: dict[str, list[Directive]]
    files: tuple[str, ...] = ()

    def all(self, *names: str) -> Iterator[Directive]:
        return (one for name in names for one in self.directives.get(name, ()))

    @property
    def servers(self) -> list[Block]:
        """The server blocks of HTTP."""
        return [one for one in self.blocks.get("server", ()) if one.outer and one.outer.name == "http"]

    @property
    def upstreams(self) -> list[Block]:
        return [one for one in self.blocks.get("upstream", ()) if one.outer and one.outer.name == "http"]

    @property
    def https(self) -> list[Block]:
        """The http blocks, of which there is one or none."""
        return self.blocks.get("http", [])

    def proxied(self) -> list[Block]:
        """Return the blocks that pass requests on by HTTP."""
        return [one.block for one in self.all("proxy_pass") if one.block.within("http")]

    @property
    def listens(self) -> list[Directive]:
        return self.directives.get("listen", [])

    def top(self, name: str) -> Directive | None:
        """Return a directive of the main block or of ``events``."""
        found = self.main.own.get(name) or [one for one in self.all(name) if one.block.name == "events"]
        return found[-1] if found else None


def upgrades(block: Block) -> bool:
    """Whether requests that are passed on from here may become WebSockets."""
    return any(one.first.lower() == "upgrade" for one in block.nearest("proxy_set_header"))


def settings(blocks: Iterable[Block], name: str) -> dict[Directive | None, list[Block]]:
    """Group blocks by the directive that holds in them; ``None`` where it is NGINX's default."""
    found: dict[Directive | None, list[Block]] = {}
    for one in blocks:
        found.setdefault(one.value(name), []).append(one)
    return found


def address(listen: Directive) -> str:
    """Return what a ``listen`` binds, spelled the one way: ``*:80``, ``127.0.0.1:8080``, ``unix:/run/x``."""
    text = listen.first
    if text.startswith("unix:"):
        return text
    if text.isdecimal():
        return f"*:{text}"
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        host, port = text, "80"
    return f"{'*' if host in {'0.0.0.0', ''} else host}:{port}"


def port(listen: Directive) -> int | None:
    return units.number(address(listen).rpartition(":")[2])
