"""Each directive has an explanation."""

import re
from collections.abc import Iterator
from pathlib import Path

from painless.explain.about import about, writers
from painless.features.registry import CONFIG, KEYS
from painless.nginx.catalog import CATALOG, ENTRY
from painless.nginx.reader import Node, ReadError, read

CASES = Path(__file__).parents[2] / "corpus"
_LISTS = {"map", "geo", "split_clients", "types"}


def test_what_may_be_written_has_an_explanation() -> None:
    """The catalog has every directive that Painless may write, users' own among them."""
    found = {name: about(name) for name in CATALOG if name != ENTRY}
    assert [] == [name for name, one in found.items() if one is None or not one.says]


def test_what_is_written_has_an_explanation() -> None:
    """Of all directives in the golden output of the corpus."""
    written = {name for path in CASES.rglob("*.case") for name in _written(path.read_text())}
    assert len(written) > 150
    assert [] == sorted(name for name in written if about(name) is None)


def test_the_keys_of_directives_exist() -> None:
    """What an explanation names is an annotation or a key of the ConfigMap."""
    assert set() == {key for name in CATALOG for key in writers(name)} - KEYS.keys() - CONFIG.keys()


def _written(case: str) -> Iterator[str]:
    for name in ("main", "nginx", "upstreams"):
        found = re.search(rf"^--- {name}\n(.*?)(?=^--- |\Z)", case, re.DOTALL | re.MULTILINE)
        if found is None:
            continue
        try:
            yield from _names(read(found[1]))
        except ReadError:
            # What differs from an empty site may begin within a block.
            continue


def _names(nodes: tuple[Node, ...]) -> Iterator[str]:
    for one in nodes:
        yield one.name
        if one.name not in _LISTS:
            yield from _names(one.block or ())
