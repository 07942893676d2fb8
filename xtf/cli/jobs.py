"""`xtf jobs`: background jobs, as the dashboard starts them."""

from dataclasses import asdict
from typing import Any

import click

from xtf import jobs as background
from xtf.cli.output import json_flag, show, table


@click.command()
@click.option("--cancel", metavar="ID", help="End a job and its children; what it has finished stays.")
@click.option("--again", metavar="ID", help="Start a job's command again: what was cancelled, lost or failed goes "
                                            "on where it stopped.")
@json_flag
def jobs(cancel: str | None, again: str | None, as_json: bool) -> Any:
    """List background jobs, newest first."""
    if cancel or again:
        found = [background.cancel(cancel) if cancel else background.again(str(again))]
    else:
        found = background.list_jobs()
    rows = [(job.id, job.label, job.state, f"{job.done:,}/{job.total:,}", job.message) for job in found]
    return show({"jobs": [asdict(job) for job in found]}, as_json,
                table("", ["job", "what", "state", "tokens", "message"], rows) if rows else "No jobs yet.")
