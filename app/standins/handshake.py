"""Which Deepgram connections are let in: keys, models, languages, parameters. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from app.standins.flux import DEFAULT_EOT_THRESHOLD, DEFAULT_EOT_TIMEOUT_S
from app.standins.nova import NovaOptions


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


NOVA_3_LANGUAGES = _set(
    "multi bg ca cs da de de-CH el en en-AU en-GB en-IN en-NZ en-US es es-419 et fi fr fr-CA hi hu id it ja"
    " ko lt lv ms nl nl-BE no pl pt pt-BR pt-PT ro ru sk sv tr uk vi"
)
NOVA_2_LANGUAGES = NOVA_3_LANGUAGES | _set("zh zh-CN zh-TW zh-HK th")
ENGLISH = _set("en en-US")
ENGLISH_USES = (
    "meeting",
    "phonecall",
    "finance",
    "conversationalai",
    "voicemail",
    "video",
    "medical",
    "drivethru",
)
MODELS: dict[str, frozenset[str]] = {
    "nova-3": NOVA_3_LANGUAGES,
    "nova-3-general": NOVA_3_LANGUAGES,
    "nova-3-medical": frozenset(("en", "en-US", "en-AU", "en-CA", "en-GB", "en-IE", "en-IN", "en-NZ")),
    "nova-2": NOVA_2_LANGUAGES,
    "nova-2-general": NOVA_2_LANGUAGES,
    **{f"nova-2-{use}": ENGLISH for use in ENGLISH_USES},
    "enhanced": frozenset(
        ("en", "en-US", "da", "nl", "fr", "de", "hi", "it", "ja", "ko", "no", "pl", "pt", "es", "sv")
    ),
    "base": frozenset(("en", "en-US", "fr", "fr-CA", "de", "es", "it", "nl", "pt", "ru", "ja", "zh", "uk", "tr")),
}
"""Deepgram's page "Models & languages overview"; nova-2-phonecall and its like speak English only."""
FLUX_MODELS = ("flux-general-en", "flux-general-multi")
FLUX_LANGUAGES = ("en", "es", "fr", "de", "hi", "ru", "pt", "ja", "it", "nl")
Encoding = Literal["linear16", "mulaw", "alaw"]
RAW_ENCODINGS: tuple[Encoding, ...] = get_args(Encoding)
"""What is decoded here; Deepgram itself takes more."""
SHORTEST_UTTERANCE_END_MS = 1000


@dataclass(frozen=True, slots=True)
class Refusal:
    """An upgrade that is refused.

    Attributes:
        status: of HTTP.
        code: `err_code`.
        message: `err_msg`, also the header `dg-error`.
    """

    status: int
    code: str
    message: str


REFUSALS = {
    "http_400": Refusal(400, "Bad Request", "No such model/language/tier combination found."),
    "http_401": Refusal(401, "INVALID_AUTH", "Invalid credentials."),
    "http_402": Refusal(402, "ASR_PAYMENT_REQUIRED", "Project does not have enough credits for an ASR request."),
    "http_403": Refusal(403, "INSUFFICIENT_PERMISSIONS", "Your account does not have access to the requested model."),
    "http_429": Refusal(429, "TOO_MANY_REQUESTS", "Too many requests. Please try again later."),
    "http_500": Refusal(500, "INTERNAL_SERVER_ERROR", "Internal server error."),
}
"""By the fault that injects it."""


class RefusedError(Exception):
    """Carries a `Refusal` out of the validation."""

    def __init__(self, refusal: Refusal) -> None:
        self.refusal = refusal
        super().__init__(refusal.message)


def _bad(message: str) -> RefusedError:
    return RefusedError(Refusal(400, "Bad Request", message))


@dataclass(frozen=True, slots=True)
class Audio:
    """How the binary frames are coded."""

    encoding: Encoding
    rate_hz: int
    channels: int = 1


@dataclass(frozen=True, slots=True)
class NovaRequest:
    """A valid `/v1/listen`.

    Attributes:
        punctuated: whether transcripts carry case and punctuation (punctuate or smart_format).
        holds_numbers: whether finals with numbers are held back (smart_format without no_delay).
    """

    audio: Audio
    model: str
    language: str
    options: NovaOptions
    punctuated: bool
    holds_numbers: bool


@dataclass(frozen=True, slots=True)
class FluxRequest:
    """A valid `/v2/listen`."""

    audio: Audio
    model: str
    language_hints: tuple[str, ...]
    eot_threshold: float
    eager_eot_threshold: float | None
    eot_timeout_s: float


def check_key(authorization: str | None, api_key: str) -> None:
    """Lets in `Token <key>` and `Bearer <token>`.

    Raises:
        RefusedError: 401.
    """
    scheme, _, key = (authorization or "").partition(" ")
    if scheme.lower() not in ("token", "bearer") or not key.strip() or (api_key and key.strip() != api_key):
        raise RefusedError(REFUSALS["http_401"])


