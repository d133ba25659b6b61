"""The page that one wants open during an incident: what is served, what is wrong, what has changed.

Read-only HTML for browsers, live where they run its script and whole where they do not.  It shows values that
the controller has anyway (``seen``); nothing is decided here, and of what is secret nothing comes this far.
"""

from painless.web.page.seen import Looking, Seen
from painless.web.page.serving import Pages, pages

__all__ = ["Looking", "Pages", "Seen", "pages"]
