"""The reference pages, made from what the code declares, so that they cannot say anything else.

``pages`` and ``files`` are pure: names and texts.  Writing and comparing is ``__main__``'s; what keys mean is
``keys``, flags ``flags``, the state of all names ``compatibility``, what the program says of itself is
``program`` and ``events``, alerts with their runbooks are ``alerts``, Grafana's dashboards ``dashboards``,
the doctor's checks ``checks``.  The counts in the README are ``readme``'s.  Pages for people who learn or
decide are written by hand.
"""

from collections.abc import Mapping

from painless.docs import alerts, checks, compatibility, dashboards, differs, events, flags, keys, program


def pages() -> Mapping[str, str]:
    """Return each page by its file name."""
    return {
        "compatibility.md": compatibility.compatibility_page(),
        "annotations.md": keys.annotations_page(),
        "configmap.md": keys.configmap_page(),
        "flags.md": flags.flags_page(),
        "diagnostics.md": program.diagnostics_page(),
        "events.md": events.events_page(),
        "metrics.md": program.metrics_page(),
        "commands.md": program.commands_page(),
    }


def files() -> Mapping[str, str]:
    """Return everything that is generated, by its path in the repository."""
    return {
        "src/painless/migrate/differences.txt": differs.PAGE.read_text(encoding="utf-8"),
        **{f"docs/reference/{name}": text for name, text in pages().items()},
        **checks.check_pages(),
        "deploy/chart/files/flags.txt": program.flags(),
        **alerts.files(),
        **dashboards.files(),
    }
