"""Scripts of calls: what a simulated caller does, step by step, read from YAML and checked all at once."""

import re
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationError,
    field_validator,
    model_validator,
)

from app.audiosocket.wires import WireCodec
from app.errors import ConfigError

SCRIPTS_DIR = Path(__file__).parent / "scripts"
LARGEST_SCRIPT_BYTES = 200_000

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]
Seconds = Annotated[float, Field(ge=0, le=3600, allow_inf_nan=False)]
_SILENCE_MARK = re.compile(r"\s*\[(\d{1,2}(?:\.\d{1,3})?)\]\s*")
"""Silence in the middle of a sentence, in seconds: "Mon numéro, c'est [0.8] le zéro six"."""


class Part(BaseModel):
    """Common to all parts of a script: nothing unknown is let through, nothing changes after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class CallerVoice(Part):
    """How the caller sounds: an espeak voice."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[a-zA-Z0-9]+)*(\+[A-Za-z0-9_]+)?$")] = "fr"
    """espeak voice with optional variant: "fr", "fr+f2", "fr+m3"."""
    rate_wpm: int = Field(165, ge=80, le=450)
    pitch: int = Field(50, ge=0, le=99)
    gain_db: float = Field(0.0, ge=-40, le=12)
    """Louder or softer than espeak speaks."""


class Noise(Part):
    """What else is heard on the caller's line, all the time."""

    sound: Words
    """A made one (`app.caller.noises`: "babble", "street", "hiss"), or a sound file, which is repeated."""
    snr_db: float = Field(10.0, ge=-20, le=60)
    """The caller's speech above it."""


class Echo(Part):
    """The bot itself, as it comes back from the caller's telephone."""

    level_db: float = Field(-20.0, ge=-60, le=0)
    """What is left of it."""
    delay_ms: int = Field(120, ge=0, le=1000)
    """The way there and back."""


class Say(Part):
    """Says a sentence once the bot has spoken and fallen silent; right after a pause, once it is silent."""

    key: ClassVar[str] = "say"
    say: Words
    over_bot_after_s: Seconds | None = None
    """Talks over the bot instead: this long after it began to speak."""
    optional: bool = False
    """A call that ends before it comes to this is a good call all the same."""


class Interject(Part):
    """Says a word while the bot speaks ("mmh", "d'accord") and expects no answer; goes on listening."""

    key: ClassVar[str] = "interject"
    interject: Words
    after_s: Seconds = 1.0
    """From the start of what the bot is saying."""


class MakeSound(Part):
    """The same with a sound that is no word: a made one ("cough", "slam") or a sound file."""

    key: ClassVar[str] = "sound"
    sound: Words
    after_s: Seconds = 1.0


class PlayWav(Part):
    """Plays a sound file in place of a sentence; relative to the script's own folder."""

    key: ClassVar[str] = "wav"
    wav: Path


class Pause(Part):
    """Just waits."""

    key: ClassVar[str] = "pause_s"
    pause_s: Seconds


class Dial(Part):
    """Presses keys, one after the other, without waiting for the bot."""

    key: ClassVar[str] = "dtmf"
    dtmf: Annotated[str, StringConstraints(strict=True, pattern=r"^[0-9*#A-D]{1,32}$")]
    over_bot_after_s: Seconds | None = None
    """Over what the bot says next: this long after it began to speak."""


class WaitBot(Part):
    """Waits until the bot has spoken and is silent again, at most so long."""

    key: ClassVar[str] = "wait_bot_s"
    wait_bot_s: Seconds


class Listen(Part):
    """Listens until the bot has been quiet for so long."""

    key: ClassVar[str] = "listen_until_quiet_s"
    listen_until_quiet_s: Seconds


class HangUp(Part):
    """Hangs up at once."""

    key: ClassVar[str] = "hangup"
    hangup: Literal[True]
    abort: bool = False
    """With a reset of the connection instead of its end, as when a line is cut."""


class HangUpMidSentence(Part):
    """Begins a sentence as `say` does, and hangs up in the middle of it."""

    key: ClassVar[str] = "hangup_mid_sentence"
    hangup_mid_sentence: Words
    after_s: Seconds | None = None
    """From the start of the sentence; by default half of it."""
    abort: bool = False


_STEPS = (Say, Interject, MakeSound, PlayWav, Pause, Dial, WaitBot, Listen, HangUp, HangUpMidSentence)
_KEYS = tuple(step.key for step in _STEPS)


def _key_of(step: Any) -> str | None:
    if isinstance(step, Part):
        return getattr(step, "key", None)
    if not isinstance(step, dict):
        return None
    keys = [key for key in _KEYS if key in step]
    return keys[0] if len(keys) == 1 else None


Step = Annotated[
    Annotated[Say, Tag("say")]
    | Annotated[Interject, Tag("interject")]
    | Annotated[MakeSound, Tag("sound")]
    | Annotated[PlayWav, Tag("wav")]
    | Annotated[Pause, Tag("pause_s")]
    | Annotated[Dial, Tag("dtmf")]
    | Annotated[WaitBot, Tag("wait_bot_s")]
    | Annotated[Listen, Tag("listen_until_quiet_s")]
    | Annotated[HangUp, Tag("hangup")]
    | Annotated[HangUpMidSentence, Tag("hangup_mid_sentence")],
    Discriminator(
        _key_of,
        custom_error_type="step",
        custom_error_message="a step has exactly one of: " + ", ".join(_KEYS),
    ),
]


