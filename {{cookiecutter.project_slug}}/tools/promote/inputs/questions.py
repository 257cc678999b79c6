"""Finding the questions of a notebook: calls that ask a person, its host or the environment, and where answers go."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import Any, Literal

from tools.promote.inputs.secrets import is_environ
from tools.promote.notebook.program import Binding, CodeCell, FunctionNode, Program, spelled
from tools.promote.notebook.words import snake

Kind = Literal["person", "secret", "host", "environment"]
ENVIRONMENT_READERS = ("getenv", "os.getenv", "environ.get", "os.environ.get")
CONVERTERS: dict[str, Any] = {"int": 0, "float": 0.0, "str": "", "bool": False}


@dataclass(frozen=True, eq=False)
class Question:
    """One call that asks. `variable` is the environment's or the host's name for the answer, `words` the question."""

    kind: Kind
    cell: CodeCell
    call: ast.Call
    variable: str
    words: str
    default: ast.expr | None


def question_of(program: Program, cell: CodeCell, call: ast.Call) -> Question | None:
    """The question a call asks; None for any other call."""
    kind = _kind(program, call)
    if kind is None:
        return None
    if kind in ("person", "secret"):
        given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg == "prompt")]
        return Question(kind, cell, call, "", _words(given[0]) if given else "", None)
    first = call.args[0] if call.args else None
    if not isinstance(first, ast.Constant) or not isinstance(first.value, str):
        return None
    default = call.args[1] if len(call.args) > 1 else next((k.value for k in call.keywords if k.arg == "default"), None)
    return Question(kind, cell, call, first.value, "", default)


def _kind(program: Program, call: ast.Call) -> Kind | None:
    called = program.dotted(call.func) or spelled(call.func) or _on_a_call(call.func)
    if called == "input" and "input" not in program.names.bindings:
        return "person"
    if called in ("getpass", "getpass.getpass"):
        return "secret"
    if called.endswith("userdata.get") or called == "get_secret":
        return "host"
    if called in ENVIRONMENT_READERS:
        return "environment"
    return None


def _on_a_call(function: ast.expr) -> str:
    """The method of `UserSecretsClient().get_secret`."""
    made = isinstance(function, ast.Attribute) and isinstance(function.value, ast.Call)
    return function.attr if made and isinstance(function, ast.Attribute) else ""


def bound_by(question: Question) -> Binding | None:
    """The top-level assignment whose value is the answer, at most converted or with a literal behind `or`."""
    cell, node = question.cell, question.call
    for above in cell.above(node):
        if isinstance(above, ast.Assign | ast.AnnAssign):
            target = above.targets[0] if isinstance(above, ast.Assign) else above.target
            if not isinstance(target, ast.Name) or above.value is None:
                return None
            return Binding(cell, above, above.value, True) if _only(cell, above) else None
        if not _converts(above) and not (isinstance(above, ast.BoolOp) and isinstance(above.op, ast.Or)):
            return None
    return None


def _only(cell: CodeCell, statement: ast.Assign | ast.AnnAssign) -> bool:
    return isinstance(cell.parents.get(statement), ast.Module) and (
        isinstance(statement, ast.AnnAssign) or len(statement.targets) == 1
    )


def _converts(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in CONVERTERS
        and len(node.args) == 1
        and not node.keywords
    )


def with_conversion(cell: CodeCell, call: ast.Call) -> ast.Call:
    """`int(input(...))` as a whole."""
    above = cell.parents.get(call)
    return above if isinstance(above, ast.Call) and _converts(above) else call


def hint_of(cell: CodeCell, call: ast.Call) -> str:
    """What the code calls the answer: the keyword, the key or the variable it goes to."""
    below: ast.AST = call
    for above in cell.above(call):
        if isinstance(above, ast.keyword) and above.arg:
            return above.arg
        if isinstance(above, ast.Dict):
            keys = [k for k, v in zip(above.keys, above.values, strict=True) if v is below]
            if keys and isinstance(keys[0], ast.Constant):
                return snake(str(keys[0].value))
        if isinstance(above, ast.Assign | ast.AnnAssign):
            target = above.targets[0] if isinstance(above, ast.Assign) else above.target
            if isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
                return snake(str(target.slice.value))
            return target.id if isinstance(target, ast.Name) else getattr(target, "attr", "")
        if isinstance(above, ast.stmt):
            return ""
        below = above
    return ""


def variable_of(question: Question) -> str:
    """The name in the code that holds the variable's name: `var` of `getpass(f"{var}: ")` beside `os.environ[var]`.

    Empty for another question, or where no function around it looks that variable up or sets it.
    """
    if question.kind != "secret" or not question.call.args:
        return ""
    names = [n.id for n in ast.walk(question.call.args[0]) if isinstance(n, ast.Name)]
    around = [above for above in question.cell.above(question.call) if isinstance(above, FunctionNode)]
    if len(names) != 1 or not around:
        return ""
    looked_up = (key for node in ast.walk(around[0]) for key in _environment_keys(node))
    return names[0] if any(isinstance(key, ast.Name) and key.id == names[0] for key in looked_up) else ""


def _environment_keys(node: ast.AST) -> list[ast.expr]:
    """The key of `os.environ[key]`, `os.environ.get(key)` and `os.getenv(key)`."""
    if isinstance(node, ast.Subscript) and is_environ(node.value):
        return [node.slice]
    return node.args[:1] if isinstance(node, ast.Call) and spelled(node.func) in ENVIRONMENT_READERS else []


def is_repeated(cell: CodeCell, call: ast.Call) -> bool:
    """Whether the question may be asked more than once: in a function, a loop's body or a comprehension's."""
    below: ast.AST = call
    for above in cell.above(call):
        if isinstance(above, FunctionNode | ast.Lambda | ast.ClassDef | ast.While):
            return True
        if isinstance(above, ast.For | ast.AsyncFor) and below is not above.iter:
            return True
        if isinstance(above, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            first = above.generators[0]
            if below is not first or call not in list(ast.walk(first.iter)):
                return True
        below = above
    return False


def _words(node: ast.expr) -> str:
    """The words of a question, on one line, without the mark that waits for the answer."""
    texts = [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]
    return re.sub(r"[\s:>]+$", "", " ".join(" ".join(texts).split()))


def name_of(binding: Binding) -> str:
    """The name an assignment gives a value to; empty for another target."""
    node = binding.node
    target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
    return target.id if isinstance(target, ast.Name) else ""
