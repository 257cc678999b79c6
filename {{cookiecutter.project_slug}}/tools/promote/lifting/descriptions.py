"""What a model is told about tools and fields: descriptions in schemas, in tool classes, in docstrings of tools.

They stay in code, beside what they describe, unless `[tool.promote]` of pyproject.toml says otherwise; either way each
one is in the report.

    [tool.promote]
    tool_descriptions = "lift"   # default: "report"
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from tools.promote.lifting.candidates import Candidate
from tools.promote.notebook.flow import Text
from tools.promote.notebook.outcome import Finding, Refused
from tools.promote.notebook.program import CodeCell, FunctionNode, Program, spelled
from tools.promote.notebook.splice import Edits

Choice = Literal["report", "lift"]
CHOICES = ("report", "lift")
DESCRIBED = re.compile(
    r"(Field|Tool\w*|\w*Tool|StructuredTool|FunctionDeclaration|Schema|ToolMetadata|QueryEngineTool|ToolParam\w*|tool"
    r"|Function|Parameter\w*|Property|AttributeInfo|from_function|from_defaults|ResponseSchema|NodeInfo|InputField"
    r"|OutputField)$"
)
DECORATORS = re.compile(r"(^|\.)(tool|ai_function|kernel_function|function_tool|register_for_llm|tool_plain)$")
# What stands beside name and description where these are of a tool, a field or an agent.
OF_TOOLS = {
    "description", "required", "strict", "title", "default", "items", "id", "tags", "func", "function_name", "prompt",
    "system_prompt", "instructions", "tools", "model", "examples", "arguments", "returns", "output_schema", "handoffs",
    "configuration", "labels", "annotations", "returnDirect", "return_direct", "callback", "handler", "key", "value",
}  # fmt: skip
SIBLINGS = {
    "name",
    "type",
    "parameters",
    "properties",
    "input_schema",
    "function",
    "enum",
    "items",
    "parameter_definitions",
}
KEYWORDS = {"description", "tool_description", "desc"}
LEAST_WORDS = 2


@dataclass(frozen=True, eq=False)
class Description:
    """One description. `of` names the tool or field when the code does; a docstring cannot give way to a call."""

    cell: CodeCell
    node: ast.expr
    of: str
    docstring: bool = False


def configured(project: Path) -> Choice:
    """The project's choice. Raises Refused for another word or a file that cannot be read."""
    path = project / "pyproject.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8")).get("tool", {}).get("promote", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} cannot be read ({error}): mend it") from None
    chosen = table.get("tool_descriptions", "report") if isinstance(table, dict) else None
    unknown = sorted(set(table) - {"tool_descriptions"}) if isinstance(table, dict) else []
    if unknown or chosen not in CHOICES:
        what = f"unknown key {unknown[0]}" if unknown else f"tool_descriptions is {chosen!r}"
        raise Refused(f'{path}: [tool.promote]: {what}: known is tool_descriptions = "report" or "lift"')
    return cast("Choice", chosen)


def find_descriptions(program: Program) -> Iterator[Description]:
    """Every description of a tool or a field, in the order of the text."""
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.Dict):
                yield from _in_schema(cell, node)
            elif isinstance(node, ast.Call):
                yield from _in_call(cell, node)
            elif isinstance(node, FunctionNode):
                yield from _docstring(cell, node)
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                yield from _assigned(cell, node)
            elif isinstance(node, ast.Subscript) and spelled(node.value).endswith("Annotated"):
                yield from _annotated(cell, node)


def to_lift(program: Program, choice: Choice) -> list[Candidate]:
    """The descriptions as candidates of the prompt lifter; none unless the project lifts them."""
    return [
        Candidate(Text(found.cell, found.node), "user", False, f"{found.of}_description".strip("_"))
        for found in (find_descriptions(program) if choice == "lift" else ())
        if not found.docstring
    ]


def report_descriptions(program: Program, edits: Edits) -> list[Finding]:
    """A finding for each description that stays."""
    findings = []
    for found in sorted(find_descriptions(program), key=lambda d: (d.cell.index, d.node.lineno, d.node.col_offset)):
        if edits.replaced(found.cell.index, found.cell.span(found.node)):
            continue
        what = f"description of {found.of} stays in the notebook" if found.of else "description stays in the notebook"
        if found.docstring:
            reason, remedy = (
                "a tool's docstring is its description",
                "give the tool a `description=`, if it is to be lifted",
            )
        else:
            reason = "descriptions of tools and fields stand beside what they describe"
            remedy = '`tool_descriptions = "lift"` under [tool.promote] in pyproject.toml moves them to prompts/'
        findings.append(Finding("kept", "description", found.cell.index, found.node.lineno, what, reason, remedy))
    return findings


