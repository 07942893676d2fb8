"""A raw row, and how its cells become text and turns."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xtf.config import DataSettings
from xtf.data.types import Message
from xtf.errors import DataError

#: Other names of roles. A role that is neither here nor assistant, user or system is left to the template.
ROLES = {"human": "user", "gpt": "assistant", "chatgpt": "assistant", "bot": "assistant", "model": "assistant",
         "developer": "system", "function": "tool", "function_call": "tool", "observation": "tool"}


@dataclass(frozen=True)
class Row:
    """A raw row that knows where it stands, so that what is wrong with it can be told."""

    values: Mapping[str, Any]
    number: int  # from 1
    settings: DataSettings

    def cell(self, column: str) -> Any:
        """Raises: DataError listing the columns present."""
        if column not in self.values:
            raise DataError(f"{self} has no column {column!r}; it has {', '.join(map(str, self.values))}. Choose "
                            "another format, or name the columns with --prompt-column and --response-column.")
        return self.values[column]

    def text(self, column: str) -> str:
        return self.plain(self.cell(column), column)

    def plain(self, value: Any, column: str) -> str:
        """A cell as text: nothing is the empty text, numbers are written out. Raises: DataError for anything else."""
        if value is None or (isinstance(value, float) and value != value):
            return ""
        if isinstance(value, bool):
            return str(value).lower()
        if isinstance(value, float) and value.is_integer():
            return str(int(value))
        if isinstance(value, list | tuple | dict | bytes):
            raise DataError(f"{self} holds a {type(value).__name__} in the column {column!r} where text is needed; "
                            "choose another format or column.")
        return str(value)

    def pair(self, prompt: str, response: str) -> list[Message]:
        return [*self.turns(prompt, "user"), *self.turns(response, "assistant")]

    def turns(self, column: str, role: str = "") -> list[Message]:
        """A cell that holds a list of turns (in JSON, perhaps), or one text that `role` says."""
        value = self.cell(column)
        if isinstance(value, str) and not role:
            value = self._decoded(value, column)
        if isinstance(value, dict) and all(isinstance(cells, list) for cells in value.values()):
            value = [dict(zip(value, cells)) for cells in zip(*value.values())]  # a struct of lists, as Arrow has it
        if isinstance(value, list) and all(isinstance(turn, dict) for turn in value):
            return [self._turn(turn, column) for turn in value]
        if role:
            return [Message(role, self.text(column))]
        raise DataError(f"{self} holds a {type(value).__name__} in the column {column!r} where a list of turns is "
                        "needed; choose another format.")

    def _decoded(self, value: str, column: str) -> Any:
        try:
            return json.loads(value)
        except (ValueError, RecursionError) as error:
            raise DataError(f"{self} holds text in the column {column!r} where a list of turns is needed; choose "
                            "another format.") from error

    def _turn(self, turn: Mapping[str, Any], column: str) -> Message:
        role = str(turn.get("role") or turn.get("from") or "").strip().lower()
        if not role:
            raise DataError(f"{self} has a turn without a role in the column {column!r}; every turn needs role and "
                            "content (or from and value).")
        content = turn["content"] if "content" in turn else turn.get("value")
        if isinstance(content, list):
            content = "".join(self._part(part, column) for part in content)
        return Message(ROLES.get(role, role), self.plain(content, column))

    def _part(self, part: Any, column: str) -> str:
        if isinstance(part, str):
            return part
        if isinstance(part, dict) and part.get("type", "text") == "text":
            return self.plain(part.get("text"), column)
        kind = part.get("type") if isinstance(part, dict) else type(part).__name__
        raise DataError(f"{self} holds content of the type {kind} in the column {column!r}; only text can be scored, "
                        "so leave such rows out.")

    def __str__(self) -> str:
        return f"Row {self.number} of {self.settings.data}"
