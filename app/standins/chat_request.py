"""Which chat completions Groq takes, and the errors for those that it doesn't. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.standins.answers import content_of

CONTEXT_TOKENS = 131_072
EFFORTS: dict[str, tuple[str, ...]] = {
    "openai/gpt-oss-120b": ("low", "medium", "high"),
    "openai/gpt-oss-20b": ("low", "medium", "high"),
    "qwen/qwen3.6-27b": ("none", "default"),
    "qwen/qwen3.8-27b": ("none", "default", "low", "medium", "high"),
}
"""Models that exist, with their reasoning efforts. The llama models were retired in August 2026."""
STRICT_MODELS = ("openai/gpt-oss-120b", "openai/gpt-oss-20b")
UNSUPPORTED = ("logprobs", "logit_bias", "top_logprobs", "frequency_penalty", "presence_penalty")
CHARACTERS_A_TOKEN = 4


class ChatError(Exception):
    """An error reply.

    Attributes:
        status: of HTTP.
        error: the object under "error".
        retry_after_s: for the header `retry-after`; None leaves it out.
    """

    def __init__(
        self,
        status: int,
        message: str,
        code: str | None,
        kind: str = "invalid_request_error",
        retry_after_s: float | None = None,
    ) -> None:
        self.status = status
        self.error = {"message": message, "type": kind, **({"code": code} if code else {})}
        self.retry_after_s = retry_after_s
        super().__init__(message)


def tokens_in(text: str) -> int:
    """A rough count."""
    return max(1, -(-len(text) // CHARACTERS_A_TOKEN))


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A valid request.

    Attributes:
        tool: the function to call, None if none is to be called.
        max_tokens: None: no limit but the model's.
    """

    model: str
    messages: list[dict[str, Any]]
    stream: bool
    max_tokens: int | None
    stop: tuple[str, ...]
    tool: Mapping[str, Any] | None
    include_usage: bool
    include_reasoning: bool

    @property
    def prompt_tokens(self) -> int:
        """Tokens of all messages."""
        return sum(tokens_in(content_of(message)) + 4 for message in self.messages)


def bad(message: str, code: str | None = None) -> ChatError:
    """A 400."""
    return ChatError(400, message, code)


def unknown_model(model: str) -> ChatError:
    """The 404 of a model that is retired or never was."""
    text = f"The model `{model}` does not exist or you do not have access to it."
    return ChatError(404, text, "model_not_found")


def chat_request(body: Any) -> ChatRequest:
    """Validates a request's JSON.

    Raises:
        ChatError: 400, 404 or 413.
    """
    if not isinstance(body, dict):
        raise bad("request body must be a JSON object")
    model = body.get("model")
    if not isinstance(model, str):
        raise bad("'model' : property 'model' is missing")
    if model not in EFFORTS:
        raise unknown_model(model)
    messages = _messages(body.get("messages"))
    _check_parameters(body, model)
    _check_format(body, model, messages)
    request = ChatRequest(
        model,
        messages,
        bool(body.get("stream")),
        body.get("max_completion_tokens") or body.get("max_tokens"),
        tuple([body["stop"]] if isinstance(body.get("stop"), str) else body.get("stop") or ()),
        _tool(body),
        bool((body.get("stream_options") or {}).get("include_usage")),
        body.get("include_reasoning") is not False and body.get("reasoning_format") != "hidden",
    )
    if request.prompt_tokens > CONTEXT_TOKENS:
        raise ChatError(413, "Request Entity Too Large", "request_too_large")
    return request


def _messages(messages: Any) -> list[dict[str, Any]]:
    if not isinstance(messages, list) or not messages:
        raise bad("'messages' : minimum number of items is 1")
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in (
            "system",
            "user",
            "assistant",
            "tool",
            "developer",
        ):
            raise bad(f"'messages.{index}' : for 'role' one of system, user, assistant, tool is wanted")
        if "name" in message:
            raise bad(f"'messages.{index}' : property 'name' is unsupported")
    return messages


def _check_parameters(body: Mapping[str, Any], model: str) -> None:
    if body.get("n") not in (None, 1):
        raise bad("'n' : number must be at most 1")
    for name in UNSUPPORTED:
        if body.get(name):
            raise bad(f"property '{name}' is unsupported")
    effort = body.get("reasoning_effort")
    if effort is not None and effort not in EFFORTS[model]:
        raise bad(f"`reasoning_effort` must be one of {', '.join(EFFORTS[model])}")
    if "include_reasoning" in body and "reasoning_format" in body:
        raise bad("cannot specify both `include_reasoning` and `reasoning_format`")
    limit = body.get("max_completion_tokens") or body.get("max_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 1):
        raise bad("`max_completion_tokens` must be at least 1")


def _check_format(body: Mapping[str, Any], model: str, messages: list[dict[str, Any]]) -> None:
    wanted = (body.get("response_format") or {}).get("type", "text")
    if wanted not in ("text", "json_object", "json_schema"):
        raise bad("'response_format.type' : one of text, json_object, json_schema is wanted")
    if wanted == "text":
        return
    if body.get("tools"):
        raise bad("json mode cannot be combined with tool/function calling")
    if body.get("stream"):
        raise bad(f"response format `{wanted}` is not supported with streaming")
    if wanted == "json_object" and not any("json" in content_of(message).lower() for message in messages):
        raise bad(
            "'messages' must contain the word 'json' in some form, to use 'response_format' of type 'json_object'."
        )
    schema = body["response_format"].get("json_schema") or {}
    if wanted == "json_schema" and (not schema.get("schema") or not schema.get("name")):
        raise bad("'response_format.json_schema' : 'name' and 'schema' are wanted")
    if schema.get("strict") and model not in STRICT_MODELS:
        raise bad(f"strict structured outputs are not supported by `{model}`")


def _tool(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    tools, choice = body.get("tools") or [], body.get("tool_choice")
    if not tools or choice == "none":
        return None
    functions = [tool.get("function") for tool in tools if isinstance(tool, dict) and tool.get("type") == "function"]
    if len(functions) != len(tools) or not all(isinstance(one, dict) and one.get("name") for one in functions):
        raise bad("'tools' : a function with a name is wanted")
    if isinstance(choice, dict):
        name = (choice.get("function") or {}).get("name")
        functions = [one for one in functions if one and one["name"] == name]
        if not functions:
            raise bad(f"tool choice names the unknown function {name!r}")
    return functions[0]
