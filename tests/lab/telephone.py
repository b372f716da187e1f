"""A SIP telephone: SIPp signals, this sends and takes the sound as RTP, and a simulated caller holds it."""

import asyncio
import random
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from app.audiosocket.client import BYTES_PER_MS, CallerSide, End, EndedBy, Track
from app.caller.caller import Caller
from app.caller.clips import prepare_clips
from app.caller.ears import Ears, Recogniser
from app.caller.report import CallReport
from app.caller.script import Script
from tests.lab.asterisk import Asterisk
from tests.lab.network import socket_on
from tests.lab.rtp import Arrivals, Sender, codec_of, read_packet
from tests.lab.sipp import END_TIMEOUT_S, SIP_PORT, SippCall

DATAGRAM_BYTES = 2048
KEY_MS = 100
"""How long a key is held; Asterisk passes it on when it is let go."""
END_PACKETS = 3
"""The end of a key is told three times (RFC 4733, 2.5.1.4)."""
HANGOVER_S = 0.2
"""A telephone that suppresses silence is not sure of it sooner. Before its owner's first word it sends nothing."""
SO_TIMESTAMPNS = 35
"""`asm-generic/socket.h`; Python has no name for it. The kernel's own time of arrival: no loop makes it late."""
TIMESPEC = struct.Struct("@ll")


