"""The command line: the only place that prints."""

from painless.cli.main import main

__all__ = ["main"]
