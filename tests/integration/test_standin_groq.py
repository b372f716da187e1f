"""The Groq stand-in, spoken to by the official SDK over real sockets."""

import json
from collections.abc import AsyncIterator
from typing import Any

import groq
import httpx
import pytest
from groq import AsyncGroq

from app.standins.knobs import AllKnobs, GroqKnobs
from app.standins.phrase_bank import PhraseBank
from app.standins.server import StandIns

MODEL = "openai/gpt-oss-120b"
CHAT: list[Any] = [{"role": "user", "content": "Bonjour"}]
TURN: list[Any] = [
    {"role": "system", "content": "Vous répondez en JSON.\nstate: DIAGNOSTIC\nclient: inconnu"},
    {"role": "assistant", "content": "Pouvez-vous me décrire votre problème ?"},
    {"role": "user", "content": "Ma box Internet ne fonctionne plus depuis ce matin."},
]
TOOL: Any = {
    "type": "function",
    "function": {
        "name": "log",
        "parameters": {"type": "object", "properties": {"reply": {"type": "string"}}},
    },
}


@pytest.fixture
async def standins() -> AsyncIterator[StandIns]:
    knobs = AllKnobs(groq=GroqKnobs(api_key="good", first_token_ms=5, tokens_per_s=3000.0, fault_after_ms=3))
    async with StandIns(bank=PhraseBank(["Oui."], ["fr"]), knobs=knobs) as running:
        yield running


def client(standins: StandIns, key: str = "good") -> AsyncGroq:
    timeout = httpx.Timeout(2.0, connect=1.0, read=0.4)
    return AsyncGroq(api_key=key, base_url=standins.groq_url, max_retries=0, timeout=timeout)


async def chunks_of(standins: StandIns, messages: list[Any] = CHAT, **changes: Any) -> list[Any]:
    async with client(standins) as sdk:
        stream = await sdk.chat.completions.create(**{"model": MODEL, "messages": messages, "stream": True, **changes})
        async with stream:
            return [chunk async for chunk in stream]


def text_of(chunks: list[Any]) -> str:
    return "".join(one.choices[0].delta.content or "" for one in chunks if one.choices)


async def test_a_stream_in_the_documented_order(standins: StandIns) -> None:
    chunks = await chunks_of(standins)
    first, *middle, last = chunks
    assert first.choices[0].delta.role == "assistant"
    assert first.choices[0].delta.content == ""
    assert first.x_groq.id.startswith("req_")
    assert len(middle) > 5
    assert all(0 < len(one.choices[0].delta.content) <= 6 for one in middle)
    assert last.choices[0].finish_reason == "stop"
    assert last.choices[0].delta.content is None
    assert last.x_groq.usage.total_tokens == last.x_groq.usage.prompt_tokens + last.x_groq.usage.completion_tokens
    assert text_of(chunks).startswith("Bonjour, je suis à votre écoute.")
    assert len({one.id for one in chunks}) == 1


async def test_the_raw_events(standins: StandIns) -> None:
    async with httpx.AsyncClient() as http:
        answer = await http.post(
            f"{standins.groq_url}/openai/v1/chat/completions",
            headers={"Authorization": "Bearer good"},
            json={
                "model": MODEL,
                "messages": CHAT,
                "stream": True,
                "stream_options": {"include_usage": True},
            },
        )
    assert answer.headers["content-type"].startswith("text/event-stream")
    for name in ("limit-requests", "limit-tokens", "remaining-requests", "remaining-tokens", "reset-tokens"):
        assert answer.headers[f"x-ratelimit-{name}"]
    events = answer.text.split("\n\n")
    assert events[-2:] == ["data: [DONE]", ""]
    assert all(event.startswith("data: {") for event in events[:-2])
    assert json.loads(events[-3][6:])["usage"]["completion_tokens"] > 5


async def test_a_turn_of_a_call_is_understood(standins: StandIns) -> None:
    answer = json.loads(text_of(await chunks_of(standins, TURN)))
    assert list(answer) == ["intent", "confidence", "sentiment", "fields", "reply"]
    assert answer["intent"] == "INTERNET_ISSUE"
    assert answer["sentiment"] in ("neutral", "negative")
    assert answer["reply"].startswith("Je comprends. Essayez de débrancher votre box pendant trente secondes")


async def test_whole_answers_reasoning_and_limits(standins: StandIns) -> None:
    async with client(standins) as sdk:
        whole = await sdk.chat.completions.create(model=MODEL, messages=CHAT, max_completion_tokens=2)
        assert whole.choices[0].message.content == "Bonjour,"
        assert whole.choices[0].finish_reason == "length"
        assert whole.usage is not None
        stopped = await sdk.chat.completions.create(model=MODEL, messages=CHAT, stop=[" je"])
        assert stopped.choices[0].message.content == "Bonjour,"
        assert MODEL in [model.id for model in (await sdk.models.list()).data]
    standins.knobs.groq.reasoning_tokens = 20
    chunks = await chunks_of(standins)
    reasoning = [one for one in chunks if one.choices and getattr(one.choices[0].delta, "reasoning", None)]
    assert len(reasoning) == 20
    assert all(one.choices[0].delta.content is None for one in reasoning)
    assert not any(
        getattr(one.choices[0].delta, "reasoning", None) for one in await chunks_of(standins, include_reasoning=False)
    )


