"""Calls that LangChain 1.x has no more: a model or tool called like a function, and methods that became `invoke`.

The request is the same as it was, so the notebook that is compared is run with the same change. A name is taken for a
model only when all it is ever given are models, for a tool when it is defined as one and given nothing else; a method
that a class of the notebook defines itself is left.
"""

from __future__ import annotations

import ast

from tools.promote.clients import langchain
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, FunctionNode, Program, Span
from tools.promote.notebook.splice import Edit, Edits

REASON = "LangChain 1.x has that call no more; what is asked is the same"
RETRIEVERS = {"get_relevant_documents": "invoke", "aget_relevant_documents": "ainvoke"}
MESSAGES = {"predict_messages": "invoke", "apredict_messages": "ainvoke"}
PASSED_ON = {"stop"}  # keywords that `invoke` takes as well


def move_calls(program: Program, edits: Edits) -> list[Finding]:
    """Exchange every such call; one with arguments that `invoke` does not take is left."""
    if not any(langchain.FAMILY.owns(path) for path in program.names.imports.values()):
        return []
    own = {node.name for cell in program.cells for node in cell.nodes if isinstance(node, FunctionNode)}
    findings = []
    for cell, call in program.calls():
        changes = _changes(program, cell, call, own)
        if changes and edits.add_all(changes):
            what = f"{cell.text(call.func)}(...) is invoke(...)"
            findings.append(Finding("changed", "call", cell.index, call.lineno, what, REASON))
    return findings


def _changes(program: Program, cell: CodeCell, call: ast.Call, own: set[str]) -> list[Edit]:
    """The edits of one call, none when it is good as it is."""
    function = call.func
    if isinstance(function, ast.Name):
        known = _is_tool(program, cell, function) or _model(program, cell, function) is not None
        if not known or not _fits(call):
            return []
        return [_put(cell, cell.span(function).end, ".invoke")]
    if not isinstance(function, ast.Attribute) or function.attr in own:
        return []
    if function.attr in RETRIEVERS:
        return [] if _foreign(program, function.value) else _renamed_query(cell, call, function)
    model = _model(program, cell, function.value)
    if model is None or not _fits(call):
        return []
    if function.attr in MESSAGES:
        return [_method(cell, function, MESSAGES[function.attr])]
    if function.attr != "predict":
        return []
    # A chat model's `predict` gave the text of its message.
    content = [_put(cell, cell.span(call).end, ".content")] if "Chat" in model else []
    return [_method(cell, function, "invoke"), *content]


def _renamed_query(cell: CodeCell, call: ast.Call, function: ast.Attribute) -> list[Edit]:
    changes = [_method(cell, function, RETRIEVERS[function.attr])]
    if len(call.args) == 1 and not call.keywords and not isinstance(call.args[0], ast.Starred):
        return changes
    if call.args or len(call.keywords) != 1 or call.keywords[0].arg != "query":
        return []
    start = cell.span(call.keywords[0]).start
    return [*changes, Edit(cell.index, Span(start, start + len("query")), "input")]


def _foreign(program: Program, retriever: ast.expr) -> bool:
    """Whether it comes from a library that is not LangChain's: it may have the method still, and no other."""
    root = retriever
    while isinstance(root, ast.Attribute | ast.Call):
        root = root.value if isinstance(root, ast.Attribute) else root.func
    if not isinstance(root, ast.Name):
        return False
    values = [b.value.func for b in program.names.bindings.get(root.id, []) if isinstance(b.value, ast.Call)]
    paths = [program.dotted(maker) for maker in [root, *values]]
    return any(path is not None and not langchain.FAMILY.owns(path) for path in paths)


def _model(program: Program, cell: CodeCell, expression: ast.expr) -> str | None:
    """The class of a model, when the expression is a name that is given only models of one kind."""
    if not isinstance(expression, ast.Name):
        return None
    if _local(cell, expression):
        return _one_kind(_handed(program, cell, expression))
    return _one_kind({_class(program, b.value) for b in program.names.bindings.get(expression.id, [])})


