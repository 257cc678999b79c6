"""E-mail addresses. Refuses package versions (`left-pad@1.3.0`), host names without a dot and `git@host:` remotes."""

from __future__ import annotations

import re

from app.intelligence.personal_data.recogniser import Recogniser

_LOCAL = re.compile(r"\w[\w.!#$%&'*+/=?^`{|}~-]{0,63}\Z")


def _is_address(match: re.Match[str]) -> bool:
    after = match.string[match.end() : match.end() + 1]
    return not (match["value"].lower().startswith("git@") and after in (":", "/"))


EMAIL = Recogniser(
    label="EMAIL",
    trigger="at",
    pattern=re.compile(
        r"(?P<value>\w(?<![\w.!#$%&'*+=?^`{|}~-]\w)[\w.!#$%&'*+=?^`{|}~-]{0,63}"
        r"@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.){1,8}[^\W\d_]{2,63})(?![\w@])"
    ),
    score=0.95,
    valid=_is_address,
    must_find=(
        ("Write to anna.schmidt@example.com.", "anna.schmidt@example.com"),
        ("<mailto:o'brien+news@mail.example.co.uk>", "o'brien+news@mail.example.co.uk"),
        ("| Inés | ines.barragan@example.com |", "ines.barragan@example.com"),
        ("josé.ñandú@exämple.de schrieb", "josé.ñandú@exämple.de"),
        ("help@tallybird.example, please", "help@tallybird.example"),
        ("_anna_@example.com", "_anna_@example.com"),
        ("cc:a@b.io", "a@b.io"),
    ),
    must_not_find=(
        "npm install left-pad@1.3.0",
        "user@localhost",
        "git@github.com:acme/tool.git",
        "@maeve wrote, see @docs.team",
        "3 pieces @ 4.50 EUR",
        "foo@bar@baz",
    ),
)
