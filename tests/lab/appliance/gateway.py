"""The way from the laboratory to package mirrors and index: an HTTP proxy that keeps Debian packages.

It listens on the switch, in a network namespace without any way out, and connects from the machine's own network; so
the machine's routing and packet filter stay as they are. A package that was fetched once is answered from disk the next
time: apt still asks for it, verifies and installs it as on any bare host. pip's traffic is encrypted and passes
as it is.
"""

import asyncio
import contextlib
import hashlib
import os
import socket
import tempfile
from pathlib import Path
from urllib.parse import urlsplit

PORT = 3128
HEAD_LIMIT_BYTES = 65536
CHUNK_BYTES = 65536


class Gateway:
    """The proxy.

    Args:
        kept: where packages are kept.
    """

    def __init__(self, kept: Path) -> None:
        self.kept = kept
        kept.mkdir(parents=True, exist_ok=True)

    async def serve(self, listener: socket.socket) -> None:
        """Serves for ever.

        Args:
            listener: a bound socket of the network that is to be served.
        """
        async with await asyncio.start_server(self._client, sock=listener, limit=HEAD_LIMIT_BYTES) as server:
            await server.serve_forever()

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError, ValueError):
                await self._request(reader, writer)
        finally:
            writer.close()

    async def _request(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, _, fields = head.partition("\r\n")
        method, target, _ = first.split(" ", 2)
        if method == "CONNECT":
            host, _, port = target.rpartition(":")
            there = await self._reach(writer, host.strip("[]"), int(port))
            if there is not None:
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                await both_ways((reader, writer), there)
            return
        url = urlsplit(target)
        name = f"{hashlib.sha256(target.encode()).hexdigest()[:12]}-{os.path.basename(url.path)}"
        keeps = method == "GET" and url.path.endswith(".deb")
        if keeps and (self.kept / name).exists():
            await send_file(self.kept / name, writer)
            return
        there = await self._reach(writer, url.hostname or "", url.port or 80)
        if there is None:
            return
        path = url.path + (f"?{url.query}" if url.query else "")
        # One request for each connection, so that the end of an answer needs no understanding.
        dropped = ("connection:", "proxy-", *(("range:", "if-range:") if keeps else ()))
        lines = [line for line in fields.rstrip().split("\r\n") if not line.lower().startswith(dropped)]
        there[1].write(
            "\r\n".join([f"{method} {path} HTTP/1.1", *lines, "Connection: close", "", ""]).encode("latin-1")
        )
        if keeps:
            await self._keep(there, writer, name)
        else:
            await both_ways((reader, writer), there)

    async def _reach(
        self, writer: asyncio.StreamWriter, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        try:
            return await asyncio.open_connection(host, port, limit=HEAD_LIMIT_BYTES)
        except OSError as error:
            writer.write(
                f"HTTP/1.1 502 {host}: {error.strerror or error}\r\nConnection: close\r\n\r\n".encode("latin-1")
            )
            await writer.drain()
            return None

    async def _keep(
        self, there: tuple[asyncio.StreamReader, asyncio.StreamWriter], writer: asyncio.StreamWriter, name: str
    ) -> None:
        """Passes an answer on, and keeps a whole one."""
        head = await there[0].readuntil(b"\r\n\r\n")
        writer.write(head)
        left_bytes = content_length(head)
        ok = head.split(b" ", 2)[1] == b"200" and left_bytes is not None
        handle, part = tempfile.mkstemp(dir=self.kept, prefix="part-")
        try:
            with os.fdopen(handle, "wb") as file:
                while chunk := await there[0].read(CHUNK_BYTES):
                    file.write(chunk)
                    writer.write(chunk)
                    await writer.drain()
                whole = ok and file.tell() == left_bytes
            if whole:
                os.replace(part, self.kept / name)
        finally:
            there[1].close()
            with contextlib.suppress(FileNotFoundError):
                os.unlink(part)


def content_length(head: bytes) -> int | None:
    """The length that a header announces."""
    for line in head.split(b"\r\n"):
        field, _, value = line.partition(b":")
        if field.lower() == b"content-length":
            return int(value)
    return None


async def send_file(path: Path, writer: asyncio.StreamWriter) -> None:
    """Answers with a kept file."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n".encode())
        while chunk := file.read(CHUNK_BYTES):
            writer.write(chunk)
            await writer.drain()


async def both_ways(
    here: tuple[asyncio.StreamReader, asyncio.StreamWriter], there: tuple[asyncio.StreamReader, asyncio.StreamWriter]
) -> None:
    """Copies both ways until both sides have ended."""

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK_BYTES):
                writer.write(chunk)
                await writer.drain()
            if writer.can_write_eof():
                writer.write_eof()

    up = asyncio.create_task(copy(here[0], there[1]))
    try:
        await copy(there[0], here[1])  # when the far side has said all, nothing more can be answered
    finally:
        up.cancel()
        there[1].close()
