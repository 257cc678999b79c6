"""The form a prompt wants its reply in, when it says so in words: JSON, tags, a number, a list, the turn of an agent.

A request that brings a schema of its own is not looked at here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice
from typing import Any

from app.intelligence.messages import Message
from app.intelligence.standin.agents import as_agent
from app.intelligence.standin.keys import named_keys
from app.intelligence.standin.lines import as_fields, as_lines, items, marked_answer, number_in
from app.intelligence.standin.programs import as_program
from app.intelligence.standin.reading import Reading
from app.intelligence.standin.similarity import content_words
from app.intelligence.standin.skills import classify
from app.intelligence.standin.templates import patterns
from app.intelligence.standin.values import fill

_TELL = (
    r"(?:respond|reply|return|output|answer|format(?:ted)?|produce|generate|provide|give|write|structure[d]?|extract|"
    r"present|print|create|put|place|enclose[d]?|wrap(?:ped)?|include|add|think|use)"
)
JSON_ASKED = re.compile(
    rf"\b{_TELL}\b[^.\n]{{0,100}}\bJSON\b|\b(?:valid|only|in|as|as an?|be an?|use this) JSON\b"
    r"|\bJSON (?:object|array|format|instance|output|list)\b"
    # In other languages, whose verbs are not known here.
    r"|JSON\s*(?:形式|格式|对象|数组|フォーマット|オブジェクト|형식|객체|로 |で)"
    r"|(?:以|用|返回|输出|使用)\s*(?:一个)?\s*JSON"
    r"|\b(?:im|en|au|no|em|nel|un|ein|als) (?:formato? )?JSON\b|\bJSON-(?:Format|Objekt)"
    r"|\b(?:formato?|objeto?|objet|формате?) JSON\b"
    # A form that is shown where the word would stand: `in this format: [{"name": ...`.
    r"|\bformat\b:?\s*[\[{]{1,2}\s*\"",
    re.IGNORECASE,
)
SEVERAL = re.compile(
    r"(?-i:\blist\[[A-Z]\w*\])|\bJSON (?:array|list)\b"
    r"|\b(?:list|array) of (?:JSON )?(?:objects|dict(?:ionarie)?s|records)\b",
    re.IGNORECASE,
)
KEYS = re.compile(r"\b(?:keys?|fields?|attributes|properties)\b([^\n]*(?:\n\s*[-*\d][^\n]*)*)", re.IGNORECASE)
# Braces that a template has kept as its own mark: each stands for one.
DOUBLED = re.compile(r"\{\{\s*\"")
FENCED = re.compile(r"```json[^`]*```|leading and trailing", re.IGNORECASE)
BLOCK = re.compile(r"```.*?```|^[{\[]\n.*?^[}\]]$", re.DOTALL | re.MULTILINE)
# No value of a key in JSON: `"name": "<worker_name>"`.
TAG = re.compile(r"(?<!\": \")(?<!\":\")(?<!\": )(?<!\":)(?<!\[\")<([A-Za-z_][\w-]{0,40})>")
# Tags shown behind "in this format:", with what stands for values in them, and those that hold nothing but text.
# Those that follow after an empty line are no part of it.
TAGS_SHOWN = re.compile(r"\bformat\b[^<\n]{0,40}:\s*(?=<)", re.IGNORECASE)
NESTED = re.compile(
    r"(?:<(?P<outer>[A-Za-z_][\w-]{0,40})>.{0,4000}?</(?P=outer)>(?:[^\S\n]*\n[^\S\n]*(?=<))?){1,20}", re.DOTALL
)
MOST_FORMATS = 20
LEAF = re.compile(r"<([A-Za-z_][\w-]{0,40})>[^<>]*</\1>")
MARKS = re.compile(r"</?[A-Za-z_][\w-]{0,40}>")
TELLING = re.compile(rf"\b{_TELL}\b[^.\n]{{0,120}}$", re.IGNORECASE)
WITHIN = re.compile(r"\b(?:in|inside|within|between|into|with|using|use|as)\b[^.\n]{0,40}$", re.IGNORECASE)
COMMAS = re.compile(r"comma[- ]separated (?:values|list)|separated by commas?", re.IGNORECASE)
NUMBER = re.compile(
    r"\b(?:only|just|nothing but|nothing else)\b[^.\n]{0,50}\b(?:number|integer|digit|score|rating)\b"
    r"|\b(?:number|integer|digit|score)\b[^.\n]{0,20}\b(?:only|alone|and nothing else)\b",
    re.IGNORECASE,
)
RANGE = re.compile(r"\b(?:from|between)?\s*(-?\d+(?:\.\d+)?)\s*(?:to|and|-|–)\s*(-?\d+(?:\.\d+)?)\b")
MOST_TAGS = 50
# A verdict on each of the things that the prompt lists.
FOR_EACH = re.compile(r"\b(0 or 1|1 or 0|yes or no|true or false)\b[^.\n]{0,20}\bfor each\b", re.IGNORECASE)
THINGS = re.compile(r"\blist of \w[\w ]{0,40}:[^\S\n]*(\S[^\n]*)", re.IGNORECASE)

MARKED_ASKED = re.compile(r"\bRespond with\b[^\n]*?\[\[ ## \w+ ## \]\][^\n]*")
MARKER = re.compile(
    r"\[\[ ## (?P<name>\w+) ## \]\]`?"
    r"(?: \(must be formatted as a valid Python (?:Literal\[(?P<options>[^\]\n]+)\]|(?P<kind>[^()\n]+?))\))?"
)
PYTHON_TYPES = {"int": "integer", "float": "number", "bool": "boolean"}
FINAL_ONLY = re.compile(r"^[^\S\n]*Thought:[^\n]*\n\s*Final Answer:", re.MULTILINE)
# The word that ends a loop, said at once: the stand-in's work is done with its first reply.
_SAY = r"(?:write|say|output|respond|reply|print|add|include|return|end|type|answer)"
_OVER = (
    r"(?:done|finished|complete|completed|over|solved|satisfied|resolved|fulfilled|addressed|approved"
    r"|achieved|met|reached"
    r"|satisfactory|ready)"
)
DONE = (
    re.compile(
        rf"(?i:\b(?:when|once|if|after)\b)[^.]{{0,120}}(?i:\b{_OVER})\b[^.]{{0,60}}(?i:\b{_SAY}\b)"
        rf"[^.]{{0,20}}?\b(?P<word>[A-Z_]{{4,}})\b"
    ),
    re.compile(
        rf"(?i:\b{_SAY})\b[^.]{{0,20}}?\b(?P<word>[A-Z_]{{4,}})\b[^.]{{0,40}}\b(?:when|once|if|after)\b"
        rf"[^.]{{0,80}}(?i:\b{_OVER})\b"
    ),
)
# The words that a final reply begins with, so that others know it for one.
PREFIXED = re.compile(
    r"\b(?:prefix|start|begin|preface)\b[^.\n]{0,60}\bwith\b[^A-Za-z\n]{0,4}"
    r"(?P<word>(?-i:[A-Z][A-Z_]{2,}(?: [A-Z_]{2,}){0,3}))\b",
    re.IGNORECASE,
)
# The same said in Chinese, Japanese or Korean.
DONE_ELSEWHERE = re.compile(
    r"(?:完成|结束|終了|完了|满意|通过|완료|종료)[^。\n]{0,40}?(?<![A-Za-z_])(?P<word>[A-Z_]{4,})(?![A-Za-z_])"
)
ALOUD = {"thinking", "scratchpad", "reasoning", "analysis", "thought", "thoughts", "reflection"}


def without_beginning(messages: Sequence[Message]) -> tuple[list[Message], str]:
    """The conversation up to its last question, and the beginning of the reply that the client has written already."""
    kept = list(messages)
    if len(kept) > 1 and kept[-1].role == "assistant" and not kept[-1].tool_calls:
        return kept[:-1], kept[-1].text.strip()
    return kept, ""


def spelled_out(
    messages: Sequence[Message], asked: int, question: Reading, plain: str, *, json_wanted: bool
) -> str | None:
    """The reply in the form the prompt wants, None when it wants none. `plain` is what would be said without one.

    `asked` is the position of the question among the messages.
    """
    told = "\n\n".join(m.text for i, m in enumerate(messages) if m.role == "system" or i == asked)
    if question.sources:
        told = question.instructions  # what a source says of form is no instruction
    turn = as_agent(told, [message.text for message in messages[asked + 1 :]], question)
    if turn is not None:
        return turn
    if fields := _marked(told, question, plain):
        return fields
    nested = _shown_tags(told)
    if nested and not json_wanted and "{" not in nested:
        return LEAF.sub(lambda leaf: f"<{leaf[1]}>\n{_inside(leaf[1], question, plain)}\n</{leaf[1]}>", nested)
    wanted = JSON_ASKED.search(told)
    if wanted or json_wanted:
        found = _as_json(told, wanted.start() if wanted else 0, question, json_wanted=json_wanted)
        if found is not None:
            written = json.dumps(found, ensure_ascii=False)
            tags = _tags(told)
            if not json_wanted and sum(tag.lower() not in ALOUD for tag in tags) == 1:
                inside = (_inside(tag, question, plain) if tag.lower() in ALOUD else written for tag in tags)
                return "\n".join(f"<{tag}>\n{text}\n</{tag}>" for tag, text in zip(tags, inside, strict=True))
            return f"```json\n{written}\n```" if FENCED.search(told) and not json_wanted else written
    if FINAL_ONLY.search(told):
        return f"Thought: I now can give an answer\nFinal Answer: {plain}"
    if tags := _tags(told):
        return "\n".join(f"<{tag}>\n{_inside(tag, question, plain)}\n</{tag}>" for tag in tags)
    if (each := FOR_EACH.search(told)) and (things := THINGS.search(told)):
        return _for_each(each[1].lower(), things[1], told.replace(things[1], ""))
    if COMMAS.search(told) and not question.sources:
        return ", ".join(word for word, _ in Counter(content_words(question.subject)).most_common(5)) or plain
    if fields := as_fields(told, question, plain):
        return fields
    if not question.sources and (marked := marked_answer(told, question, plain)):
        return marked
    if done := next((found for rule in (*DONE, DONE_ELSEWHERE) if (found := rule.search(told))), None):
        return f"{plain}\n\n{done['word']}"
    if first := PREFIXED.search(told):
        return f"{first['word'].rstrip(' :')}: {plain}"
    if lines := as_lines(told, question):
        return lines
    if question.sources:
        return None
    if len(messages) == asked + 1 and (program := as_program(told, question)):
        return program
    if NUMBER.search(told) and not question.labels:
        return number_in(RANGE.search(told))
    return None


def _shown_tags(told: str) -> str:
    """The tags that a format shows, with what stands in them; empty for none."""
    shown = islice(TAGS_SHOWN.finditer(told), MOST_FORMATS)
    return next((found[0].rstrip() for begin in shown if (found := NESTED.match(told, begin.end()))), "")


def _for_each(values: str, things: str, told: str) -> str:
    """A line for each thing, with the verdict whether the prompt speaks of it."""
    one, other = values.split(" or ")
    no, yes = (other, one) if one in ("1", "yes", "true") else (one, other)
    spoken = set(content_words(told))
    names = [name.strip(" .'\"[]") for name in things.split(",")]
    return "\n".join(f"{name}: {yes if set(content_words(name)) & spoken else no}" for name in names if name)


def _marked(told: str, question: Reading, plain: str) -> str:
    """Fields under markers such as `[[ ## answer ## ]]`, each of the type that is told beside it; empty for none."""
    asked = MARKED_ASKED.search(told)
    if asked is None:
        return ""

    def unmarked(text: str) -> str:
        return re.sub(r"\[\[ ## \w+ ## \]\]`?", "", MARKED_ASKED.sub("", text)).strip()

    about = unmarked(question.subject) or unmarked(question.instructions)
    question, plain = replace(question, subject=about), unmarked(plain)
    written = []
    for marker in MARKER.finditer(asked[0]):
        kind, options = marker["kind"] or "", marker["options"]
        if options:
            labels = dict.fromkeys((option.strip(" '\"") for option in options.split(",")), "")
            value = classify(replace(question, labels=labels))
        elif kind in PYTHON_TYPES:
            value = str(fill({"type": PYTHON_TYPES[kind]}, question, marker["name"]))
        elif kind.lower().startswith(("list", "dict")):
            value = json.dumps([question.subject]) if kind.lower().startswith("list") else "{}"
        else:
            value = "" if marker["name"] == "completed" else MARKS.sub("", plain)
        written.append(f"[[ ## {marker['name']} ## ]]\n{value}")
    return "\n\n".join(written)


def _as_json(told: str, place: int, question: Reading, *, json_wanted: bool) -> Any:
    """A value of the pattern shown nearest to where JSON is asked for, or with the keys that are named."""
    if DOUBLED.search(told):
        told = told.replace("{{", "{").replace("}}", "}")
    shown = list(patterns(told))
    question = _outside(told, question)
    if shown:
        given = [schema for _, schema, is_schema in shown if is_schema]
        near = next((schema for start, schema, _ in shown if start >= place), shown[-1][1])
        schema = given[-1] if given else near
        value = fill(schema, question)
        return [value] if _is_one(schema) and SEVERAL.search(told) else value
    for keys in KEYS.finditer(told):
        if named := named_keys(keys[1]):
            value = {name: fill(schema, question, name) for name, schema in named.items()}
            return [value] if SEVERAL.search(told) else value
    if json_wanted or question.labels:
        return None
    return (
        items(told, question, otherwise=1) if SEVERAL.search(told) else {"reply": question.subject[: question.longest]}
    )


def _outside(told: str, question: Reading) -> Reading:
    """The question without the pattern, where the pattern was taken for it: the last paragraph beside it."""
    if re.match(r"\s*(?:json\s*)?[{\[]", question.subject) is None:
        return question
    rest = [part.strip() for part in re.split(r"\n\s*\n", BLOCK.sub("\n\n", told)) if part.strip()]
    return replace(question, subject=rest[-1]) if rest else question


def _is_one(schema: dict[str, Any]) -> bool:
    """Whether a pattern stands for one of several things, and does not hold them all itself."""
    parts = (schema.get("properties") or {}).values()
    return schema.get("type") != "array" and not any(p.get("items", {}).get("properties") for p in parts)


def _tags(told: str) -> list[str]:
    """The tags that the reply is to be put in, in order; those that hold what the prompt gives are not among them."""
    wanted: dict[str, bool] = {}
    for tag in TAG.finditer(told):
        if tag[1] in wanted or len(wanted) > MOST_TAGS:
            continue
        before = told[max(0, tag.start() - 160) : tag.start()]
        if TELLING.search(before) and WITHIN.search(before):
            wanted[tag[1]] = not _given(tag[1], told)
    return [tag for tag, is_wanted in wanted.items() if is_wanted]


def _given(tag: str, told: str) -> bool:
    """Whether a tag holds a text already, other than a placeholder."""
    held = re.search(rf"<{re.escape(tag)}>\s*([^\[{{.…<\s][^<]{{15,}})</{re.escape(tag)}>", told)
    return held is not None


def _inside(tag: str, question: Reading, plain: str) -> str:
    if tag.lower() in ALOUD:
        return "The question is read as it stands."
    if question.labels and not question.sources:
        return classify(question)
    return MARKS.sub("", plain)
