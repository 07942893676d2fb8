"""Commands within this process: quick where a test is about what they do, not about how a process ends."""

import io
import json
import signal
from contextlib import redirect_stderr, redirect_stdout

from click import ClickException
from click.testing import CliRunner

from xtf.cli.main import cli, main
from xtf.errors import XtfError


def told(*arguments) -> dict:
    """The object that a command prints with --json; it must not fail."""
    done = CliRunner().invoke(cli, [*map(str, arguments), "--json"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def refused(*arguments) -> str:
    """The sentence with which a command ends."""
    done = CliRunner().invoke(cli, [*map(str, arguments)], standalone_mode=False)
    assert isinstance(done.exception, XtfError | ClickException), done.output
    return str(done.exception)


def ended(*arguments) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of `xtf *arguments`, by the function that the program is."""
    out, err, handler = io.StringIO(), io.StringIO(), signal.getsignal(signal.SIGTERM)
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main([*map(str, arguments)])
    except SystemExit as end:
        return end.code, out.getvalue(), err.getvalue()
    finally:
        signal.signal(signal.SIGTERM, handler)
