# cython: language_level=3, wraparound=False, cdivision=True
"""AudioSocket frames: kind u8, length u16 big-endian, payload of at most 65 535 bytes.

Source: Asterisk, res/res_audiosocket.c and include/asterisk/res_audiosocket.h. The parser knows no policy: it
returns every kind and every length, and leaves it to the connection what is legal.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Realloc
from libc.string cimport memcpy

from ext.samples cimport sample_count

KIND_TERMINATE = 0x00
KIND_UUID = 0x01
KIND_DTMF = 0x03
KIND_SLIN_8000 = 0x10
KIND_SLIN_12000 = 0x11
KIND_SLIN_16000 = 0x12
KIND_SLIN_24000 = 0x13
KIND_SLIN_32000 = 0x14
KIND_SLIN_44100 = 0x15
KIND_SLIN_48000 = 0x16
KIND_SLIN_96000 = 0x17
KIND_SLIN_192000 = 0x18
KIND_ERROR = 0xFF

# The least that a frame of sound counts for, so that empty frames can be a flood, too.
FRAME_COST_S = 0.002
cdef double frame_cost_s = FRAME_COST_S

cdef tuple CODECS = ("slin", "ulaw", "alaw")  # in the order of `Coding`

cdef int[9] SLIN_RATES_HZ = [8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000]


cdef inline Py_ssize_t frame_bytes(const uint8_t *header) noexcept nogil:
    """Size of the whole frame that a header announces."""
    return HEADER_BYTES + (header[1] << 8 | header[2])


cdef inline tuple frame_at(const uint8_t *header, Py_ssize_t size):
    """The frame that starts at `header` and is `size` bytes long."""
    return (header[0], PyBytes_FromStringAndSize(<const char *> header + HEADER_BYTES, size - HEADER_BYTES))


cdef inline int slin_rate_hz(int kind) noexcept nogil:
    return SLIN_RATES_HZ[kind - 0x10] if 0x10 <= kind <= 0x18 else 0


cdef int slin_kind(int rate_hz) noexcept nogil:
    """The kind of linear sound at this rate; 0 for a rate that has none."""
    cdef int number
    for number in range(9):
        if SLIN_RATES_HZ[number] == rate_hz:
            return 0x10 + number
    return 0


cdef inline Py_ssize_t width_bytes(SoundSink sink, int rate_hz) noexcept:
    """Bytes of a sample of the sound that comes to `sink`."""
    return 1 if sink.coding != LINEAR and rate_hz == LINE_RATE_HZ else SAMPLE_BYTES


def sample_rate_hz(int kind) -> int:
    """Sample rate of an audio frame's kind; 0 for a kind that is not audio."""
    return slin_rate_hz(kind)


def build(int kind, bytes payload not None) -> bytes:
    """Header and payload as one piece of bytes, ready for one write.

    Raises:
        ValueError: a kind outside 0 to 255, or a payload over 65 535 bytes.
    """
    cdef Py_ssize_t size = PyBytes_GET_SIZE(payload)
    if not 0 <= kind <= 0xFF:
        raise ValueError(f"kind must be 0 to {0xFF}, got {kind}")
    if size > PAYLOAD_MAX_BYTES:
        raise ValueError(f"payload may hold {PAYLOAD_MAX_BYTES} bytes, got {size}")
    cdef bytes frame = PyBytes_FromStringAndSize(NULL, HEADER_BYTES + size)
    cdef uint8_t *target = <uint8_t *> PyBytes_AS_STRING(frame)
    target[0] = <uint8_t> kind
    target[1] = <uint8_t> (size >> 8)
    target[2] = <uint8_t> (size & 0xFF)
    memcpy(target + HEADER_BYTES, PyBytes_AS_STRING(payload), <size_t> size)
    return frame


cdef class SoundSink:
    """Takes the sound that a parser finds; this one drops it.

    Attributes:
        heard_s: length of all sound taken, each frame counting for at least FRAME_COST_S.
        codec: what comes under kind 0x10: "slin" (s16le), "ulaw" or "alaw" (G.711, one byte a sample).
    """

    @property
    def codec(self) -> str:
        return CODECS[self.coding]

    @codec.setter
    def codec(self, str codec not None) -> None:
        if codec not in CODECS:
            raise ValueError(f"codec must be one of {', '.join(CODECS)}, got {codec}")
        self.coding = <int> CODECS.index(codec)

    def feed(self, bytes sound not None, int rate_hz, double now_s) -> None:
        """The sound of one frame that was judged one by one: mono at `rate_hz`, as it came over the wire.

        Raises:
            ValueError: half a sample.
        """
        cdef Py_ssize_t size = PyBytes_GET_SIZE(sound)
        cdef Py_ssize_t count = size if width_bytes(self, rate_hz) == 1 else sample_count(sound)
        self.heard_s += max(<double> count / rate_hz, frame_cost_s)
        self.take(<const uint8_t *> PyBytes_AS_STRING(sound), size, rate_hz, now_s)

    cdef void fetch(self) noexcept:
        """Sound has come: what `take` looks at can be on its way to the processor's caches."""

    cdef void fetch_more(self) noexcept:
        """So can what that points to."""

    cdef int take(self, const uint8_t *sound, Py_ssize_t size, int rate_hz, double now_s) except -1:
        """The sound of one frame.

        Args:
            sound: s16le mono at `rate_hz`, at any address; at 8 kHz whatever `coding` says.
            size: its bytes, whole samples.
            now_s: when it came.
        """
        return 0


