"""Flux's messages on the wire (`/v2/listen`)."""

import json
from typing import Any

from app.standins.ears import Ears
from app.standins.flux import FluxStream, TurnEvent
from app.standins.handshake import FluxRequest, threshold_problem
from app.standins.nova_session import plain
from app.standins.recogniser import NOTHING, Match

IDLE_S = 60.0
"""Flux has no KeepAlive; WebSocket pings hold the connection for this long (SDK issue 618)."""
UPDATES_A_RECOGNITION = 2
"""Every second Update listens anew; the others repeat the text."""


class FluxSession(Ears):
    """A `/v2/listen` connection."""

    pings_count = True

    def __init__(self, request: FluxRequest, *args: Any) -> None:
        super().__init__(request.audio, *args)
        self._request = request
        self._stream = FluxStream(request.audio.rate_hz, self.knobs.update_every_ms / 1000)
        self._stream.eot_threshold = request.eot_threshold
        self._stream.eager_eot_threshold = request.eager_eot_threshold
        self._stream.eot_timeout_s = request.eot_timeout_s
        self._hints = list(request.language_hints)
        self._keyterms: list[str] = []
        self._sequence = 0
        self._updates = 0
        self._pending = 0
        self._match: Match = NOTHING
        self._eager_match: Match | None = None

    @property
    def watchdog_s(self) -> float:
        """Longest silence on the socket."""
        return IDLE_S

    def greet(self) -> None:
        """Connected comes first."""
        self.say(0.0, lambda: self._numbered({"type": "Connected", "request_id": self.request_id}))

    def hear(self, pcm: bytes) -> None:
        """Takes s16le audio."""
        self._tell(self._stream.feed(pcm))

    def obey(self, kind: str, message: dict[str, Any]) -> bool:
        """Configure, ForceEndTurn."""
        if kind == "Configure":
            self._configure(message)
        elif kind == "ForceEndTurn":
            self._tell(self._stream.force_end())
        return kind in ("Configure", "ForceEndTurn")

    def _configure(self, message: dict[str, Any]) -> None:
        stream = self._stream
        wanted = {
            "eot_threshold": stream.eot_threshold,
            "eager_eot_threshold": stream.eager_eot_threshold,
            "eot_timeout_ms": stream.eot_timeout_s * 1000,
            **(message.get("thresholds") or {}),
        }
        try:
            eot, timeout_ms = float(wanted["eot_threshold"]), float(wanted["eot_timeout_ms"])
            eager = None if wanted["eager_eot_threshold"] is None else float(wanted["eager_eot_threshold"])
            problem = threshold_problem(eot, eager, timeout_ms)
        except (TypeError, ValueError):
            problem = "Invalid thresholds."
        if problem is not None:
            failure = {"code": "CONFIGURE_INVALID_THRESHOLDS", "description": problem}
            self.say(
                0.0,
                lambda: self._numbered({"type": "ConfigureFailure", "request_id": self.request_id, **failure}),
            )
            return
        stream.eot_threshold, stream.eager_eot_threshold, stream.eot_timeout_s = eot, eager, timeout_ms / 1000
        self._keyterms = list(message.get("keyterms") or self._keyterms)
        self._hints = list(message.get("language_hints") or self._hints)
        thresholds = {"eager_eot_threshold": eager, "eot_threshold": eot, "eot_timeout_ms": int(timeout_ms)}
        success = {"thresholds": thresholds, "keyterms": self._keyterms, "language_hints": self._hints}
        self.say(
            0.0,
            lambda: self._numbered({"type": "ConfigureSuccess", "request_id": self.request_id, **success}),
        )

    def complain(self, text: str, code: str | None = None) -> None:
        """An Error, which is fatal with Flux: the connection is closed after it."""
        error = {
            "type": "Error",
            "code": code or "UNPARSABLE_CLIENT_MESSAGE",
            "description": "Internal server error." if code else f"No such message: {text[:100]}",
        }
        self.say(0.0, lambda: self._numbered(error))
        if code is None:
            self.closing = True

    def wind_up(self) -> None:
        """A trailing Update; neither EndOfTurn nor Metadata."""
        self._tell(self._stream.close())

    async def hang_up(self) -> None:
        """Closes as Flux does: a close frame without a status code."""
        writer = self.ws._writer
        if writer is not None and not self.ws.closed:
            await writer.send_frame(b"", 0x8)  # RFC 6455 section 5.5.1: a body is optional
        await self.ws.close()

    def _numbered(self, message: dict[str, Any]) -> dict[str, Any]:
        message = {**message, "sequence_id": self._sequence}
        self._sequence += 1
        return message

    def _tell(self, events: list[TurnEvent]) -> None:
        for event in events:
            self._pending += 1
            is_final = event.event in ("EagerEndOfTurn", "EndOfTurn")
            self.outbox.put(self.delay_s(is_final), lambda event=event: self._turn_info(event))  # type: ignore[misc]

    async def _turn_info(self, event: TurnEvent) -> list[str]:
        self._pending -= 1
        if event.event == "Update" and self._pending > 3:
            return []  # overtaken by newer ones
        match = await self._understood(event)
        if event.event == "EagerEndOfTurn":
            if not match.text:
                return []
            self._eager_match = match
        elif event.event == "TurnResumed":
            if self._eager_match is None:
                return []
            self._eager_match = None
        elif event.event == "EndOfTurn":
            self._eager_match, self._match = None, NOTHING
            if match.text:
                self.stats.count("transcripts")
        return [json.dumps(self._numbered(self._message(event, match)), ensure_ascii=False)]

    async def _understood(self, event: TurnEvent) -> Match:
        if event.event == "EndOfTurn" and self._eager_match is not None:
            return self._eager_match
        if event.event in ("EagerEndOfTurn", "EndOfTurn"):
            self._match = await self.recognise(event.pcm, event.noise, complete=True, partly=event.trigger == "manual")
        elif event.event == "Update" and event.pcm:
            self._updates += 1
            if self._updates % UPDATES_A_RECOGNITION == 0 and self._eager_match is None:
                match = await self.recognise(event.pcm, event.noise, complete=False, partly=True)
                self._match = match if match.text else self._match
        elif event.event == "StartOfTurn" or not event.pcm:
            self._match = NOTHING
        return self._match

    def _message(self, event: TurnEvent, match: Match) -> dict[str, Any]:
        confidence = round(min(0.999, 0.4 + 0.62 * match.similarity), 4) if match.text else 0.0
        words = [{"word": word, "confidence": confidence} for word in match.text.split() if plain(word)]
        message: dict[str, Any] = {
            "type": "TurnInfo",
            "request_id": self.request_id,
            "event": event.event,
            "turn_index": event.turn_index,
            "audio_window_start": round(event.start_s, 3),
            "audio_window_end": round(event.end_s, 3),
            "transcript": match.text,
            "words": words,
            "end_of_turn_confidence": event.confidence,
        }
        if event.trigger is not None:
            message["trigger"] = event.trigger
        if self._request.model == "flux-general-multi" and match.text:
            message["languages"] = ["fr"]
        if self._hints:
            message["languages_hinted"] = self._hints
        return message
