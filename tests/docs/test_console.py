"""How a page's promise is read: the tests of pages are worth no more than this."""

import pytest
from tests.docs.console import Step, fits, steps

PAGE = """
```console
$ cat <<END
> one
> END
one
$ true
```

```
$ not run
```
"""


def test_commands_go_with_their_output():
    """Lines after ``> `` belong to the command; blocks that are not ``console`` are nobody's."""
    assert [Step("cat <<END\none\nEND", "one"), Step("true", "")] == steps(PAGE)


@pytest.mark.parametrize(
    ("promised", "seen", "expected"),
    [
        ("ok", "ok\n", True),
        ("ok", "not ok", False),
        ("", "oops", False),
        ("a.c", "abc", False),
        ("id …, done", "id 4f1c, done", True),
        ("id …, done", "id 4f1c,\n done", False),
        ("…\nlast", "one\ntwo\nlast", True),
        ("…\nlast", "last", True),
        ("…\nlast", "one\nlast of all", False),
        ("first\n…", "first\nand\nmore", True),
        ("one\n\ntwo", "one\n\ntwo", True),
    ],
)
def test_an_ellipsis_stands_for_what_varies(promised, seen, expected):
    """Within a line it stands for a part of it, alone for any lines; all else is compared as it is."""
    assert expected == fits(promised, seen)
