"""G.711 of the stand-ins, against values printed in ITU-T G.711."""

import numpy as np
import pytest

from app.standins import laws


@pytest.mark.parametrize(
    ("law", "code", "value"),
    [
        ("mulaw", 0xFF, 0),
        ("mulaw", 0x7F, 0),
        ("mulaw", 0x80, 32124),
        ("mulaw", 0x00, -32124),
        ("mulaw", 0xFE, 8),
        ("alaw", 0xD5, 8),
        ("alaw", 0x55, -8),
        ("alaw", 0xAA, 32256),
        ("alaw", 0x2A, -32256),
    ],
)
def test_landmarks(law: laws.Law, code: int, value: int) -> None:
    assert int.from_bytes(laws.decode(law, bytes([code])), "little", signed=True) == value


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_every_code_comes_back(law: laws.Law) -> None:
    codes = bytes(range(256))
    again = laws.encode(law, laws.decode(law, codes))
    assert laws.decode(law, again) == laws.decode(law, codes)  # µ-law has two zeros


@pytest.mark.parametrize("law", ["mulaw", "alaw"])
def test_the_nearest_code_is_taken(law: laws.Law) -> None:
    samples = np.arange(-32768, 32768, 37, dtype="<i2")
    decoded = np.frombuffer(laws.decode(law, laws.encode(law, samples.tobytes())), "<i2")
    errors = np.abs(decoded.astype(int) - samples)
    nearest = np.abs(laws.VALUES[law].astype(int)[None, :] - samples.astype(int)[:, None]).min(axis=1)
    assert (errors == nearest).all()
