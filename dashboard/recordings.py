"""The sound of a call over HTTP: behind the gate, by the ticket's number, in ranges. Nothing is copied to disk."""

import asyncio
import re
from collections import OrderedDict
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from app.errors import MediaError, StoreError
from dashboard.desk import Desk
from dashboard.queries.tickets import ticket_recordings
from dashboard.sound import Sound, Track, channels_of, find_sound, mp3, wav_bytes, wav_range

RANGE = re.compile(r"bytes=(\d*)-(\d*)")
MP3_KEPT = 4
"""A browser asks for one several times, in ranges."""
NO_STORE = {"Cache-Control": "private, no-store", "Accept-Ranges": "bytes"}


class Recordings:
    """The route `/recordings/{ticket}/{leg}/{track}.wav` (or `.mp3`); `?download` makes it a file to be saved.

    Args:
        desk: where tickets and files are.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._mp3: OrderedDict[tuple[Path, int, str], bytes] = OrderedDict()
        self._encoding = asyncio.Semaphore(1)

    def routes(self) -> list[Route]:
        """For the application."""
        return [Route("/recordings/{number:int}/{leg:int}/{track}.{form}", self._serve, methods=["GET"])]

    async def _serve(self, request: Request) -> Response:
        parts = request.path_params
        number, leg, track, form = parts["number"], parts["leg"], parts["track"], parts["form"]
        try:
            channels_of(track)
            names = await self._desk.loop.await_there(ticket_recordings(self._desk.tickets, number))
            if not 0 < leg <= len(names) or form not in ("wav", "mp3"):
                return PlainTextResponse("no such recording", 404, headers=NO_STORE)
            sound = await asyncio.to_thread(find_sound, self._desk.settings.recordings_dir, names[leg - 1])
            body = await self._encoded(sound, track) if form == "mp3" else None
        except MediaError:
            return PlainTextResponse("no such recording", 404, headers=NO_STORE)
        except StoreError:
            return PlainTextResponse("the database does not answer", 503, headers=NO_STORE)
        size = len(body) if body is not None else wav_bytes(sound, track)
        headers = {**NO_STORE}
        if "download" in request.query_params:
            headers["Content-Disposition"] = f'attachment; filename="ticket-{number}-{leg}-{track}.{form}"'
        try:
            wanted = wanted_range(request.headers.get("range"), size)
        except ValueError:
            return Response(status_code=416, headers={**headers, "Content-Range": f"bytes */{size}"})
        first, last = wanted or (0, size - 1)
        headers["Content-Length"] = str(last + 1 - first)
        if wanted:
            headers["Content-Range"] = f"bytes {first}-{last}/{size}"
        status = 206 if wanted else 200
        media_type = "audio/mpeg" if form == "mp3" else "audio/wav"
        if body is not None:
            return Response(body[first : last + 1], status, headers, media_type)
        return StreamingResponse(wav_range(sound, track, first, last), status, headers, media_type)

    async def _encoded(self, sound: Sound, track: Track) -> bytes:
        key = (sound.path, sound.frames, track)
        async with self._encoding:
            if key not in self._mp3:
                self._mp3[key] = await asyncio.to_thread(mp3, sound, track)
                while len(self._mp3) > MP3_KEPT:
                    self._mp3.popitem(last=False)
            self._mp3.move_to_end(key)
            return self._mp3[key]


def wanted_range(header: str | None, size: int) -> tuple[int, int] | None:
    """First and last byte of one range (RFC 9110, section 14); None for the whole, also for several at once.

    Raises:
        ValueError: there is nothing in that range.
    """
    match = RANGE.fullmatch(header or "")
    if match is None or match[0] == "bytes=-":
        return None
    if not match[1]:
        first, last = max(size - int(match[2]), 0), size - 1
    else:
        first, last = int(match[1]), min(int(match[2] or size - 1), size - 1)
    if first > last or first >= size:
        raise ValueError(f"{header} of {size} bytes")
    return first, last
