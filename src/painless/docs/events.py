"""The page of the events that the log has, made of their declarations."""

from painless.docs.markdown import code, page, table
from painless.observe.events import EVENTS, FIELDS


def events_page() -> str:
    """Return the page."""
    return page(
        "Events of the log",
        "The controller logs to standard error and the responder to its file `discovery/log` in the state "
        "directory, one event in one line: an object of JSON, and on a terminal words. Each has `time` "
        "(UTC), `level` and `event`, whose name is a constant, and the fields below. Whatever a field "
        "holds, it is one line: control characters and what turns text around are escaped, a text has 8,192 "
        "characters at most and a list 500 entries. Keys, passwords and tokens are in none.",
        "`--v`, or `-v`, is how much is told: from 0 on `info`, `warning` and `error`, from 1 on `debug`, "
        "too, from 2 on what each load changed. Requests are in the "
        "[access log](configmap.md#what-a-line-of-the-access-log-says), NGINX's own words in its error log.",
        *(
            part
            for title, events in EVENTS.items()
            for part in (
                f"## {title}",
                table(
                    ("event", "level", "means", "fields"),
                    (
                        (code(one.name), one.levels.replace(" ", ", "), one.means, _codes(one.fields))
                        for one in events
                    ),
                ),
            )
        ),
        "## Fields",
        table(("field", "says"), ((code(name), says) for name, says in FIELDS.items())),
    )


def _codes(words: str) -> str:
    return ", ".join(map(code, words.split()))
