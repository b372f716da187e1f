"""The operator's HTTP port: `/metrics`, `/healthz` (alive), `/readyz` (takes calls)."""

import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import ip_address

from aiohttp import web
from aiohttp.typedefs import Handler
from prometheus_client import CONTENT_TYPE_LATEST

from app.config import Network


class HealthServer:
    """Serves the three pages.

    Args:
        allowed: who may read them; anybody else gets 403, by the address of the connection (no header is believed).
        metrics: all metrics in Prometheus' text format.
        readiness: problems that keep this server from taking calls; empty = ready. A draining server answers
            404 on `/readyz`, which takes it out of HAProxy (`http-check disable-on-404`) without hurting calls.
        draining: whether the server is stopping.
    """

    def __init__(
        self,
        allowed: Sequence[Network],
        metrics: Callable[[], Awaitable[bytes]],
        readiness: Callable[[], list[str]],
        draining: Callable[[], bool],
    ) -> None:
        self._allowed = tuple(allowed)
        self._page = metrics
        self._readiness = readiness
        self._draining = draining
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, listener: socket.socket) -> None:
        """Listens on a bound socket, which is closed at the end; its port is told in `self.port`.

        Raises:
            OSError: the port is taken.
        """
        application = web.Application(middlewares=[self._admit])
        application.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.SockSite(self._runner, listener)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Closes the port and the connections to it."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @web.middleware
    async def _admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        peer = request.transport.get_extra_info("peername") if request.transport is not None else None
        if peer is None:  # it has left already
            raise web.HTTPForbidden
        address = ip_address(peer[0].partition("%")[0])
        address = getattr(address, "ipv4_mapped", None) or address
        if not any(address in network for network in self._allowed):
            raise web.HTTPForbidden(text=f"{address} is neither in PERSONAL_IP nor in METRICS_ALLOWED\n")
        return await handler(request)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=await self._page(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    async def _healthz(self, _request: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _readyz(self, _request: web.Request) -> web.Response:
        if self._draining():
            return web.json_response({"status": "draining"}, status=404)
        problems = self._readiness()
        status = 503 if problems else 200
        return web.json_response({"status": "not ready" if problems else "ready", "problems": problems}, status=status)
