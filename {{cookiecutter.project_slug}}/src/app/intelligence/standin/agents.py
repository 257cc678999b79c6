"""Agents that speak in text: the prompt spells out how a thought, a call of a tool and the final answer are written.

The stand-in calls one tool for a question and answers with what was observed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from app.intelligence.messages import Tool
from app.intelligence.standin.reading import Reading
from app.intelligence.standin.tool_use import tool_for
from app.intelligence.standin.values import arguments

LINES = re.compile(r"Action Input\s*:")
BLOB = re.compile(r"\"?action_input\"?")
CODE = re.compile(r"final_answer\(")
FINAL = re.compile(r"^(?:Thought:[^\n]*\n)?(Final Answer|Answer)\s*:", re.MULTILINE)
LISTED = (
    re.compile(r"(?:one of|values:|any of)[^\[\n]{0,60}\[([^\]\n]+)\]", re.IGNORECASE),
    re.compile(r"tool name \(one of ([^)\n]+?)\)? if using a tool", re.IGNORECASE),
    re.compile(r"Valid \"action\" values:\s*([^\n]+)", re.IGNORECASE),
    re.compile(r"\"action\" field are:\s*([^\n]+)", re.IGNORECASE),
    re.compile(r"Must be one of ([^\n]+)", re.IGNORECASE),
)
BEGUN = re.compile(r"^(?:Begin!?|Question:|Human:|User:)", re.MULTILINE)
MOST_TOOLS = 100
OBSERVATION = re.compile(
    r"^(?:Observation|Tool Response|TOOL RESPONSE)\s*:\s*(?:\n-+\s*)?(.*?)"
    r"(?=\n(?:Thought|Action|Question|USER'S INPUT)\b|\Z)",
    re.MULTILINE | re.DOTALL,
)


def as_agent(instructions: str, said: Sequence[str], question: Reading) -> str | None:
    """The next turn of an agent, None when the prompt describes none.

    `instructions` is all that the prompt says up to the question, `said` the turns since, the agent's own among them.
    """
    if CODE.search(instructions) and re.search(r"<end_code>|<code>|```py", instructions):
        return _code(instructions, said, question)
    lines, blob = LINES.search(instructions), BLOB.search(instructions)
    if not lines and not blob:
        return None
    starts = list(BEGUN.finditer(instructions))
    since = "\n".join([instructions[starts[-1].start() :] if starts else "", *said])
    observed = OBSERVATION.findall(since)
    tool = None if observed else _tool(instructions, question)
    if blob and not lines:
        return _blob(observed[-1].strip() if observed else question.subject, tool, question)
    thinking = "" if instructions.rstrip().endswith("Thought:") else "Thought: "
    if tool is None:
        word = next((found[1] for found in FINAL.finditer(instructions)), "Final Answer")
        return f"{thinking}I now know the answer.\n{word}: {observed[-1].strip() if observed else question.subject}"
    given = json.dumps(arguments(tool.parameters, question)) if tool.parameters else _asked(question)
    if not tool.parameters and re.search(r"Action Input:[^\n]*\bJSON\b", instructions):
        given = json.dumps({"input": given})
    return f"{thinking}I should use {tool.name}.\nAction: {tool.name}\nAction Input: {given}"


def _asked(question: Reading) -> str:
    """The question itself, on one line, without what the agent has written of its answer."""
    return " ".join(re.split(r"\n\s*Thought:", question.subject)[0].split())


def _blob(found: str, tool: Tool | None, question: Reading) -> str:
    if tool is None:
        step: dict[str, Any] = {"action": "Final Answer", "action_input": found}
    else:
        given = arguments(tool.parameters, question) if tool.parameters else _asked(question)
        step = {"action": tool.name, "action_input": given}
    return f"```json\n{json.dumps(step, indent=4, ensure_ascii=False)}\n```"


def _code(instructions: str, said: Sequence[str], question: Reading) -> str:
    observed = [found for turn in said for found in OBSERVATION.findall(turn)]
    answer = json.dumps(observed[-1].strip() if observed else question.subject, ensure_ascii=False)
    code = f"final_answer({answer})"
    if "<end_code>" in instructions:
        return f"Thought: I can answer now.\nCode:\n```py\n{code}\n```<end_code>"
    if "<code>" in instructions:
        return f"Thought: I can answer now.\n<code>\n{code}\n</code>"
    return f"Thought: I can answer now.\n```py\n{code}\n```"


def _tool(instructions: str, question: Reading) -> Tool | None:
    """The tool the question is about, of those the prompt lists."""
    for listed in LISTED:
        if found := listed.search(instructions):
            names = dict.fromkeys(name.strip(" \"'`.") for name in re.split(r",|\bor\b", found[1])[:MOST_TOOLS])
            tools = [_described(name, instructions) for name in names if name and name != "Final Answer"]
            return tool_for(tools, question.subject) if tools else None
    return None


def _described(name: str, instructions: str) -> Tool:
    """A listed tool with the line that describes it and, where one is shown, the schema of its arguments."""
    begins = rf"^\W*(?:Tool Name:\s*)?{re.escape(name)}\b[^\n]*(?:\n\s*Tool Description:[^\n]*)?"
    line = re.search(begins, instructions, re.MULTILINE)
    described = line[0] if line else ""
    after = instructions[line.end() :].split("Tool Name:")[0][:1_500] if line else ""
    shown = re.search(r"\bargs\s*:\s*(\{.*)", described) or re.search(r"Tool Args:\s*(\{[^\n]*)", after)
    return Tool(name, described, _schema(shown[1]) if shown else {})


def _schema(shown: str) -> dict[str, Any]:
    """The arguments as a JSON Schema: given as one, or its properties alone."""
    try:
        given, _ = json.JSONDecoder().raw_decode(shown.replace("'", '"'))
    except ValueError:
        return {}
    if not isinstance(given, dict):
        return {}
    return given if isinstance(given.get("properties"), dict) else {"type": "object", "properties": given}