def _is_tool(program: Program, cell: CodeCell, name: ast.Name) -> bool:
    """Whether the name is a function under LangChain's `@tool`, or all it is given are tools."""
    if _local(cell, name):
        return False
    bindings = program.names.bindings.get(name.id, [])
    defined = program.names.functions.get(name.id)
    if defined is None:
        return bool(bindings) and all(_makes_tool(program, binding.value) for binding in bindings)
    decorators = [d.func if isinstance(d, ast.Call) else d for d in defined[1].decorator_list]
    return not any(b.value is not None for b in bindings) and any(_of_tools(program, d, {"tool"}) for d in decorators)


def _makes_tool(program: Program, value: ast.expr | None) -> bool:
    """`Tool(...)`, `StructuredTool.from_function(...)`."""
    if not isinstance(value, ast.Call):
        return False
    maker = value.func
    if isinstance(maker, ast.Attribute) and maker.attr == "from_function":
        maker = maker.value
    return _of_tools(program, maker, {"Tool", "StructuredTool"})


def _of_tools(program: Program, maker: ast.expr, names: set[str]) -> bool:
    dotted = program.dotted(maker) or ""
    return dotted.rpartition(".")[2] in names and langchain.FAMILY.owns(dotted)


def _one_kind(classes: set[str | None]) -> str | None:
    names = {name for name in classes if name is not None}
    same = len(names) == len(classes) and len({"Chat" in name for name in names}) == 1
    return min(names) if same else None


def _local(cell: CodeCell, name: ast.Name) -> bool:
    """Whether a function around it gives the name a meaning of its own."""
    around = [node for node in cell.above(name) if isinstance(node, FunctionNode | ast.Lambda)]
    return any(_gives(function, name.id) for function in around)


def _gives(function: ast.AST, name: str) -> bool:
    return any(
        (isinstance(node, ast.arg) and node.arg == name)
        or (isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Store))
        for node in ast.walk(function)
    )


def _handed(program: Program, cell: CodeCell, name: ast.Name) -> set[str | None]:
    """What every call of the notebook hands to the argument of that name; nothing when it is no plain argument."""
    function = cell.function_around(name)
    if function is None or program.names.functions.get(function.name, (None, None))[1] is not function:
        return set()
    arguments = [argument.arg for argument in function.args.args]
    stored = any(
        isinstance(n, ast.Name) and n.id == name.id and isinstance(n.ctx, ast.Store) for n in ast.walk(function)
    )
    if name.id not in arguments or stored or function.args.defaults:
        return set()
    place = arguments.index(name.id)
    classes: set[str | None] = set()
    for other, call in program.calls():
        if isinstance(call.func, ast.Name) and call.func.id == function.name:
            named = next((k.value for k in call.keywords if k.arg == name.id), None)
            given = named or (call.args[place] if place < len(call.args) else None)
            plain = isinstance(given, ast.Name) and not _local(other, given)
            classes.add(_model(program, other, given) if plain and given is not None else None)
    return classes


def _class(program: Program, value: ast.expr | None) -> str | None:
    dotted = program.dotted(value.func) if isinstance(value, ast.Call) else None
    if dotted is None or not langchain.FAMILY.owns(dotted):
        return None
    name = dotted.rpartition(".")[2]
    known = name in langchain.CONSTRUCTORS and not name.endswith(("Embeddings", "Rerank"))
    return name if known else None


def _fits(call: ast.Call) -> bool:
    keywords = {keyword.arg for keyword in call.keywords}
    return len(call.args) == 1 and not isinstance(call.args[0], ast.Starred) and keywords <= PASSED_ON


def _method(cell: CodeCell, function: ast.Attribute, name: str) -> Edit:
    end = cell.span(function).end
    return Edit(cell.index, Span(end - len(function.attr), end), name)


def _put(cell: CodeCell, place: int, text: str) -> Edit:
    return Edit(cell.index, Span(place, place), text)
