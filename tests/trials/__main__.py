"""`make trials`: scripted French callers of different temper, against the real server and the stand-ins.

    python -m tests.trials                       all callers, some five minutes
    python -m tests.trials --only brisk,echo     tempers or callers whose names begin so
    python -m tests.trials --json                the report on standard output, nothing else
    python -m tests.trials --against NAME=VALUE  all of it once more with another setting of the server, side by side

What the figures are worth is told in tests/trials/README.md.
"""

import argparse
import json
import shutil
import sys
from pathlib import Path

from rich.console import Console

from app.errors import VoicebotError
from tests.trials.report import picture_of, report_of, show, write
from tests.trials.run import AS_PUBLISHED, AT_ONCE_KNOBS, Outcome, run
from tests.trials.trial import chosen, read_trials

AT_ONCE = 24
"""Callers at a time: two cores are busy for a third of the time then."""
CALM = ("brisk", "slow", "changes_mind", "wrong_first")
"""Tempers that are called once more, with stand-ins that take no time, to measure our own share."""


def main() -> int:
    """Runs, prints, writes; exit code 1 if the figures can't be believed. A promise that is missed is a finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", help="tempers or callers, with commas")
    parser.add_argument("--at-once", type=int, default=AT_ONCE, help="callers at a time")
    parser.add_argument("--json", action="store_true", help="the report as JSON on standard output")
    parser.add_argument("--no-own", action="store_true", help="leave the pass for our own share away")
    parser.add_argument("--setting", action="append", default=[], metavar="NAME=VALUE", help="of the server")
    parser.add_argument("--against", action="append", default=[], metavar="NAME=VALUE", help="of another pass")
    parser.add_argument("--directory", type=Path, default=Path("trial-results"), help="where JSON and picture go")
    options = parser.parse_args()
    settings, others = _settings(parser, options.setting), _settings(parser, options.against)
    try:
        trials = chosen(read_trials(), [word for word in options.only.split(",") if word])
        outcome = run(trials, options.at_once, AS_PUBLISHED, settings)
        calm = {name: trial for name, trial in trials.items() if trial.temper in CALM}
        own: Outcome | None = None
        if calm and not options.no_own:
            own = run(calm, options.at_once, AT_ONCE_KNOBS, settings)
        other = run(trials, options.at_once, AS_PUBLISHED, settings | others) if others else None
    except VoicebotError as error:
        print(f"trials: {error}", file=sys.stderr)
        return 2
    report = report_of(outcome, own, other)
    write(report, picture_of(outcome, own), options.directory)
    if options.json:
        print(json.dumps(report, ensure_ascii=False))
    else:
        show(report, Console(width=max(150, shutil.get_terminal_size().columns), highlight=False))
        print(f"written: {options.directory}/trials.json, trials.svg")
    problems = [f"{name}: {one}" for name, found in report["machine"].items() for one in found["problems"]]
    for problem in problems:
        print(f"not to be believed: {problem}", file=sys.stderr)
    return 1 if problems else 0


def _settings(parser: argparse.ArgumentParser, words: list[str]) -> dict[str, str]:
    for word in words:
        if "=" not in word:
            parser.error(f"{word}: write NAME=VALUE")
    return dict(word.split("=", 1) for word in words)


if __name__ == "__main__":
    sys.exit(main())
