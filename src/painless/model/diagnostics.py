"""What we say about users' objects: values with a stable reason, never exceptions.

The same values feed ``painless lint``, logs, metrics, Events and status, so that a user reads one
sentence everywhere.
"""

from enum import StrEnum

from msgspec import Struct

from painless.model.objects import ObjectRef


class Severity(StrEnum):
    """How bad: honoured but probably unintended, this setting not honoured, object not served."""

    WARNING = "warning"
    ERROR = "error"
    REJECTED = "rejected"


class Reason(StrEnum):
    """The stable name of a finding; each has a section in docs/reference/diagnostics.md."""

    UNKNOWN_ANNOTATION = "UnknownAnnotation"
    UNSUPPORTED_ANNOTATION = "UnsupportedAnnotation"
    INVALID_ANNOTATION_VALUE = "InvalidAnnotationValue"
    INCOMPLETE_ANNOTATION = "IncompleteAnnotation"
    LOCATION_DENIED = "LocationDenied"
    UNKNOWN_CONFIG_KEY = "UnknownConfigKey"
    UNSUPPORTED_CONFIG_KEY = "UnsupportedConfigKey"
    INVALID_CONFIG_VALUE = "InvalidConfigValue"
    CONFIGMAP_NOT_FOUND = "ConfigMapNotFound"
    CLASS_NOT_FOUND = "ClassNotFound"
    INVALID_HOST = "InvalidHost"
    INVALID_PATH = "InvalidPath"
    SERVICE_NOT_FOUND = "ServiceNotFound"
    PORT_NOT_FOUND = "PortNotFound"
    UNSUPPORTED_BACKEND = "UnsupportedBackend"
    EXTERNAL_NAME_REFUSED = "ExternalNameRefused"
    ENDPOINT_REFUSED = "EndpointRefused"
    SECRET_NOT_FOUND = "SecretNotFound"
    INVALID_CERTIFICATE = "InvalidCertificate"
    CERTIFICATE_MISMATCH = "CertificateMismatch"
    INVALID_PASSWORD_FILE = "InvalidPasswordFile"
    PATH_CONFLICT = "PathConflict"
    DEFAULT_BACKEND_CONFLICT = "DefaultBackendConflict"
    ALIAS_CONFLICT = "AliasConflict"
    TLS_CONFLICT = "TlsConflict"
    CANARY_WITHOUT_PRIMARY = "CanaryWithoutPrimary"
    CANARY_IGNORED = "CanaryIgnored"
    REGEX_HOST = "RegexHost"
    UNSUPPORTED_BY_BUILD = "UnsupportedByBuild"
    INVALID_MANIFEST = "InvalidManifest"
    INVALID_OBJECT = "InvalidObject"
    DUPLICATE_OBJECT = "DuplicateObject"
    IGNORED_KIND = "IgnoredKind"
    CONFIGURATION_REFUSED = "ConfigurationRefused"


class Diagnostic(Struct, frozen=True, order=True):
    """One finding: about which object and field, what was found, what was expected, what to do.

    ``field`` is a path such as ``spec.rules[0].host`` or ``metadata.annotations[key]``; for a manifest it
    is the file with line and column.
    """

    about: ObjectRef
    field: str
    reason: Reason
    severity: Severity
    says: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        return f"{self.severity}: {self.about}: {self.field}: {self.says}{hint} [{self.reason}]"
