"""`voicebot cache build`: speaks every fixed phrase once."""

from contextlib import AsyncExitStack

from rich.console import Console
from rich.progress import Progress

from app.call.services import open_voice
from app.config import load_settings
from app.dialogue.prompts import load_prompts
from app.errors import ProviderError
from app.media.phrases import PhraseCache


async def build_cache() -> int:
    """Speaks what is missing, with a progress bar; exit code 1 if a phrase could not be spoken."""
    settings = load_settings()
    texts = list(load_prompts(settings.prompts_file).fixed().values())
    console = Console(stderr=True, highlight=False)
    async with AsyncExitStack() as stack:
        voice, _spare = await open_voice(settings, stack)
        cache = PhraseCache(settings.cache_dir, voice.voice_key, voice.level)
        missing = cache.load(texts)
        with Progress(console=console) as progress:
            bar = progress.add_task("phrases", total=len(missing))

            def on_progress(text: str, error: ProviderError | None) -> None:
                progress.advance(bar)
                if error is not None:
                    progress.console.print(f"not spoken: {text!r}: {error}", markup=False)

            failed = await cache.build(texts, voice.patient, on_progress)
    spoken = len(missing) - failed
    there = len(texts) - len(missing)
    console.print(f"{spoken} phrases spoken, {there} were there, {failed} failed: {cache.directory}", soft_wrap=True)
    return 1 if failed or cache.unwritable else 0
