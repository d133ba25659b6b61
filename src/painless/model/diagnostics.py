"""What we say about users' objects: values with a stable reason, never exceptions.

The same values feed ``painless lint``, logs, metrics, Events and status, so that a user reads one
sentence everywhere.
"""

from enum import StrEnum
from typing import Self

from msgspec import Struct

from painless.model.objects import ObjectRef


class Severity(StrEnum):
    """How bad: honoured but probably unintended, this setting not honoured, object not served."""

    WARNING = "warning"
    ERROR = "error"
    REJECTED = "rejected"


class Reason(StrEnum):
    """The stable name of a finding, what it means and how to mend it.

    The texts are printed in docs/reference/diagnostics.md; a reason without them cannot be declared.
    """

    meaning: str
    mend: str

    def __new__(cls, name: str, meaning: str, mend: str) -> Self:
        one = str.__new__(cls, name)
        one._value_ = name
        one.meaning, one.mend = meaning, mend
        return one

    UNKNOWN_ANNOTATION = (
        "UnknownAnnotation",
        "An annotation has our prefix and a name nobody knows. It is ignored.",
        (
            "Correct the name; the finding names the closest one that exists. Remove an annotation that "
            "was never one."
        ),
    )
    UNSUPPORTED_ANNOTATION = (
        "UnsupportedAnnotation",
        (
            "ingress-nginx knows this annotation and this version does not honour it. The Ingress is "
            "served without it."
        ),
        "Look it up in annotations.md, and remove it or stay with ingress-nginx if the application needs it.",
    )
    INVALID_ANNOTATION_VALUE = (
        "InvalidAnnotationValue",
        "The value of an annotation cannot be read. The default is used, or the ConfigMap's value.",
        (
            "Write a value of the kind that the finding expects. Values that are not text, such as true "
            "and 10, need quotes."
        ),
    )
    INCOMPLETE_ANNOTATION = (
        "IncompleteAnnotation",
        "An annotation means something only together with another one, which is missing. It is ignored.",
        "Add the other annotation, or remove this one.",
    )
    NO_EFFECT = (
        "NoEffect",
        "ingress-nginx knows this setting, and here it changes nothing: the finding says what holds anyway.",
        "Remove the setting; docs/differences.md has the reason.",
    )
    LOCATION_DENIED = (
        "LocationDenied",
        (
            "An annotation that closes something cannot be honoured, such as an access list that cannot "
            "be read. The paths of the Ingress answer 503, since serving them without it would open them "
            "to everyone."
        ),
        "Correct the value. Removing the annotation opens the paths.",
    )
    UNKNOWN_CONFIG_KEY = (
        "UnknownConfigKey",
        "The ConfigMap has a key nobody knows. It is ignored.",
        "Correct the name; the finding names the closest one that exists.",
    )
    UNSUPPORTED_CONFIG_KEY = (
        "UnsupportedConfigKey",
        "ingress-nginx knows this key of the ConfigMap and this version does not honour it. It is ignored.",
        "Look it up in configmap.md, and remove it when nothing depends on it.",
    )
    INVALID_CONFIG_VALUE = (
        "InvalidConfigValue",
        "A value of the ConfigMap cannot be read. The default is used.",
        (
            "Write a value of the kind that the finding expects. All values of a ConfigMap are text, so "
            "numbers need quotes."
        ),
    )
    DOES_NOT_FIT = (
        "DoesNotFit",
        (
            "The ConfigMap asks for more workers, connections or files than the machine, or this container "
            "of it, has room for. NGINX gets as many as there are; of workers as many as were asked for."
        ),
        (
            "Ask for less, or raise the limit that the finding names. docs/explain/fit-to-the-machine.md has "
            "what follows from what."
        ),
    )
    CONFIGMAP_NOT_FOUND = (
        "ConfigMapNotFound",
        (
            "The ConfigMap that --configmap names does not exist, and all settings have their defaults; or "
            "one that add-headers or proxy-set-headers names, and no header is added; or one that "
            "custom-headers names, and the paths of the Ingress answer 503."
        ),
        "Create it, or correct the flag, the key or the annotation: it is namespace/name.",
    )
    CLASS_NOT_FOUND = (
        "ClassNotFound",
        (
            "spec.ingressClassName names an IngressClass that does not exist. The Ingress is nobody's and "
            "is not served."
        ),
        "Create the IngressClass, with the controller that --controller-class names, or correct the name.",
    )
    CATCH_ALL_REFUSED = (
        "CatchAllRefused",
        (
            "An Ingress has spec.defaultBackend, which the operator does not allow (--disable-catch-all). "
            "Nothing of the Ingress is served."
        ),
        "Remove spec.defaultBackend; a rule with the path / does the same for its own host.",
    )
    INVALID_HOST = (
        "InvalidHost",
        "The host of a rule is no host name that Kubernetes allows. The rule is left out.",
        "Write a name in lower case without port and scheme. A wildcard is one leading label: *.example.com.",
    )
    INVALID_PATH = (
        "InvalidPath",
        (
            "A path cannot be served as it is written: it does not begin with a slash, it is too long, "
            "its pathType is unknown, or its regular expression is none that NGINX takes. The path is "
            "left out; the others of the Ingress are served."
        ),
        (
            "Correct the path as the finding says. On a host where one Ingress uses regular expressions, "
            "every path is read as one."
        ),
    )
    SERVICE_NOT_FOUND = (
        "ServiceNotFound",
        "A path names a Service that does not exist in the namespace of its Ingress. The path answers 503.",
        "Create the Service, or correct the name. It is served as soon as the Service is there.",
    )
    PORT_NOT_FOUND = (
        "PortNotFound",
        "The Service has no port with this number or name. The path answers 503.",
        (
            "Name one of the ports that the finding lists. For an outside name (ExternalName) the port is "
            "a number."
        ),
    )
    UNSUPPORTED_BACKEND = (
        "UnsupportedBackend",
        "The backend is an object of another kind than Service. The path is left out.",
        "Put a Service in front of it.",
    )
    EXTERNAL_NAME_REFUSED = (
        "ExternalNameRefused",
        (
            "A Service of type ExternalName points at NGINX's own machine, or such Services are switched "
            "off. Its paths answer 503."
        ),
        "Name another machine. Where --disable-svc-external-name is set, ask the operator.",
    )
    ENDPOINT_REFUSED = (
        "EndpointRefused",
        (
            "An EndpointSlice has an address that is not another machine's, such as the node's metadata "
            "service, or leads to a port where Painless listens. It gets no traffic; other endpoints do."
        ),
        "Correct the address. Of pods, only Painless's own have such endpoints.",
    )
    SECRET_NOT_FOUND = (
        "SecretNotFound",
        (
            "A Secret does not exist in the namespace of the Ingress. For a certificate, the default "
            "certificate is served; for a list of users, the paths answer 503."
        ),
        "Create the Secret, or correct the name. It is used as soon as it is there.",
    )
    INVALID_CERTIFICATE = (
        "InvalidCertificate",
        (
            "A Secret holds no usable certificate: tls.crt or tls.key is missing, is not PEM, is "
            "encrypted, or they do not belong together. The default certificate is served."
        ),
        "Check the files with openssl x509 and openssl pkey, and write the Secret anew.",
    )
    CERTIFICATE_MISMATCH = (
        "CertificateMismatch",
        "The certificate is good, but not for this host. The default certificate is served.",
        (
            "Have the host put on the certificate, or name another Secret. A wildcard stands for exactly "
            "one label."
        ),
    )
    INVALID_PASSWORD_FILE = (
        "InvalidPasswordFile",
        (
            "Some or all users of a Secret for basic authentication cannot be read. Those users cannot "
            "enter; the others can."
        ),
        (
            "Write lines user:hash under the key auth, as htpasswd does, or with auth-secret-type: auth- "
            "map a key for each user with the hash as its value."
        ),
    )
    PATH_CONFLICT = (
        "PathConflict",
        (
            "Two Ingresses, or two rules of one, have the same host, path and kind of path. The older "
            "Ingress keeps it."
        ),
        (
            "Remove one of them. Age is the creation time, so deleting an Ingress and creating it anew "
            "makes it the youngest; at equal times the greater namespace/name wins."
        ),
    )
    DEFAULT_BACKEND_CONFLICT = (
        "DefaultBackendConflict",
        "Two Ingresses without rules want to answer for every other host. The older one does.",
        "Remove spec.defaultBackend from one of them.",
    )
    ALIAS_CONFLICT = (
        "AliasConflict",
        "A name in server-alias is the host of an Ingress, or an older alias. The alias is left out.",
        "Remove the alias from one of them.",
    )
    TWIN_SERVED = (
        "TwinServed",
        (
            "The name that from-to-www-redirect would redirect has an Ingress of its own, or is an alias. It "
            "is served and not redirected."
        ),
        "Remove the annotation, or the other Ingress's rules for that name.",
    )
    TLS_CONFLICT = (
        "TlsConflict",
        "Two Ingresses name different Secrets for one host. The certificate of the older one is served.",
        "Name one Secret, or list the host under spec.tls of one Ingress only.",
    )
    HOST_CONFLICT = (
        "HostConflict",
        (
            "Two Ingresses of a host disagree about what only the whole host can have: client certificates, "
            "ciphers, passthrough. The oldest that asks decides; both are told."
        ),
        "Give both the same values, or remove the annotation from one of them.",
    )
    HOST_CLOSED = (
        "HostClosed",
        (
            "Clients of the host must have a certificate, and it cannot be known which: the Secret with the "
            "authorities is missing or cannot be read, or an annotation is wrong. The host answers 403."
        ),
        "Mend the annotation, or the keys ca.crt and ca.crl of the Secret.",
    )
    CANARY_WITHOUT_PRIMARY = (
        "CanaryWithoutPrimary",
        (
            "A canary has a path that no other Ingress has, with the same host and kind of path. Nothing "
            "is served there."
        ),
        "Give the canary the host, path and pathType of the Ingress whose traffic it should get.",
    )
    CANARY_CONFLICT = (
        "CanaryConflict",
        "Two canaries have the same host, path and kind of path. The older one gets its share.",
        "Remove one of the two canaries.",
    )
    CANARY_IGNORED = (
        "CanaryIgnored",
        'A canary annotation without canary: "true". It is ignored.',
        'Add canary: "true", or remove the annotation.',
    )
    REGEX_HOST = (
        "RegexHost",
        (
            "Another Ingress of the host uses regular expressions, which makes every path of the host "
            "one, compared without case. ingress-nginx does the same."
        ),
        "Give the Ingress with use-regex or rewrite-target a host of its own.",
    )
    RISK_TOO_HIGH = (
        "RiskTooHigh",
        (
            "An annotation is more dangerous than annotations-risk-level allows. The Ingress is not taken: "
            "its state from before is served on, and without one it is left out."
        ),
        (
            "Remove the annotation, or have the operator set annotations-risk-level in the ConfigMap; "
            "ingress-nginx's own default is High, which refuses snippets."
        ),
    )
    FORBIDDEN_WORD = (
        "ForbiddenWord",
        (
            "The value of an annotation has a text in it that annotation-value-word-blocklist forbids. The "
            "Ingress is not taken: its state from before is served on, and without one it is left out."
        ),
        "Write the value without that text.",
    )
    SNIPPETS_NOT_ALLOWED = (
        "SnippetsNotAllowed",
        "An annotation has directives of NGINX, and the operator does not allow any. It is ignored.",
        (
            "Use the annotation that says the same, if there is one. The operator allows snippets with "
            "allow-snippet-annotations and annotations-risk-level in the ConfigMap."
        ),
    )
    SNIPPET_DIRECTIVE = (
        "SnippetDirective",
        (
            "A directive of a snippet cannot be had: NGINX does not know it, does not take it there, or "
            "its author may not use it. It is left out, and the rest of the snippet counts."
        ),
        "Correct or remove the directive at the line of the finding; features/snippets has what may be used.",
    )
    INVALID_MANIFEST = (
        "InvalidManifest",
        (
            "A file is no YAML or JSON, or cannot be read. While painless serves, the last good content "
            "stays in use."
        ),
        "Mend the file at the line and column of the finding.",
    )
    INVALID_OBJECT = (
        "InvalidObject",
        (
            "A field of an object is missing, has the wrong type or a value that Kubernetes would not "
            "accept. The smallest part that is wrong is left out: a path, a port, an endpoint, or the "
            "object."
        ),
        "Correct the field. kubectl apply --dry-run=server says the same of most of them.",
    )
    DUPLICATE_OBJECT = (
        "DuplicateObject",
        "Two manifests define the same object. The first file by name is used.",
        "Remove one of them.",
    )
    IGNORED_KIND = (
        "IgnoredKind",
        "Objects of this kind are not read. Said once for each file and kind.",
        "Nothing, where they are there for others. Keep them out of the folder to be rid of the finding.",
    )
    CONFIGURATION_REFUSED = (
        "ConfigurationRefused",
        (
            "NGINX refuses what the object comes to; the finding quotes it. The object is held: its state "
            "from before is served on (an error), or it is left out where there is none (rejected). "
            "Everything else is served. About Painless itself: no object is behind it, what was served "
            "before is served on, and no change of routing takes effect until NGINX takes it."
        ),
        (
            "Correct or remove the object; a change of it, or of what it refers to, is tried at once. Then "
            "please report it: what passes our checks should never be refused."
        ),
    )
    CONNECTIONS_CLOSED = (
        "ConnectionsClosed",
        (
            "Connections of the host, such as WebSockets, were closed before their time: NGINX had to load, "
            "and as many old workers as there may be were alive, or their memory was short. Said for ten "
            "minutes after the last time."
        ),
        (
            "Have clients connect again by themselves, each after another pause. Fewer reloads close fewer "
            "connections: the log and the Events of the controller say whose changes need them; "
            "--max-generations and more memory allow more old workers."
        ),
    )
    NO_MEMORY_TO_RELOAD = (
        "NoMemoryToReload",
        (
            "For NGINX to load, the cgroup that it is in has too little memory, and no old worker is left "
            "that could end before: the kernel would end the controller or NGINX. Changes of routing wait, "
            "and what was served before is served on; addresses of pods and certificates do not wait. Said "
            "of one changed object in each namespace."
        ),
        (
            "Raise the memory limit, if possible in place, or have fewer Ingresses. The latest is served as "
            "soon as there is room; the controller's log says how much is missing (reload_without_room)."
        ),
    )
    CONNECTIONS_STAY = (
        "ConnectionsStay",
        (
            "Upgraded connections, such as WebSockets, do not end at the age that connection-max-age asks "
            "for: the controller may not touch NGINX's connections here, or another path leads to the same "
            "Service with a larger limit, or with none. Connections of HTTP have the limit all the same."
        ),
        (
            "Give the controller the right that the finding names, or the other path the same limit. "
            "connection-max-idle needs no right."
        ),
    )
    CHANGES_GATHERED = (
        "ChangesGathered",
        (
            "The namespace has used up its share of reloads, so its changes wait some seconds until several "
            "are loaded together. Other namespaces do not wait for it."
        ),
        "Find out what changes the objects all the time. What is changed together needs one reload.",
    )


class Diagnostic(Struct, frozen=True, order=True, gc=False):
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
        where = f"{self.about}: {self.field}" if self.field else f"{self.about}"
        return f"{self.severity}: {where}: {self.says}{hint} [{self.reason}]"
