"""`voicebot demo --history 30d`: fills the demonstration's databases with believable calls, the latest with sound."""

import asyncio
import json
import random
import re
from array import array
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
from rich.console import Console

from app.commands.history_calls import (
    InventedCall,
    InventedClient,
    guessed_seconds,
    invent_call,
    invent_clients,
    moments,
)
from app.dialogue.prompts import load_prompts
from app.errors import ConfigError, StoreError
from app.providers.espeak import Voice, render
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import one_line
from app.store.tickets import COLUMNS, Ticket

RATE_HZ = 8000
SPAN = re.compile(r"([1-9][0-9]{0,3})([dwy])")
DAYS = {"d": 1, "w": 7, "y": 365}
DAYS_MAX = 3650
CALLS_PER_DAY = 140
CLIENTS = 800
WITH_SOUND = 24
"""Some seconds of work; the rest has words alone."""
BATCH = 2000
VOICES = (Voice("fr+f2", 165, 50), Voice("fr+m3", 170, 45), Voice("fr+f4", 155, 60), Voice("fr+m1", 175, 40))
BOT_VOICE = Voice()
SUPERVISORS = ("anne", "luc")
COMMENTS = (
    "Rappelé le client : la ligne est rétablie.",
    "Technicien prévu demain entre 9 h et 11 h.",
    "Client rappelé, sans réponse. À refaire cet après-midi.",
    "Box remplacée en boutique.",
)


def days_of(span: str) -> int:
    """30d, 12w or 1y as days.

    Raises:
        ConfigError: it is none of these.
    """
    match = SPAN.fullmatch(span.strip().lower())
    days = int(match[1]) * DAYS[match[2]] if match else 0
    if not 0 < days <= DAYS_MAX:
        raise ConfigError([f"--history: {span!r} is no span of time; write for instance 30d, 12w or 1y"])
    return days


async def write_history(span: str, directory: Path, *, per_day: float = CALLS_PER_DAY) -> int:
    """Fills the databases of the demonstration anew and says how to look at them.

    Args:
        span: how far back, as `days_of` reads it.
        directory: of the demonstration.
        per_day: calls on an ordinary day.

    Raises:
        ConfigError: a span that is none.
        StoreError: the embedded PostgreSQL does not start.
    """
    days = days_of(span)
    console = Console(highlight=False)
    async with EmbeddedPostgres(directory / "postgres") as postgres:
        await migrate(postgres.clients_url, "clients")
        await migrate(postgres.tickets_url, "tickets")
        recordings = directory / "recordings"
        recordings.mkdir(parents=True, exist_ok=True)
        now = datetime.now(UTC)
        count = await fill(postgres.clients_url, postgres.tickets_url, recordings, now, days, per_day)
    console.print(f"{count} tickets of {days} days in {directory}, the latest {min(WITH_SOUND, count)} with sound")
    console.print(f"to look at them: make dashboard DEMO={directory}")
    return 0


async def fill(
    clients_url: str,
    tickets_url: str,
    recordings: Path | None,
    now: datetime,
    days: int,
    per_day: float,
    *,
    clients: int = CLIENTS,
    with_sound: int = WITH_SOUND,
    seed: int = 7,
) -> int:
    """Replaces what is in both databases by invented clients and calls.

    Args:
        recordings: where the sound of the latest calls goes; None for none.

    Returns:
        How many tickets there are now.

    Raises:
        StoreError: a database does not take it.
    """
    chance = random.Random(seed)
    prompts = load_prompts()
    people = invent_clients(chance, clients, now)
    times = moments(chance, now - timedelta(minutes=3), days, per_day, ZoneInfo("Europe/Paris"))
    calls = (invent_call(chance, prompts, moment, people) for moment in times)
    try:
        await _write_clients(clients_url, people)
        await _write_tickets(tickets_url, calls, len(times), recordings, with_sound if recordings else 0, chance)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise StoreError(f"history: {one_line(error)}") from error
    return len(times)


async def _write_clients(url: str, people: Sequence[InventedClient]) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("TRUNCATE clients RESTART IDENTITY")
        columns = ("id", "first_name", "last_name", "company", "email", "phone", "created_at")
        rows = [tuple(getattr(one, column) for column in columns) for one in people]
        await connection.copy_records_to_table("clients", records=rows, columns=columns)
        await connection.execute("SELECT setval(pg_get_serial_sequence('clients', 'id'), $1)", len(people) + 1)
        await connection.execute("VACUUM ANALYZE clients")
    finally:
        await connection.close()


