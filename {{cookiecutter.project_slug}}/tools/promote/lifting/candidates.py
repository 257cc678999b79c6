"""The texts of a notebook that reach a model, and which of them deserve a file of their own.

A text does when it is a system prompt, long, interpolated or a template; a short question stays where it is.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.promote.lifting.prompt_files import Hole, Piece
from tools.promote.lifting.recognised import recognised
from tools.promote.lifting.sink_names import ASKED_KEYS, TOLD_KEYS
from tools.promote.lifting.sinks import Sink, find_sinks
from tools.promote.notebook.flow import TEXT_FUNCTIONS, TEXT_METHODS, Flow, Text
from tools.promote.notebook.program import CodeCell, Program
from tools.prompt_lint.prose import weight
from tools.prompt_lint.prose import words as count_words

LONG_CHARS = 120
NAMED = re.compile(
    r"(?i)(^|_)(prompts?|prompt_?(template|tmpl|str)|instructions?|system(_(message|msg|text|content))?|persona|preamble"
    r"|backstory|tmpl|sys|task_(definition|description|instructions?)|(judge|grader?|grading|eval\w*|answer|question|rag|qa"
    r"|summary|chat|user)_template)(_|\d|$)"
)
SYSTEM = re.compile(r"(?i)system|(^|_)sys(_|\d|$)")
# Long texts under such a name that are something else.
NOT_PROSE = re.compile(
    r"(?is)^\s*(<!doctype|<html|<style|<svg|<div|select\s.+\sfrom\s|create\s+table|insert\s+into|with\s+\w+\s+as\s*\("
    r"|from\s+[^|]{0,80}\|\s*\w|match\s*\(|call\s+\w+\.|import\s|from\s+\S+\s+import|def\s|https?://|[{\[]\s*\")"
)
# Commands of a shell: Azure's and Kubernetes' whatever follows, others with an option.
COMMAND = re.compile(
    r"\s*((az|azd|gcloud|kubectl|docker|helm|terraform)\s+[a-z]|(aws|git|pip3?|conda|npm|npx|curl|wget|ssh|sudo|apt(-get)?"
    r"|bash|sh|python3?|uv|oc|ollama|databricks|ffmpeg|tar|unzip|mkdir|rm|cp|mv|ls)\s[^\n]*?(?<=\s)--?[a-zA-Z])"
)
# Who is told who he is is a model, also where a loop goes over several of them.
ADDRESSED = re.compile(
    r"(?i)\s*(you are|you're|act as|du bist|sie sind|eres|usted es|tu es|vous êtes|você é|sei un|ты"
    r"|你是|您是|あなたは|당신은|너는)"
)
PROSE_WORDS = 6
PLACE = re.compile(r"\{\{?\s*([A-Za-z_]\w*)\s*\}")
# Keywords under which one object takes several texts: they are a part of the name.
PARTS = {"prefix", "suffix", "role", "goal", "backstory", "expected_output", "example_prompt"}

# Keys of a dictionary that name it among others, and those of messages and agents, which all of them have.
KEY = re.compile(r"[\w -]{2,40}")
PLAIN_KEYS = {
    "content",
    "parts",
    "text",
    "type",
    "input",
    "messages",
    "role",
    "message",
    "value",
    *TOLD_KEYS,
    *ASKED_KEYS,
}


@dataclass(frozen=True, eq=False)
class Candidate:
    """A text of the notebook that reaches a model, or is named as if it did.

    `described` is the name of the tool or field that the text describes; None for every other text. `value_of_input`:
    a variable that a chain is given, `fills_place`: for a place of a prompt that stands in the notebook.
    """

    text: Text
    role: str
    templated: bool
    described: str | None = None
    value_of_input: bool = False
    fills_place: bool = False


def find_candidates(program: Program) -> list[Candidate]:
    """Candidates in the order of the notebook, each text once, the widest expression winning."""
    flow = Flow(program)
    places = _places(program)
    found: dict[int, Candidate] = {}
    looked_at: set[int] = set()
    for sink in [*find_sinks(program), *_named(program)]:
        for text in flow.texts(sink.cell, sink.value):
            looked_at.add(id(text.node))
            if sink.prose and not _reads_as_prose(text.node):
                continue
            if text.drawn and not sink.templated and not _is_template(text.node) and not _is_addressed(text.node):
                continue  # questions, documents, queries: rows of data rather than prompts
            known = found.get(id(text.node))
            templated = sink.templated or text.templated or (known is not None and known.templated)
            # What fills a place of a system prompt is a value, and deserves a file for other reasons if for any.
            own = "user" if text.filling and sink.role == "system" else sink.role
            role = "system" if known is not None and known.role == "system" else own
            value = bool(sink.place) and (known is None or known.value_of_input)
            fills = value and sink.place in places and not _is_addressed(text.node)
            role = known.role if known and role != "system" else role
            found[id(text.node)] = Candidate(text, role, templated, None, value, fills)
    for sink in recognised(program):
        # What a call is seen to send has been judged by where it goes.
        if looked_at.isdisjoint(id(node) for node in ast.walk(sink.value)):
            found[id(sink.value)] = Candidate(Text(sink.cell, sink.value), sink.role, False)
    ordered = sorted(found.values(), key=lambda c: (c.text.cell.index, c.text.cell.span(c.text.node).start))
    spans = [(c.text.cell.index, c.text.cell.span(c.text.node)) for c in ordered]
    return [
        candidate
        for candidate, (cell, span) in zip(ordered, spans, strict=True)
        if not any(
            cell == other_cell and other != span and other.start <= span.start and span.end <= other.end
            for other_cell, other in spans
        )
    ]


def _named(program: Program) -> Iterator[Sink]:
    """Texts whose name alone says that they are prompts; only long or interpolated ones are lifted later."""
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.Assign) and len(node.targets) == 1:
                target = node.targets[0]
            elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Add):
                target = node.target
            else:
                continue
            name = _full_name(target)
            if name and NAMED.search(name) and not _obvious_other(node.value):
                yield Sink(cell, node.value, "system" if SYSTEM.search(name) else "user")


def _reads_as_prose(node: ast.expr) -> bool:
    """Whether a text is natural language: six words at least, no markup, query, address or program."""
    texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    said = "".join(texts)
    return not (NOT_PROSE.match(said) or COMMAND.match(said)) and count_words(said) >= PROSE_WORDS


def _places(program: Program) -> set[str]:
    """The names of all places that texts of the notebook have: `article` for `Sum up: {article}`."""
    texts = (node.value for cell in program.cells for node in cell.nodes if isinstance(node, ast.Constant))
    return {name for text in texts if isinstance(text, str) for name in PLACE.findall(text)}


def _is_addressed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and ADDRESSED.match(str(node.value)) is not None


def _is_template(node: ast.expr) -> bool:
    """Whether a text has places of its own to be filled in: `{concept}`, `{{ concept }}`."""
    return isinstance(node, ast.Constant) and PLACE.search(str(node.value)) is not None


def _obvious_other(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and bool(NOT_PROSE.match(value.value))


def _in_triple_quotes(candidate: Candidate) -> bool:
    return candidate.text.cell.text(candidate.text.node).lstrip("rRbBuUfF").startswith(('"""', "'''"))


