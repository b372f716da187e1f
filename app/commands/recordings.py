"""`voicebot recordings convert`: RAW to MP3 or WAV, several at once, with a progress bar."""

from pathlib import Path
from typing import cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from app.config import load_settings
from app.errors import ConfigError
from app.media.conversion import CODECS, Conversion, Format, convert_all


def convert_recordings(paths: list[Path], formats: tuple[str, ...], workers: int | None, *, overwrite: bool) -> int:
    """Converts files and folders; exit code 1 if one could not be converted (the others are).

    Raises:
        ConfigError: an unknown format.
    """
    if unknown := sorted(set(formats) - set(CODECS)):
        raise ConfigError([f"--format {unknown[0]}: unknown; choose among {', '.join(CODECS)}"])
    sources = paths or [load_settings().recordings_dir]
    files = [file for source in sources for file in (sorted(source.glob("*.raw")) if source.is_dir() else [source])]
    console = Console(stderr=True, highlight=False)
    columns = (TextColumn("converting"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        bar = progress.add_task("recordings", total=len(files) * len(set(formats)))

        def on_progress(result: Conversion, done: int, total: int) -> None:
            progress.update(bar, completed=done, total=total)
            if result.outcome == "failed":
                progress.console.print(f"not converted: {result.source}: {result.reason}", markup=False)

        summary = convert_all(files, cast(tuple[Format, ...], formats), workers, overwrite, on_progress)
    converted, skipped, failed = (len(summary.of(outcome)) for outcome in ("converted", "skipped", "failed"))
    console.print(f"{converted} converted, {skipped} already there, {failed} failed")
    return 1 if failed else 0
