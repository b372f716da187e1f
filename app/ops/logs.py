"""Structured logs: one call id and turn id on every line, secrets and personal numbers masked."""

import io
import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars
from structlog.typing import ExcInfo

from app.ops.log_stream import WholeLines

SECRET_KEYS = re.compile(r"key|secret|password|token|authorization", re.IGNORECASE)
TELEPHONE = re.compile(
    r"(?<![\w.+-])"
    r"(?!\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d))"  # an IPv4 address
    r"(?!\d{4}-\d\d-\d\d(?!\d))"  # a date
    r"(?![0-9a-f]{8}-[0-9a-f]{4}-)"  # a UUID
    r"(\+?\d(?:[ .\u00a0\u202f-]?\d){6,})(?!\w|-(?![0-9a-f]{8}\b))"
)
"""Seven digits or more, also in groups; also as the name of a channel, which ends in eight hexadecimal digits
(`PJSIP/0612345678-0000001a`)."""
EMAIL = re.compile(r"(?<![\w.+-])([\w.+-])[\w.+-]{0,63}@([\w-]{1,63}\.[\w.-]{1,253})")
URL_PASSWORD = re.compile(r"(://[^:/@\s]*:)(?:[^/\s]+@|[^@\s]+@)")
API_KEY = re.compile(r"\b(gsk_|sk[-_]|(?:Bearer|Token) +)[\w.-]{8,}")
"""Keys as Groq, OpenAI and ElevenLabs begin them, and what an `Authorization` header holds."""
KEPT_DIGITS = 2
UNMASKED_KEYS = frozenset({"timestamp", "call_id", "level"})


def mask(text: str) -> str:
    """Masks telephone and ticket-like numbers (all but the last two digits), e-mail names, passwords and keys."""

    def number(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match.group(1))
        return "*" * (len(digits) - KEPT_DIGITS) + digits[-KEPT_DIGITS:]

    text = URL_PASSWORD.sub(r"\1***@", text)
    text = API_KEY.sub(r"\1***", text)
    text = EMAIL.sub(r"\1***@\2", text)
    return TELEPHONE.sub(number, text)


def _masked(key: str, value: Any) -> Any:
    if SECRET_KEYS.search(key):
        return "***"
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked(str(name), inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked("", inner) for inner in value]
    return value


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if key not in UNMASKED_KEYS and not key.startswith("_"):
            event[key] = _masked(key, value)
    return event


def _print_masked(out: TextIO, exc_info: ExcInfo) -> None:
    """A traceback for people; exceptions quote addresses and what callers said."""
    text = io.StringIO()
    structlog.dev.plain_traceback(text, exc_info)
    out.write(mask(text.getvalue()))


def configure_logs(
    *,
    json: bool,
    level: str = "INFO",
    stream: TextIO | WholeLines | None = None,
    fields: Mapping[str, Any] | None = None,
) -> None:
    """Sets up logging for the process: one line an event, to standard error (or `stream`).

    Args:
        json: one JSON object a line (`STRUCTURED_LOGGING=true`), else lines for people.
        level: lowest level written.
        stream: where to.
        fields: on every line, whatever its task has bound.
    """
    out = stream if stream is not None else sys.stderr
    always = dict(fields or {})

    def add_fields(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        return {**event, **always}

    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        add_fields,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        *([structlog.processors.format_exc_info] if json else []),  # in front of the mask, so masked too
        _mask_event,
    ]
    renderer: list[Any] = (
        [structlog.processors.JSONRenderer(ensure_ascii=False)]
        if json
        # Never with local variables: keys and callers' data live in them.
        else [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=_print_masked)]
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("httpx", "httpcore", "websockets", "asyncpg", "aiohttp.access", "deepgram"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


def lines_lost(lost: int) -> None:
    """Says so in the log itself; for `WholeLines`."""
    structlog.get_logger(__name__).warning("log lines lost: nobody took them", lost=lost)


def bind_call(call_id: str) -> None:
    """From here on, every line of this task carries the call id."""
    clear_contextvars()
    bind_contextvars(call_id=call_id, turn_id=0)


def bind_turn(turn_id: int) -> None:
    """From here on, every line of this task carries the turn id."""
    bind_contextvars(turn_id=turn_id)
