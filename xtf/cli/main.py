"""`xtf`: its commands, and the one place where errors become exit codes."""

import importlib
import os
import signal
import sys
from typing import Any, NoReturn

import click

import xtf
from xtf import jobs, turns
from xtf.errors import XtfError

_COMMANDS = {  # name → module and function in xtf.cli; imported when needed, so that a command starts quickly
    "score": "score.score", "preview": "score.preview", "runs": "runs.runs", "filter": "runs.filter_run",
    "scores": "runs.scores", "export": "export.export", "verify": "verify.verify",
    "push": "push.push", "preflight": "preflight.preflight", "train": "train.train",
    "trainings": "train.trainings", "merge": "train.merge", "ask": "ask.ask", "evaluate": "evaluate.evaluate",
    "compare": "compare.compare", "prepare": "prepare.prepare", "value": "value.value",
    "settings": "settings.settings",
    "report": "report.report", "jobs": "jobs.jobs", "app": "app.app", "bench": "bench.bench",
    "alternatives": "alternatives.alternatives", "sentence": "sentence.sentence", "augment": "augment.augment",
    "agreement": "agreement.agreement",
}


class _Lazy(click.Group):
    """A group whose commands are imported when they are needed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, _, function = _COMMANDS[cmd_name].partition(".")
        command: click.Command = getattr(importlib.import_module(f"xtf.cli.{module}"), function)
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(xtf.__version__, prog_name="xtf")
def cli() -> None:
    """Score fine-tuning data token by token, choose what to train on, and export exactly that."""


def main(arguments: list[str] | None = None) -> NoReturn:
    """Runs a command. Exit 0 done, 2 the user's error (one sentence on stderr), 1 a bug (with its traceback)."""
    signal.signal(signal.SIGTERM, _interrupt)
    os.environ.setdefault("TQDM_DISABLE", "1")  # libraries' own bars would run into ours and into job logs
    report = jobs.reporter()
    try:
        with turns.await_turn(report):
            result = cli.main(args=arguments, prog_name="xtf", standalone_mode=False)
    except XtfError as error:
        _end(report, "failed", str(error))
        _fail(str(error))
    except click.ClickException as error:
        _end(report, "failed", error.format_message())
        error.show()
        sys.exit(2)
    except (KeyboardInterrupt, click.Abort):
        _end(report, "cancelled", "")
        _fail("Stopped. What is finished is kept; run the same command again to go on.", 130)
    except Exception as error:
        _end(report, "failed", f"A bug in XTF: {type(error).__name__}: {error}. The log has the traceback.")
        raise
    _end(report, "done", "", result if isinstance(result, dict | list) else None)
    sys.exit(result if isinstance(result, int) else 0)


def _interrupt(*_: Any) -> NoReturn:
    """Ends the work as Ctrl-C does. Once: what is still written then must not be interrupted in its turn."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _end(report: jobs.Reporter | None, state: jobs.State, message: str, result: Any = None) -> None:
    if report:
        report.end(state, message, result)


def _fail(sentence: str, code: int = 2) -> NoReturn:
    click.echo(f"xtf: {sentence}", err=True)
    sys.exit(code)
