"""Nova's messages on the wire (`/v1/listen`)."""

import asyncio
import datetime
import hashlib
import json
import re
import uuid
from dataclasses import replace
from typing import Any

from app.standins.ears import Ears
from app.standins.handshake import NovaRequest
from app.standins.nova import GapEnded, NovaEvent, NovaStream, SpeechStarted, Words
from app.standins.recogniser import Match

HOLD_S = 3.0
"""How long smart_format holds a final with numbers back, in silence (docs: smart_format, no_delay)."""
LATE_S = 2.0
"""The fault `late_speech_final`."""

_NUMBER = re.compile(
    r"\d|arobase|@|\b(z[ée]ro|un|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize"
    r"|vingts?|trente|quarante|cinquante|soixante|cents?|mille)\b",
    re.IGNORECASE,
)
_EDGES = '.,!?;:…«»"'


def plain(text: str) -> str:
    """As Nova writes without punctuate: lower case, no punctuation, apostrophes and hyphens kept."""
    return " ".join(word for word in (raw.strip(_EDGES).lower() for raw in text.split()) if word)


def looks_numeric(text: str) -> bool:
    """Whether smart_format would wait for more of it: at least two number words, or an address."""
    found = _NUMBER.findall(text)
    return len(found) >= 2 or any(character.isdigit() for character in text)


def behind(whole: Match, said: str, share: float) -> Match | None:
    """What is left of the words of a sound whose first words were told before; None if nothing is.

    Args:
        said: the words that were told.
        share: of the sound that they were told of.
    """
    words = whole.text.split()
    bare, told = [plain(word) for word in words], plain(said).split()
    spoken = [index for index, word in enumerate(bare) if word]
    if [bare[index] for index in spoken[: len(told)]] == told:
        count = spoken[len(told)] if len(told) < len(spoken) else len(words)
    else:  # they were misheard, and stay as they are
        count = sum(end <= share for end in whole.word_ends)
    if count >= len(words):
        return None
    ends = tuple(max(0.0, (end - share) / (1.0 - share)) for end in whole.word_ends[count:])
    return replace(whole, text=" ".join(words[count:]), word_ends=ends)


