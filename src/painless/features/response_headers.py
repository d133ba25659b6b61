"""Which headers of applications and of NGINX reach clients.

ConfigMap only.  ``hide-headers`` lists headers of applications that no client sees.  ``server-tokens: true``
names NGINX's version in the ``Server`` header and on its own pages; without, the header is ``nginx``.
``allow-backend-server-header: "true"`` passes the application's ``Server`` on in its place.
"""

from painless.annotations.base import LONGEST_LIST, Defaults, Setting, setting
from painless.annotations.decode import boolean, comma_list, header_name
from painless.nginx.tree import Directive, directive

HIDDEN: Setting[tuple[str, ...]] = Setting(
    "hide-headers",
    comma_list(header_name, expected="a comma separated list of header names"),
    default=(),
    doc="Headers of applications that no client sees.",
    example="X-Powered-By,X-AspNet-Version",
    longest=LONGEST_LIST,
)
TOKENS = Setting("server-tokens", boolean, default=False, doc="Name NGINX's version.", example="true")
SERVER = Setting(
    "allow-backend-server-header",
    boolean,
    default=False,
    doc="Pass the application's Server header on.",
    example="true",
)

KEYS = ()
SETTINGS = (HIDDEN, TOKENS, SERVER)


def http(defaults: Defaults) -> tuple[Directive, ...]:
    passed = setting(defaults, SERVER)
    return (
        directive("server_tokens", "on" if setting(defaults, TOKENS) else "off"),
        *(directive(f"{module}_pass_header", "Server") for module in ("proxy", "grpc", "fastcgi") if passed),
    )


def hidden(defaults: Defaults) -> tuple[str, ...]:
    """Return the headers of applications that no client sees."""
    return setting(defaults, HIDDEN)
