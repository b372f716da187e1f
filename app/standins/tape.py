"""What went over the wire, kept for whoever wants to compare it with what was meant: `GET /control/tape`."""

import base64
from collections import deque
from dataclasses import dataclass, field

from aiohttp import web

MAX_REELS = 64


@dataclass(slots=True)
class Reel:
    """The sound of one connection or one answer.

    Attributes:
        label: request id, or the text that was spoken.
        form: how the bytes are coded, "mulaw/8000", "pcm_24000".
        sound: the bytes, exactly as they came or went.
    """

    label: str
    form: str
    sound: bytearray = field(default_factory=bytearray)


class Tape:
    """Keeps the latest reels; how much of each is the knob `tape_bytes`."""

    def __init__(self) -> None:
        self._reels: deque[Reel] = deque(maxlen=MAX_REELS)

    def reel(self, label: str, form: str) -> Reel:
        """A new reel; the oldest goes."""
        reel = Reel(label, form)
        self._reels.append(reel)
        return reel

    def add_to(self, router: web.UrlDispatcher) -> None:
        """Adds `GET /control/tape`: a JSON list of label, form and base64 sound, oldest first."""

        async def show(_: web.Request) -> web.Response:
            return web.json_response(
                [
                    {"label": reel.label, "form": reel.form, "sound": base64.b64encode(reel.sound).decode()}
                    for reel in self._reels
                ]
            )

        router.add_get("/control/tape", show)
