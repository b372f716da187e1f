"""G.711 against the Recommendation's own numbers and, for every input there is, against its definition."""

import math
import struct
from types import ModuleType

import pytest

from ext import g711, simd
from tests.reference import g711 as reference

ALL_SAMPLES = struct.pack("<65536h", *range(-32768, 32768))
ALL_CODES = bytes(range(256))

# Tables 1a and 2a of ITU-T G.711: decision value number, decision value, quantised value just above it.
ALAW_ROWS = [(0, 0, 1), (32, 64, 66), (48, 128, 132), (64, 256, 264), (80, 512, 528), (96, 1024, 1056)]
ALAW_ROWS += [(112, 2048, 2112), (127, 3968, 4032)]
ULAW_ROWS = [(0, 0, 0), (1, 1, 2), (2, 3, 4), (16, 31, 33), (32, 95, 99), (48, 223, 231), (64, 479, 495)]
ULAW_ROWS += [(80, 991, 1023), (96, 2015, 2079), (112, 4063, 4191), (127, 7903, 8031)]

# Table 5 and 6 of ITU-T G.711: one period of a 1 kHz sine at 0 dBm0, as codes.
ALAW_MILLIWATT = bytes.fromhex("34 21 21 34 b4 a1 a1 b4")
ULAW_MILLIWATT = bytes.fromhex("1e 0b 0b 1e 9e 8b 8b 9e")


@pytest.fixture(params=[g711, reference], ids=["ext", "reference"])
def codec(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


@pytest.mark.parametrize("path", simd.paths())
def test_every_sample_and_every_code_equal_the_definition(path: str) -> None:
    usual = simd.path()
    simd.use_path(path)
    try:
        encoded = g711.ulaw_encode(ALL_SAMPLES), g711.alaw_encode(ALL_SAMPLES)
        decoded = g711.ulaw_decode(ALL_CODES), g711.alaw_decode(ALL_CODES)
    finally:
        simd.use_path(usual)
    assert encoded == (reference.ulaw_encode(ALL_SAMPLES), reference.alaw_encode(ALL_SAMPLES))
    assert decoded == (reference.ulaw_decode(ALL_CODES), reference.alaw_decode(ALL_CODES))


@pytest.mark.filterwarnings("ignore:'audioop' is deprecated")
def test_every_sample_and_every_code_equal_those_of_audioop() -> None:
    """Of the standard library up to 3.12, and of its continuation audioop-lts after that."""
    audioop = pytest.importorskip("audioop")
    assert g711.ulaw_encode(ALL_SAMPLES) == audioop.lin2ulaw(ALL_SAMPLES, 2)
    assert g711.alaw_encode(ALL_SAMPLES) == audioop.lin2alaw(ALL_SAMPLES, 2)
    assert g711.ulaw_decode(ALL_CODES) == audioop.ulaw2lin(ALL_CODES, 2)
    assert g711.alaw_decode(ALL_CODES) == audioop.alaw2lin(ALL_CODES, 2)


@pytest.mark.parametrize(("number", "decision", "quantised"), ULAW_ROWS)
def test_ulaw_rows_of_the_standard(codec: ModuleType, number: int, decision: int, quantised: int) -> None:
    code = codec.ulaw_encode(struct.pack("<h", 4 * decision))
    assert code == bytes([0xFF - number])
    assert codec.ulaw_decode(code) == struct.pack("<h", 4 * quantised)
    if decision:
        assert codec.ulaw_encode(struct.pack("<h", 4 * decision - 1)) == bytes([0xFF - number + 1])
        assert codec.ulaw_encode(struct.pack("<h", -4 * decision)) == bytes([0x7F - number])


@pytest.mark.parametrize(("number", "decision", "quantised"), ALAW_ROWS)
def test_alaw_rows_of_the_standard(codec: ModuleType, number: int, decision: int, quantised: int) -> None:
    code = codec.alaw_encode(struct.pack("<h", 8 * decision))
    assert code == bytes([(0x80 | number) ^ 0x55])
    assert codec.alaw_decode(code) == struct.pack("<h", 8 * quantised)
    assert codec.alaw_decode(bytes([code[0] ^ 0x80])) == struct.pack("<h", -8 * quantised)
    if decision:
        assert codec.alaw_encode(struct.pack("<h", 8 * decision - 1)) == bytes([(0x80 | number - 1) ^ 0x55])


def test_silence_and_full_scale_have_the_well_known_codes(codec: ModuleType) -> None:
    edges = struct.pack("<4h", 0, 32767, -32768, -1)
    assert codec.ulaw_encode(edges) == b"\xff\x80\x00\x7e"
    assert codec.alaw_encode(edges) == b"\xd5\xaa\x2a\x55"


@pytest.mark.parametrize(
    ("law", "period", "clip"), [("alaw", ALAW_MILLIWATT, 4096 * 8), ("ulaw", ULAW_MILLIWATT, 8159 * 4)]
)
def test_the_digital_milliwatt_is_a_sine_below_the_overload_level(
    codec: ModuleType, law: str, period: bytes, clip: int
) -> None:
    """G.711 section 4: the overload level is +3.14 dBm0 for A-law and +3.17 dBm0 for mu-law."""
    overload_db = {"alaw": 3.14, "ulaw": 3.17}[law]
    samples = struct.unpack("<8h", getattr(codec, f"{law}_decode")(period))
    amplitude = math.sqrt(2 * sum(sample * sample for sample in samples) / 8)
    assert 20 * math.log10(clip / amplitude) == pytest.approx(overload_db, abs=0.02)
    phases = [math.sin(2 * math.pi * (i + 0.5) / 8) for i in range(8)]
    # Codes of the milliwatt start in the positive or negative half wave, depending on the law's sign bit.
    sign = 1 if samples[0] > 0 else -1
    for sample, phase in zip(samples, phases, strict=True):
        assert sample == pytest.approx(sign * amplitude * phase, abs=amplitude * 0.03)


def test_decoding_then_encoding_gives_the_code_back(codec: ModuleType) -> None:
    assert codec.alaw_encode(codec.alaw_decode(ALL_CODES)) == ALL_CODES
    # Mu-law has two zeros; the negative one comes back as the positive.
    assert codec.ulaw_encode(codec.ulaw_decode(ALL_CODES)) == ALL_CODES.replace(b"\x7f", b"\xff")


@pytest.mark.parametrize("law", ["ulaw", "alaw"])
def test_half_a_sample_is_refused_with_both_numbers(codec: ModuleType, law: str) -> None:
    with pytest.raises(ValueError, match="got 321 bytes, not a multiple of 2"):
        getattr(codec, f"{law}_encode")(bytes(321))
    assert getattr(codec, f"{law}_encode")(b"") == b""
    assert getattr(codec, f"{law}_decode")(b"") == b""
