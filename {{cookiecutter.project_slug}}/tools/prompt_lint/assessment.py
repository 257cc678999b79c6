"""Decides which texts of a file are prompts, of what kind, and how grave that is.

Three kinds of evidence: the dataflow (it is sent to a model), the name, the wording. Sent is enough. Name and wording
each need the other, or a file that talks to models, because ordinary programs are full of prose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tools.prompt_lint import naming, wording
from tools.prompt_lint.complaints import complains
from tools.prompt_lint.findings import Severity
from tools.prompt_lint.prose import is_markup_or_code, is_one_tag, is_xml, weight, words
from tools.prompt_lint.scaffold import is_scaffold
from tools.prompt_lint.texts import HOLE, Text

LONG = 120
"""Characters from which a text deserves a file, whatever it says."""

_IDENTIFIER = re.compile(r"[A-Za-z0-9]+(?:[_/.-][A-Za-z0-9]+)+")
"""A name of something, not a text: what the registry's `prompt("answer_system")` is given, or a model's id."""
_ASKS = ("?", "？", "؟")
_ANSWERS_A_TERMINAL = (":", "?", ">", "[y/n]", "(y/n)", "...")


@dataclass(frozen=True, slots=True)
class Prompt:
    """A text that is a prompt. `how` says what shows it, for the message."""

    text: Text
    kind: str
    severity: Severity
    how: str


def assess(texts: list[Text], llm_file: bool, notebook: bool = False, descriptions: bool = False) -> list[Prompt]:
    """The prompts among the texts of one file, in reading order; with `descriptions`, those of tools and fields too."""
    found: list[Prompt] = []
    examples: dict[tuple[int | None, int], list[Text]] = {}
    asks = llm_file and any(t.role not in ("", "input", "body") for t in texts)
    for text in texts:
        if text.role == "few-shot":
            examples.setdefault((text.cell, text.statement[0]), []).append(text)
            continue
        prompt = _sent(text) if text.role else None
        if prompt is None and text.role in ("", "body"):
            prompt = _unsent(text, llm_file, notebook, asks)
        if prompt is None and descriptions and llm_file and text.excluded == "description=" and words(text.literal) > 3:
            prompt = Prompt(text, "description", "info", "for a tool or a field")
        if prompt is not None:
            found.append(prompt)
    return found + [_examples(group) for group in examples.values()]


def _examples(group: list[Text]) -> Prompt:
    """Few-shot examples of one statement are one prompt, from the first to the last."""
    first, last = group[0], max(group, key=lambda t: t.end_line)
    whole = replace(first, literal="\n".join(t.literal for t in group), last_line=last.end_line)
    return Prompt(whole, "few-shot examples", "error", f"in {first.sink}")


def _sent(text: Text) -> Prompt | None:
    said = text.literal.replace(HOLE, " ").strip()
    if "{" in said and not words(wording.without_placeholders(said)):
        return None
    if not _says_something(said) or is_one_tag(text.literal):
        return None
    where = f"in {text.sink}" if text.sink else "in an argument of a function that asks a model"
    if text.role == "system":
        if words(said) < 2 and len(said) < 20:
            return None
        return Prompt(text, "system prompt", "error", where)
    if text.role in ("question", "input") and words(said) < 2:
        return None
    if text.role == "input":
        return None if is_markup_or_code(said) else Prompt(text, "input", "info", where)
    if text.role == "body" and not (wording.strong(said) or naming.strong(text.names) or wording.weak(said)):
        return None
    if text.role == "template" and (words(said) > 2 or text.interpolated):
        return Prompt(text, "prompt template", "error", where)
    if text.role in ("question", "input") and is_markup_or_code(said):
        return None
    if (text.interpolated and words(said) >= (2 if text.role == "question" else 1)) or (
        words(said) > 3 and wording.has_named_placeholder(said)
    ):
        return Prompt(text, "interpolated prompt", "error", where)
    if len(said) >= LONG:
        return Prompt(text, "long prompt", "error", where)
    if text.role == "assistant":
        return Prompt(text, "model turn", "info", where)
    if wording.opens_with_role(said):
        return Prompt(text, "prompt", "error", where)
    return Prompt(text, "question", "info", where)


def _says_something(said: str) -> bool:
    if (
        len(said) < 2
        or _IDENTIFIER.fullmatch(said)
        or (said.startswith(("http://", "https://", "gs://", "s3://", "data:")) and " " not in said)
    ):
        return False
    return words(said) > 0


def _unsent(text: Text, llm_file: bool, notebook: bool, asks: bool) -> Prompt | None:
    """`asks` says that some other text of the file is sent to a model: a file that only searches has queries too."""
    if text.excluded or weight(text.literal) < 12:
        return None
    said = text.literal.strip()
    if _IDENTIFIER.fullmatch(said) or is_scaffold(said):
        return None
    name = naming.strong(text.names)
    if (not name and weight(said) < 25) or words(said) < 3 or is_markup_or_code(said):
        return None
    evidence = wording.strong(said)
    if _is_said_to_a_person(said, name, evidence):
        return None
    how = (
        _in_llm_file(text, said, name, evidence, asks)
        if llm_file
        else _in_any_file(text, said, name, evidence, notebook)
    )
    if not how:
        return None
    return Prompt(text, *_kind(text, said, name), how)


def _is_said_to_a_person(said: str, name: str, evidence: int) -> bool:
    """An error message or a file of another program, however much it talks of outputs and formats."""
    if is_xml(said):
        return not wording.opens_with_role(said)
    return evidence < 2 and not (name and naming.sure(name)) and complains(said)


def _in_llm_file(text: Text, said: str, name: str, evidence: int, asks: bool) -> str:
    """What shows that an unsent text of a file that talks to models is a prompt; empty when nothing does."""
    if name and (evidence or wording.weak(said) or len(said) >= LONG or text.interpolated or words(said) >= 4):
        return f"by its name {name}"
    if evidence >= 2 or (evidence and (wording.weak(said) or wording.opens_with_role(said))):
        return "by its wording"
    called = naming.weak(text.names)
    if called and (evidence or (wording.imperative(said) and wording.has_named_placeholder(said))):
        return f"by its name {called} and its wording"
    asked = naming.question(text.names) if asks else ""
    return f"by its name {asked}" if asked and (said.endswith(_ASKS) or wording.imperative(said)) else ""


def _in_any_file(text: Text, said: str, name: str, evidence: int, notebook: bool) -> str:
    """The same for a file that shows no other sign of a model: it takes more."""
    if name:
        if _asks_at_a_terminal(said):
            return ""
        if evidence:
            return f"by its name {name} and its wording"
        if naming.sure(name) and words(said) >= 4:
            return f"by its name {name}"
        enough = LONG // 2 if notebook else 2 * LONG
        return f"by its name {name}" if len(said) >= enough and wording.weak(said) else ""
    if not evidence:
        return ""
    to_be_filled = wording.has_named_placeholder(said) and (evidence >= 2 or wording.imperative(said))
    if naming.weak(text.names[:1]) and to_be_filled and len(said) >= LONG // 2:
        return f"by its name {text.names[0]} and its wording"
    role = (
        len(said) >= 40
        and wording.opens_with_role(said)
        and (evidence >= 2 or (len(said) >= LONG and wording.weak(said)))
    )
    foreign = words(said) >= 8 and wording.foreign(said)
    return "by its wording" if role or foreign or (evidence >= 4 and len(said) >= LONG) else ""


def _asks_at_a_terminal(said: str) -> bool:
    short = len(said) < LONG and "\n" not in said and not wording.has_named_placeholder(said)
    return short and said.lower().endswith(_ANSWERS_A_TERMINAL)


def _kind(text: Text, said: str, name: str) -> tuple[str, Severity]:
    if "sys" in name.lower() or wording.opens_with_role(said):
        return "system prompt", "error"
    if text.interpolated or wording.has_placeholder(said):
        return "interpolated prompt", "error"
    if len(said) >= LONG:
        return "long prompt", "error"
    return "prompt", "info"