def _number(query: Mapping[str, str], name: str, default: float | None) -> float | None:
    value = query.get(name)
    if value is None:
        return default
    try:
        return float(value)
    except ValueError:
        raise _bad(f"Invalid '{name}' value of '{value}'.") from None


def _flag(query: Mapping[str, str], name: str) -> bool:
    value = query.get(name, "false")
    if value not in ("true", "false"):
        raise _bad(f"Invalid '{name}' value of '{value}'.")
    return value == "true"


def audio_of(query: Mapping[str, str]) -> Audio:
    """The coding of the sound.

    Raises:
        RefusedError: 400, missing or impossible.
    """
    name = query.get("encoding")
    rate_hz = _number(query, "sample_rate", None)
    channels = _number(query, "channels", 1)
    if name is None or rate_hz is None:
        raise _bad("Raw audio needs both 'encoding' and 'sample_rate'.")
    encoding = next((one for one in RAW_ENCODINGS if one == name), None)
    if encoding is None:
        raise _bad(f"Invalid 'encoding' value of '{name}'.")
    if not 8000 <= rate_hz <= 48000 or rate_hz % 50:
        raise _bad(f"Invalid 'sample_rate' value of '{query.get('sample_rate')}'.")
    if channels != 1:
        raise _bad(f"Invalid 'channels' value of '{query.get('channels')}'.")
    return Audio(encoding, int(rate_hz))


def nova_request(query: Mapping[str, str], interim_every_s: float) -> NovaRequest:
    """Validates the query of `/v1/listen`.

    Raises:
        RefusedError: 400 with Deepgram's own words where they are known.
    """
    model, language = query.get("model", "base"), query.get("language", "en")
    if language not in MODELS.get(model, ()):
        raise _bad("No such model/language/tier combination found.")
    if "keyterm" in query and not model.startswith("nova-3"):
        raise _bad("Keyterm prompting is only available with nova-3.")
    if "keywords" in query and model.startswith("nova-3"):
        raise _bad("Keywords are not available with nova-3: use keyterm.")
    interims = _flag(query, "interim_results")
    utterance_end_ms = _number(query, "utterance_end_ms", None)
    if utterance_end_ms is not None and utterance_end_ms < SHORTEST_UTTERANCE_END_MS:
        raise _bad(f"Invalid 'utterance_end_ms' value of '{query['utterance_end_ms']}'.")
    if utterance_end_ms is not None and not interims:
        utterance_end_ms = None  # never comes without interims
    endpointing_ms = None if query.get("endpointing") == "false" else _number(query, "endpointing", 10)
    smart = _flag(query, "smart_format")
    options = NovaOptions(
        endpointing_s=None if endpointing_ms is None else endpointing_ms / 1000,
        utterance_end_s=None if utterance_end_ms is None else utterance_end_ms / 1000,
        interim_every_s=interim_every_s if interims else None,
        vad_events=_flag(query, "vad_events"),
    )
    punctuated = smart or _flag(query, "punctuate")
    holds = smart and not _flag(query, "no_delay")
    return NovaRequest(audio_of(query), model, language, options, punctuated, holds)


def flux_request(query: Mapping[str, str], language_hints: Sequence[str]) -> FluxRequest:
    """Validates the query of `/v2/listen`.

    Raises:
        RefusedError: 400.
    """
    model = query.get("model", "")
    if model not in FLUX_MODELS:
        raise _bad("No such model/language/tier combination found.")
    for foreign in (
        "language",
        "interim_results",
        "endpointing",
        "vad_events",
        "smart_format",
        "utterance_end_ms",
    ):
        if foreign in query:
            raise _bad(f"Unknown parameter '{foreign}'.")
    for hint in language_hints:
        if model != "flux-general-multi" or hint not in FLUX_LANGUAGES:
            raise _bad(f"Invalid 'language_hint' value of '{hint}'.")
    eot = _number(query, "eot_threshold", DEFAULT_EOT_THRESHOLD)
    eager = _number(query, "eager_eot_threshold", None)
    timeout_ms = _number(query, "eot_timeout_ms", DEFAULT_EOT_TIMEOUT_S * 1000)
    assert eot is not None  # both have defaults
    assert timeout_ms is not None
    if problem := threshold_problem(eot, eager, timeout_ms):
        raise _bad(problem)
    return FluxRequest(audio_of(query), model, tuple(language_hints), eot, eager, timeout_ms / 1000)


def threshold_problem(eot: float, eager: float | None, timeout_ms: float) -> str | None:
    """What is wrong with Flux thresholds, in a sentence; None if nothing."""
    if not 0.5 <= eot <= 1.0:
        return f"Invalid 'eot_threshold' value of '{eot}'."
    if eager is not None and (not 0.3 <= eager <= 0.9 or eager > eot):
        return f"Invalid 'eager_eot_threshold' value of '{eager}'."
    if not 500 <= timeout_ms <= 60_000:
        return f"Invalid 'eot_timeout_ms' value of '{timeout_ms:g}'."
    return None