class Telephone:
    """The sound of one telephone, as its caller has it in hand.

    Args:
        host: whose network it uses.
        codec: "ulaw", "alaw" or "g722" (in packets of 20 ms).
        ptime_ms: length of a packet.
        suppress_silence: it sends nothing while its owner is silent.
        max_seconds: bounds what is kept.

    Attributes:
        port: where it takes RTP.
        sent, received: both directions of the sound.
        arrivals: the other side's packets.
        packets_sent: those that left.
        failure: what the caller's side raised.
    """

    def __init__(self, host: str, codec: str, ptime_ms: int, suppress_silence: bool, max_seconds: float) -> None:
        self.codec = codec_of(codec)
        self._ptime_ms = ptime_ms
        limit_bytes = int(max_seconds * 1500 * BYTES_PER_MS)
        self.sent, self.received = Track(limit_bytes), Track(limit_bytes)
        self.arrivals = Arrivals()
        self.packets_sent = 0
        self.failure: Exception | None = None
        self.end: End | None = None
        self._suppress_silence = suppress_silence
        self._socket = socket_on(host, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        self.port: int = self._socket.getsockname()[1]
        self._loop = asyncio.get_running_loop()
        self._sender = Sender(self.codec, ptime_ms, random.getrandbits(31))
        self._queue = bytearray()
        self._loud_until_s = -1.0
        self._keys: list[tuple[str, int]] = []
        self._caller: CallerSide | None = None
        self._sipp: SippCall | None = None
        self._remote = ""
        self._peer: tuple[str, int] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._origin_s = self._origin_system_s = 0.0
        self._hung_up_by: EndedBy | None = None

    # What the caller does.

    @property
    def queued_samples(self) -> int:
        """Caller sound that has not left yet."""
        return len(self._queue) // 2

    def play(self, pcm: bytes) -> None:
        """Queues caller sound, s16le mono 8 kHz."""
        self._queue += pcm

    def send_dtmf(self, digit: str) -> None:
        """Presses one key, as telephone events."""
        packets = KEY_MS // self._ptime_ms + END_PACKETS - 1
        self._keys += [(digit, number) for number in range(packets)]

    def hangup(self, *, abort: bool = False, by: EndedBy = EndedBy.CALLER) -> None:
        """Says BYE; a telephone can't reset a connection, it has none."""
        if abort:
            raise ValueError("a SIP telephone hangs up or loses its power; there is nothing to abort")
        if self._hung_up_by is None and self.end is None and self._sipp is not None:
            self._hung_up_by = by
            self._sipp.hang_up()

    # The call.

    def start(self, caller: CallerSide, sipp: SippCall, remote: str) -> None:
        """The call to `remote` begins: its time starts."""
        self._caller, self._sipp, self._remote = caller, sipp, remote
        self._origin_s, self._origin_system_s = time.monotonic(), time.time()
        self._loop.add_reader(self._socket, self._read)
        self._tick(self._origin_s)

    def since_start_s(self, system_s: float) -> float:
        """A moment of the system clock, in the time of the call."""
        return system_s - self._origin_system_s

    def over(self, code: int, complaint: str) -> None:
        """SIPp's part has ended, and the call with it."""
        by = self._hung_up_by or EndedBy.BOT
        detail = {EndedBy.BOT: "the other side hung up", EndedBy.CALLER: "the caller hung up"}.get(by, "time was up")
        if code != 0:
            by, detail = EndedBy.LOST, f"SIPp ended with {code}: {complaint}"
        self.end = End(by, time.monotonic() - self._origin_s, detail)
        self.close()
        if self._caller is not None:
            self._caller.ended(self.end)

    def close(self) -> None:
        """Gives socket and timer back."""
        if self._timer is not None:
            self._timer.cancel()
        with suppress(ValueError, OSError):
            self._loop.remove_reader(self._socket)
        self._socket.close()

    def _tick(self, due_s: float) -> None:
        now_s = time.monotonic()
        if self._peer is None and self._sipp is not None and (port := self._sipp.sound_port()) is not None:
            self._peer = self._remote, port
        if self._peer is not None and self._caller is not None:
            try:
                self._caller.tick(now_s - self._origin_s)
            except Exception as error:
                self._failed(error)
            self._send(now_s - self._origin_s)
        due_s = max(due_s + self._ptime_ms / 1000, now_s - 1.0)  # after a long stall: no burst of more than a second
        self._timer = self._loop.call_at(due_s, self._tick, due_s)

    def _send(self, at_s: float) -> None:
        size = self._ptime_ms * BYTES_PER_MS
        pcm = bytes(self._queue[:size]).ljust(size, b"\0")
        del self._queue[:size]
        if any(pcm):
            self._loud_until_s = at_s + HANGOVER_S
        self.sent.add(at_s, pcm)
        if self._keys:
            digit, number = self._keys.pop(0)
            packet = self._sender.key(digit, KEY_MS // self._ptime_ms, number)
        elif self._suppress_silence and not any(pcm) and at_s > self._loud_until_s:
            self._sender.silence()
            return
        else:
            packet = self._sender.sound(pcm)
        with suppress(OSError):  # a cable that is pulled, a port that has closed
            assert self._peer is not None
            self._socket.sendto(packet, self._peer)
            self.packets_sent += 1

    def _read(self) -> None:
        while True:
            try:
                datagram, ancillary, _, _ = self._socket.recvmsg(DATAGRAM_BYTES, 64)
            except BlockingIOError:
                return
            except OSError:
                continue  # what ICMP says of a packet sent before
            at_s = time.time() - self._origin_system_s
            for level, kind, data in ancillary:
                if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
                    seconds, nanoseconds = TIMESPEC.unpack(data[: TIMESPEC.size])
                    at_s = seconds - self._origin_system_s + nanoseconds * 1e-9
            packet = read_packet(datagram)
            if packet is None or packet.payload_type != self.codec.payload_type:
                self.arrivals.strangers += 1
                continue
            self.arrivals.add(at_s, packet)
            pcm = self.codec.decode(packet.payload)
            self.received.add(at_s, pcm)
            assert self._caller is not None
            try:
                self._caller.hear(at_s, pcm)
            except Exception as error:
                self._failed(error)

    def _failed(self, error: Exception) -> None:
        """Kept for the owner of the call, who raises it."""
        self.failure = self.failure or error
        self.hangup()


@dataclass(slots=True)
class TelephoneCall:
    """What came of a call.

    Attributes:
        report: as of a simulated caller; times are seconds since the telephone dialled.
        arrivals: packets that the telephone got.
        answered_s: when the 200 OK came; None if none did.
        packets_sent: by the telephone.
        codec: as it was asked for.
        sipp: its signalling.
    """

    report: CallReport
    arrivals: Arrivals
    answered_s: float | None
    packets_sent: int
    codec: str
    sipp: SippCall

    @property
    def first_sound_ms(self) -> float:
        """From the 200 OK to the first packet that was not silent."""
        assert self.answered_s is not None
        assert self.report.first_sound_ms is not None
        return self.report.first_sound_ms - self.answered_s * 1000

    @property
    def words(self) -> str:
        """What was recognised of what it heard."""
        return " ".join(heard.text for heard in self.report.heard if heard.text is not None)

    @property
    def longest_gap_in_speech_ms(self) -> float:
        """The longest time without a packet inside a sentence that was heard."""
        return 1000 * max(
            (self.arrivals.longest_gap_s(heard.start_s, heard.end_s) for heard in self.report.heard), default=0.0
        )


async def dial(
    asterisk: Asterisk,
    script: Script,
    directory: Path,
    *,
    number: str = "777",
    caller_number: str = "0123456789",
    caller_name: str = "",
    codec: str = "ulaw",
    recogniser: Recogniser | None = None,
) -> TelephoneCall:
    """Dials a number of an Asterisk and follows the script to the end of the call."""
    keys = {"caller_name": caller_name, "caller_number": caller_number}
    return await _hold("caller", "phones", keys, asterisk, number, script, directory, codec, recogniser)


async def be_called(
    asterisk: Asterisk, script: Script, directory: Path, *, recogniser: Recogniser | None = None
) -> TelephoneCall:
    """Waits for a call at the technician's telephone, answers, and follows the script to the end of the call."""
    return await _hold("technician", "technician", {}, asterisk, "", script, directory, "ulaw", recogniser)


async def _hold(
    scenario: str,
    host: str,
    keys: Mapping[str, str],
    asterisk: Asterisk,
    number: str,
    script: Script,
    directory: Path,
    codec: str,
    recogniser: Recogniser | None,
) -> TelephoneCall:
    clips = await prepare_clips(script)
    telephone = Telephone(host, codec, script.ptime_ms, script.suppress_silence, script.max_seconds)
    caller = Caller(script, Ears(script.bot_silence_ms / 1000, keeps_sound=recogniser is not None), recogniser)
    caller.pick_up(telephone, clips)
    keys = {
        **keys,
        "sound_port": str(telephone.port),
        "payload_type": str(telephone.codec.payload_type),
        "codec": telephone.codec.name,
        "ptime_ms": str(script.ptime_ms),
    }
    port = 0 if number else SIP_PORT
    sipp = SippCall(scenario, host, keys, directory, script.max_seconds + END_TIMEOUT_S, port)
    telephone.start(caller, sipp, asterisk.address)
    await sipp.start(asterisk.address if number else "", number)

    async def watch() -> None:
        telephone.over(await sipp.over(), sipp.complaint())

    watching = asyncio.create_task(watch(), name="watch SIPp")
    try:
        await caller.over(script.max_seconds, END_TIMEOUT_S)
    finally:
        await sipp.close()
        await watching
        telephone.close()
    answered_at_s = sipp.answered_at_s()
    answered_s = None if answered_at_s is None else telephone.since_start_s(answered_at_s)
    return TelephoneCall(
        caller.report(sipp.call_id), telephone.arrivals, answered_s, telephone.packets_sent, codec, sipp
    )