async def _write_tickets(
    url: str,
    calls: Iterable[InventedCall],
    count: int,
    recordings: Path | None,
    with_sound: int,
    chance: random.Random,
) -> None:
    connection = await asyncpg.connect(url, timeout=30, command_timeout=600)
    try:
        await connection.execute("TRUNCATE tickets, ticket_changes RESTART IDENTITY")
        batch: list[tuple[Any, ...]] = []
        for index, call in enumerate(calls):
            sounds = recordings is not None and index >= count - with_sound
            if sounds and recordings is not None:
                ticket = await asyncio.to_thread(_with_sound, call, recordings, VOICES[index % len(VOICES)])
            else:
                ticket = call.ticket(guessed_seconds)
            batch.append(_values(ticket))
            if len(batch) == BATCH:
                await _copy(connection, batch)
                batch = []
        await _copy(connection, batch)
        await _invent_changes(connection, chance)
        await connection.execute("VACUUM ANALYZE tickets")
    finally:
        await connection.close()


def _values(ticket: Ticket) -> tuple[Any, ...]:
    names = COLUMNS.split(", ")
    return tuple(
        json.dumps(ticket.transcript, ensure_ascii=False) if name == "transcript" else getattr(ticket, name)
        for name in names
    )


async def _copy(connection: "asyncpg.Connection[asyncpg.Record]", batch: list[tuple[Any, ...]]) -> None:
    if batch:
        await connection.copy_records_to_table("tickets", records=batch, columns=COLUMNS.split(", "))


async def _invent_changes(connection: "asyncpg.Connection[asyncpg.Record]", chance: random.Random) -> None:
    """Supervisors looked after some of the latest open and transferred tickets."""
    rows = await connection.fetch(
        "SELECT id, status FROM tickets WHERE status IN ('open', 'transferred') ORDER BY started_at DESC LIMIT 200"
    )
    for row in rows:
        if chance.random() < 0.5:
            continue
        who = chance.choice(SUPERVISORS)
        await connection.execute("SELECT change_ticket($1, $2, 'assignee', NULL, $2)", row["id"], who)
        if chance.random() < 0.6:
            comment = chance.choice(COMMENTS)
            await connection.execute("SELECT change_ticket($1, $2, 'comment', NULL, $3)", row["id"], who, comment)
        if chance.random() < 0.4:
            sql = "SELECT change_ticket($1, $2, 'status', $3, 'resolved')"
            await connection.execute(sql, row["id"], who, row["status"])


def _with_sound(call: InventedCall, recordings: Path, voice: Voice) -> Ticket:
    """Speaks both sides, so that the transcript's times are those of the sound; writes the recording."""
    spoken: dict[tuple[str, str], bytes] = {}

    def seconds(speaker: str, text: str) -> float:
        pcm = spoken[speaker, text] = render(text, BOT_VOICE if speaker == "bot" else voice, RATE_HZ)
        return len(pcm) / (2 * RATE_HZ)

    stamp = call.started_at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%fZ")
    name = f"call_{call.call_uuid}_{stamp}.raw"
    ticket = call.ticket(seconds, name)
    samples = round((ticket.duration_seconds or 0.0) * RATE_HZ)
    tracks = {"caller": array("h", bytes(2 * samples)), "bot": array("h", bytes(2 * samples))}
    for entry in ticket.transcript:
        pcm = array("h", spoken[entry["speaker"], entry["text"]])
        end_s = entry["at_s"] if entry["speaker"] == "caller" else entry["at_s"] + len(pcm) / RATE_HZ
        start = max(0, round(end_s * RATE_HZ) - len(pcm))
        room = min(len(pcm), samples - start)
        tracks[entry["speaker"]][start : start + room] = pcm[:room]
    stereo = array("h", bytes(4 * samples))
    stereo[0::2], stereo[1::2] = tracks["caller"], tracks["bot"]
    path = recordings / name
    path.write_bytes(stereo.tobytes())
    path.chmod(0o640)
    described = {
        "format": "s16le",
        "rate": RATE_HZ,
        "channels": 2,
        "tracks": ["caller", "bot"],
        "start": call.started_at.astimezone(UTC).isoformat(),
        "call": str(call.call_uuid),
        "complete": True,
        "samples": samples,
        "seconds": round(samples / RATE_HZ, 3),
        "caller_gap_samples": 0,
        "caller_dropped_samples": 0,
        "lost_samples": 0,
    }
    path.with_suffix(".json").write_text(json.dumps(described), encoding="utf-8")
    return ticket