async def test_tools_stream_in_fragments(standins: StandIns) -> None:
    chunks = await chunks_of(standins, tools=[TOOL])
    calls = [call for one in chunks if one.choices for call in one.choices[0].delta.tool_calls or []]
    assert calls[0].function.name == "log"
    assert len(calls) > 4
    arguments = "".join(call.function.arguments or "" for call in calls)
    assert json.loads(arguments)["reply"].startswith("Bonjour")
    assert chunks[-1].choices[0].finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"n": 2}, "'n'"),
        ({"logprobs": True}, "logprobs"),
        ({"reasoning_effort": "none"}, "reasoning_effort"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "user", "content": "x", "name": "Ann"}]}, "name"),
        ({"response_format": {"type": "json_object"}}, "word 'json'"),
        ({"response_format": {"type": "json_object"}, "messages": TURN, "tools": [TOOL]}, "tool/function"),
        ({"response_format": {"type": "json_object"}, "messages": TURN, "stream": True}, "streaming"),
        ({"max_completion_tokens": 0, "max_tokens": -1}, "max_completion_tokens"),
    ],
)
async def test_bad_requests(standins: StandIns, changes: dict[str, Any], words: str) -> None:
    async with client(standins) as sdk:
        with pytest.raises(groq.BadRequestError, match=words):
            await sdk.chat.completions.create(**{"model": MODEL, "messages": CHAT, **changes})


@pytest.mark.parametrize("model", ["llama-3.3-70b-versatile", "made-up"])
async def test_unknown_models(standins: StandIns, model: str) -> None:
    with pytest.raises(groq.NotFoundError) as caught:
        await chunks_of(standins, model=model)
    assert caught.value.body["error"]["code"] == "model_not_found"  # type: ignore[index]


async def test_a_bad_key(standins: StandIns) -> None:
    async with client(standins, "bad") as sdk:
        with pytest.raises(groq.AuthenticationError):
            await sdk.chat.completions.create(model=MODEL, messages=CHAT)


async def test_the_token_bucket(standins: StandIns) -> None:
    standins.knobs.groq.tokens_per_minute = 20
    await chunks_of(standins)
    with pytest.raises(groq.RateLimitError) as caught:
        await chunks_of(standins)
    assert float(caught.value.response.headers["retry-after"]) > 1
    assert caught.value.body["error"]["code"] == "rate_limit_exceeded"  # type: ignore[index]


@pytest.mark.parametrize(
    ("fault", "kind", "status"),
    [
        ("http_400", groq.BadRequestError, 400),
        ("http_401", groq.AuthenticationError, 401),
        ("http_403", groq.PermissionDeniedError, 403),
        ("http_404", groq.NotFoundError, 404),
        ("http_413", groq.APIStatusError, 413),
        ("http_422", groq.UnprocessableEntityError, 422),
        ("http_429", groq.RateLimitError, 429),
        ("http_498", groq.APIStatusError, 498),
        ("http_500", groq.InternalServerError, 500),
        ("http_503", groq.InternalServerError, 503),
    ],
)
async def test_injected_refusals(standins: StandIns, fault: str, kind: type[groq.APIStatusError], status: int) -> None:
    standins.knobs.groq.change({"fault": fault, "fault_count": 1, "retry_after_s": 75.0})
    with pytest.raises(kind) as caught:
        await chunks_of(standins)
    assert caught.value.status_code == status
    assert caught.value.response.headers.get("retry-after") == ("75" if status == 429 else None)
    assert text_of(await chunks_of(standins))  # the fault was used up


async def test_429_without_retry_after(standins: StandIns) -> None:
    standins.knobs.groq.change({"fault": "http_429", "retry_after_s": 0})
    with pytest.raises(groq.RateLimitError) as caught:
        await chunks_of(standins)
    assert "retry-after" not in caught.value.response.headers


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("hang", groq.APITimeoutError),
        ("stall", httpx.ReadTimeout),
        ("cut", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
        ("error_event", groq.APIError),
        ("garbage", json.JSONDecodeError),
    ],
)
async def test_broken_streams(standins: StandIns, fault: str, kind: type[Exception]) -> None:
    standins.knobs.groq.change({"fault": fault})
    with pytest.raises(kind):
        await chunks_of(standins)


async def test_odd_streams(standins: StandIns) -> None:
    standins.knobs.groq.change({"fault": "split_utf8"})
    assert "à votre écoute" in text_of(await chunks_of(standins))
    standins.knobs.groq.change({"fault": "no_done"})
    assert (await chunks_of(standins))[-1].choices[0].finish_reason == "stop"
    standins.knobs.groq.change({"fault": "empty"})
    assert text_of(await chunks_of(standins)) == ""
    standins.knobs.groq.change({"fault": "broken_json"})
    with pytest.raises(json.JSONDecodeError):
        json.loads(text_of(await chunks_of(standins)))


async def test_a_client_that_leaves_is_counted(standins: StandIns) -> None:
    standins.knobs.groq.change({"fault": "slow"})
    async with client(standins) as sdk:
        stream = await sdk.chat.completions.create(model=MODEL, messages=CHAT, stream=True)
        async with stream:
            async for _ in stream:
                break
    await standins.groq.stats.idle(3.0)
    assert standins.groq.stats["cancelled"] == 1
    assert standins.groq.stats.active == 0
    assert standins.groq.stats["completed"] == 0