class NovaSession(Ears):
    """A `/v1/listen` connection."""

    def __init__(self, request: NovaRequest, *args: Any) -> None:
        super().__init__(request.audio, *args)
        self._request = request
        self._stream = NovaStream(request.options, request.audio.rate_hz)
        self._heard = asyncio.Event()
        self._number = 0
        self._last_word_end = 0.0
        self._words_since_gap = False
        self._said = ""
        """The words of the utterance under way that a Finalize made final."""
        self._released = 0
        self._oddities = {"unknown_message", "garbage"} & {self.fault}
        self._created = datetime.datetime.now(datetime.UTC)
        self._model_uuid = str(uuid.uuid5(uuid.NAMESPACE_URL, request.model))

    def greet(self) -> None:
        """Nova says nothing before audio comes."""

    def hear(self, pcm: bytes) -> None:
        """Takes s16le audio."""
        self._tell(self._stream.feed(pcm))
        self._heard.set()
        if self._oddities and self.audio_s * 1000 >= self.knobs.fault_after_ms:
            oddity = '{"type":"Results","channel":' if self.fault == "garbage" else '{"type":"Surprise","value":1}'
            self._oddities = set()
            self.outbox.put(0.0, self._ready(oddity))

    @staticmethod
    def _ready(message: str) -> Any:
        async def messages() -> list[str]:
            return [message]

        return messages

    def obey(self, kind: str, message: dict[str, Any]) -> bool:
        """KeepAlive, Finalize, Configure."""
        if kind == "Finalize":
            if self.fault != "no_finalize":
                self._release()
                self._tell(self._stream.finalize())
        elif kind == "Configure":
            self._configure(message)
        return kind in ("KeepAlive", "Finalize", "Configure")

    def _configure(self, message: dict[str, Any]) -> None:
        keyterms = message.get("keyterms")
        if keyterms and not self._request.model.startswith("nova-3"):
            self.say(
                0.0,
                lambda: {
                    "type": "ConfigureFailure",
                    "request_id": self.request_id,
                    "code": "CONFIGURE_KEYTERMS_NOT_SUPPORTED",
                    "description": "Keyterm prompting is only available with nova-3.",
                },
            )
            return
        answer = {"type": "ConfigureSuccess", "request_id": self.request_id, "keyterms": keyterms or []}
        self.say(0.0, lambda: answer)

    def complain(self, text: str, code: str | None = None) -> None:
        """An Error message."""
        variant = "InternalServerError" if code else "SchemaError"
        description = "Internal server error." if code else "Could not deserialize last text message."
        error = {"type": "Error", "variant": variant, "description": description, "message": text[:200]}
        self.say(0.0, lambda: error)

    def wind_up(self) -> None:
        """Pending finals, then Metadata."""
        self._release()
        self._tell(event for event in self._stream.finalize() if isinstance(event, Words) and event.pcm)
        self.say(self.delay_s(False), self._metadata)

    async def hang_up(self) -> None:
        """Closes as Nova does."""
        await self.ws.close(code=1000)

    def _release(self) -> None:
        self._released = self._number + 1
        self._heard.set()

    def _tell(self, events: Any) -> None:
        for event in events:
            self._number += 1
            self._tell_one(event, self._number)

    def _tell_one(self, event: NovaEvent, number: int) -> None:
        if isinstance(event, SpeechStarted):
            started = {"type": "SpeechStarted", "channel": [0, 1], "timestamp": round(event.at_s, 3)}
            self.say(self.delay_s(False), lambda: started)
        elif isinstance(event, GapEnded):
            self.say(self.delay_s(True), self._utterance_end)
        else:
            delay_s = self.delay_s(event.is_final)
            if self.fault == "late_speech_final" and event.speech_final:
                delay_s += LATE_S
            words = event
            self.outbox.put(delay_s, lambda: self._results(words, number))

    async def _results(self, words: Words, number: int) -> list[str]:
        if not words.is_final and self._number > number + 3:
            return []  # overtaken by newer ones
        pcm = b"" if words.from_finalize and self.fault == "empty_finalize" else words.pcm
        open_end = not words.is_final or words.from_finalize
        match = await self._match(words, pcm, open_end)
        if words.is_final:
            said = f"{self._said} {match.text}" if words.context else match.text
            self._said = said.strip() if words.from_finalize else ""
        if words.is_final and match.text:
            self.stats.count("transcripts")
            await self._hold(words, match, number)
        result = self._result(words, match)
        if words.is_final and match.text:
            self._words_since_gap = True
        if self.fault == "no_metadata":
            del result["metadata"]
        text = json.dumps(result, ensure_ascii=False)
        return [text, text] if self.fault == "duplicate_finals" and words.is_final else [text]

    async def _match(self, words: Words, pcm: bytes, open_end: bool) -> Match:
        """What the sound says, read together with what was said just before it."""
        if pcm and words.context and words.is_final:
            whole = await self.recognise(words.context + pcm, words.noise, complete=True, partly=False)
            share = len(words.context) / (len(words.context) + len(pcm))
            if (rest := behind(whole, self._said, share)) is not None:
                return rest
        return await self.recognise(pcm, words.noise, complete=words.is_final, partly=open_end)

    async def _hold(self, words: Words, match: Match, number: int) -> None:
        """Waits for more speech, three seconds of silence or a Finalize, if the text looks like a number."""
        if not self._request.holds_numbers or words.from_finalize or not looks_numeric(match.text):
            return
        onsets = self._stream.onsets
        while (
            self._stream.onsets == onsets
            and self._released <= number
            and self._stream.hearing.clock_s < words.end_s + HOLD_S
        ):
            self._heard.clear()
            await self._heard.wait()

    def _result(self, words: Words, match: Match) -> dict[str, Any]:
        confidence = round(min(0.999, 0.4 + 0.62 * match.similarity), 4) if match.text else 0.0
        since_s = words.start_s - words.lead_s
        length_s = words.end_s - since_s
        listed: list[dict[str, Any]] = []
        begin_s = words.start_s
        for word, share in zip(match.text.split(), match.word_ends, strict=True):
            end_s = max(begin_s, since_s + share * length_s)
            if bare := plain(word):
                entry = {
                    "word": bare,
                    "start": round(begin_s, 3),
                    "end": round(end_s, 3),
                    "confidence": confidence,
                }
                listed.append({**entry, "punctuated_word": word} if self._request.punctuated else entry)
            begin_s = end_s
        if listed and words.is_final:
            self._last_word_end = float(listed[-1]["end"])
        transcript = match.text if self._request.punctuated else plain(match.text)
        return {
            "type": "Results",
            "channel_index": [0, 1],
            "duration": round(words.end_s - words.start_s, 3),
            "start": round(words.start_s, 3),
            "is_final": words.is_final,
            "speech_final": words.speech_final and self.fault != "no_speech_final",
            "channel": {"alternatives": [{"transcript": transcript, "confidence": confidence, "words": listed}]},
            "metadata": {
                "request_id": self.request_id,
                "model_info": {"name": "general-nova-3", "version": "2026-01-01.0", "arch": "nova-3"},
                "model_uuid": self._model_uuid,
            },
            "from_finalize": words.from_finalize,
        }

    def _utterance_end(self) -> dict[str, Any] | None:
        if not self._words_since_gap:
            return None
        self._words_since_gap = False
        self.stats.count("utterance_ends")
        return {"type": "UtteranceEnd", "channel": [0, 1], "last_word_end": self._last_word_end}

    def _metadata(self) -> dict[str, Any]:
        return {
            "type": "Metadata",
            "transaction_key": "deprecated",
            "request_id": self.request_id,
            "sha256": hashlib.sha256(self.request_id.encode()).hexdigest(),
            "created": self._created.isoformat().replace("+00:00", "Z"),
            "duration": round(self.audio_s, 3),
            "channels": 1,
        }
