"""The `voicebot` command."""

from collections.abc import Callable, Coroutine
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer
import uvloop
from rich.console import Console

from app import __version__
from app.errors import ConfigError, VoicebotError

EXIT_FAILED = 1
EXIT_USAGE = 2

err = Console(stderr=True, highlight=False)
out = Console(highlight=False)
app = typer.Typer(
    name="voicebot",
    help="The voicebot that answers the telephone of an after-sales service, over Asterisk AudioSocket.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
cache_app = typer.Typer(help="The cache of pre-spoken phrases.", no_args_is_help=True)
recordings_app = typer.Typer(help="Recordings of calls.", no_args_is_help=True)
db_app = typer.Typer(help="The two databases.", no_args_is_help=True)
firewall_app = typer.Typer(help="The firewall in front of the containers; needs root.", no_args_is_help=True)
backup_app = typer.Typer(help="Backups of databases, recordings and configuration; needs root.", no_args_is_help=True)
app.add_typer(cache_app, name="cache")
app.add_typer(recordings_app, name="recordings")
app.add_typer(db_app, name="db")
app.add_typer(firewall_app, name="firewall")
app.add_typer(backup_app, name="backup")

Command = TypeVar("Command", bound=Callable[..., Any])


def run(work: Coroutine[Any, Any, int | None]) -> None:
    """Runs a command's coroutine under uvloop and leaves with its exit code."""
    raise typer.Exit(uvloop.run(work) or 0)


def plain_errors(command: Command) -> Command:
    """A user's mistake is one clear line on standard error and an exit code, never a traceback."""

    @wraps(command)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        try:
            return command(*args, **kwargs)
        except ConfigError as error:
            for problem in error.problems:
                err.print(f"voicebot: {problem}", markup=False, soft_wrap=True)
            raise typer.Exit(EXIT_USAGE) from None
        except VoicebotError as error:
            err.print(f"voicebot: {error}", markup=False, soft_wrap=True)
            raise typer.Exit(EXIT_FAILED) from None
        except OSError as error:
            told = f"voicebot: {error.strerror or error}: {error.filename or ''}".rstrip(": ")
            err.print(told, markup=False, soft_wrap=True)
            raise typer.Exit(EXIT_FAILED) from None
        except KeyboardInterrupt:
            raise typer.Exit(130) from None

    return wrapped  # type: ignore[return-value]


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"voicebot {__version__}")
        raise typer.Exit


