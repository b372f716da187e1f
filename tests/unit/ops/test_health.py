"""Who may read the operator's pages."""

import socket
from ipaddress import ip_network

import aiohttp
import pytest

from app.door import bound_socket
from app.ops.health import HealthServer


async def page() -> bytes:
    return b"metrics\n"


async def status_of(health: HealthServer, path: str, *, come_from: str, to: str = "127.0.0.1") -> tuple[int, str]:
    connector = aiohttp.TCPConnector(local_addr=(come_from, 0))
    headers = {"X-Forwarded-For": "127.0.0.9"}
    async with (
        aiohttp.ClientSession(connector=connector, headers=headers) as http,
        http.get(f"http://{to}:{health.port}{path}") as answer,
    ):
        return answer.status, await answer.text()


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz"])
async def test_by_the_address_of_the_connection_and_nothing_else(path: str) -> None:
    health = HealthServer([ip_network("127.0.0.9"), ip_network("127.1.0.0/16")], page, list, lambda: False)
    await health.start(socket.create_server(("127.0.0.1", 0)))
    try:
        assert (await status_of(health, path, come_from="127.0.0.9"))[0] == 200
        assert (await status_of(health, path, come_from="127.1.2.3"))[0] == 200
        status, text = await status_of(health, path, come_from="127.0.0.8")
        assert status == 403
        assert text == "127.0.0.8 is neither in PERSONAL_IP nor in METRICS_ALLOWED\n"
    finally:
        await health.stop()


async def test_an_ipv4_address_is_one_on_a_socket_of_both_kinds() -> None:
    health = HealthServer([ip_network("127.0.0.9")], page, list, lambda: False)
    await health.start(bound_socket("::", 0))
    try:
        assert (await status_of(health, "/metrics", come_from="127.0.0.9"))[0] == 200
        assert (await status_of(health, "/metrics", come_from="127.0.0.8"))[0] == 403
    finally:
        await health.stop()
