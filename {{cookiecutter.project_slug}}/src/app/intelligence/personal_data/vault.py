"""The values behind a call's placeholders, and how they are put back, in whole texts and in streams.

A vault lives as long as its call and in memory only: it is never logged, stored or sent, and its repr shows no value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from app.errors import InputError

_LARGEST = 9999


class Vault:
    """Gives out placeholders while texts are masked, and puts the values back afterwards.

    `taken` are placeholders that stand in the texts already: they are somebody's words, never given out and so never
    restored to anybody's data.
    """

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self._taken = frozenset(taken)
        self._values: dict[str, str] = {}
        self._placeholders: dict[tuple[str, str], str] = {}
        self._next: dict[str, int] = {}

    def __repr__(self) -> str:
        return f"Vault({', '.join(self._values)})"

    def __len__(self) -> int:
        return len(self._values)

    @property
    def values(self) -> frozenset[str]:
        """What is hidden."""
        return frozenset(self._values.values())

    def placeholder(self, label: str, value: str) -> str:
        """The placeholder of `value`: the same for the same value, numbered in order of appearance.

        Raises InputError when a call holds more than 9,999 values of one kind.
        """
        known = self._placeholders.get((label, value))
        if known is not None:
            return known
        number = self._next.get(label, 1)
        while f"<{label}_{number}>" in self._taken:
            number += 1
        if number > _LARGEST:
            raise InputError(f"more than {_LARGEST} different values of kind {label} in one call: send it in parts")
        self._next[label] = number + 1
        given = f"<{label}_{number}>"
        self._placeholders[label, value] = given
        self._values[given] = value
        return given

    def restore(self, text: str) -> str:
        """`text` with every placeholder of this vault replaced by its value."""
        return self.restorer().whole(text)

    def restore_json(self, text: str) -> str:
        """As `restore`, for JSON text such as a tool call's arguments: values are escaped for a JSON string."""
        return self.restorer(json_text=True).whole(text)

    def restore_value(self, value: Any) -> Any:
        """As `restore`, for parsed JSON: every string in it, keys included."""
        if not self._values:
            return value
        if isinstance(value, str):
            return self.restore(value)
        if isinstance(value, Mapping):
            return {self.restore_value(key): self.restore_value(item) for key, item in value.items()}
        return [self.restore_value(item) for item in value] if isinstance(value, list | tuple) else value

    def restorer(self, *, json_text: bool = False) -> Restorer:
        """A restorer for one stream of text, or of JSON text."""
        if not json_text:
            return Restorer(self._values)
        tokens = {}
        for placeholder, value in self._values.items():
            escaped = json.dumps(value, ensure_ascii=False)[1:-1]
            name = placeholder[1:-1]
            tokens[placeholder] = tokens[f"\\u003c{name}\\u003e"] = tokens[f"\\u003C{name}\\u003E"] = escaped
        return Restorer(tokens)


class Restorer:
    """Puts values back in a stream; what it has said after `flush` is `whole` of all it was fed, however cut.

    It holds back at most one character less than the longest placeholder.
    """

    def __init__(self, tokens: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._longest = max(map(len, tokens), default=0)
        self._pattern = re.compile("|".join(map(re.escape, tokens))) if tokens else None
        self._heads = frozenset(token[:end] for token in tokens for end in range(1, len(token)))
        self._held = ""

    def whole(self, text: str) -> str:
        """A text restored at once."""
        return text if self._pattern is None else self._pattern.sub(lambda match: self._tokens[match.group()], text)

    def feed(self, text: str) -> str:
        """Take a piece of any length; returns what can be shown by now."""
        if self._pattern is None:
            return text
        text = self._held + text
        end = len(text)
        done = 0
        for match in self._pattern.finditer(text):
            done = match.end()
        for start in range(max(done, end - self._longest + 1), end):
            if text[start:] in self._heads:
                end = start
                break
        self._held = text[end:]
        return self.whole(text[:end])

    def flush(self) -> str:
        """The rest, at the end of the stream."""
        held, self._held = self._held, ""
        return held
