"""Sizes of NGINX's tables of names.

ConfigMap only.  Painless makes the tables as large as what they hold; ``server-name-hash-max-size``,
``server-name-hash-bucket-size``, ``map-hash-bucket-size``, ``variables-hash-max-size``,
``variables-hash-bucket-size``, ``proxy-headers-hash-max-size`` and ``proxy-headers-hash-bucket-size`` make
them larger, never smaller.
"""

from collections.abc import Mapping

from painless.annotations.base import Defaults, Setting, setting
from painless.annotations.decode import whole_number
from painless.nginx.tree import Directive, directive

_MOST = 2**20  # A million names.
_LARGEST = 2**15  # Bytes; NGINX refuses buckets of more than 65,472.


def _setting(name: str, of: str, example: str) -> Setting[int]:
    number = whole_number(0, _LARGEST if name.endswith("bucket-size") else _MOST)
    return Setting(name, number, 0, f"At least this for NGINX's table of {of}.", example)


_DIRECTIVE: Mapping[Setting[int], str] = {
    _setting("server-name-hash-max-size", "server names", "4096"): "server_names_hash_max_size",
    _setting("server-name-hash-bucket-size", "server names", "256"): "server_names_hash_bucket_size",
    _setting("map-hash-bucket-size", "values in maps", "256"): "map_hash_bucket_size",
    _setting("variables-hash-max-size", "variables", "8192"): "variables_hash_max_size",
    _setting("variables-hash-bucket-size", "variables", "512"): "variables_hash_bucket_size",
    _setting("proxy-headers-hash-max-size", "headers", "2048"): "proxy_headers_hash_max_size",
    _setting("proxy-headers-hash-bucket-size", "headers", "256"): "proxy_headers_hash_bucket_size",
}

KEYS = ()
SETTINGS = tuple(_DIRECTIVE)

_LEAST = {
    "map_hash_max_size": 2048,
    "variables_hash_max_size": 4096,
    "variables_hash_bucket_size": 256,
    "proxy_headers_hash_max_size": 1024,
    "proxy_headers_hash_bucket_size": 128,
}
"""What our own configuration needs, whatever is served."""


def http(defaults: Defaults, names: tuple[str, ...], in_maps: tuple[str, ...] = ()) -> tuple[Directive, ...]:
    """Return the sizes for a configuration with these server names, and these further texts in maps."""
    needed = {
        "server_names_hash_max_size": _size(names),
        "server_names_hash_bucket_size": _bucket(names),
        **_LEAST,
        "map_hash_max_size": max(_LEAST["map_hash_max_size"], _size(names), _size(in_maps)),
        "map_hash_bucket_size": max(_bucket(names), _bucket(in_maps)),
    }
    asked = {name: setting(defaults, key) for key, name in _DIRECTIVE.items()}
    sizes = {name: max(least, asked.get(name, 0)) for name, least in needed.items()}
    comments = {"server_names_hash_max_size": "Tables, as large as the names they hold."}
    return tuple(directive(name, one, comment=comments.get(name, "")) for name, one in sizes.items())


def _size(texts: tuple[str, ...]) -> int:
    return 1 << max(10, (2 * len(texts)).bit_length())


def _bucket(texts: tuple[str, ...]) -> int:
    # A bucket holds a text and a pointer; texts that do not fit stop NGINX.
    longest = max((len(one.encode()) for one in texts), default=0)
    return 1 << max(7, (longest + 24 - 1).bit_length())
