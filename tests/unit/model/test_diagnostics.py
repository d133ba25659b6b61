"""A finding as one line of a log."""

from painless.model.diagnostics import Diagnostic, Reason, Severity
from painless.model.objects import ObjectRef

WEB = ObjectRef("Ingress", "shop", "web")


def test_a_line_says_what_is_known() -> None:
    """A finding about a whole object has no field, and one without a way out no hint."""
    about = Diagnostic(WEB, "spec", Reason.CONFIGURATION_REFUSED, Severity.ERROR, "it is refused", "mend it")
    whole = Diagnostic(WEB, "", Reason.CONFIGURATION_REFUSED, Severity.ERROR, "it is refused")
    assert [
        "error: Ingress shop/web: spec: it is refused (mend it) [ConfigurationRefused]",
        "error: Ingress shop/web: it is refused [ConfigurationRefused]",
    ] == [str(about), str(whole)]
