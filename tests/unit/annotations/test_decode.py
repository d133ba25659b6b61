"""Text to value: what is understood, and what was expected when it is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from painless.annotations import decode
from painless.annotations.decode import Rejected
from painless.nginx.tokens import Expr, Literal, Var


@pytest.mark.parametrize("text", ["1", "t", "T", "TRUE", "true", "True"])
def test_go_spellings_of_true(text: str) -> None:
    """ingress-nginx reads booleans with Go's ParseBool."""
    assert decode.boolean(text) is True


@pytest.mark.parametrize("text", ["yes", "on", "", "tRUE", "1 ", "\n"])
def test_other_words_are_no_booleans(text: str) -> None:
    """A word that Go refuses is refused."""
    assert isinstance(decode.boolean(text), Rejected)


@pytest.mark.parametrize(
    ("text", "value"), [("8m", "8m"), ("8M", "8m"), ("0", "0"), ("512b", "512"), ("007k", "7k")]
)
def test_sizes(text: str, value: str) -> None:
    """As NGINX writes them; bytes have no letter there."""
    assert value == decode.size(text)


@pytest.mark.parametrize(
    "text", ["-1", "8 m", "8mm", "m", "9223372036854775808", "99999999999999999g", "1e3"]
)
def test_sizes_nginx_would_refuse(text: str) -> None:
    """One that overflows would stop NGINX for everybody."""
    assert isinstance(decode.size(text), Rejected)


@pytest.mark.parametrize(
    ("text", "value"), [("8k", "8k"), ("8M", "8m"), ("1g", "1024m"), ("4096b", "4096"), ("1", "1")]
)
def test_sizes_of_memory(text: str, value: str) -> None:
    """NGINX has no letter g for buffers."""
    assert value == decode.memory_size(1, 2**30)(text)


@pytest.mark.parametrize("text", ["0", "2g", "1073741825", "8 k", "", "-1", "k"])
def test_sizes_of_memory_out_of_bounds(text: str) -> None:
    """Bounds are in bytes, whatever the unit."""
    assert isinstance(decode.memory_size(1, 2**30)(text), Rejected)


def test_words_of_a_list() -> None:
    """Each word counts once, at its first place; any space separates."""
    assert decode.word_list("error", "timeout")("timeout  error timeout") == ("timeout", "error")


@pytest.mark.parametrize("text", ["", " ", "error,timeout", "error http_501", "ERROR"])
def test_a_word_that_is_not_of_the_list_rejects_all(text: str) -> None:
    """A list that is half understood means something else."""
    assert isinstance(decode.word_list("error", "timeout")(text), Rejected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("10.0.0.0/8, 192.168.1.7", ("10.0.0.0/8", "192.168.1.7")),
        ("10.1.2.3/8", ("10.0.0.0/8",)),
        ("::1,2001:db8::/32", ("::1", "2001:db8::/32")),
        ("0.0.0.0/0", ("0.0.0.0/0",)),
        ("10.0.0.1/32", ("10.0.0.1",)),
    ],
)
def test_networks(text: str, value: tuple[str, ...]) -> None:
    """Normalised, since NGINX only warns about host bits."""
    assert value == decode.networks(text)


@pytest.mark.parametrize("text", ["", ",", "10.0.0.0/33", "all", "10.0.0.1; deny all", "fe80::1%eth0/64"])
def test_what_is_no_network_rejects_the_list(text: str) -> None:
    """Half an allow list is another allow list."""
    assert isinstance(decode.networks(text), Rejected)


def test_the_item_at_fault_is_named() -> None:
    """A list of fifty items needs a pointer."""
    found = decode.networks("10.0.0.0/8,nonsense,::1")
    assert isinstance(found, Rejected)
    assert '"nonsense"' in found.expected


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/a", (Literal("/a"),)),
        ("/$1/$2", (Literal("/"), Var("1"), Literal("/"), Var("2"))),
        ("/$10", (Literal("/"), Var("1"), Literal("0"))),
        ("/$1page", (Literal("/"), Var("1"), Literal("page"))),
        ("$host$request_uri", (Var("host"), Var("request_uri"))),
        ("${arg_x}y", (Var("arg_x"), Literal("y"))),
        ("a$", (Literal("a$"),)),
        ("$-", (Literal("$-"),)),
    ],
)
def test_variables_are_told_from_text(text: str, parts: tuple[Literal | Var, ...]) -> None:
    """A dollar that names nothing stays a dollar."""
    assert Expr(parts) == decode.with_variables(text, captures=9)


@pytest.mark.parametrize(
    "text", ["$upstream", "$proxy_upstream_name", "$certificate", "$0", "$realip_remote_addr"]
)
def test_variables_of_ours_are_refused(text: str) -> None:
    """A user reads the request and nothing else."""
    assert isinstance(decode.with_variables(text, captures=9), Rejected)


@given(st.text(max_size=200))
def test_what_is_shown_is_short_and_printable(text: str) -> None:
    """A sentence never breaks because of what it quotes."""
    found = decode.shown(text)
    assert found.isprintable()
    assert len(found) <= 90


_DECODERS = [
    decode.boolean,
    decode.seconds,
    decode.size,
    decode.networks,
    decode.header_name,
    decode.cookie_name,
    decode.host_name,
    decode.with_variables,
    decode.one_of("a", "b"),
]


@pytest.mark.parametrize("decoder", _DECODERS)
@given(text=st.text(st.characters(codec="utf-8"), max_size=300))
def test_a_decoder_never_raises(decoder: decode.Decoder[object], text: str) -> None:
    """Whatever a user writes is a value or a sentence."""
    decoder(text)
