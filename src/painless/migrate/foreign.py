"""What ingress-nginx v1.15 says of its settings beyond their names: risks; and ways around them.

Facts carried over from its source.  What this version honours is never listed here: that is asked of the
compiler, so a name below may be one that is honoured by now, and then nobody looks at its entry.
"""

from collections.abc import Mapping
from enum import IntEnum

from painless.annotations import risks


class Risk(IntEnum):
    """How much an annotation may do, as ``annotations-risk-level`` counts it."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3


DEFAULT_RISK = Risk.HIGH

RISKS: Mapping[str, Risk] = {name: Risk(risks.LEVELS.index(level)) for name, level in risks.RISKS.items()}
"""Annotations above the lowest risk."""

_FIREWALL = (
    "a web application firewall in front of NGINX or in the application; stock NGINX has no ModSecurity"
)
_TRACING = "tracing in the application or in a mesh"
_SNIPPET = (
    "an annotation that does what the snippet does (docs/reference/annotations.md), or the application itself"
)

INSTEAD: Mapping[str, str] = {
    "configuration-snippet": _SNIPPET,
    "server-snippet": _SNIPPET,
    "stream-snippet": "--tcp-services-configmap, or a Service of type LoadBalancer, for what is no HTTP",
    "modsecurity-snippet": _FIREWALL,
    "modsecurity-transaction-id": _FIREWALL,
    "enable-modsecurity": _FIREWALL,
    "enable-owasp-core-rules": _FIREWALL,
    "enable-owasp-modsecurity-crs": _FIREWALL,
    "auth-type": "auth-type: basic over HTTPS, or auth-url",
    "enable-opentelemetry": _TRACING,
    "opentelemetry-operation-name": _TRACING,
    "opentelemetry-trust-incoming-span": _TRACING,
    "opentelemetry-config": _TRACING,
    "ssl-passthrough": "a Service of type LoadBalancer in front of the application",
    "custom-http-errors": "error pages of the application",
    "default-backend": "error pages of the application; paths that nobody has: --default-backend-service",
    "http2-push-preload": "103 Early Hints of the application; browsers no longer take pushed answers",
    "enable-ocsp": "certificates of a short life; NGINX staples only for those that it reads when it loads",
    "use-geoip2": "the country header of a load balancer or CDN in front",
    **dict.fromkeys(
        (
            *("maxmind-edition-ids", "maxmind-license-key", "maxmind-mirror"),
            *("maxmind-retries-count", "maxmind-retries-timeout"),
        ),
        "the country header of a load balancer or CDN in front",
    ),
    "enable-brotli": "use-gzip, or brotli at a CDN in front",
    "main-snippet": "keys of the ConfigMap (docs/reference/configmap.md)",
    "http-snippet": "keys of the ConfigMap (docs/reference/configmap.md)",
    "location-snippet": "keys of the ConfigMap (docs/reference/configmap.md)",
    "enable-ssl-chain-completion": "Secrets that hold the whole chain, as cert-manager writes them",
    "enable-metrics": "the metrics of docs/reference/metrics.md",
}
"""What to use in place of a setting, by its bare name, where this version does not honour it."""

NUMBERS = frozenset(
    """
auth-keepalive auth-keepalive-requests auth-keepalive-timeout auth-tls-verify-depth canary-weight
canary-weight-total cors-max-age limit-burst-multiplier limit-connections limit-rate limit-rate-after
limit-rpm limit-rps permanent-redirect-code proxy-buffers-number proxy-connect-timeout
proxy-next-upstream-timeout proxy-next-upstream-tries proxy-read-timeout proxy-send-timeout
proxy-ssl-verify-depth temporal-redirect-code upstream-hash-by-subset-size
""".split()
)
"""Annotations that ingress-nginx reads as a whole number, or not at all."""

SWITCHES = frozenset(
    """
auth-always-set-cookie auth-keepalive-share-vars auth-tls-pass-certificate-to-upstream canary
cors-allow-credentials disable-proxy-intercept-errors enable-access-log enable-cors enable-global-auth
enable-modsecurity enable-opentelemetry enable-owasp-core-rules enable-rewrite-log force-ssl-redirect
from-to-www-redirect http2-push-preload opentelemetry-trust-incoming-span preserve-trailing-slash
relative-redirects service-upstream session-cookie-change-on-failure
session-cookie-conditional-samesite-none session-cookie-secure ssl-passthrough ssl-prefer-server-ciphers
ssl-redirect upstream-hash-by-subset use-port-in-redirects use-regex
""".split()
)
"""Annotations that ingress-nginx reads as a boolean, or not at all."""

CLOSES = frozenset(
    """
allowlist-source-range auth-cache-duration auth-method auth-proxy-set-headers auth-secret
auth-tls-match-cn auth-tls-secret auth-url custom-headers denylist-source-range whitelist-source-range
""".split()
)
"""Annotations whose wrong value closes the location in ingress-nginx, too: 503, or 403 for the whole host."""

SECRET_SETTINGS = frozenset({"maxmind-license-key", "maxmindLicenseKey", "ssl-session-ticket-key"})
"""Settings whose value is a secret wherever it stands; a report names them and never shows it."""
