"""The stand-in of Groq: chat completions, streamed as server-sent events or whole."""

import asyncio
import json
import random
import time
import uuid
from collections import deque
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from app.standins.answers import answer
from app.standins.chat_request import EFFORTS, ChatError, ChatRequest, chat_request, tokens_in, unknown_model
from app.standins.control import add_control
from app.standins.ears import reset_connection
from app.standins.knobs import GroqKnobs, Stats

HANG_S = 3600.0
SLOW_TOKENS_PER_S = 4.0
"""The fault `slow`."""
SYSTEM_FINGERPRINT = "fp_standin"
REASONING = "The caller speaks French; I read the state, then answer with one JSON object. "


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer before it is sent.

    Attributes:
        text: the content, or the arguments of the tool call.
        finish_reason: "stop", "length" or "tool_calls".
    """

    text: str
    finish_reason: str


def draft(request: ChatRequest) -> Draft:
    """Answers a request within its limits."""
    text, finish = answer(request.messages), "stop"
    if request.tool is not None:
        return Draft(_arguments(request.tool, text), "tool_calls")
    for stop in request.stop:
        text = text.split(stop, 1)[0]
    if request.max_tokens is not None and tokens_in(text) > request.max_tokens:
        text, finish = text[: request.max_tokens * 4], "length"
    return Draft(text, finish)


def _arguments(tool: Any, text: str) -> str:
    wanted = (tool.get("parameters") or {}).get("properties") or {}
    try:
        known = json.loads(text)
    except ValueError:
        known = {"reply": text}
    return json.dumps({name: known.get(name, "") for name in wanted}, ensure_ascii=False)


def pieces_of(text: str, dice: random.Random) -> list[str]:
    """The text in tokens of two to six characters."""
    pieces: list[str] = []
    while text:
        length = dice.randint(2, 6)
        pieces.append(text[:length])
        text = text[length:]
    return pieces


INJECTED = {
    "http_400": ChatError(400, "Failed to generate JSON.", "json_validate_failed"),
    "http_401": ChatError(401, "Invalid API Key", "invalid_api_key"),
    "http_403": ChatError(403, "Access denied.", "permission_denied", "permissions_error"),
    "http_413": ChatError(413, "Request Entity Too Large", "request_too_large"),
    "http_422": ChatError(422, "Unprocessable Entity", None),
    "http_498": ChatError(498, "Flex tier capacity exceeded.", "capacity_exceeded", "service_unavailable"),
    "http_500": ChatError(500, "Internal Server Error", None, "internal_server_error"),
    "http_503": ChatError(503, "Service Unavailable", None, "service_unavailable"),
}


class GroqStandIn:
    """Serves chat completions.

    Args:
        dice: decides which requests a fault hits, and how text is cut into tokens.
    """

    def __init__(self, knobs: GroqKnobs, dice: random.Random) -> None:
        self.knobs = knobs
        self.stats = Stats()
        self._dice = dice
        self._spent: deque[tuple[float, int]] = deque(maxlen=100_000)

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application(client_max_size=4 * 1024**2)
        app.router.add_post("/openai/v1/chat/completions", self._complete)
        app.router.add_get("/openai/v1/models", self._models)
        app.router.add_get("/openai/v1/models/{model:.+}", self._models)
        add_control(app.router, self.knobs, self.stats)
        return app

    def _headers(self) -> dict[str, str]:
        knobs = self.knobs
        used = self._used()
        reset_s = used / max(1, knobs.tokens_per_minute) * 60
        return {
            "x-request-id": f"req_{uuid.uuid4().hex[:26]}",
            "x-ratelimit-limit-requests": str(knobs.requests_per_day),
            "x-ratelimit-limit-tokens": str(knobs.tokens_per_minute),
            "x-ratelimit-remaining-requests": str(max(0, knobs.requests_per_day - self.stats["requests"])),
            "x-ratelimit-remaining-tokens": str(max(0, knobs.tokens_per_minute - used)),
            "x-ratelimit-reset-requests": f"{86_400 / max(1, knobs.requests_per_day):.2f}s",
            "x-ratelimit-reset-tokens": f"{reset_s:.3f}s",
        }

    def _used(self) -> int:
        since = time.monotonic() - 60
        while self._spent and self._spent[0][0] < since:
            self._spent.popleft()
        return sum(tokens for _, tokens in self._spent)

    def _refuse(self, error: ChatError) -> web.Response:
        self.stats.count(f"refused_{error.status}")
        headers = self._headers()
        if error.retry_after_s is not None:
            headers["retry-after"] = f"{error.retry_after_s:g}"
        return web.json_response({"error": error.error}, status=error.status, headers=headers)

    def _check_key(self, request: web.Request) -> None:
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer" or not key or (self.knobs.api_key and key != self.knobs.api_key):
            raise INJECTED["http_401"]

    async def _models(self, request: web.Request) -> web.Response:
        models = [
            {
                "id": model,
                "object": "model",
                "created": 1754000000,
                "owned_by": model.split("/")[0],
                "active": True,
            }
            for model in EFFORTS
        ]
        try:
            self._check_key(request)
            wanted = request.match_info.get("model")
            if wanted is None:
                return web.json_response({"object": "list", "data": models}, headers=self._headers())
            if wanted not in EFFORTS:
                raise unknown_model(wanted)
            return web.json_response(next(one for one in models if one["id"] == wanted), headers=self._headers())
        except ChatError as error:
            return self._refuse(error)

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        self.stats.count("requests")
        fault = self.knobs.draw_fault(self._dice)
        with self.stats:
            try:
                if fault == "hang":
                    await asyncio.sleep(HANG_S)
                chat = await self._admit(request, fault)
                return await self._answer(request, chat, fault)
            except ChatError as error:
                return self._refuse(error)
            except (ConnectionError, asyncio.CancelledError):
                self.stats.count("cancelled")
                raise

    async def _admit(self, request: web.Request, fault: str) -> ChatRequest:
        if fault in INJECTED:
            raise INJECTED[fault]
        self._check_key(request)
        try:
            body = json.loads(await request.text())
        except ValueError:
            raise ChatError(400, "request body is not valid JSON", None) from None
        if fault == "http_404":
            raise unknown_model(str(body.get("model")))
        chat = chat_request(body)
        wanted = chat.prompt_tokens
        used, limit = self._used(), self.knobs.tokens_per_minute
        if fault == "http_429" or used + wanted > limit or self.stats.active > self.knobs.max_active:
            wait_s = self.knobs.retry_after_s if fault == "http_429" else round(60 * wanted / max(1, limit), 3) + 1
            text = (
                f"Rate limit reached for model `{chat.model}` on tokens per minute (TPM): Limit {limit}, "
                f"Used {used}, Requested {wanted}. Please try again in {wait_s:g}s."
            )
            raise ChatError(429, text, "rate_limit_exceeded", "tokens", wait_s or None)
        return chat

    async def _answer(self, request: web.Request, chat: ChatRequest, fault: str) -> web.StreamResponse:
        drafted = draft(chat)
        if fault == "empty":
            drafted = Draft("", "stop")
        elif fault == "broken_json":
            drafted = Draft('Bien sûr ! Voici : {\'intent\': OUI, "fields": {"name": }', "stop")
        self._spent.append((time.monotonic(), chat.prompt_tokens + tokens_in(drafted.text)))
        self.stats.count("prompt_tokens", chat.prompt_tokens)
        self.stats.count("completion_tokens", tokens_in(drafted.text))
        await asyncio.sleep(self.knobs.first_token_ms / 1000)
        if chat.stream:
            return await self._stream(request, chat, drafted, fault)
        await asyncio.sleep(tokens_in(drafted.text) / self._rate(fault))
        if fault in ("stall", "cut", "reset"):
            await self._break(request, fault)
        body = {
            "id": f"chatcmpl-{uuid.uuid4()}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": chat.model,
            "choices": [{"index": 0, "message": _message(chat, drafted), "finish_reason": drafted.finish_reason}],
            "usage": self._usage(chat, drafted),
            "system_fingerprint": SYSTEM_FINGERPRINT,
            "x_groq": {"id": f"req_{uuid.uuid4().hex[:26]}"},
        }
        return web.json_response(body, headers=self._headers())

    def _rate(self, fault: str) -> float:
        return SLOW_TOKENS_PER_S if fault == "slow" else max(0.1, self.knobs.tokens_per_s)

    def _usage(self, chat: ChatRequest, drafted: Draft) -> dict[str, float]:
        completion = tokens_in(drafted.text) + self.knobs.reasoning_tokens
        seconds = completion / self._rate("")
        return {
            "queue_time": 0.01,
            "prompt_tokens": chat.prompt_tokens,
            "prompt_time": 0.005,
            "completion_tokens": completion,
            "completion_time": round(seconds, 4),
            "total_tokens": chat.prompt_tokens + completion,
            "total_time": round(seconds + 0.005, 4),
        }

    async def _stream(self, request: web.Request, chat: ChatRequest, drafted: Draft, fault: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={**self._headers(), "Cache-Control": "no-cache"})
        response.content_type = "text/event-stream"
        await response.prepare(request)
        chunks = _Chunks(chat.model)
        await response.write(chunks.event({"role": "assistant", "content": ""}, x_groq={"id": chunks.request_id}))
        deltas = self._deltas(chat, drafted)
        strike = int(self.knobs.fault_after_ms / 1000 * self._rate(fault))
        due = asyncio.get_running_loop().time()
        for index, delta in enumerate(deltas):
            if index == min(strike, len(deltas) // 2):
                await self._strike(request, response, fault)
            due += 1 / self._rate(fault)
            await asyncio.sleep(max(0.0, due - asyncio.get_running_loop().time()))
            event = chunks.event(delta)
            if fault == "split_utf8":
                await _write_split(response, event)
            else:
                await response.write(event)
            if fault == "error_event" and index >= min(strike, len(deltas) // 2):
                return response
        usage = self._usage(chat, drafted)
        await response.write(chunks.event({}, drafted.finish_reason, {"id": chunks.request_id, "usage": usage}))
        if chat.include_usage:
            await response.write(chunks.usage(usage))
        if fault != "no_done":
            await response.write(b"data: [DONE]\n\n")
        self.stats.count("completed")
        return response

    def _deltas(self, chat: ChatRequest, drafted: Draft) -> list[dict[str, Any]]:
        deltas: list[dict[str, Any]] = []
        if self.knobs.reasoning_tokens and chat.include_reasoning:
            prelude = (REASONING * (1 + self.knobs.reasoning_tokens * 4 // len(REASONING)))[
                : self.knobs.reasoning_tokens * 4
            ]
            pieces = [prelude[at : at + 4] for at in range(0, len(prelude), 4)]
            deltas += [{"content": None, "reasoning": piece} for piece in pieces]
        pieces = pieces_of(drafted.text, self._dice)
        if chat.tool is None:
            return deltas + [{"content": piece} for piece in pieces]
        call = {"index": 0, "id": f"call_{uuid.uuid4().hex[:8]}", "type": "function"}
        deltas.append({"tool_calls": [{**call, "function": {"name": chat.tool["name"], "arguments": ""}}]})
        return deltas + [{"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces]

    async def _strike(self, request: web.Request, response: web.StreamResponse, fault: str) -> None:
        if fault == "garbage":
            await response.write(b"data: {not json\n\n")
        elif fault == "error_event":
            error = {"message": "Internal error.", "type": "internal_server_error", "code": "internal_error"}
            await response.write(f"event: error\ndata: {json.dumps({'error': error})}\n\n".encode())
        elif fault in ("stall", "cut", "reset"):
            await self._break(request, fault)

    async def _break(self, request: web.Request, fault: str) -> None:
        if fault == "stall":
            await asyncio.sleep(HANG_S)
        elif fault == "reset":
            reset_connection(request)
        elif request.transport is not None:
            request.transport.close()
        raise ConnectionResetError(f"fault {fault}")


def _message(chat: ChatRequest, drafted: Draft) -> dict[str, Any]:
    if chat.tool is None:
        return {"role": "assistant", "content": drafted.text}
    function = {"name": chat.tool["name"], "arguments": drafted.text}
    return {
        "role": "assistant",
        "tool_calls": [{"id": "call_standin", "type": "function", "function": function}],
    }


async def _write_split(response: web.StreamResponse, event: bytes) -> None:
    """Writes with a flush in the middle of the first character that takes more than a byte."""
    middle = next((at + 1 for at, byte in enumerate(event) if byte >= 0xC0), len(event) // 2)
    await response.write(event[:middle])
    await asyncio.sleep(0.002)
    await response.write(event[middle:])


class _Chunks:
    """Builds `chat.completion.chunk` events of one answer."""

    def __init__(self, model: str) -> None:
        self.request_id = f"req_{uuid.uuid4().hex[:26]}"
        self._head = {
            "id": f"chatcmpl-{uuid.uuid4()}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": SYSTEM_FINGERPRINT,
        }

    def event(
        self, delta: dict[str, Any], finish_reason: str | None = None, x_groq: dict[str, Any] | None = None
    ) -> bytes:
        """One event with a choice."""
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return self._encoded({**self._head, "choices": [choice], **({"x_groq": x_groq} if x_groq else {})})

    def usage(self, usage: dict[str, float]) -> bytes:
        """The event of `stream_options.include_usage`."""
        return self._encoded({**self._head, "choices": [], "usage": usage})

    @staticmethod
    def _encoded(chunk: dict[str, Any]) -> bytes:
        return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n".encode()
