"""The one door to HTML: a template that escapes everything but our own assets and JSON that was escaped for a script.

The policy of the file allows no network at all, and no script but those whose digests it names.
"""

import base64
import hashlib
import json
import re
from functools import cache
from typing import Any

import jinja2
import plotly.offline
import plotly.utils

from xtf.assets import asset
from xtf.figures import tokens
from xtf.report.content import Content

_ENTRY = "export default function ("
_UNSAFE = {character: f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def html(content: Content, made: str) -> str:
    """The whole file. `made`: when, for people."""
    scripts = {"plotly": _plotly(), "drawing": _script("report/report.js"), "mounting": _mounting()}
    data = {"figures": _json([figure.plot for figure in content.figures]),
            "samples": _json([sample.payload for sample in content.samples])}
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True,
                                     lstrip_blocks=True, keep_trailing_newline=True)
    template = environment.from_string(asset("report/report.html").read_text(encoding="utf-8"))
    return template.render(
        content=content, made=made, policy=_policy(scripts.values()), scripts=scripts, data=data,
        style=_own(asset("report/report.css").read_text(encoding="utf-8"), "style"),
        view=asset("token_view/view.html").read_text(encoding="utf-8"), view_style=_own(tokens.style(), "style"))


def _policy(scripts: Any) -> str:
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    return (f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; "
            "form-action 'none'")


def _json(value: Any) -> str:
    """JSON that ends no script element and no line of one; null where a number is NaN."""
    text = json.dumps(value, cls=plotly.utils.PlotlyJSONEncoder, sort_keys=True)
    return re.sub("[<>&\u2028\u2029]", lambda found: _UNSAFE[found[0]], text)


@cache
def _plotly() -> str:
    return _own(plotly.offline.get_plotlyjs(), "script")


def _script(name: str) -> str:
    return _own(asset(name).read_text(encoding="utf-8"), "script")


def _mounting() -> str:
    """The token view's module with its entry under a name, since nothing can import an inline module."""
    before, entry, after = tokens.script().partition(_ENTRY)
    mounting = asset("report/samples.js").read_text(encoding="utf-8")
    return _own(f"{before}function tokenView({after}\n{mounting}" if entry else mounting, "script")


def _own(text: str, tag: str) -> str:
    """Our own asset as the content of an element, as it will be read: browsers turn CRLF into LF.

    Raises: ValueError where it would end the element early.
    """
    if re.search(rf"</{tag}|<!--", text, re.IGNORECASE):
        raise ValueError(f"an asset holds what would end its <{tag}> element")
    return text.replace("\r\n", "\n").replace("\r", "\n")
