"""The operator's HTTP port: `/metrics`, `/healthz` (alive), `/readyz` (takes calls)."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST


class HealthServer:
    """Serves the three pages.

    Args:
        metrics: all metrics in Prometheus' text format.
        readiness: problems that keep this server from taking calls; empty = ready. A draining server answers
            404 on `/readyz`, which takes it out of HAProxy (`http-check disable-on-404`) without hurting calls.
        draining: whether the server is stopping.
    """

    def __init__(
        self,
        metrics: Callable[[], Awaitable[bytes]],
        readiness: Callable[[], list[str]],
        draining: Callable[[], bool],
    ) -> None:
        self._page = metrics
        self._readiness = readiness
        self._draining = draining
        self._runner: web.AppRunner | None = None
        self.port = 0

    async def start(self, host: str, port: int) -> None:
        """Listens; `port` 0 takes a free one, told in `self.port`.

        Raises:
            OSError: the port is taken.
        """
        application = web.Application()
        application.add_routes(
            [
                web.get("/metrics", self._metrics),
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, host, port)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Closes the port."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

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