def deserves(candidate: Candidate, pieces: list[Piece]) -> str:
    """Why a text gets a file of its own; empty when it does not."""
    own = "".join(piece for piece in pieces if isinstance(piece, str))
    words = count_words(own)
    if candidate.described is not None:
        return "description" if words >= 2 else ""
    if candidate.fills_place or (words < 2 and not (candidate.role == "system" and words)):
        return ""
    if candidate.role == "system":
        return "system prompt"
    if any(isinstance(piece, Hole) for piece in pieces):
        return "interpolated" if words >= 2 else ""
    if candidate.text.templated or (candidate.templated and "{" in own):
        return "template"
    if weight(own) >= LONG_CHARS or "\n" in own.strip():
        return "long"
    if words >= PROSE_WORDS and _in_triple_quotes(candidate) and not candidate.value_of_input:
        return "long"
    return ""


def variable_of(cell: CodeCell, node: ast.expr) -> str | None:
    """The name a text is given: its variable, constant, attribute, parameter, or the key it stands under."""
    below: ast.AST = node
    part = ""
    for above in cell.above(node):
        if isinstance(above, ast.keyword) and above.arg in PARTS:
            part = above.arg
        if isinstance(above, ast.Dict):
            part = _key_over(above, below) or part
        if isinstance(above, ast.Assign | ast.AnnAssign | ast.AugAssign):
            target = above.targets[0] if isinstance(above, ast.Assign) else above.target
            return "_".join(word for word in (_target_name(target), part) if word) or None
        if isinstance(above, ast.arguments):
            return _parameter_of(above, below)
        if isinstance(above, ast.Call) and not _dresses(above) and cell.function_around(above) is not None:
            return None
        around = cell.parents.get(above)
        if isinstance(above, ast.Expr) and isinstance(around, ast.ClassDef):
            return around.name
        if isinstance(above, ast.stmt) or (isinstance(above, ast.Lambda) and not _is_named(cell, above)):
            return part or None
        below = above
    return None


def _key_over(mapping: ast.Dict, value: ast.AST) -> str:
    """The key a text stands under, where it says which of several it is: `outline`, `Role.PLANNER`."""
    for key, held in zip(mapping.keys, mapping.values, strict=True):
        if held is value and isinstance(key, ast.Attribute):
            return key.attr.lower()
        if held is value and isinstance(key, ast.Constant) and isinstance(key.value, str):
            return "" if key.value in PLAIN_KEYS or not KEY.fullmatch(key.value) else key.value
    return ""


def _is_named(cell: CodeCell, node: ast.Lambda) -> bool:
    return isinstance(cell.parents.get(node), ast.Assign | ast.AnnAssign)


def _dresses(call: ast.Call) -> bool:
    """Whether a call only dresses a text: `dedent(...)`, `"...".strip()`, `SystemMessage(...)`; no model is asked."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    return name[:1].isupper() or name in TEXT_METHODS | TEXT_FUNCTIONS | {"from_template", "from_messages"}


def _full_name(target: ast.expr) -> str | None:
    """The name of a target; of an attribute with what it is one of: `prompt_template` for `chain.prompt.template`."""
    name = _target_name(target)
    owner = target.value if isinstance(target, ast.Attribute) else None
    above = owner.attr if isinstance(owner, ast.Attribute) else getattr(owner, "id", "self")
    return f"{above}_{name}" if name and isinstance(target, ast.Attribute) and above != "self" else name


def _target_name(target: ast.expr) -> str | None:
    if isinstance(target, ast.Name):
        return target.id
    if isinstance(target, ast.Attribute):
        return target.attr
    if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        return str(target.slice.value)
    return None


def _parameter_of(arguments: ast.arguments, default: ast.AST) -> str | None:
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = [
        *zip(reversed(positional), reversed(arguments.defaults), strict=False),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    return next((arg.arg for arg, value in pairs if value is default), None)
