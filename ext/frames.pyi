from typing import Final, Literal, final

KIND_TERMINATE: Final = 0x00
KIND_UUID: Final = 0x01
KIND_DTMF: Final = 0x03
KIND_SLIN_8000: Final = 0x10
KIND_SLIN_12000: Final = 0x11
KIND_SLIN_16000: Final = 0x12
KIND_SLIN_24000: Final = 0x13
KIND_SLIN_32000: Final = 0x14
KIND_SLIN_44100: Final = 0x15
KIND_SLIN_48000: Final = 0x16
KIND_SLIN_96000: Final = 0x17
KIND_SLIN_192000: Final = 0x18
KIND_ERROR: Final = 0xFF
FRAME_COST_S: Final = 0.002

def sample_rate_hz(kind: int) -> int: ...
def build(kind: int, payload: bytes) -> bytes: ...

class SoundSink:
    codec: Literal["slin", "ulaw", "alaw"]
    @property
    def heard_s(self) -> float: ...
    def feed(self, sound: bytes, rate_hz: int, now_s: float) -> None: ...

@final
class FrameParser:
    def __init__(self) -> None: ...
    @property
    def pending_bytes(self) -> int: ...
    def feed(self, data: bytes) -> list[tuple[int, bytes]]: ...
    def feed_into(self, data: bytes, sink: SoundSink, now_s: float) -> list[tuple[int, bytes]]: ...
