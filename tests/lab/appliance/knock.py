"""Knocks at doors and says what came of it; runs at a peer, on the host or in a container: standard library only.

knock.py '[["198.51.100.10", 9090, "audiosocket"], …]'      once: a JSON list of outcomes, in that order
knock.py --until-closed '…'                                 all the time until standard input ends: those that opened

Outcomes: `answers` (in its protocol), `refuses` (the program took the connection and would have nothing of it), `reset`
(nobody listens, and the host says so), `silence` (nothing came back: a firewall dropped it).
"""

import asyncio
import json
import ssl
import sys
import uuid

CONNECT_TIMEOUT_S = 1.5
"""A second attempt of the kernel's is in it; in the laboratory a connection takes less than a millisecond."""
ANSWER_TIMEOUT_S = 8.0
TRY_S = 0.2
"""Who waits for a door to open for a moment tries so often."""
SSL_REQUEST = bytes.fromhex("0000000804d2162f")
"""PostgreSQL's protocol, 55.7: answered with one byte, before anybody is asked for a password."""
UUID_HEADER = bytes.fromhex("010010")


async def outcome(address: str, port: int, protocol: str) -> str:
    """What comes of one knock."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            reader, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return "reset"
    except OSError:
        return "silence"
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            return await spoken(reader, writer, protocol)
    except OSError:
        return "refuses"
    finally:
        writer.close()


async def spoken(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: str) -> str:
    """Whether somebody answers in the protocol."""
    if protocol == "ssh":
        heard = await reader.read(4)
        return "answers" if heard == b"SSH-" else "refuses"
    if protocol == "postgres":
        writer.write(SSL_REQUEST)
        return "answers" if await reader.read(1) in (b"N", b"S") else "refuses"
    if protocol == "audiosocket":
        writer.write(UUID_HEADER + uuid.uuid4().bytes)
        return "answers" if await reader.read(1) else "refuses"
    if protocol.startswith("https:"):
        await writer.start_tls(anybodys())
    path = protocol.removeprefix("https:")
    writer.write(f"GET {path} HTTP/1.0\r\nHost: appliance\r\nAccept: text/html\r\n\r\n".encode())
    words = (await reader.readline()).split()
    return "answers" if len(words) > 1 and words[1] < b"400" else "refuses"


def anybodys() -> ssl.SSLContext:
    """TLS with whoever is there: whose certificate it is, is no matter here."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


async def knock(doors: list[tuple[str, int, str]]) -> list[str]:
    """At all of them at once."""
    return list(await asyncio.gather(*(outcome(*door) for door in doors)))


async def until_closed(doors: list[tuple[str, int, str]]) -> list[tuple[str, int, str]]:
    """Doors at which anything came back at any time before standard input ended."""
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    opened = set()

    async def try_again_and_again(door: tuple[str, int, str]) -> None:
        while not closed.done():
            pause = asyncio.create_task(asyncio.sleep(TRY_S))
            if await opens(*door[:2]):
                opened.add(door)
            await pause

    await asyncio.gather(closed, *(try_again_and_again(door) for door in doors))
    return sorted(opened)


async def opens(address: str, port: int) -> bool:
    """Whether anything comes back at once."""
    try:
        async with asyncio.timeout(TRY_S):
            _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    writer.close()
    return True


if __name__ == "__main__":
    asked = [(str(address), int(port), str(protocol)) for address, port, protocol in json.loads(sys.argv[-1])]
    print(json.dumps(asyncio.run(until_closed(asked) if "--until-closed" in sys.argv else knock(asked))))
