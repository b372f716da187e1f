from app.caller.playback import Playback


def places(*arrivals: tuple[float, bool]) -> list[float | None]:
    playback = Playback()
    return [
        None if (start := playback.place(at_s, 0.02, silent)) is None else round(start, 3) for at_s, silent in arrivals
    ]


def test_jitter_within_the_buffer_leaves_no_gap() -> None:
    assert places((1.0, False), (1.027, False), (1.039, False), (1.061, False)) == [1.0, 1.02, 1.04, 1.06]


def test_a_late_frame_leaves_a_gap() -> None:
    assert places((1.0, False), (1.5, False), (1.52, False)) == [1.0, 1.5, 1.52]


def test_a_burst_waits_for_its_turn() -> None:
    assert places(*[(1.0, False)] * 6) == [1.0, 1.02, 1.04, 1.06, 1.08, 1.1]


def test_silence_is_dropped_until_the_backlog_is_gone() -> None:
    burst = [(1.0, False)] * 5
    assert places(*burst, (1.0, True), (1.02, True), (1.05, True))[5:] == [None, None, 1.1]
