"""`xtf push`: an export into a dataset repository of the Hugging Face hub."""

from pathlib import Path
from typing import Any

import click

from xtf.cli.output import json_flag, progress, show
from xtf.words import count


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.argument("repo")
@click.option("--public", is_flag=True, help="Let everybody read it. [default: private]")
@click.option("--revision", help="Branch to push to, made if there is none. [default: main]")
@click.option("--overwrite", is_flag=True, help="Take the place of what REPO holds.")
@click.option("--token-file", type=click.Path(path_type=Path),
              help="File that holds a write token. [default: HF_TOKEN, or the login of `hf auth login`]")
@json_flag
def push(folder: Path, repo: str, public: bool, revision: str | None, overwrite: bool, token_file: Path | None,
         as_json: bool) -> Any:
    """Upload the export in DIR to REPO (OWNER/NAME), a dataset on the Hugging Face hub; private unless --public.

    The rows are checked first. It is one commit: a push that breaks off leaves REPO as it was.
    """
    from xtf.export import hub

    token = hub.read_token(token_file) if token_file else None
    with progress() as report:
        found = hub.push(folder, repo, token=token, private=not public, revision=revision, overwrite=overwrite,
                         progress=report)
    left_out = found["left_out"]
    return show(found, as_json, f"{count(len(found['files']))} files pushed to {found['url']} "
                f"({'private' if found['private'] else 'public'}, commit {found['commit'][:10]}).",
                *([f"Left out, because they are no part of the export: {', '.join(left_out)}."] if left_out else []))
