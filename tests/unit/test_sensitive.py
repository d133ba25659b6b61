"""What is sensitive does not show, whoever asks: not by printing, encoding, copying or pickling."""

import copy
import json
import pickle

import msgspec
import pytest

from painless.sensitive import Sensitive

SECRET = Sensitive(b"hunter2")


class Holder(msgspec.Struct, frozen=True):
    key: Sensitive


@pytest.mark.parametrize(
    "encode", [msgspec.json.encode, msgspec.to_builtins, pickle.dumps, copy.deepcopy, json.dumps]
)
@pytest.mark.parametrize(
    "value", [SECRET, Holder(SECRET), {"key": SECRET}], ids=["alone", "in a struct", "in a map"]
)
def test_no_encoder_takes_it(encode, value):
    with pytest.raises(TypeError):
        encode(value)


def test_it_prints_as_its_length():
    assert "<sensitive, 7 bytes>" == str(SECRET) == f"{SECRET}"
    assert "Holder(key=<sensitive, 7 bytes>)" == repr(Holder(SECRET))
    assert b'"<sensitive, 7 bytes>"' == msgspec.json.encode(SECRET, enc_hook=str)


def test_it_is_a_value():
    """Equal by content, as everything between stages is, and never another one."""
    assert (SECRET, {SECRET}) == (Sensitive(b"hunter2"), {Sensitive(b"hunter2")})
    assert SECRET not in {Sensitive(b"hunter3"), b"hunter2"}
    with pytest.raises(AttributeError):
        SECRET._content = b""
