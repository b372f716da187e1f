"""The stand-in of Deepgram: Nova on `/v1/listen`, Flux on `/v2/listen`."""

import asyncio
import random
import uuid
from concurrent.futures import Executor

from aiohttp import web

from app.standins.control import add_control, add_phrase_control
from app.standins.ears import Ears
from app.standins.flux_session import FluxSession
from app.standins.handshake import REFUSALS, Refusal, RefusedError, check_key, flux_request, nova_request
from app.standins.knobs import DeepgramKnobs, Stats
from app.standins.nova_session import NovaSession
from app.standins.phrase_bank import PhraseBank
from app.standins.tape import Tape

HANG_S = 3600.0


class DeepgramStandIn:
    """Serves both recognisers.

    Args:
        executor: where sound is recognised, off the event loop.
        dice: decides which connections a fault hits.
    """

    def __init__(self, bank: PhraseBank, knobs: DeepgramKnobs, executor: Executor, dice: random.Random) -> None:
        self._bank = bank
        self.knobs = knobs
        self.stats = Stats()
        self._executor = executor
        self._dice = dice
        self._tape = Tape()

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application()
        app.router.add_get("/v1/listen", self._listen)
        app.router.add_get("/v2/listen", self._listen)
        add_control(app.router, self.knobs, self.stats)
        add_phrase_control(app.router, self._bank)
        self._tape.add_to(app.router)
        return app

    async def _listen(self, request: web.Request) -> web.StreamResponse:
        self.stats.count("requests")
        request_id = str(uuid.uuid4())
        fault = self.knobs.draw_fault(self._dice)
        if fault == "hang":
            await asyncio.sleep(HANG_S)
        try:
            if fault in REFUSALS:
                raise RefusedError(REFUSALS[fault])
            ears = self._ears(request, fault, request_id)
        except RefusedError as error:
            return self._refuse(error.refusal, request_id)
        self.stats.count("connections")
        if self.knobs.tape_bytes:
            ears.reel = self._tape.reel(request_id, f"{ears.audio.encoding}/{ears.audio.rate_hz}")
        with self.stats:
            return await ears.serve(request)

    def _ears(self, request: web.Request, fault: str, request_id: str) -> Ears:
        check_key(request.headers.get("Authorization"), self.knobs.api_key)
        common = (self.knobs, self.stats, self._bank, self._executor, fault, request_id)
        session: Ears
        if request.path == "/v2/listen":
            session = FluxSession(flux_request(request.query, request.query.getall("language_hint", [])), *common)
        else:
            session = NovaSession(nova_request(request.query, self.knobs.interim_every_ms / 1000), *common)
        if self.stats.active >= self.knobs.max_active:
            raise RefusedError(REFUSALS["http_429"])
        if request.headers.get("Upgrade", "").lower() != "websocket":
            raise RefusedError(Refusal(400, "Bad Request", "A WebSocket upgrade is wanted here."))
        return session

    def _refuse(self, refusal: Refusal, request_id: str) -> web.Response:
        self.stats.count(f"refused_{refusal.status}")
        body = {"err_code": refusal.code, "err_msg": refusal.message, "request_id": request_id}
        headers = {"dg-error": refusal.message, "dg-request-id": request_id}
        return web.json_response(body, status=refusal.status, headers=headers)