def _in_schema(cell: CodeCell, node: ast.Dict) -> Iterator[Description]:
    """`{"name": "search", "description": "..."}` and the fields of a JSON schema."""
    fields = {k.value: v for k, v in zip(node.keys, node.values, strict=True) if isinstance(k, ast.Constant)}
    told = fields.get("description")
    keys = {str(key) for key in fields}
    if told is None or not _is_text(told) or not SIBLINGS & keys:
        return
    if SIBLINGS & keys == {"name"} and not keys <= SIBLINGS | OF_TOOLS:
        return  # a product, a place: things of the notebook's own have names and descriptions too
    name = fields.get("name")
    named = str(name.value) if isinstance(name, ast.Constant) else _key_of(cell, node)
    yield Description(cell, told, named)


def _in_call(cell: CodeCell, node: ast.Call) -> Iterator[Description]:
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name == "Field" and node.args and not isinstance(cell.parents.get(node), ast.Assign) and _is_text(node.args[0]):
        yield Description(cell, node.args[0], _target(cell, node))
    for keyword in node.keywords:
        told = keyword.arg in KEYWORDS and (DESCRIBED.search(name) or keyword.arg == "tool_description")
        if told and _is_text(keyword.value):
            named = next(
                (k.value for k in node.keywords if k.arg == "name" and isinstance(k.value, ast.Constant)), None
            )
            yield Description(cell, keyword.value, str(named.value) if named is not None else _target(cell, node))


def _assigned(cell: CodeCell, node: ast.Assign | ast.AnnAssign) -> Iterator[Description]:
    """`search.description = "..."`, and `description = "..."` in the class of a tool."""
    target = node.targets[0] if isinstance(node, ast.Assign) else node.target
    if node.value is None or not _is_text(node.value):
        return
    if isinstance(target, ast.Attribute) and target.attr == "description":
        yield Description(cell, node.value, spelled(target.value))
    above = cell.parents.get(node)
    tool = isinstance(above, ast.ClassDef) and any(spelled(base).endswith("Tool") for base in above.bases)
    if tool and isinstance(above, ast.ClassDef) and isinstance(target, ast.Name) and target.id == "description":
        yield Description(cell, node.value, above.name)


def _docstring(cell: CodeCell, node: FunctionNode) -> Iterator[Description]:
    decorators = [d.func if isinstance(d, ast.Call) else d for d in node.decorator_list]
    if not any(DECORATORS.search(spelled(decorator)) for decorator in decorators) or not node.body:
        return
    first = node.body[0]
    if isinstance(first, ast.Expr) and _is_text(first.value):
        yield Description(cell, first.value, node.name, docstring=True)


def _annotated(cell: CodeCell, node: ast.Subscript) -> Iterator[Description]:
    """`Annotated[str, "the city's name"]` as a parameter of a tool or a field."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else []
    for part in parts[1:]:
        if _is_text(part):
            above = cell.parents.get(node)
            named = above.arg if isinstance(above, ast.arg) else _target(cell, node)
            yield Description(cell, part, named)


def _is_text(node: ast.expr) -> bool:
    texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    joined = isinstance(node, ast.Constant | ast.JoinedStr | ast.BinOp)
    return joined and len(" ".join(texts).split()) >= LEAST_WORDS


def _key_of(cell: CodeCell, node: ast.Dict) -> str:
    """The field's name: the key the schema stands under."""
    above = cell.parents.get(node)
    if isinstance(above, ast.Dict):
        for key, value in zip(above.keys, above.values, strict=True):
            if value is node and isinstance(key, ast.Constant):
                return str(key.value)
    return ""


def _target(cell: CodeCell, node: ast.expr) -> str:
    above = cell.parents.get(node)
    if isinstance(above, ast.AnnAssign) and isinstance(above.target, ast.Name):
        return above.target.id
    if isinstance(above, ast.Assign) and isinstance(above.targets[0], ast.Name):
        return above.targets[0].id
    return ""
