"""Two runs held against each other: what was asked, and what was printed."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tools.promote.report import Proof

EXCERPT = 60  # characters of each side shown of a difference
ADDRESS = re.compile(r"0x[0-9a-fA-F]{6,}")
# A door has another port in each run, and a client that is shown tells it.
PORT = re.compile(r"(?<=127\.0\.0\.1:)\d+")
KEY = "(the door's key)"


def compare(
    original: Mapping[str, Any],
    replayed: Mapping[str, Any],
    requests: int,
    origins: Mapping[int, int],
    again: Sequence[Mapping[str, Any]] = (),
) -> Proof:
    """The verdict on two runs: `outputs` by cell number each, of the step also `error`, `unanswered`, `remaining` and
    `renamed`.

    `again` is the notebook further times, on the recorded replies. `key` of a run is what opened its door; ports and
    keys of doors are no difference. An output that the notebook always repeats must be the step's; one that changes
    from run to run (a clock, a random number) is not compared, and the verdict says so.
    """
    if replayed["error"] and not replayed["unanswered"]:
        return Proof("differs", f"the step fails where the notebook did not: {replayed['error']['what']}", requests)
    if replayed["unanswered"] or replayed["remaining"]:
        return Proof("differs", request_difference(replayed["unanswered"], replayed["remaining"]), requests)
    if replayed["error"]:
        return Proof("differs", f"the step fails where the notebook did not: {replayed['error']['what']}", requests)
    compared = 0
    unsteady: list[int] = []
    keys = [run["key"] for run in (original, replayed, *again) if run.get("key")]
    given: dict[int, list[dict[str, Any]]] = {}
    for index, origin in origins.items():  # a cell may have been divided
        given.setdefault(origin, []).extend(replayed["outputs"].get(str(index), []))
    for origin, outputs in given.items():
        before, after = _shown(original["outputs"].get(str(origin), []), keys), _shown(outputs, keys)
        if before != after:
            others = [_shown(run["outputs"].get(str(origin), []), keys) for run in again]
            second = next((other for other in others if other != before), before)
            if second == before:
                return Proof("differs", _output_difference(origin, before, after), requests, compared)
            if second != after:
                unsteady.append(origin)
                continue
        compared += bool(after)
    said = f"{requests} requests and {compared} outputs are the same"
    if renamed := replayed.get("renamed"):
        said += f"; {renamed} of them hold ids that are made by chance in each run (UUIDs), which are not compared"
    if unsteady:
        said += (
            f"; not compared, because they change from run to run: the outputs of cells {', '.join(map(str, unsteady))}"
        )
    meant = [(cell, output) for cell, outputs in original["outputs"].items() for output in outputs]
    raised = [f"{output['ename']} in cell {cell}" for cell, output in meant if output.get("output_type") == "error"]
    if raised:
        said += f"; raised by both, as the notebook shows it: {', '.join(raised)}"
    return Proof("proved", said, requests, compared, tuple(unsteady))


def first_difference(before: Any, after: Any, path: str = "") -> str:
    """`messages[0].content` for the first place where two JSON values differ; empty when they do not."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in [*before, *(k for k in after if k not in before)]:
            found = first_difference(before.get(key), after.get(key), f"{path}.{key}".lstrip("."))
            if found:
                return found
        return ""
    if isinstance(before, list) and isinstance(after, list):
        for index in range(max(len(before), len(after))):
            one, other = (side[index] if index < len(side) else None for side in (before, after))
            found = first_difference(one, other, f"{path}[{index}]")
            if found:
                return found
        return ""
    return "" if before == after and type(before) is type(after) else path or "the whole request"


def request_difference(
    unanswered: list[dict[str, Any]],
    remaining: list[dict[str, Any]],
    first: str = "the notebook",
    second: str = "the step",
) -> str:
    """Where two runs ask otherwise first: `unanswered` of the second alone, `remaining` of the first alone."""
    if unanswered and remaining:
        asked = unanswered[0]
        wanted = next((r for r in remaining if r["protocol"] == asked["protocol"]), remaining[0])
        path = first_difference(wanted["request"], asked["request"])
        return f"the {asked['protocol']} request differs first at {path}" + _excerpts(
            _at(wanted["request"], path), _at(asked["request"], path), first, second
        )
    if unanswered:
        return f"{second} makes {len(unanswered)} requests that {first} does not"
    return f"{second} leaves out {len(remaining)} requests that {first} makes"


def _at(value: Any, path: str) -> Any:
    """What stands at a path of `first_difference`; None where there is nothing."""
    for step in re.findall(r"[^.\[\]]+", path):
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, TypeError, ValueError):
            return None
    return value


def _excerpts(before: Any, after: Any, first: str, second: str) -> str:
    """`: '...one' in the notebook, '...two' in the step`, from a little before the first character that differs."""
    one, other = (v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in (before, after))
    shared = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    start = max(0, shared - EXCERPT // 2)
    return f": {one[start : start + EXCERPT]!r} in {first}, {other[start : start + EXCERPT]!r} in {second}"


def _output_difference(cell: int, before: str, after: str) -> str:
    pairs = zip([*before.splitlines(), "(nothing)"], [*after.splitlines(), "(nothing)"], strict=False)
    one, other = next(((a, b) for a, b in pairs if a != b), ("", ""))
    return f"the output of cell {cell} differs first at {one[:80]!r}, in the step {other[:80]!r}"


def shows_a_door(outputs: Iterable[Sequence[Mapping[str, Any]]]) -> bool:
    """Whether any output tells the address of a door."""
    return any(PORT.search(_shown(list(cell), ())) is not None for cell in outputs)


def _shown(outputs: Sequence[Mapping[str, Any]], keys: Sequence[str]) -> str:
    """What a cell prints, gives, shows as Markdown and raises, as text; pictures and warnings are left out.

    A kernel sends what is printed in pieces of any size, so pieces that follow each other are one.
    """
    parts: list[str] = []
    printing = False
    for output in outputs:
        if output.get("output_type") == "stream":
            if output.get("name") == "stdout":
                text = "".join(output["text"])
                parts[-1:] = [parts[-1] + text] if printing else [*parts[-1:], text]
                printing = True
            continue
        printing = False
        if output.get("output_type") == "error":
            parts.append(f"raises {output.get('ename')}")
            continue
        data = output.get("data") or {}
        if "text/markdown" in data:
            parts.append("".join(data["text/markdown"]))
        elif output.get("output_type") == "execute_result":
            parts.append("".join(data.get("text/plain", "")))
    text = ADDRESS.sub("0x", "\n".join(part.strip("\n") for part in parts))
    for key in keys:
        text = text.replace(key, KEY)
    return PORT.sub("(port)", text) if keys else text