@cython.final
cdef class FrameParser:
    """Cuts a stream of bytes into frames, however the stream is split.

    Bytes are copied once into the frame they belong to, and once more only when a frame crosses a border
    between two feeds. Holds at most one incomplete frame (65 538 bytes).
    """

    def __dealloc__(self):
        PyMem_Free(self.partial)

    @property
    def pending_bytes(self) -> int:
        """Bytes of the incomplete frame that are held back."""
        return self.held_bytes

    def feed(self, bytes data not None) -> list:
        """Takes the next bytes of the stream and returns the frames completed by them, as (kind, payload)."""
        self.sink = None
        return self._cut(data)

    def feed_into(self, bytes data not None, SoundSink sink not None, double now_s) -> list:
        """As `feed`, but sound goes straight to `sink`, in one crossing for all of `data`.

        Returns:
            Nothing but the frames that are no plain sound (another kind, or half a sample), and all that come behind
            the first of those: they are judged one by one, in their order.
        """
        cdef list others
        self.sink = sink
        self.now_s = now_s
        try:
            others = self._cut(data)
        finally:
            self.sink = None
        return others

    cdef list _cut(self, bytes data):
        """Cuts off all frames that are complete."""
        cdef const uint8_t *rest = <const uint8_t *> PyBytes_AS_STRING(data)
        cdef Py_ssize_t left = PyBytes_GET_SIZE(data)
        cdef Py_ssize_t size
        cdef list others = []
        if self.held_bytes:
            size = self._complete(rest, left, others)
            rest += size
            left -= size
        while left >= HEADER_BYTES:
            size = frame_bytes(rest)
            if size > left:
                break
            self._take(rest, size, others)
            rest += size
            left -= size
        if left:
            self._hold(rest, left)
        return others

    cdef int _take(self, const uint8_t *frame, Py_ssize_t size, list others) except -1:
        """One whole frame: sound to the sink, the rest (and all behind it) to the list."""
        cdef int rate_hz
        cdef Py_ssize_t width
        if self.sink is not None and not others:
            rate_hz = slin_rate_hz(frame[0])
            width = width_bytes(self.sink, rate_hz)
            if rate_hz and (size - HEADER_BYTES) % width == 0:
                self.sink.heard_s += max(<double> (size - HEADER_BYTES) / (width * rate_hz), frame_cost_s)
                self.sink.take(frame + HEADER_BYTES, size - HEADER_BYTES, rate_hz, self.now_s)
                return 0
        others.append(frame_at(frame, size))
        return 0

    cdef Py_ssize_t _complete(self, const uint8_t *data, Py_ssize_t size, list others) except -1:
        """Fills the frame held back; returns how many bytes of `data` went into it."""
        cdef Py_ssize_t used = 0
        cdef Py_ssize_t missing
        if self.held_bytes < HEADER_BYTES:
            used = min(HEADER_BYTES - self.held_bytes, size)
            self._hold(data, used)
            if self.held_bytes < HEADER_BYTES:
                return used
        missing = frame_bytes(self.partial) - self.held_bytes
        if missing > size - used:
            missing = size - used
        self._hold(data + used, missing)
        used += missing
        if self.held_bytes == frame_bytes(self.partial):
            self.held_bytes = 0
            self._take(self.partial, frame_bytes(self.partial), others)
        return used

    cdef int _hold(self, const uint8_t *data, Py_ssize_t size) except -1:
        """Appends to the frame held back, whose room grows in doublings."""
        cdef Py_ssize_t needed = self.held_bytes + size
        cdef Py_ssize_t capacity
        cdef void *grown
        if needed > self.capacity_bytes:
            capacity = max(needed, 2 * self.capacity_bytes, 1024)
            grown = PyMem_Realloc(self.partial, <size_t> capacity)
            if grown == NULL:
                raise MemoryError(f"no memory for a frame of {needed} bytes, room for {self.capacity_bytes}")
            self.partial = <uint8_t *> grown
            self.capacity_bytes = capacity
        memcpy(self.partial + self.held_bytes, data, <size_t> size)
        self.held_bytes = needed
        return 0


cdef class Receiver:
    """The reading side of a connection: in a call, plain sound goes from bytes to the sink without a line of Python.

    A base for the protocol that an event loop reads into, which has three methods: `received_early(data)` for what
    comes before there is a sink, `received_others(others)` for frames that are no plain sound, and `flooded()`.

    Args:
        parser: what cuts the stream, with `feed_into`.
        now: the time in seconds.
        ahead_s: so much sound more than time has passed is forgiven.

    Attributes:
        sink: where the caller's sound goes; None before the call.
        ended: nothing is taken any more.
        ahead_until_s: up to when the frames of the peer would last, had they come in real time.
        counted_s: how much of the sink's `heard_s` that counts already.
    """

    def __init__(self, parser, now, double ahead_s):
        self.parser = parser
        self.now = now
        self.ahead_s = ahead_s

    def data_received(self, bytes data not None) -> None:
        """The next bytes of the peer; after the end they are thrown away, as the peer must never find us full."""
        cdef double now_s
        cdef list others
        if self.ended:
            return
        if self.sink is None:
            self.received_early(data)
            return
        self.sink.fetch()
        now_s = self.now()
        self.sink.fetch_more()
        others = self.parser.feed_into(data, self.sink, now_s)
        if others:
            self.received_others(others)
            if self.ended:
                return
        self._pace(now_s)

    def watch_pace(self, double now_s) -> None:
        """Notices a peer that sends much faster than anybody can speak: it would take the time of all other calls."""
        self._pace(now_s)

    cdef int _pace(self, double now_s) except -1:
        cdef double heard_s = self.sink.heard_s
        self.ahead_until_s = max(self.ahead_until_s, now_s - self.ahead_s) + heard_s - self.counted_s
        self.counted_s = heard_s
        if self.ahead_until_s - now_s > self.ahead_s:
            self.flooded()
        return 0
