"""Bodies of answers: the same bytes whether small, compressed or in a file, and never without end."""

import pytest

from resources.api import body as api_body
from resources.api.body import Incoming, Packed, pack, pieces, unpack, whole
from resources.api.errors import AnswerTooLarge

TEXT = bytes(range(256)) * 20


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """What is large in these tests is small elsewhere."""
    monkeypatch.setattr(api_body, "PIECE_BYTES", 100)
    monkeypatch.setattr(api_body, "LARGE_BYTES", 1000)
    monkeypatch.setattr(api_body, "MAX_BYTES", 10_000)


def received(text, step, **options):
    incoming = Incoming(**options)
    for at in range(0, len(text), step):
        incoming.write(text[at : at + step])
    assert incoming.received == len(text)
    return incoming.body()


@pytest.mark.parametrize("size", [0, 1, 999, 1000, 1001, 1100, 5120])
@pytest.mark.parametrize("step", [1, 99, 100, 101, 5120])
def test_a_body_is_what_was_received(size, step):
    found = received(TEXT[:size], step)
    assert isinstance(found, bytes) == (size <= 1000)
    assert len(found) == size
    assert whole(found) == b"".join(pieces(found)) == TEXT[:size]


def test_a_body_without_end_is_not_received():
    incoming = Incoming()
    for _ in range(100):
        incoming.write(bytes(100))
    with pytest.raises(AnswerTooLarge):
        incoming.write(b"x")


@pytest.mark.parametrize("before", range(95, 106))
def test_a_secret_is_removed_wherever_the_body_is_cut(before):
    text = bytes(before) + b"SECRET" + bytes(2000)
    found = received(text, 50, redact=lambda t: t.replace(b"SECRET", b"*"), longest=6)
    assert whole(found) == text.replace(b"SECRET", b"*")


def test_a_large_body_is_read_out_of_the_middle_of_a_file(tmp_path):
    frames = pack(TEXT[:2000]) + pack(TEXT[2000:])
    path = tmp_path / "bodies"
    path.write_bytes(b"before" + frames + b"behind")
    with path.open("rb") as file:
        found = Packed(file, 6, len(frames), len(TEXT))
        assert whole(found) == b"".join(found.pieces()) == TEXT
        assert b"".join(found.frames()) == frames


@pytest.mark.parametrize(
    ("stored", "size"),
    [(b"no frame at all", 4), (pack(TEXT)[:-3], len(TEXT)), (pack(TEXT), len(TEXT) + 1)],
    ids=["no frame", "cut", "shorter than said"],
)
def test_stored_bytes_that_are_not_the_body_raise_the_error_of_their_owner(stored, size):
    found = Packed(stored, 0, len(stored), size, lambda error: LookupError(str(error)))
    with pytest.raises(LookupError):
        list(found.pieces())


def test_what_is_packed_comes_back():
    assert unpack(pack(TEXT), len(TEXT)) == TEXT
    assert len(pack(TEXT)) < len(TEXT)
