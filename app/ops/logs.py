"""Structured logs: one call id and turn id on every line, secrets and personal numbers masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from structlog.contextvars import bind_contextvars, clear_contextvars

SECRET_KEYS = re.compile(r"key|secret|password|token|authorization", re.IGNORECASE)
TELEPHONE = re.compile(r"(?<![\w.+-])(?!\d{1,3}(?:\.\d{1,3}){3}(?![\d.]))(\+?\d(?:[ .-]?\d){6,})(?![\w-])")
"""Seven digits or more, also in groups; an IPv4 address is none."""
EMAIL = re.compile(r"([\w.+-])[\w.+-]*@([\w-]+\.[\w.-]+)")
URL_PASSWORD = re.compile(r"(://[^:/@\s]+:)[^@\s]+@")
KEPT_DIGITS = 2
UNMASKED_KEYS = frozenset({"timestamp", "call_id", "event", "level"})


def mask(text: str) -> str:
    """Masks telephone and ticket-like numbers (all but the last two digits), e-mail names, passwords in addresses."""

    def number(match: re.Match[str]) -> str:
        digits = re.sub(r"\D", "", match.group(1))
        return "*" * (len(digits) - KEPT_DIGITS) + digits[-KEPT_DIGITS:]

    text = URL_PASSWORD.sub(r"\1***@", text)
    text = EMAIL.sub(r"\1***@\2", text)
    return TELEPHONE.sub(number, text)


def _mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if SECRET_KEYS.search(key):
            event[key] = "***"
        elif isinstance(value, str) and key not in UNMASKED_KEYS:
            event[key] = mask(value)
    return event


def configure_logs(*, json: bool, level: str = "INFO", stream: TextIO | None = None) -> None:
    """Sets up logging for the process: one line an event, to standard error (or `stream`).

    Args:
        json: one JSON object a line (`STRUCTURED_LOGGING=true`), else lines for people.
        level: lowest level written.
        stream: where to.
    """
    out = stream if stream is not None else sys.stderr
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        _mask_event,
    ]
    renderer: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if json
        # Never with local variables: keys and callers' data live in them.
        else [structlog.dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=structlog.dev.plain_traceback)]
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


def bind_call(call_id: str) -> None:
    """From here on, every line of this task carries the call id."""
    clear_contextvars()
    bind_contextvars(call_id=call_id, turn_id=0)


def bind_turn(turn_id: int) -> None:
    """From here on, every line of this task carries the turn id."""
    bind_contextvars(turn_id=turn_id)
