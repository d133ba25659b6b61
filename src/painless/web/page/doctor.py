"""What the doctor finds, until it looks at the running controller itself: how to ask it."""

from painless.web.page.frame import Page
from painless.web.page.html import el, several
from painless.web.page.seen import Ask, View


def page(_: View, __: Ask) -> Page:
    body = several(
        el("h1", "Doctor"),
        el(
            "p",
            "The doctor looks at the configuration, at NGINX's processes and at the machine:",
            class_="lead",
        ),
        el("pre", "painless doctor", tabindex=0),
    )
    return Page("Doctor", body, "/doctor", live=False)
