"""How dangerous ingress-nginx holds each annotation to be: facts, for ``annotations-risk-level``."""

from collections.abc import Mapping

LEVELS = ("Low", "Medium", "High", "Critical")
"""From the least to the most."""

_BY_LEVEL = {
    "Critical": """
        auth-snippet configuration-snippet modsecurity-snippet server-snippet stream-snippet
    """,
    "High": """
        auth-signin auth-tls-error-page auth-tls-match-cn auth-url mirror-host mirror-target
        modsecurity-transaction-id proxy-ssl-name server-alias upstream-hash-by
    """,
    "Medium": """
        affinity-mode allowlist-source-range app-root auth-cache-duration auth-cache-key
        auth-proxy-set-headers auth-realm auth-request-redirect auth-response-headers auth-secret
        auth-signin-redirect-param auth-tls-secret auth-tls-verify-client canary-by-cookie
        canary-by-header canary-by-header-pattern canary-by-header-value cors-allow-headers
        cors-allow-methods cors-allow-origin cors-expose-headers custom-headers denylist-source-range
        fastcgi-index fastcgi-params-configmap force-ssl-redirect opentelemetry-operation-name
        permanent-redirect preserve-trailing-slash proxy-body-size proxy-cookie-domain
        proxy-cookie-path proxy-next-upstream proxy-redirect-from proxy-redirect-to proxy-ssl-ciphers
        proxy-ssl-secret rewrite-target session-cookie-domain session-cookie-expires
        session-cookie-max-age session-cookie-name session-cookie-path temporal-redirect
        whitelist-source-range x-forwarded-prefix
    """,
}

RISKS: Mapping[str, str] = {name: level for level, names in _BY_LEVEL.items() for name in names.split()}
"""Annotations that are more than ``Low``, without their prefix."""


def exceeds(name: str, level: str) -> bool:
    """Whether an annotation is more dangerous than ``level``."""
    return LEVELS.index(RISKS.get(name, "Low")) > LEVELS.index(level)
