"""Logs: every line says which call, and tells nothing that is not for logs."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from app.ops.logs import bind_call, bind_turn, configure_logs, mask

NOISY = ("httpx", "httpcore", "websockets", "asyncpg", "aiohttp.access", "deepgram")


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where the lines go; logging is as before afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in NOISY}
    structlog.contextvars.clear_contextvars()
    yield io.StringIO()
    structlog.contextvars.clear_contextvars()
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def logger() -> Any:
    return structlog.get_logger(f"test-{uuid4().hex}")


def test_every_line_of_a_call_says_which_call_and_turn(stream: io.StringIO) -> None:
    configure_logs(json=True, stream=stream)
    log = logger()
    log.info("outside")
    bind_call("40325ec2-5efd-4bd3-805f-53576e581d13")
    log.info("call started", asterisk="10.0.0.1")
    bind_turn(3)
    log.warning("turn understood", intent="YES")
    logging.getLogger("a.library").error("broken %s", "pipe")
    outside, started, turn, foreign = lines(stream)
    assert "call_id" not in outside
    assert (started["call_id"], started["turn_id"]) == ("40325ec2-5efd-4bd3-805f-53576e581d13", 0)
    assert (started["event"], started["level"], started["asterisk"]) == ("call started", "info", "10.0.0.1")
    assert (turn["turn_id"], turn["level"], turn["intent"]) == (3, "warning", "YES")
    assert (foreign["turn_id"], foreign["event"], foreign["level"]) == (3, "broken pipe", "error")
    assert all(line["timestamp"].endswith("Z") for line in lines(stream))


def test_the_call_id_is_never_masked(stream: io.StringIO) -> None:
    configure_logs(json=True, stream=stream)
    bind_call("0612345678")
    logger().info("x", peer_id="0612345678")
    (line,) = lines(stream)
    assert (line["call_id"], line["peer_id"]) == ("0612345678", "********78")


def test_the_next_call_begins_anew(stream: io.StringIO) -> None:
    configure_logs(json=True, stream=stream)
    bind_call("a")
    bind_turn(5)
    bind_call("b")
    logger().info("x")
    (line,) = lines(stream)
    assert (line["call_id"], line["turn_id"]) == ("b", 0)


def test_lines_below_the_level_are_not_written(stream: io.StringIO) -> None:
    configure_logs(json=True, level="WARNING", stream=stream)
    logger().info("quiet")
    logging.getLogger("a.library").info("quiet too")
    logging.getLogger("httpx").warning("loud")
    assert [line["event"] for line in lines(stream)] == ["loud"]


def test_libraries_that_tell_every_request_are_quiet(stream: io.StringIO) -> None:
    configure_logs(json=True, level="DEBUG", stream=stream)
    for name in NOISY:
        logging.getLogger(name).info("GET /")
    assert lines(stream) == []


def test_lines_for_people(stream: io.StringIO) -> None:
    configure_logs(json=False, stream=stream)
    logger().info("call started", phone="+33612345678")
    text = stream.getvalue()
    assert "call started" in text
    assert "phone=*********78" in text
    assert "\x1b" not in text, "no colours where nobody sees them"


@pytest.mark.parametrize("as_json", [True, False])
def test_nothing_private_leaves_in_any_place(stream: io.StringIO, as_json: bool) -> None:
    configure_logs(json=as_json, stream=stream)
    log = logger()
    log.info("heard", heard="je suis au 06 12 34 56 78", api_key="gsk_abcdefghij", db_password="hunter2")
    log.info("nested", given={"phone": "+33612345678", "token": "hunter2"}, said=["jean.dupont@wanadoo.fr"])
    logging.getLogger("a.library").warning("connect %s", "postgresql://voicebot:hunter2@h/db for +33612345678")
    reason = "postgresql://voicebot:hunter2@h/db said no to jean.dupont@wanadoo.fr"
    try:
        raise OSError(reason)
    except OSError:
        log.exception("store failed")
        logging.getLogger("a.library").exception("store failed")
    text = stream.getvalue()
    for private in ("hunter2", "abcdefghij", "12345678", "12 34 56", "jean.dupont"):
        assert private not in text
    assert text.count("said no to j***@wanadoo.fr") == 2, "the traceback is there, masked"


def test_the_key_of_a_secret_is_enough(stream: io.StringIO) -> None:
    configure_logs(json=True, stream=stream)
    logger().info("x", authorization=["Token x"], AMI_SECRET="s", groq_api_key=b"k", seconds=3)
    (line,) = lines(stream)
    assert (line["authorization"], line["AMI_SECRET"], line["groq_api_key"], line["seconds"]) == ("***",) * 3 + (3,)


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("+33612345678", "*********78"),
        ("06 12 34 56 78", "********78"),
        ("06.12.34.56.78", "********78"),
        ("06-12-34-56-78.", "********78."),
        ("06\xa012\u202f34 56 78", "********78"),
        ("appelez le 0612345678, merci", "appelez le ********78, merci"),
        ("tel=0612345678", "tel=********78"),
        ("(0033612345678)", "(***********78)"),
        ("PJSIP/0612345678-0000001a", "PJSIP/********78-0000001a"),
        ("PJSIP/+33612345678-ab00001f<ZOMBIE>", "PJSIP/*********78-ab00001f<ZOMBIE>"),
        ("Local/0612345678@internal-0000001a;2", "Local/********78@internal-0000001a;2"),
        ("jean.dupont@wanadoo.fr", "j***@wanadoo.fr"),
        ("<a+b@mail.exemple.org>", "<a***@mail.exemple.org>"),
        ("postgresql://voicebot:s3cret@10.0.0.5:5432/db", "postgresql://voicebot:***@10.0.0.5:5432/db"),
        ("postgresql://voicebot:p@ss@host/db", "postgresql://voicebot:***@host/db"),
        ("postgresql://voicebot:pa/ss@host/db", "postgresql://voicebot:***@host/db"),
        ("redis://:s3cret@host", "redis://:***@host"),
        ("Authorization: Bearer abcdefghijkl", "Authorization: Bearer ***"),
        ("Token 0123456789abcdef", "Token ***"),
        ("key gsk_AbCd1234efgh is refused", "key gsk_*** is refused"),
        ("sk-proj-abcdefgh1234", "sk-***"),
    ],
)
def test_what_is_masked(text: str, masked: str) -> None:
    assert mask(text) == masked


@pytest.mark.parametrize(
    "text",
    [
        "192.168.100.200",
        "192.168.100.200:9090 closed",
        "10.0.0.0/8, 192.168.100.0/24.",
        "peer 192.168.100.200.",
        "2001:db8:85a3::8a2e:370:7334",
        "PJSIP/telephone-0000001a",
        "40325ec2-5efd-4bd3-805f-53576e581d13",
        "12345678-1234-1234-1234-123456789012",
        "19:24:01.123",
        "2026-11-23",
        "2026-11-23 19:24:01",
        "2026-11-23T19:24:01.123456Z",
        "call_40325ec2-5efd-4bd3-805f-53576e581d13_20261123T192401Z.raw",
        "ticket 4512",
        "à 1200 ms, 0.25 s",
        "http://127.0.0.1:9301/v1/listen",
        "openai/gpt-oss-120b",
        "Le Token n'est pas là",
    ],
)
def test_what_is_not_masked(text: str) -> None:
    assert mask(text) == text


@given(st.uuids())
def test_no_uuid_is_masked(uuid: object) -> None:
    assert mask(f"call {uuid} ended") == f"call {uuid} ended"


@given(st.ip_addresses())
def test_no_address_is_masked(address: object) -> None:
    assert mask(f"from {address}.") == f"from {address}."


@given(st.text(max_size=100))
def test_masking_twice_changes_nothing_more(text: str) -> None:
    assert mask(mask(text)) == mask(text)


def test_fields_of_the_process_are_on_every_line(stream: io.StringIO) -> None:
    configure_logs(json=True, stream=stream, fields={"worker": 3})
    logger().info("ready")
    bind_call(str(uuid4()))
    logger().info("call started")
    logging.getLogger("somebody else").warning("look")
    assert [line["worker"] for line in lines(stream)] == [3, 3, 3]
