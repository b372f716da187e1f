"""Where log lines go."""

import os
import socket
import threading

from app.ops.log_stream import MAX_WAITING_LINES, WholeLines


def test_a_line_is_one_write_however_long() -> None:
    """Several processes share one pipe: what comes in two writes could have another's line in between."""
    reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with reading, writing:
        assert WholeLines(writing.fileno()).write("é" * 15_000 + "\n") == 15_001
        assert reading.recv(100_000) == ("é" * 15_000 + "\n").encode()


def test_a_log_that_nobody_reads_any_more_stops_nobody() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    assert WholeLines(writing).write("lost\n") == 5
    assert not WholeLines(writing).isatty()
    os.close(writing)


def read_to_the_end(reading: int) -> bytes:
    with open(reading, "rb") as pipe:
        return pipe.read()


def test_nobody_waits_for_a_slow_reader_and_nothing_is_lost() -> None:
    reading, writing = os.pipe()
    stream = WholeLines(writing).start()
    sent = [f"line {number} {'x' * 1000}\n" for number in range(500)]  # half a megabyte: a pipe holds 64 KB
    for line in sent:
        stream.write(line)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(read_to_the_end(reading)))
    reader.start()
    stream.stop()
    stream.write("after the end\n")
    os.close(writing)
    reader.join()
    assert got[0].decode() == "".join(sent) + "after the end\n"


def test_what_nobody_takes_is_counted() -> None:
    lost: list[int] = []
    reading, writing = os.pipe()
    stream = WholeLines(writing, lost.append).start()
    line = "x" * 199 + "\n"
    for _ in range(MAX_WAITING_LINES + 1000):
        stream.write(line)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(read_to_the_end(reading)))
    reader.start()
    stream.stop()
    os.close(writing)
    reader.join()
    assert len(lost) == 1
    assert len(got[0]) == (MAX_WAITING_LINES + 1000 - lost[0]) * len(line)
