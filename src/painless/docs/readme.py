"""The one generated part of the README: how many of ingress-nginx's names carry over."""

from painless.docs.compatibility import summary

_BEGIN = "<!-- counts, written by `make docs` -->"
_END = "<!-- end of counts -->"


def counted(readme: str) -> str:
    """Return the README with the counts of now; the same where it has no place for them."""
    before, begin, rest = readme.partition(_BEGIN)
    _, end, after = rest.partition(_END)
    if not begin or not end:
        return readme
    return f"{before}{_BEGIN}\n{summary()}\n{_END}{after}"