@app.callback()
def root(
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Every command has --help with an example. Settings come from the environment or .env."""


@app.command(epilog="Example:  AUDIOSOCKET_PORT=9090 REMOTE_ASTERISK_IP=203.0.113.10 voicebot serve")
@plain_errors
def serve() -> None:
    """Answer calls: AudioSocket on 9090, metrics and health on 9091, until SIGTERM (drains) or Ctrl-C twice."""
    from app.service import serve as serve_until_stopped

    run(serve_until_stopped())


@app.command(hidden=True)
@plain_errors
def worker(fd: Annotated[int, typer.Argument(help="Socket to the supervisor.")]) -> None:
    """One worker of a server; started by `voicebot serve`."""
    from app.worker import work

    run(work(fd))


@app.command(epilog="Example:  voicebot demo --script probleme_mobile")
@plain_errors
def demo(
    script: Annotated[str, typer.Option(help="Shipped script or a YAML file.")] = "internet_resolu",
    directory: Annotated[Path, typer.Option(help="Where the demonstration keeps its data.")] = Path("var/demo"),
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON at the end.")] = False,
    history: Annotated[
        str, typer.Option(help="Instead: fill its databases with invented calls of so long (30d, 12w, 1y).")
    ] = "",
) -> None:
    """Place one complete spoken French call to a real server and watch it, with nothing configured."""
    if history:
        from app.commands.history import write_history

        run(write_history(history, directory))
    from app.commands.demo import demonstrate

    run(demonstrate(script, directory, as_json=json))


@app.command(epilog="Example:  voicebot call --host 127.0.0.1 --port 9090 --script internet_resolu --json")
@plain_errors
def call(
    host: Annotated[str, typer.Option(help="The voicebot's address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its AudioSocket port.")] = 9090,
    uuid: Annotated[str, typer.Option(help="The call's UUID; a new one by default.")] = "",
    script: Annotated[str, typer.Option(help="Shipped script or a YAML file (see docs/caller.md).")] = "",
    wav: Annotated[Path | None, typer.Option(help="Speak a WAV file instead of a script.")] = None,
    codec: Annotated[
        str, typer.Option(help="What the Asterisk sends: slin, ulaw, alaw, slin16, …; the script's by default.")
    ] = "",
    save: Annotated[Path | None, typer.Option(help="Write what was said and heard to a stereo WAV.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    recognise: Annotated[bool, typer.Option(help="Put words to what the bot says (local phrase matching).")] = True,
    times: Annotated[int, typer.Option("--calls", "-n", min=1, max=1000, help="So many calls at once.")] = 1,
) -> None:
    """Call the voicebot like an Asterisk would: speak a script, listen, report what was heard and when."""
    from app.commands.call import place_calls

    run(
        place_calls(
            host,
            port,
            uuid=uuid,
            script=script,
            wav=wav,
            codec=codec,
            save=save,
            as_json=json,
            recognise=recognise,
            times=times,
        )
    )


@app.command(
    epilog="Example:  voicebot load --ramp 10,50,100,200,400 --pid 4711 --json load.json --picture load.svg\n\n"
    "Example:  voicebot load --calls 100 --burst 100\n\n"
    "Example:  voicebot load --in-a-row 2000 --calls 20 --seconds 1 --pid 4711"
)
@plain_errors
def load(
    host: Annotated[str, typer.Option(help="The voicebot's address.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Its AudioSocket port.")] = 9090,
    calls: Annotated[int, typer.Option("--calls", "-n", min=1, max=2000, help="So many calls at once.")] = 10,
    ramp: Annotated[str, typer.Option(help="More and more calls, such as 10,25,50,100; ends where it breaks.")] = "",
    seconds: Annotated[float, typer.Option(min=0.2, max=600, help="Measured at each level, in seconds.")] = 10.0,
    cps: Annotated[float, typer.Option(min=1, max=500, help="Calls opened a second.")] = 50.0,
    pid: Annotated[int, typer.Option(min=0, help="Process of the server, on this machine: its CPU and memory.")] = 0,
    metrics: Annotated[
        str, typer.Option(help="Its metrics page; on this machine http://127.0.0.1:9091/metrics is tried.")
    ] = "",
    wav: Annotated[
        Path | None, typer.Option(help="What the callers say, over and over; speech-like by default.")
    ] = None,
    burst: Annotated[int, typer.Option(min=0, max=1000, help="Then so many calls more within one second.")] = 0,
    in_a_row: Annotated[
        int, typer.Option(min=0, max=100_000, help="Instead: so many calls one after the other, --calls at a time.")
    ] = 0,
    json: Annotated[Path | None, typer.Option("--json", help="Write all figures to this file.")] = None,
    picture: Annotated[Path | None, typer.Option(help="Draw calls against cost and lateness (SVG).")] = None,
    profile: Annotated[
        Path | None, typer.Option(help="Afterwards, a py-spy profile of --pid: .svg, .json (speedscope) or .txt.")
    ] = None,
    pin: Annotated[int, typer.Option(min=-1, help="Core for the load itself; best not the server's.")] = -1,
    yes_really: Annotated[bool, typer.Option("--yes-really", help="Allow a public address. It must be yours.")] = False,
) -> None:
    """Put a server under load: many callers who speak and listen, what they hear when, and what they cost."""
    from app.commands.load import LoadOrder, levels_of, put_under_load

    order = LoadOrder(
        host=host,
        port=port,
        levels=levels_of(calls, ramp),
        seconds=seconds,
        per_s=cps,
        pid=pid,
        metrics=metrics,
        wav=wav,
        burst=burst,
        in_a_row=in_a_row,
        json_file=json,
        picture=picture,
        profile=profile,
        pin=pin,
        public_too=yes_really,
    )
    run(put_under_load(order))


@app.command(epilog="Example:  voicebot standins --deepgram-port 9301 --groq-port 9311 --elevenlabs-port 9321")
@plain_errors
def standins(
    deepgram_port: Annotated[int, typer.Option(help="WebSocket of the Deepgram stand-in.")] = 9301,
    groq_port: Annotated[int, typer.Option(help="HTTP of the Groq stand-in.")] = 9311,
    elevenlabs_port: Annotated[int, typer.Option(help="HTTP of the ElevenLabs stand-in.")] = 9321,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    phrases: Annotated[
        list[Path] | None, typer.Option(help="More phrases to recognise: a list, or a caller script (YAML).")
    ] = None,
    knob: Annotated[
        list[str] | None,
        typer.Option(
            "--knob", "-k", help="provider.name=value, such as groq.fault=hang or elevenlabs.first_byte_ms=300."
        ),
    ] = None,
) -> None:
    """Run local stand-ins of Deepgram, Groq and ElevenLabs that speak their wire protocols."""
    from app.commands.standins import serve_standins

    run(serve_standins(host, deepgram_port, groq_port, elevenlabs_port, phrases or [], knob or []))


@app.command(epilog='Example:  voicebot intents --state VERIFICATION --offline "non mais c\'est bon ça remarche"')
@plain_errors
def intents(
    utterance: Annotated[list[str] | None, typer.Argument(help="What the caller said.")] = None,
    state: Annotated[str, typer.Option(help="State of the call, for the utterances given as arguments.")] = "WELCOME",
    offline: Annotated[bool, typer.Option(help="Ask the local rules only.")] = False,
    tsv: Annotated[str, typer.Option(help="File with state and utterance per line, or - for standard input.")] = "",
) -> None:
    """Understand utterances: one JSON line each, with intent, fields, sentiment and who understood it."""
    from app.commands.intents import understand_all

    run(understand_all(utterance or [], state, tsv, offline=offline))


@cache_app.command("build", epilog="Example:  voicebot cache build")
@plain_errors
def cache_build() -> None:
    """Speak every fixed phrase once, so that callers hear them without waiting."""
    from app.commands.cache import build_cache

    run(build_cache())


@recordings_app.command("convert", epilog="Example:  voicebot recordings convert var/recordings --format mp3")
@plain_errors
def recordings_convert(
    paths: Annotated[list[Path] | None, typer.Argument(help="RAW files or folders; RECORDINGS_DIR by default.")] = None,
    format: Annotated[list[str] | None, typer.Option("--format", "-f", help="mp3, wav; may be repeated.")] = None,
    workers: Annotated[int | None, typer.Option(help="Conversions at a time; one per core by default.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Convert again what is already there.")] = False,
) -> None:
    """Convert recordings to MP3 or WAV, several at once; originals stay."""
    from app.commands.recordings import convert_recordings

    raise typer.Exit(convert_recordings(paths or [], tuple(format or ["mp3"]), workers, overwrite=overwrite))


@db_app.command("migrate", epilog="Example:  voicebot db migrate")
@plain_errors
def db_migrate() -> None:
    """Bring both databases to the newest schema; safe to repeat."""
    from app.commands.database import migrate_both

    run(migrate_both())


FIREWALL_FILE = Path("/etc/voicebot/firewall.yaml")


@firewall_app.command(
    "apply",
    epilog="Example:  sudo voicebot firewall apply --dry-run\n\nExample:  sudo voicebot firewall apply",
)
@plain_errors
def firewall_apply(
    table: Annotated[Path, typer.Option(help="Who may reach what (docs/firewall.md).")] = FIREWALL_FILE,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done.")] = False,
) -> None:
    """Write the rules of DOCKER-USER that are missing, IPv4 and IPv6; safe to repeat."""
    from app.commands.firewall import apply

    raise typer.Exit(apply(table, dry_run=dry_run))


@firewall_app.command(
    "status",
    epilog="Example:  sudo voicebot firewall status\n\nExample:  sudo voicebot firewall status --json",
)
@plain_errors
def firewall_status(
    table: Annotated[Path, typer.Option(help="Who may reach what (docs/firewall.md).")] = FIREWALL_FILE,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    metrics: Annotated[Path | None, typer.Option(help="Also write a file for node exporter, name.prom.")] = None,
    report: Annotated[Path | None, typer.Option(help="Also write every rule to a file for the dashboard.")] = None,
) -> None:
    """Compare the rules that stand with those that should: exit code 1 where they differ, 2 where it can't tell."""
    from app.commands.firewall import status

    raise typer.Exit(status(table, as_json=json, metrics=metrics, report_file=report))


@firewall_app.command("remove", epilog="Example:  sudo voicebot firewall remove")
@plain_errors
def firewall_remove() -> None:
    """Take this firewall's rules away, and nothing else: published ports of containers are open then."""
    from app.commands.firewall import remove

    raise typer.Exit(remove())


BACKUP_PLAN = Path("/etc/voicebot/backup.yaml")
PlanFile = Annotated[Path, typer.Option("--plan", help="What is backed up, and where to (docs/backup.md).")]


@backup_app.command("run", epilog="Example:  sudo voicebot backup run")
@plain_errors
def backup_run(plan: PlanFile = BACKUP_PLAN) -> None:
    """Back up both databases, roles, recordings of the last days and configuration; copy it to the target, if any."""
    from app.commands.backup import run_backup

    raise typer.Exit(run_backup(plan))


@backup_app.command("list", epilog="Example:  sudo voicebot backup list --json")
@plain_errors
def backup_list(
    plan: PlanFile = BACKUP_PLAN,
    json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show the backups that are complete, and what is there besides."""
    from app.commands.backup import list_backups

    raise typer.Exit(list_backups(plan, as_json=json))


@backup_app.command("drill", epilog="Example:  sudo voicebot backup drill")
@plain_errors
def backup_drill(
    name: Annotated[str, typer.Argument(help="A backup of the list, or the newest one.")] = "newest",
    plan: PlanFile = BACKUP_PLAN,
) -> None:
    """Restore a backup on trial, into databases that are dropped again, and compare: exit code 1 where it differs."""
    from app.commands.backup import run_drill

    raise typer.Exit(run_drill(plan, name))


@backup_app.command("restore", epilog="Example:  sudo voicebot backup restore 20261129T021500Z --yes")
@plain_errors
def backup_restore(
    name: Annotated[str, typer.Argument(help="A backup of the list, or newest.")],
    plan: PlanFile = BACKUP_PLAN,
    yes: Annotated[bool, typer.Option("--yes", help="Put it in the place of the present databases.")] = False,
) -> None:
    """Restore for real: the databases of a backup take the place of the present ones, which are kept beside them."""
    from app.commands.backup import run_restore

    raise typer.Exit(run_restore(plan, name, confirmed=yes))


def main() -> None:
    """Entry point of the `voicebot` command."""
    app()
