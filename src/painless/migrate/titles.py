"""What readers see in place of the stable names of habits and surprises."""

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    # Habits of ingress-nginx, where Painless behaves otherwise.
    "aliases": "Aliases of a younger Ingress",
    "canary-cookie": "Cookie of a canary",
    "canary-leak": "Canary of more paths than it names",
    "exact-slash": "Exact path that ends with a slash",
    "first-decides": "Another Ingress decides about the Service",
    "named-group": "Named group in a path",
    "path-types": "One path of two types",
    "prefix-slash": "Prefix path that ends with a slash",
    "proxy-ssl-grpcs": "TLS settings of a GRPCS application",
    "proxy-ssl-shared": "Another Ingress decides about TLS to the application",
    "slash-twins": "One path with and without its slash",
    # What is so today, and here as well.
    "alias-conflict": "Alias that somebody has already",
    "alias-in-wildcard": "Alias inside somebody's wildcard",
    "canary-alone": "Canary of nobody",
    "canary-ignored": "Canary annotation without canary",
    "canary-twice": "Two canaries of one path",
    "cors-any-site": "Answers that every site may read",
    "fake-certificate": "Certificate that does not fit",
    "host-conflict": "Disagreement about a whole host",
    "implicit-root": "Path that nobody wrote",
    "incomplete": "Annotation that needs another one",
    "inside-wildcard": "Host that hides a wildcard",
    "limits-off": "Limits that are switched off",
    "many-namespaces": "Host of several namespaces",
    "no-service": "Backend that is not there",
    "path-conflict": "Path that somebody has already",
    "redirect-without-certificate": "Redirect without a certificate",
    "regex-host": "Expression that takes over a host",
    "snippet-dropped": "Snippet that does nothing",
    "tls-conflict": "Two certificates for one host",
    "unknown-annotation": "Annotation that nobody knows",
    "wrong-prefix": "Annotation with a foreign prefix",
}


def title(name: str) -> str:
    """Return the title of a habit or a surprise; a setting is its own."""
    return TITLES.get(name, name)
