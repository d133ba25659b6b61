"""The flags that ingress-nginx v1.15 takes, and which of them change nothing here: facts, without a parser.

Whoever brings the arguments of a running controller may leave them as they are.  What a flag that is honoured
means is said where ``cli`` declares it; one that changes nothing says here what holds in any case.
"""

from enum import StrEnum

from msgspec import Struct


class Kind(StrEnum):
    """What a flag takes, in the words of the error when it is something else."""

    TEXT = "text"
    BOOL = "true or false"
    INT = "a whole number"
    UINT = "a whole number, 0 at least"
    FLOAT = "a number"
    FLOATS = "numbers, separated by commas"
    DURATION = "a duration such as 30s or 1m30s"


class Flag(Struct, frozen=True):
    """A flag of ingress-nginx with its default there.

    ``why`` it changes nothing here is a sentence that follows "--NAME changes nothing here:"; empty when the
    flag is honoured.
    """

    name: str
    kind: Kind
    default: str
    why: str = ""


_NATIVE = "histograms have the buckets of the other flags"
_MAXMIND = "stock NGINX has no module for MaxMind's files, and nothing is downloaded"
_KLOG = "logs go to standard error, a line for each event, and nowhere else"

CONTROLLER = (
    Flag("apiserver-host", Kind.TEXT, ""),
    Flag("certificate-authority", Kind.TEXT, ""),
    Flag("kubeconfig", Kind.TEXT, ""),
    Flag("default-backend-service", Kind.TEXT, ""),
    Flag("ingress-class", Kind.TEXT, "nginx"),
    Flag("controller-class", Kind.TEXT, "k8s.io/ingress-nginx"),
    Flag("watch-ingress-without-class", Kind.BOOL, "false"),
    Flag("ingress-class-by-name", Kind.BOOL, "false"),
    Flag("configmap", Kind.TEXT, ""),
    Flag("publish-service", Kind.TEXT, ""),
    Flag("tcp-services-configmap", Kind.TEXT, ""),
    Flag("udp-services-configmap", Kind.TEXT, ""),
    Flag(
        "sync-period",
        Kind.DURATION,
        "0s",
        "watches miss nothing, and a list that grew stale is read again by itself",
    ),
    Flag("watch-namespace", Kind.TEXT, ""),
    Flag("watch-namespace-selector", Kind.TEXT, ""),
    Flag("profiling", Kind.BOOL, "true", "there is no profiler to reach over the network"),
    Flag("default-ssl-certificate", Kind.TEXT, ""),
    Flag("health-check-path", Kind.TEXT, "/healthz"),
    Flag(
        "health-check-timeout",
        Kind.INT,
        "10",
        "the health page says what was seen before, so it waits for nobody",
    ),
    Flag("update-status", Kind.BOOL, "true"),
    Flag("election-id", Kind.TEXT, "ingress-controller-leader"),
    Flag("election-ttl", Kind.DURATION, "30s"),
    Flag("update-status-on-shutdown", Kind.BOOL, "true"),
    Flag("report-node-internal-ip-address", Kind.BOOL, "false"),
    Flag("version", Kind.BOOL, "false"),
    Flag("enable-ssl-passthrough", Kind.BOOL, "false"),
    Flag("disable-leader-election", Kind.BOOL, "false"),
    Flag("disable-svc-external-name", Kind.BOOL, "false"),
    Flag("annotations-prefix", Kind.TEXT, "nginx.ingress.kubernetes.io"),
    Flag(
        "enable-annotation-validation", Kind.BOOL, "true", "values are always checked, since each is decoded"
    ),
    Flag(
        "enable-ssl-chain-completion",
        Kind.BOOL,
        "false",
        "nothing is downloaded; put the intermediate certificates into the Secret, after the certificate",
    ),
    Flag(
        "sync-rate-limit",
        Kind.FLOAT,
        "0.3",
        "a change is applied at once, and a burst of them costs few reloads by itself",
    ),
    Flag("publish-status-address", Kind.TEXT, ""),
    Flag("enable-metrics", Kind.BOOL, "false"),
    Flag("metrics-per-host", Kind.BOOL, "true"),
    Flag("metrics-per-undefined-host", Kind.BOOL, "false"),
    Flag("report-status-classes", Kind.BOOL, "false"),
    Flag("time-buckets", Kind.FLOATS, "0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10"),
    Flag("length-buckets", Kind.FLOATS, "10,20,30,40,50,60,70,80,90,100"),
    Flag("size-buckets", Kind.FLOATS, "10,100,1000,10000,100000,1000000,10000000"),
    Flag("bucket-factor", Kind.FLOAT, "0", _NATIVE),
    Flag("max-buckets", Kind.UINT, "100", _NATIVE),
    Flag("exclude-socket-metrics", Kind.TEXT, ""),
    Flag(
        "monitor-max-batch-size",
        Kind.INT,
        "10000",
        "every request is counted: NGINX writes it into a file and waits for nobody",
    ),
    Flag("http-port", Kind.INT, "80"),
    Flag("https-port", Kind.INT, "443"),
    Flag(
        "ssl-passthrough-proxy-port",
        Kind.INT,
        "442",
        "there is no proxy in front of NGINX that would need a second port",
    ),
    Flag("default-server-port", Kind.INT, "8181", "NGINX answers 404 by itself, without a server on a port"),
    Flag("healthz-port", Kind.INT, "10254"),
    Flag("healthz-host", Kind.TEXT, ""),
    Flag("disable-catch-all", Kind.BOOL, "false"),
    Flag("validating-webhook", Kind.TEXT, ""),
    Flag("validating-webhook-certificate", Kind.TEXT, ""),
    Flag("validating-webhook-key", Kind.TEXT, ""),
    Flag("disable-full-test", Kind.BOOL, "false", "the webhook compiles nobody else's Ingress"),
    Flag("status-port", Kind.INT, "10246", "NGINX is not asked over a port"),
    Flag("stream-port", Kind.INT, "10247", "NGINX is not told anything over a port"),
    Flag("internal-logger-address", Kind.TEXT, "127.0.0.1:11514", "NGINX's logs are files"),
    Flag("profiler-port", Kind.INT, "10245", "there is no profiler to reach over the network"),
    Flag("profiler-address", Kind.TEXT, "127.0.0.1", "there is no profiler to reach over the network"),
    Flag("status-update-interval", Kind.INT, "60"),
    Flag("shutdown-grace-period", Kind.INT, "0"),
    Flag("post-shutdown-grace-period", Kind.INT, "10"),
    Flag(
        "deep-inspect",
        Kind.BOOL,
        "true",
        "no text of a user can become configuration, so no words are forbidden",
    ),
    Flag(
        "dynamic-configuration-retries",
        Kind.INT,
        "15",
        "nothing is posted to NGINX; what does not work is tried until it does",
    ),
    Flag("disable-sync-events", Kind.BOOL, "false"),
    Flag("enable-topology-aware-routing", Kind.BOOL, "false"),
    Flag("maxmind-mirror", Kind.TEXT, "", _MAXMIND),
    Flag("maxmind-license-key", Kind.TEXT, "", _MAXMIND),
    Flag("maxmind-edition-ids", Kind.TEXT, "GeoLite2-City,GeoLite2-ASN", _MAXMIND),
    Flag("maxmind-retries-count", Kind.INT, "1", _MAXMIND),
    Flag("maxmind-retries-timeout", Kind.DURATION, "0s", _MAXMIND),
)
"""Those of the controller itself."""

KLOG = (
    Flag("add_dir_header", Kind.BOOL, "false", _KLOG),
    Flag("alsologtostderr", Kind.BOOL, "false", _KLOG),
    Flag("log_backtrace_at", Kind.TEXT, ":0", _KLOG),
    Flag("log_dir", Kind.TEXT, "", _KLOG),
    Flag("log_file", Kind.TEXT, "", _KLOG),
    Flag("log_file_max_size", Kind.UINT, "1800", _KLOG),
    Flag("logtostderr", Kind.BOOL, "true", _KLOG),
    Flag("one_output", Kind.BOOL, "false", _KLOG),
    Flag("skip_headers", Kind.BOOL, "false", _KLOG),
    Flag("skip_log_headers", Kind.BOOL, "false", _KLOG),
    Flag("stderrthreshold", Kind.INT, "2", _KLOG),
    Flag("v", Kind.INT, "0"),
    Flag("vmodule", Kind.TEXT, "", _KLOG),
)
"""Those of its library for logs."""

FLAGS = {one.name: one for one in (*CONTROLLER, *KLOG)}
WITHOUT_EFFECT = {name: one for name, one in FLAGS.items() if one.why}
