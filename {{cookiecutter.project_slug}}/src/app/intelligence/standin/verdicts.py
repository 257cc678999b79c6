"""Choices that end a loop: an evaluator that accepts, a supervisor that finishes, a grader that says yes.

The stand-in has no opinion of quality, so where a prompt does not explain its verdicts it gives the favourable one; a
loop that asks again until the work is good ends. What a prompt explains is chosen by likeness, as every label is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

_FAVOURABLE = """
pass passed approve approved accept accepted yes valid correct relevant sufficient satisfied satisfactory grounded
supported useful success complete completed done
"""
_UNFAVOURABLE = """
fail failed reject rejected no invalid incorrect irrelevant insufficient unsatisfied unsatisfactory ungrounded
unsupported useless failure incomplete revise retry refine improve rewrite redo
"""
FAVOURABLE = _FAVOURABLE.split()
UNFAVOURABLE = _UNFAVOURABLE.split()
FINISHING = {"finish", "finished", "end", "stop", "exit", "terminate", "done", "complete", "completed"}
RIGHT = {*FAVOURABLE, *FINISHING, "met", "successful"}
WRONG = {*UNFAVOURABLE, "revision", "rework", "redraft"} - {"no"}
QUOTED = re.compile(r"(['\"`])([\w -]{1,30})\1")
BETWEEN = re.compile(r"\s*(?:,|/|\||\bor\b|,\s*or\b|\band\b)\s*")


def favourable(options: Sequence[Any]) -> Any | None:
    """The favourable one of options that are verdicts, good and bad; None when they are something else."""
    known = {_plain(option): option for option in options}
    good = next((known[word] for word in FAVOURABLE if word in known), None)
    bad = any(word in option for option in known for word in UNFAVOURABLE if _is_word(word, option))
    return good if bad else None


def favourable_flag(name: str) -> bool | None:
    """What a field that is true or false says when all is well, by its name; None for a name that is no verdict.

    `approved`, `isValid` and `task_complete` are true then, `needs_revision` is false.
    """
    told = set(re.split(r"[\W_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).casefold()))
    if told & WRONG:
        return False
    return True if told & RIGHT and not told & {"not", "non", "un"} else None


def finishing(options: Sequence[Any]) -> Any | None:
    """The option that ends the work, where others go on with it."""
    found = [option for option in options if _plain(option) in FINISHING]
    return found[0] if len(found) == 1 and len(options) > 1 else None


def explained(options: Sequence[Any], instructions: str) -> bool:
    """Whether a prompt says of one of the options what it stands for, in a line of its own: `- pass: every ...`."""
    words = "|".join(re.escape(str(option)) for option in options)
    return re.search(rf"^\W*(?:{words})\W{{0,3}}\s*(?:[:=—–]|-\s)\s*\w", instructions, re.MULTILINE) is not None


def named_options(description: str) -> list[str]:
    """The quoted words that a field's description lists as the values it may have: `'yes' or 'no'`."""
    runs: list[list[str]] = []
    end = -1
    for quoted in QUOTED.finditer(description):
        if end >= 0 and BETWEEN.fullmatch(description, end, quoted.start()):
            runs[-1].append(quoted[2])
        else:
            runs.append([quoted[2]])
        end = quoted.end()
    return max(runs, key=len, default=[]) if any(len(run) > 1 for run in runs) else []


def _plain(option: Any) -> str:
    return str(option).strip("_ ").casefold()


def _is_word(word: str, option: str) -> bool:
    return re.search(rf"(?:^|[\W_]){word}(?:ment|s)?(?:$|[\W_])", option) is not None
