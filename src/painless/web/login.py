"""The form that puts a token into a cookie: browsers send no Authorization by themselves.

The cookie is for this port's name, gone with the browser, unseen by scripts, and sent with requests of our
own pages only.  Whether the token is right is ``gate``'s to say.
"""

from html import escape
from urllib.parse import quote

from aiohttp import web

PATH = "/login"
COOKIE = "painless-token"

_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark">
<title>Painless: sign in</title>
<h1>Painless</h1>
<p role="alert">{says}</p>
<form method="post" action="{action}">
<p><label>Token <input name="token" type="password" autocomplete="off" required autofocus></label>
<button>Sign in</button></p>
</form>
<p>A token of the cluster: <code>kubectl create token ACCOUNT</code>, or one of --admin-token-file.</p>
<p>You came over a link and are signed in already? <a href="{after}">Open the page</a>.</p>
</html>
"""

_POLICY = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'"


def form(after: str, status: int = 200, says: str = "") -> web.Response:
    """Return the form; ``after`` is where it leads, ``says`` what was wrong."""
    action = f"{PATH}?after={quote(after, safe='/')}"
    page = _PAGE.format(says=escape(says), action=escape(action), after=escape(after))
    headers = {"Content-Security-Policy": _POLICY}
    return web.Response(text=page, status=status, content_type="text/html", headers=headers)


def signed_in(after: str, token: str, *, secure: bool) -> web.Response:
    """Return the way back, with the cookie; ``secure``: over TLS only."""
    response = web.Response(status=303, headers={"Location": after})
    response.set_cookie(COOKIE, token, path="/", secure=secure, httponly=True, samesite="Strict")
    return response
