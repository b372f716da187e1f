"""Where a server under load spends its time: py-spy, beside it, on request."""

import asyncio
import shutil
import sys
from pathlib import Path

from app.errors import ConfigError, VoicebotError

FORMATS = {".svg": "flamegraph", ".json": "speedscope", ".txt": "raw"}
RATE_HZ = 200
EXTRA_S = 20.0
"""py-spy starts, reads symbols and writes its file."""


def profiler() -> str:
    """The program.

    Raises:
        ConfigError: it is not installed; with the command that does it.
    """
    beside = Path(sys.executable).with_name("py-spy")
    found = str(beside) if beside.is_file() else shutil.which("py-spy")
    if found is None:
        raise ConfigError(['--profile needs py-spy: pip install "voicebot-sav[dev]", or pip install py-spy'])
    return found


def check_file(file: Path) -> str:
    """py-spy's name of the format that the file's name asks for.

    Raises:
        ConfigError: none of them.
    """
    if file.suffix not in FORMATS:
        raise ConfigError([f"--profile {file}: give it one of {', '.join(FORMATS)} (flame graph, speedscope, text)"])
    return FORMATS[file.suffix]


async def profile(pid: int, file: Path, seconds: float) -> None:
    """Samples the process for so long. What is measured meanwhile is slower than usual.

    Raises:
        VoicebotError: py-spy failed; with its words.
    """
    words = [profiler(), "record", "--pid", str(pid), "--output", str(file), "--format", check_file(file)]
    words += ["--duration", str(max(1, round(seconds))), "--rate", str(RATE_HZ), "--nonblocking"]
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(seconds + EXTRA_S):
            said, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise VoicebotError(f"py-spy did not end within {seconds + EXTRA_S:.0f} s") from None
    if process.returncode != 0:
        lines = [line for line in said.decode(errors="replace").splitlines() if line.strip()]
        raise VoicebotError(f"py-spy failed (it needs the right to trace: root): {lines[-1] if lines else 'no word'}")
