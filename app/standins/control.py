"""`/control` on every stand-in's own port: knobs and counters over HTTP."""

import asyncio
import dataclasses
import json

from aiohttp import web

from app.standins.knobs import Knobs, Stats
from app.standins.phrase_bank import PhraseBank


def add_control(router: web.UrlDispatcher, knobs: Knobs, stats: Stats) -> None:
    """Adds `GET` and `PUT /control`, and `GET /control/stats`."""

    async def show(_: web.Request) -> web.Response:
        return web.json_response({**dataclasses.asdict(knobs), "faults": list(knobs.FAULTS)})

    async def change(request: web.Request) -> web.Response:
        try:
            changes = json.loads(await request.text())
            if not isinstance(changes, dict):
                raise ValueError("a JSON object of knobs is wanted")
            changes.pop("faults", None)
            knobs.change(changes)
        except ValueError as error:
            return web.json_response({"problems": str(error).splitlines()}, status=400)
        return await show(request)

    async def show_stats(_: web.Request) -> web.Response:
        return web.json_response(stats.snapshot())

    router.add_get("/control", show)
    router.add_put("/control", change)
    router.add_get("/control/stats", show_stats)


def add_phrase_control(router: web.UrlDispatcher, bank: PhraseBank) -> None:
    """Adds `GET` and `POST /control/phrases` (a JSON list of sentences to learn)."""

    async def show(_: web.Request) -> web.Response:
        return web.json_response(bank.phrases)

    async def learn(request: web.Request) -> web.Response:
        try:
            phrases = json.loads(await request.text())
        except ValueError:
            phrases = None
        if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
            return web.json_response({"problems": ["a JSON list of sentences is wanted"]}, status=400)
        await asyncio.to_thread(bank.add, phrases)
        return web.json_response({"phrases": len(bank.phrases)})

    router.add_get("/control/phrases", show)
    router.add_post("/control/phrases", learn)
