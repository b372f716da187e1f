"""Many blocks to many files in one go."""

import errno
import os
from pathlib import Path

from ext.blocks import write_blocks


def test_blocks_go_where_they_belong_in_their_order(tmp_path: Path) -> None:
    first, second = (os.open(tmp_path / name, os.O_RDWR | os.O_CREAT) for name in "ab")
    try:
        assert write_blocks([(first, 4, b"dd"), (second, 0, b"xyz"), (first, 0, b"aaaa"), (first, 4, b"e")]) == [0] * 4
        assert os.pread(first, 100, 0) == b"aaaaed"
        assert os.pread(second, 100, 0) == b"xyz"
    finally:
        os.close(first)
        os.close(second)


def test_one_file_that_refuses_does_not_hurt_the_others(tmp_path: Path) -> None:
    good = os.open(tmp_path / "good", os.O_RDWR | os.O_CREAT)
    read_only = os.open(tmp_path / "good", os.O_RDONLY)
    try:
        wrong = write_blocks([(read_only, 0, b"no"), (-1, 0, b"no"), (good, 0, b"yes"), (good, 3, b"")])
        assert wrong == [errno.EBADF, errno.EBADF, 0, 0]
        assert os.pread(good, 100, 0) == b"yes"
    finally:
        os.close(good)
        os.close(read_only)


def test_a_full_device_says_so() -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        assert write_blocks([(full, 0, b"x")]) == [errno.ENOSPC]
    finally:
        os.close(full)


def test_nothing_to_write() -> None:
    assert write_blocks([]) == []
