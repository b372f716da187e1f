from typing import final

HIGH_PASS_HZ: int
SHELF_HZ: int
SHELF_DB: float
TARGET_DBOV: float
BOOST_MAX_DB: float
CUT_MAX_DB: float

@final
class Leveller:
    def __init__(self, level_dbov: float, known_s: float, target_dbov: float = ...) -> None: ...
    @property
    def active_dbov(self) -> float: ...
    @property
    def active_s(self) -> float: ...
    def process(self, pcm: bytes) -> bytes: ...
    def flush(self) -> bytes: ...
