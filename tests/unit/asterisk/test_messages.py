"""The manager's wire: any pieces give the same messages, nothing grows without bounds, nobody brings in lines."""

import contextlib
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.asterisk.messages import MAX_LINE_BYTES, MAX_LINES, Message, MessageReader, encode
from app.errors import ProviderProtocolError

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
STREAM = (
    BANNER
    + b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
    + "Event: UserEvent\r\nCallerName: Zoé: Lefèbvre\r\nReason: \r\nno colon here\r\n\r\n".encode()
    + b"\r\n"
)
MESSAGES = [
    Message({"response": "Success", "actionid": "1", "message": "Authentication accepted"}),
    Message({"event": "UserEvent", "callername": "Zoé: Lefèbvre", "reason": ""}),
]


def read(*pieces: bytes) -> list[Message]:
    reader = MessageReader()
    return [message for piece in pieces for message in reader.receive(piece)]


def test_a_stream_in_one_piece() -> None:
    assert read(STREAM) == MESSAGES


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_any_pieces_give_the_same_messages(cuts: list[int]) -> None:
    marks = sorted({0, len(STREAM), *cuts})
    pieces = [STREAM[start:end] for start, end in itertools.pairwise(marks)]
    assert read(*pieces) == MESSAGES


def test_the_version_is_that_of_the_banner() -> None:
    reader = MessageReader()
    assert list(reader.receive(BANNER)) == []
    assert reader.version == "11.0.0"


def test_the_first_of_a_repeated_header_is_kept_and_told() -> None:
    (message,) = read(BANNER + b"Event: X\r\nAttempt: new\r\nattempt: returned\r\n\r\nEvent: Y\r\n\r\n")[:1]
    assert message == Message({"event": "X", "attempt": "new"}, frozenset({"attempt"}))


@pytest.mark.parametrize("stranger", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 400 Bad", b"x", b"\r\n", b"asterisk call"])
def test_what_is_no_manager_is_told_at_once(stranger: bytes) -> None:
    with pytest.raises(ProviderProtocolError, match="AMI_PORT"):
        read(stranger)


@pytest.mark.parametrize(
    "flood", [b"a" * (MAX_LINE_BYTES + 1), b"a" * (MAX_LINE_BYTES + 1) + b"\r\n", b"a: b\r\n" * (MAX_LINES + 1)]
)
def test_nothing_grows_without_bounds(flood: bytes) -> None:
    with pytest.raises(ProviderProtocolError):
        read(BANNER + flood)
    with pytest.raises(ProviderProtocolError):
        read(BANNER, *(flood[at : at + 100] for at in range(0, len(flood), 100)))


@given(st.binary(max_size=300))
def test_any_bytes_give_messages_or_the_one_error(data: bytes) -> None:
    with contextlib.suppress(ProviderProtocolError):
        read(BANNER + data)


def test_an_action_on_the_wire() -> None:
    assert (
        encode("Setvar", {"Variable": "A", "Value": "é"})
        == "Action: Setvar\r\nVariable: A\r\nValue: é\r\n\r\n".encode()
    )


@pytest.mark.parametrize("value", ["1\r\nAction: Originate", "1\n", "\r", "a\0b", "\x1b[0m", "\x7f"])
def test_no_value_begins_a_line_of_its_own(value: str) -> None:
    with pytest.raises(ValueError, match="control character in 'Value'") as caught:
        encode("Setvar", {"Value": value})
    assert value not in str(caught.value)
    with pytest.raises(ValueError, match="control character"):
        encode("Setvar", {"Val\r\nue": "1"})


@given(st.dictionaries(st.from_regex(r"[A-Za-z]{1,10}", fullmatch=True), st.text(max_size=50), max_size=5))
def test_whatever_is_encoded_is_one_action(headers: dict[str, str]) -> None:
    try:
        data = encode("Setvar", headers)
    except ValueError:
        return
    assert data.count(b"\r\n\r\n") == 1
    assert data.endswith(b"\r\n\r\n")
    assert data.count(b"\r\n") == data.count(b"\n") == data.count(b"\r") == len({"Action", *headers}) + 1