class Script(Part):
    """A call, as the caller means it to go."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
    description: str = ""
    voice: CallerVoice = CallerVoice()
    noise: Noise | None = None
    echo: Echo | None = None
    bot_silence_ms: int = Field(700, ge=100, le=10_000)
    """Silence below −50 dBFS after which the bot counts as having finished."""
    wait_bot_s: Seconds = 20.0
    """Longest wait of a `say` for the bot; then the caller speaks anyway, and the report notes it."""
    repeat_when: str = ""
    """Regular expression of what the bot says to ask again: the caller then says the latest sentence again, twice at
    most. Needs a recogniser (`place_call`)."""
    max_seconds: float = Field(180.0, gt=0, le=3600, allow_inf_nan=False)
    """Longest call; the caller then hangs up."""
    ptime_ms: Literal[10, 20, 30, 40, 60] = 20
    """Packet time of the caller's telephone."""
    codec: WireCodec = "slin"
    """What the Asterisk sends of it: `c(…)` of its channel driver."""
    suppress_silence: bool = False
    """A telephone that sends nothing while its owner is silent."""
    steps: tuple[Step, ...] = ()
    folder: Path = Field(Path(), exclude=True)
    """Where relative sound files are looked for."""

    @field_validator("repeat_when")
    @classmethod
    def _is_an_expression(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"no regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _nothing_follows_the_end(self) -> "Script":
        for number, step in enumerate(self.steps[:-1], 1):
            if isinstance(step, HangUp | HangUpMidSentence):
                raise ValueError(f"step {number} hangs up: no step can follow it")
        return self


def pieces_of(words: str) -> list[str | float]:
    """Words and silences (seconds) in turn: "Le zéro six [0.8] douze" is "Le zéro six", 0.8, "douze"."""
    pieces = _SILENCE_MARK.split(words)
    return [float(piece) if number % 2 else piece for number, piece in enumerate(pieces) if piece]


def words_of(text: str) -> str:
    """What is said, without the marks of silence."""
    return _SILENCE_MARK.sub(" ", text).strip()


def parse_script(text: str, source: str, folder: Path = Path()) -> Script:
    """Reads a script from YAML.

    Args:
        source: what to call it in errors, usually the file.
        folder: where relative sound files are looked for.

    Raises:
        ConfigError: with every mistake, one line each.
    """
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise ConfigError([f"{source}{where}: not YAML: {getattr(error, 'problem', None) or error}"]) from None
    if not isinstance(content, dict):
        raise ConfigError([f"{source}: a script is a mapping with `name` and `steps`"])
    try:
        return Script.model_validate({**content, "folder": folder})
    except ValidationError as error:
        raise ConfigError([f"{source}: {_where(one['loc'])}: {one['msg']}" for one in error.errors()]) from None


def read_script(script: str | Path) -> Script:
    """Reads a script file, or one of the shipped scripts by its name ("internet_resolu").

    Raises:
        ConfigError: it is not there, or has mistakes.
    """
    path = Path(script)
    if not path.suffix and not path.exists() and (shipped := SCRIPTS_DIR / f"{path.name}.yaml").exists():
        path = shipped
    try:
        if path.stat().st_size > LARGEST_SCRIPT_BYTES:
            raise ConfigError([f"{path}: larger than {LARGEST_SCRIPT_BYTES} bytes: that is no script"])
        text = path.read_text("utf-8")
    except OSError as error:
        names = ", ".join(shipped_scripts())
        raise ConfigError([f"{path}: {error.strerror}; shipped scripts: {names}"]) from None
    except UnicodeDecodeError:
        raise ConfigError([f"{path}: not UTF-8 text"]) from None
    return parse_script(text, str(path), path.parent)


def shipped_scripts() -> tuple[str, ...]:
    """Names of the scripts that come with the product."""
    return tuple(sorted(path.stem for path in SCRIPTS_DIR.glob("*.yaml")))


def script_for_wav(wav: Path, quiet_s: float = 5.0, max_seconds: float = 180.0) -> Script:
    """A script that plays one sound file once the bot is silent, listens until it is quiet, and hangs up."""
    return Script(
        name="wav",
        description=f"plays {wav.name}",
        max_seconds=max_seconds,
        steps=(PlayWav(wav=wav.absolute()), Listen(listen_until_quiet_s=quiet_s), HangUp(hangup=True)),
    )


def _where(location: tuple[int | str, ...]) -> str:
    parts = list(location)
    if parts[:1] == ["steps"] and len(parts) > 1:
        # ("steps", 2, "say", "over_bot_after_s"): the tag repeats what the last part says.
        inner = [str(part) for part in parts[3:] or parts[2:3]]
        return ": ".join([f"step {int(parts[1]) + 1}", *inner])
    return ".".join(str(part) for part in parts) or "script"
