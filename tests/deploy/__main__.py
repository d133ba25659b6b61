"""``python -m tests.deploy`` writes what is made of the chart; with ``--check`` it says what is stale."""

import sys

from tests.deploy.made import ROOT, stale


def main() -> int:
    checking = "--check" in sys.argv[1:]
    found = stale()
    for path, text in found.items():
        if not checking:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sys.stdout.write(f"{path.relative_to(ROOT)} {'is stale' if checking else 'is written'}\n")
    return int(checking and bool(found))


if __name__ == "__main__":
    raise SystemExit(main())
