"""Where NGINX listens: what the ConfigMap makes of the flag's addresses."""

import pytest

from painless.features.listening import ADDRESSES, IPV4, IPV6, NO_IPV6, REUSE_PORT, Listening, listening


@pytest.mark.parametrize(
    ("given", "flag", "expected"),
    [
        ({}, ("", "[::]"), ("", "[::]")),
        (
            {"bind-address": "192.0.2.7, 2001:db8::7,[2001:db8::8]"},
            ("",),
            ("192.0.2.7", "[2001:db8::7]", "[2001:db8::8]"),
        ),
        ({"disable-ipv6": "true"}, ("", "[::]"), ("",)),
        ({"disable-ipv6": "true", "bind-address": "192.0.2.7,2001:db8::7"}, ("",), ("192.0.2.7",)),
        (
            {"bind-address-ipv4": "192.0.2.7", "bind-address-ipv6": "2001:db8::7"},
            ("",),
            ("192.0.2.7", "[2001:db8::7]"),
        ),
        # There is always one.
        ({"disable-ipv6": "true"}, ("[2001:db8::7]",), ("[2001:db8::7]",)),
    ],
)
def test_addresses(given, flag, expected) -> None:
    """The ConfigMap's addresses replace the flag's; IPv6 is left out while something else is there."""
    keys = {key.name: key for key in (ADDRESSES, IPV4, IPV6, NO_IPV6)}
    defaults = {name: keys[name].decode(text) for name, text in given.items()}
    assert Listening(expected, reuse_port=False) == listening(defaults, flag)


def test_queues() -> None:
    """One queue for all workers, unless each is to have its own."""
    assert (False, True) == tuple(
        listening(given, ("",)).reuse_port for given in ({}, {REUSE_PORT.name: REUSE_PORT.decode("true")})
    )
