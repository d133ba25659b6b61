"""Lists of ciphers as OpenSSL writes them, and whether one is left in them.

NGINX refuses a whole configuration for a list in which OpenSSL finds no cipher, and names that it does not
know count for nothing there.  What is linked differs, so a list needs one name that every OpenSSL has.
"""

import re

from painless.annotations.decode import Rejected

_KNOWN = frozenset(
    """
    ALL DEFAULT COMPLEMENTOFDEFAULT HIGH TLSv1.2 ECDHE EECDH ECDH kECDHE kEECDH aECDSA ECDSA aRSA RSA kRSA
    AES AES128 AES256 AESGCM CHACHA20 DHE EDH DH kDHE kEDH SHA256 SHA384
    AES128-GCM-SHA256 AES256-GCM-SHA384
    ECDHE-ECDSA-AES128-GCM-SHA256 ECDHE-ECDSA-AES256-GCM-SHA384 ECDHE-ECDSA-CHACHA20-POLY1305
    ECDHE-RSA-AES128-GCM-SHA256 ECDHE-RSA-AES256-GCM-SHA384 ECDHE-RSA-CHACHA20-POLY1305
    ECDHE-ECDSA-AES128-SHA256 ECDHE-ECDSA-AES256-SHA384 ECDHE-RSA-AES128-SHA256 ECDHE-RSA-AES256-SHA384
    ECDHE-ECDSA-AES128-SHA ECDHE-ECDSA-AES256-SHA ECDHE-RSA-AES128-SHA ECDHE-RSA-AES256-SHA
    DHE-RSA-AES128-GCM-SHA256 DHE-RSA-AES256-GCM-SHA384 DHE-RSA-CHACHA20-POLY1305
    DHE-RSA-AES128-SHA256 DHE-RSA-AES256-SHA256 DHE-RSA-AES128-SHA DHE-RSA-AES256-SHA
    AES128-SHA256 AES256-SHA256 AES128-SHA AES256-SHA
    """.split()
)
"""What every OpenSSL that NGINX is linked with has; a list with none of these might be empty to it."""

_WORD = r"[A-Za-z0-9][A-Za-z0-9._+-]*"
_LIST = re.compile(rf"(?:[!+-]?{_WORD}|@STRENGTH|@SECLEVEL=[0-5])(?:[:, ]+|$)")


def ciphers(text: str) -> str | Rejected:
    """Decode a list of ciphers as OpenSSL writes it: names it does not know are skipped there."""
    expected = "a list of OpenSSL's cipher names, separated by colons"
    if _LIST.sub("", text) or not text:
        return Rejected(expected)
    words = [one for one in re.split(r"[:, ]+", text) if one]
    taken = {one[1:] for one in words if one[0] in "!-"}
    left = [one for one in words if one in _KNOWN and not _is_taken(one, taken)]
    combined = [one for one in words if "+" in one[1:] and set(one.split("+")) <= _KNOWN]
    return text if left or combined else Rejected(f"{expected}, one at least that every OpenSSL has")


def _is_taken(name: str, taken: set[str]) -> bool:
    """Whether ``!`` or ``-`` removes a cipher, as far as names tell."""
    return bool(taken & {name, *name.split("-"), "ALL", "HIGH", "TLSv1.2", "AESGCM"})
