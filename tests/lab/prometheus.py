"""A real Prometheus and a real node exporter, as Debian has them; what runs any program of theirs."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml

from app.commands.children import end_of

READY_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 10.0
SCRAPE_INTERVAL_S = 1
Sample = tuple[dict[str, str], list[float]]
"""Labels of a series, and its values that are numbers."""


@dataclass(frozen=True, slots=True)
class Prometheus:
    """One that runs.

    Attributes:
        http: to its address.
        began_s: seconds since 1970.
    """

    http: httpx.AsyncClient
    began_s: float

    async def ask(self, path: str, **parameters: str | float) -> Any:
        """The `data` of an answer of its API.

        Raises:
            AssertionError: with what it says, of a query that it can't read for instance.
        """
        answer = await self.http.get(f"/api/v1/{path}", params=parameters)
        content = answer.json()
        assert content["status"] == "success", content
        return content["data"]

    async def over_time(self, query: str) -> list[Sample]:
        """What a query returns from the start until now, every 2 s; series without a number are left out."""
        data = await self.ask("query_range", query=query, start=self.began_s, end=time.time(), step="2s")
        series = [(entry["metric"], numbers(entry["values"])) for entry in data["result"]]
        return [(labels, values) for labels, values in series if values]

    async def now(self, query: str) -> list[Sample]:
        """What a query returns now."""
        data = await self.ask("query", query=query)
        series = [(entry["metric"], numbers([entry["value"]])) for entry in data["result"]]
        return [(labels, values) for labels, values in series if values]

    async def wait_for(self, query: str, timeout_s: float = 60.0) -> list[Sample]:
        """Waits until a query returns something."""
        end_s = time.monotonic() + timeout_s
        while not (found := await self.now(query)):
            assert time.monotonic() < end_s, f"nothing after {timeout_s:g} s: {query}"
            await asyncio.sleep(0.5)
        return found


def numbers(values: Sequence[Sequence[Any]]) -> list[float]:
    """Values of (time, value) that are numbers: a quantile of nothing is NaN."""
    return [number for _, value in values if (number := float(value)) == number]


@asynccontextmanager
async def prometheus(
    directory: Path, jobs: Mapping[str, int], rules: Path, alertmanager_port: int
) -> AsyncIterator[Prometheus]:
    """Runs one that asks ports of this machine every second.

    Args:
        jobs: ports, by what the job is called.
        rules: the rule file, its full path.
        alertmanager_port: of who sends alerts on.
    """
    config = {
        "global": {"scrape_interval": f"{SCRAPE_INTERVAL_S}s", "evaluation_interval": f"{SCRAPE_INTERVAL_S}s"},
        "rule_files": [str(rules)],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager_port}"]}]}]},
        "scrape_configs": [
            {
                "job_name": job,
                "static_configs": [{"targets": [f"127.0.0.1:{port}"], "labels": {"instance": "sav"}}],
            }
            for job, port in jobs.items()
        ],
    }
    file, port = directory / "prometheus.yml", free_port()
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    address = f"127.0.0.1:{port}"
    options = [f"--config.file={file}", f"--storage.tsdb.path={directory / 'data'}", f"--web.listen-address={address}"]
    began_s = time.time()
    async with (
        running("prometheus", *options, log=directory / "prometheus.log") as process,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30.0) as http,
    ):
        await answers(http, "/-/ready", process)
        yield Prometheus(http, began_s)


@asynccontextmanager
async def node_exporter(directory: Path, textfiles: Path) -> AsyncIterator[int]:
    """Runs one that reads the files, too; its port."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    options = [f"--web.listen-address={address}", f"--collector.textfile.directory={textfiles}"]
    async with (
        running("prometheus-node-exporter", *options, log=directory / "node-exporter.log") as process,
        httpx.AsyncClient(base_url=f"http://{address}", timeout=30.0) as http,
    ):
        await answers(http, "/metrics", process)
        yield port


def free_port() -> int:
    """One that nobody has; the laboratory's network is its own."""
    with socket.socket() as plug:
        plug.bind(("127.0.0.1", 0))
        return int(plug.getsockname()[1])


@asynccontextmanager
async def running(*words: str, log: Path) -> AsyncIterator[asyncio.subprocess.Process]:
    """Runs a program, and ends it by its process id."""
    with log.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=asyncio.subprocess.DEVNULL, stdout=file, stderr=asyncio.subprocess.STDOUT
        )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
            await end_of(process, STOP_TIMEOUT_S)


async def answers(http: httpx.AsyncClient, path: str, process: asyncio.subprocess.Process) -> None:
    """Waits until a program that was just started answers.

    Raises:
        AssertionError: it ended instead, or took too long.
    """
    end_s = time.monotonic() + READY_TIMEOUT_S
    while True:
        try:
            if (await http.get(path)).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            pass
        assert process.returncode is None, "it ended; what it said is in its log, with --basetemp"
        assert time.monotonic() < end_s, f"no answer within {READY_TIMEOUT_S:g} s"
        await asyncio.sleep(0.1)
