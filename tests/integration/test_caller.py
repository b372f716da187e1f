"""Simulated calls over real sockets, against a small bot that builds its frames by hand."""

import asyncio
import contextlib
import gc
import socket
import struct
import wave
from array import array
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from math import pi, sin
from pathlib import Path
from uuid import UUID

import pytest
import uvloop

from app.audiosocket.client import AudioSocketClient, End, EndedBy
from app.caller.caller import CallEvent, place_call
from app.caller.report import CallReport
from app.caller.script import Script, parse_script, script_for_wav
from app.errors import ConfigError, MediaError, PeerError
from app.media.clock import FrameClock

CALL_UUID = UUID("11111111-2222-4333-8444-555555555555")
FRAME_BYTES = 320


def tone(duration_s: float, hz: float = 440.0) -> bytes:
    """s16le mono 8 kHz at −16 dBFS."""
    return array("h", (int(7000 * sin(2 * pi * hz * n / 8000)) for n in range(int(duration_s * 8000)))).tobytes()


def frame(kind: int, payload: bytes = b"") -> bytes:
    """An AudioSocket frame, as `res_audiosocket.h` draws it."""
    return struct.pack(">BH", kind, len(payload)) + payload


class Bot:
    """The bot's end of one connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.heard: list[tuple[int, bytes]] = []
        self.reset = False
        self._listening = asyncio.create_task(self._listen())

    async def _listen(self) -> None:
        try:
            while header := await self.reader.readexactly(3):
                kind, length = struct.unpack(">BH", header)
                self.heard.append((kind, await self.reader.readexactly(length)))
        except asyncio.IncompleteReadError:
            pass
        except ConnectionResetError:
            self.reset = True

    async def speak(self, pcm: bytes) -> None:
        """Sends sound at 50 frames a second."""
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        for at in range(0, len(pcm), FRAME_BYTES):
            self.writer.write(frame(0x10, pcm[at : at + FRAME_BYTES]))
            due_s += 0.020
            await asyncio.sleep(due_s - loop.time())

    async def silence(self, duration_s: float) -> None:
        await self.speak(bytes(FRAME_BYTES * round(duration_s * 50)))

    async def hear_turn(self) -> None:
        """Sends silence until the caller has spoken and been silent for 0.2 s."""
        spoke, quiet = False, 0
        at = len(self.heard)
        while not (spoke and quiet >= 10) and not self._listening.done():
            await self.silence(0.02)
            loud = any(kind == 0x10 and max(array("h", payload)) > 300 for kind, payload in self.heard[at:])
            spoke, quiet = spoke or loud, 0 if loud else quiet + 1
            at = len(self.heard)

    async def bye(self) -> None:
        """Ends the call as the protocol wants: 0x00, half close, read to the end of stream."""
        self.writer.write(frame(0x00))
        self.writer.write_eof()
        await asyncio.wait_for(asyncio.shield(self._listening), 5)

    async def gone(self) -> None:
        """Waits for the caller to go."""
        await asyncio.wait_for(asyncio.shield(self._listening), 5)

    async def close(self) -> None:
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def sound(self) -> bytes:
        return b"".join(payload for kind, payload in self.heard if kind == 0x10)


@dataclass
class Exchange:
    """A listening bot: where it is, and the connections it had."""

    port: int
    bots: list[Bot]
    errors: list[BaseException]


@contextlib.asynccontextmanager
async def bot_that(behave: Callable[[Bot], Awaitable[None]]) -> AsyncIterator[Exchange]:
    exchange = Exchange(0, [], [])
    serving: list[asyncio.Task[None]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        serving.append(task)
        bot = Bot(reader, writer)
        exchange.bots.append(bot)
        try:
            await behave(bot)
        except BaseException as error:
            exchange.errors.append(error)
        finally:
            await bot.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    exchange.port = server.sockets[0].getsockname()[1]
    try:
        yield exchange
    finally:
        server.close()
        if serving:
            _, stuck = await asyncio.wait(serving, timeout=5)
            assert not stuck
    assert exchange.errors == []


def script(steps: str, **settings: object) -> Script:
    head = {"name": "essai", "bot_silence_ms": 350, "wait_bot_s": 3, "max_seconds": 15, **settings}
    lines = [f"{key}: {str(value).lower() if isinstance(value, bool) else value}" for key, value in head.items()]
    return parse_script("\n".join([*lines, f"steps: {steps}"]), "essai.yaml")


async def polite(bot: Bot) -> None:
    """Greets, answers one turn 0.3 s after its end, says goodbye after the second."""
    await bot.speak(tone(0.4))
    await bot.hear_turn()
    await bot.silence(0.1)
    await bot.speak(tone(0.3) + bytes(4480) + tone(0.3))
    await bot.hear_turn()
    await bot.speak(tone(0.2))
    await bot.bye()


async def test_a_whole_call() -> None:
    events: list[CallEvent] = []
    async with bot_that(polite) as exchange:
        report = await place_call(
            script('[{say: "Bonjour."}, {say: "Non."}]'),
            "127.0.0.1",
            exchange.port,
            call_uuid=CALL_UUID,
            on_event=events.append,
        )
    bot = exchange.bots[0]
    assert bot.heard[0] == (0x01, CALL_UUID.bytes)
    assert {(kind, len(payload)) for kind, payload in bot.heard[1:]} == {(0x10, FRAME_BYTES)}
    assert not bot.reset
    assert (report.uuid, report.ended_by, report.missed_steps) == (str(CALL_UUID), EndedBy.BOT, 0)
    assert [turn.said for turn in report.turns] == ["Bonjour.", "Non."]
    for turn in report.turns:
        assert turn.answered_s is not None
        assert turn.latency_ms is not None
        assert turn.latency_ms == pytest.approx((turn.answered_s - turn.ended_s) * 1000)
        # The bot answers after 0.2 s of silence at the least: time runs from the caller's last sound.
        assert turn.latency_ms >= 180
    assert report.latency.turns == 2
    assert len(report.heard) == 4  # the greeting, two sentences of the answer, the goodbye
    assert all(-20 < heard.level_db < -10 for heard in report.heard)
    assert report.received is not None
    assert report.frames.received == report.received.frames > 0
    kinds = [event.kind for event in events]
    assert kinds[0] == "connected"
    assert kinds[-1] == "ended"
    assert [event.text for event in events if event.kind == "caller_speaks"] == ["Bonjour.", "Non."]
    answers = [event.latency_ms for event in events if event.kind == "bot_speaks"]
    assert answers == [
        None,
        pytest.approx(report.turns[0].latency_ms),
        pytest.approx(report.turns[1].latency_ms),
    ]


async def test_what_was_sent_is_what_the_bot_got_and_what_the_recording_holds(tmp_path: Path) -> None:
    async with bot_that(polite) as exchange:
        report = await place_call(script('[{say: "Bonjour."}, {say: "Non."}]'), "127.0.0.1", exchange.port)
    assert report.sent is not None
    # The 0x00 and the caller's last frames cross on the way.
    assert exchange.bots[0].sound() == bytes(report.sent.pcm)[: len(exchange.bots[0].sound())]
    assert len(report.sent.pcm) - len(exchange.bots[0].sound()) <= FRAME_BYTES
    report.save_wav(tmp_path / "call.wav")
    with wave.open(str(tmp_path / "call.wav")) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (2, 8000, 2)
        samples = array("h", file.readframes(file.getnframes()))
    caller, bot = samples[0::2], samples[1::2]
    spoken = report.turns[0]
    assert max(caller[int(spoken.started_s * 8000) : int(spoken.ended_s * 8000)]) > 1000
    assert max(bot[int(report.heard[0].start_s * 8000) : int(report.heard[0].end_s * 8000)]) > 6000
    assert max(caller[: int((report.heard[0].end_s - 0.1) * 8000)]) == 0


async def test_many_calls_share_one_clock_and_one_synthesis() -> None:
    async with bot_that(polite) as exchange:
        clock = FrameClock()
        calls = [
            place_call(
                script('[{say: "Bonjour."}, {say: "Non."}]'),
                "127.0.0.1",
                exchange.port,
                clock=clock,
                keeps_sound=False,
            )
            for _ in range(20)
        ]
        reports = await asyncio.gather(*calls)
    assert [report.ended_by for report in reports] == [EndedBy.BOT] * 20
    assert len({report.uuid for report in reports}) == 20
    assert all(report.latency.turns == 2 for report in reports)
    with pytest.raises(MediaError, match="not kept"):
        reports[0].save_wav(Path("never.wav"))


async def test_talking_over_the_bot() -> None:
    async def interrupted(bot: Bot) -> None:
        for _ in range(150):
            await bot.speak(tone(0.02))
            if any(max(array("h", payload)) > 300 for kind, payload in bot.heard if kind == 0x10):
                break
        await bot.hear_turn()
        await bot.speak(tone(0.2))
        await bot.bye()

    async with bot_that(interrupted) as exchange:
        report = await place_call(
            script('[{say: "Attendez, attendez.", over_bot_after_s: 0.5}]'), "127.0.0.1", exchange.port
        )
    (turn,) = report.turns
    assert turn.over_bot
    assert turn.started_s - report.heard[0].start_s >= 0.45
    assert report.heard[0].end_s < turn.ended_s
    assert turn.bot_stopped_ms is not None
    assert turn.bot_stopped_ms >= 0
    assert turn.answered_s == report.heard[1].start_s


async def test_keys_are_pressed_one_by_one() -> None:
    async def menu(bot: Bot) -> None:
        await bot.speak(tone(0.2))
        while len([1 for kind, _ in bot.heard if kind == 0x03]) < 3:
            await bot.silence(0.02)
        await bot.bye()

    async with bot_that(menu) as exchange:
        report = await place_call(script('[{wait_bot_s: 3}, {dtmf: "1#A"}]'), "127.0.0.1", exchange.port)
    assert [payload for kind, payload in exchange.bots[0].heard if kind == 0x03] == [b"1", b"#", b"A"]
    assert [(turn.said, turn.means) for turn in report.turns] == [("1#A", "dtmf")]


@pytest.mark.parametrize(("abort", "reset"), [(False, False), (True, True)])
async def test_hanging_up_in_the_middle_of_a_sentence(abort: bool, reset: bool) -> None:
    async def listener(bot: Bot) -> None:
        await bot.speak(tone(0.2))
        await bot.gone()

    steps = f'[{{hangup_mid_sentence: "J\'ai un problème avec ma", after_s: 0.4, abort: {str(abort).lower()}}}]'
    async with bot_that(listener) as exchange:
        report = await place_call(script(steps), "127.0.0.1", exchange.port)
    bot = exchange.bots[0]
    assert bot.reset is reset
    assert report.ended_by is EndedBy.CALLER
    assert 0x00 not in {kind for kind, _ in bot.heard}
    (turn,) = report.turns
    assert turn.ended_s <= report.duration_s
    assert turn.ended_s - turn.started_s < 1.0  # all of it lasts 1.4 s
    assert report.missed_steps == 0


async def test_a_telephone_with_30_ms_packets() -> None:
    async with bot_that(polite) as exchange:
        report = await place_call(script('[{say: "Bonjour."}, {say: "Non."}]', ptime_ms=30), "127.0.0.1", exchange.port)
    bot = exchange.bots[0]
    assert {len(payload) for kind, payload in bot.heard if kind == 0x10} == {480}
    # As much sound as time: two ticks of 20 ms make 30 ms and a rest.
    assert report.sent is not None
    assert len(report.sent.pcm) / 16000 == pytest.approx(report.duration_s, rel=0.25)


async def test_a_telephone_that_suppresses_silence() -> None:
    async with bot_that(polite) as exchange:
        report = await place_call(
            script('[{say: "Bonjour."}, {say: "Non."}]', suppress_silence=True), "127.0.0.1", exchange.port
        )
    bot = exchange.bots[0]
    assert report.ended_by is EndedBy.BOT
    assert report.frames.sent * 0.02 < report.duration_s / 2
    assert bot.heard[0][0] == 0x01
    assert max(array("h", bot.heard[1][1])) > 0


async def test_nobody_listens() -> None:
    server = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    report = await place_call(script("[]"), "127.0.0.1", port)
    assert report.ended_by is EndedBy.REFUSED
    assert f"127.0.0.1:{port}" in report.detail
    assert report.connect_ms is None


async def refuse(bot: Bot) -> None:
    await bot.bye()


async def close_at_once(bot: Bot) -> None:
    bot.writer.write_eof()
    await bot.gone()


async def close_without_goodbye(bot: Bot) -> None:
    await bot.speak(tone(0.1))
    bot.writer.write_eof()
    await bot.gone()


async def cut_the_line(bot: Bot) -> None:
    await bot.speak(tone(0.1))
    bot.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    bot.writer.transport.abort()


async def error_frame(bot: Bot) -> None:
    await bot.speak(tone(0.1))
    bot.writer.write(frame(0xFF, b"\x01"))
    await bot.gone()


async def empty_audio(bot: Bot) -> None:
    await bot.speak(tone(0.1))
    bot.writer.write(frame(0x10))
    await bot.gone()


@pytest.mark.parametrize(
    ("behave", "ended_by", "detail"),
    [
        (refuse, EndedBy.REFUSED, "refused the call"),
        (close_at_once, EndedBy.REFUSED, "closed the connection at once"),
        (close_without_goodbye, EndedBy.LOST, "without a 0x00"),
        (cut_the_line, EndedBy.LOST, "connection lost"),
        (error_frame, EndedBy.LOST, "kind 0xff, 1 bytes"),
        (empty_audio, EndedBy.LOST, "kind 0x10, 0 bytes"),
    ],
)
async def test_ends_that_are_no_good_ends(
    behave: Callable[[Bot], Awaitable[None]], ended_by: EndedBy, detail: str
) -> None:
    async with bot_that(behave) as exchange:
        report = await place_call(script("[]"), "127.0.0.1", exchange.port)
    assert report.ended_by is ended_by
    assert detail in report.detail


async def test_a_bot_that_waits_for_the_caller_to_close_first() -> None:
    async def leaves_the_socket_open(bot: Bot) -> None:
        await bot.speak(tone(0.1))
        bot.writer.write(frame(0x00))
        await bot.gone()

    async with bot_that(leaves_the_socket_open) as exchange:
        report = await place_call(script("[]"), "127.0.0.1", exchange.port)
    assert (report.ended_by, report.detail) == (EndedBy.BOT, "the bot ended the call")
    assert not exchange.bots[0].reset


async def test_a_bot_that_never_closes() -> None:
    async def forgets(bot: Bot) -> None:
        await bot.speak(tone(0.1))
        bot.writer.transport.pause_reading()  # type: ignore[attr-defined]
        bot.writer.write(frame(0x00))
        await given_up.wait()

    given_up = asyncio.Event()
    async with bot_that(forgets) as exchange:
        report = await place_call(script("[]"), "127.0.0.1", exchange.port)
        given_up.set()
    assert (report.ended_by, report.detail) == (EndedBy.BOT, "the bot ended the call; it did not close within 1 s")


async def test_a_bot_that_never_ends_the_call() -> None:
    async def endless(bot: Bot) -> None:
        with contextlib.suppress(ConnectionError):
            while not bot._listening.done():
                await bot.silence(0.1)

    async with bot_that(endless) as exchange:
        report = await place_call(script('[{say: "Bonjour."}]', max_seconds=1), "127.0.0.1", exchange.port)
    assert report.ended_by is EndedBy.TIMEOUT
    assert report.duration_s >= 1
    assert report.notes == ["the call ended with 1 of 1 steps to go"]


async def test_silence_on_both_sides_ends_the_call_as_asterisk_does() -> None:
    async def mute(bot: Bot) -> None:
        await bot.gone()

    async with bot_that(mute) as exchange:
        report = await place_call(script("[]", suppress_silence=True), "127.0.0.1", exchange.port)
    assert report.ended_by is EndedBy.LOST
    assert "nobody sent anything for 2 s" in report.detail


async def test_a_bot_that_stops_reading_loses_the_call() -> None:
    async def deaf(bot: Bot) -> None:
        await bot.speak(tone(0.1))
        bot._listening.cancel()
        bot.writer.transport.pause_reading()  # type: ignore[attr-defined]
        await client_gone.wait()

    client_gone = asyncio.Event()

    class Shouter:
        def tick(self, at_s: float) -> None:
            if client.received.frames:
                client._transport.write(bytes(1_000_000))  # type: ignore[union-attr]

        def hear(self, at_s: float, pcm: bytes) -> None:
            pass

        def ended(self, end: End) -> None:
            client_gone.set()

    async with bot_that(deaf) as exchange:
        client = AudioSocketClient(CALL_UUID, FrameClock(), Shouter())
        await client.connect("127.0.0.1", exchange.port)
        async with asyncio.timeout(5):
            await client_gone.wait()
    assert client.end is not None
    assert client.end.by is EndedBy.LOST
    assert "does not read" in client.end.detail


async def test_a_view_that_fails_ends_its_own_call_only() -> None:
    def faulty(event: CallEvent) -> None:
        if event.kind == "bot_speaks":
            raise RuntimeError("no paper")

    async with bot_that(polite_or_gone) as exchange:
        clock = FrameClock()
        good = asyncio.create_task(
            place_call(script('[{say: "Bonjour."}, {say: "Non."}]'), "127.0.0.1", exchange.port, clock=clock)
        )
        with pytest.raises(RuntimeError, match="no paper"):
            await place_call(script("[]"), "127.0.0.1", exchange.port, clock=clock, on_event=faulty)
        report = await good
    assert report.ended_by is EndedBy.BOT


async def polite_or_gone(bot: Bot) -> None:
    with contextlib.suppress(ConnectionError):
        await polite(bot)


async def test_words_of_what_is_heard() -> None:
    @dataclass(frozen=True)
    class Match:
        text: str
        similarity: float

    class LengthRecogniser:
        """Knows sentences by their length."""

        def recognise(self, pcm: bytes) -> Match:
            return Match("long" if len(pcm) > 0.45 * 16000 + 320 * 5 + 0.24 * 16000 else "", 0.9)

    async def two_sentences(bot: Bot) -> None:
        await bot.speak(tone(0.8) + bytes(16000 // 2) + tone(0.2) + bytes(16000 // 2))
        await bot.bye()

    events: list[CallEvent] = []
    async with bot_that(two_sentences) as exchange:
        report = await place_call(
            script("[]"),
            "127.0.0.1",
            exchange.port,
            recogniser=LengthRecogniser(),
            on_event=events.append,
        )
    assert [(heard.text, heard.similarity) for heard in report.heard] == [("long", 0.9), (None, 0.9)]
    assert [event.text for event in events if event.kind == "bot_said"] == ["long", None]


async def test_a_wav_of_any_kind_is_played_and_the_caller_hangs_up(tmp_path: Path) -> None:
    path = tmp_path / "caller.wav"
    stereo = array("h", (sample for n in range(22050) for sample in [int(9000 * sin(n / 20))] * 2))
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 44100, 0, "NONE", "not compressed"))
        file.writeframes(stereo.tobytes())

    async def answers_once(bot: Bot) -> None:
        await bot.speak(tone(0.2))
        await bot.hear_turn()
        await bot.speak(tone(0.2))
        await bot.gone()

    async with bot_that(answers_once) as exchange:
        report = await place_call(script_for_wav(path, quiet_s=0.5), "127.0.0.1", exchange.port)
    (turn,) = report.turns
    assert turn.said == "caller.wav"
    assert turn.ended_s - turn.started_s == pytest.approx(0.5, abs=0.05)
    assert turn.answered_s is not None
    assert report.ended_by is EndedBy.CALLER
    assert report.duration_s >= turn.answered_s + 0.5


async def test_a_wav_that_is_not_there() -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.wav"):
        await place_call(script_for_wav(Path("nowhere.wav")), "127.0.0.1", 1)


async def test_an_address_that_does_not_exist() -> None:
    client = AudioSocketClient(CALL_UUID, FrameClock(), Nobody())
    with pytest.raises(PeerError, match="unreachable"):
        await client.connect("no-such-host.invalid", 9090)


class Nobody:
    def tick(self, at_s: float) -> None:
        pass

    def hear(self, at_s: float, pcm: bytes) -> None:
        pass

    def ended(self, end: End) -> None:
        pass


async def test_a_call_that_is_cancelled_hangs_up() -> None:
    spoken, gone = asyncio.Event(), asyncio.Event()

    async def listener(bot: Bot) -> None:
        await bot.speak(tone(0.1))
        spoken.set()
        await bot.gone()
        gone.set()

    async with bot_that(listener) as exchange:
        call = asyncio.create_task(place_call(script("[]"), "127.0.0.1", exchange.port))
        async with asyncio.timeout(5):
            await spoken.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(5):
            await gone.wait()


def test_on_the_production_loop() -> None:
    async def call() -> CallReport:
        async with bot_that(polite) as exchange:
            return await place_call(script('[{say: "Bonjour."}, {say: "Non."}]'), "127.0.0.1", exchange.port)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(call())
    gc.collect()
    assert report.ended_by is EndedBy.BOT
    assert report.latency.turns == 2
