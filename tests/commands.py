"""Commands within this process: quick where a test is about what they do, not about how a process ends."""

import json

from click import ClickException
from click.testing import CliRunner

from xtf.cli.main import cli
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
