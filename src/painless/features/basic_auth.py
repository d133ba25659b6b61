"""Ask for a user name and password.

``auth-type: basic`` and ``auth-secret: name`` (a Secret of the Ingress's namespace) protect the location.
The Secret holds an htpasswd file under the key ``auth``, or with ``auth-secret-type: auth-map`` one user
for each key.  ``auth-realm`` is what browsers show.  The password does not reach the application.  Changing
the Secret takes effect at once, without a reload.

A Secret that is missing, or a value that cannot be read, closes the location with 503: it must never become
an open door.  Writes ``auth_basic`` and ``auth_basic_user_file``.
"""

from msgspec import Struct

from painless.annotations.base import Contribution, Key, Place, Values
from painless.annotations.decode import Rejected, matching, one_of
from painless.model.diagnostics import Reason
from painless.nginx.tokens import Literal, Var, expr
from painless.nginx.tree import directive


def _kind(text: str) -> str | Rejected:
    if text == "digest":
        return Rejected("basic, which is as safe over HTTPS: NGINX has no digest authentication")
    return _basic(text)


_basic = one_of("basic")

TYPE = Key(
    "auth-type",
    _kind,
    default="",
    doc="Switches password protection on; stock NGINX has no digest authentication.",
    example="basic",
    denies=True,
)
SECRET = Key(
    "auth-secret",
    matching(r"([a-z0-9]([a-z0-9-]*[a-z0-9])?/)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?", "the name of a Secret"),
    default="",
    doc="The Secret that holds the users.",
    example="basic-users",
    denies=True,
)
FORM = Key(
    "auth-secret-type",
    one_of("auth-file", "auth-map"),
    default="auth-file",
    doc="Whether the Secret holds an htpasswd file (key auth) or a user for each key.",
    example="auth-map",
    denies=True,
)
REALM = Key(
    "auth-realm",
    matching(r"[-/._~A-Za-z0-9: ]{0,256}", "letters, digits, spaces and - / . _ ~ :"),
    default="",
    doc="What browsers show when they ask for the password.",
    example="Members only",
)

KEYS = (TYPE, SECRET, FORM, REALM)
SETTINGS = ()


class BasicAuth(Struct, frozen=True):
    """Which Secret holds the users, in which form, and the realm.

    ``secret`` is a name in the Ingress's namespace, or has another one before it.
    """

    secret: str
    is_map: bool
    realm: str


def parse(values: Values) -> BasicAuth | None:
    if not values.given(TYPE):
        if values.given(SECRET):
            values.say(
                SECRET.name,
                Reason.INCOMPLETE_ANNOTATION,
                "found auth-secret without auth-type, expected both",
                "nobody is asked for a password",
            )
        return None
    values.get(TYPE)
    secret = values.get(SECRET)
    if not secret:
        if not values.given(SECRET):
            values.deny(
                TYPE.name, Reason.LOCATION_DENIED, "found auth-type without auth-secret, expected both"
            )
        return None
    namespace, slash, name = secret.rpartition("/")
    if slash and not values.may_name(namespace):
        values.deny(
            SECRET.name,
            Reason.LOCATION_DENIED,
            f"found a Secret of namespace {namespace}, expected one of {values.ingress.namespace}",
            "references to other namespaces are not allowed",
        )
        return None
    elsewhere = slash and namespace != values.ingress.namespace
    return BasicAuth(secret if elsewhere else name, values.get(FORM) == "auth-map", values.get(REALM))


def contribute(realm: str, file: Literal | Var, place: Place) -> Contribution:
    """Protect a location with the users in the hot file ``file``."""
    return Contribution(
        location=(
            directive("auth_basic", realm),
            directive("auth_basic_user_file", expr(f"{place.hot}/", file)),
        ),
        # The application must not see the password.
        request_headers=(("Authorization", Literal("")),),
        guarded=True,
    )
