"""Imports that the installed packages have no more: LangChain before 1.0, LlamaIndex before 0.10.

Only import statements change, and module-wide settings; the classes are the same ones, so the notebook that is compared
is run with the same change. Names without a home are left and reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from importlib import metadata

from tools.promote.cells.dependencies import Dependencies
from tools.promote.cells.host_library import guarded
from tools.promote.moved.homes import OLD, Home, home, home_of_module
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program, Span
from tools.promote.notebook.splice import Edit, Edits, removal
from tools.promote.rewiring.unused_imports import still_read

SUBJECT = "import"
REASON = "the packages of today have it there"
RENAMED = "the packages of today call it so"
# `langchain.debug = True` and its like: functions today, and an assignment that nobody reads.
SETTINGS = {"debug": "set_debug", "verbose": "set_verbose", "llm_cache": "set_llm_cache"}
SETTERS = "langchain_core.globals"
PACKAGES = {"haystack": "haystack-ai", "autogen": "ag2", "phi": "phidata"}  # where it is called otherwise
STANDARD = ("pydantic", "app")  # come with every package of the family, and with the project


def move_imports(
    program: Program, edits: Edits, dependencies: Dependencies, exchanged: Collection[str] = ()
) -> list[Finding]:
    """Give every import of a moved name its address of today, and note the packages that have it.

    `exchanged` are names of classes that others stand for: where nothing reads them they are imported no more.
    Nothing happens in a project that has LangChain before 1.0 installed.
    """
    if _installed_before_one():
        return []
    findings: list[Finding] = []
    gone = {name for name in exchanged if not still_read(program, name, edits)}
    for cell in program.cells:
        for node in cell.nodes:
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                lost = {name for name in _homeless(node) if not still_read(program, name, edits)}
                findings += _Statement(cell, node, node.module, gone | lost).move(edits, dependencies)
            elif isinstance(node, ast.Import):
                findings += _move_modules(cell, node, edits, dependencies)
    findings += _move_settings(program, edits, dependencies)
    if any(finding.outcome == "changed" for finding in findings):
        dependencies.loosen(("langchain", "llama-index"))
    if any(finding.reason == RENAMED for finding in findings):
        dependencies.loosen(("pydantic-ai",))
    if any("legacy_haystack" in finding.what for finding in findings):
        dependencies.loosen(("haystack-ai",))
    return findings


class _Statement:
    """One `from ... import ...`: its names by the module that has them today."""

    def __init__(self, cell: CodeCell, node: ast.ImportFrom, module: str, gone: set[str]) -> None:
        self.cell, self.node, self.module = cell, node, module
        self.homes: dict[ast.alias, Home | None] = {alias: home(module, alias.name) for alias in node.names}
        moves = any(self.homes.values())
        moves = moves and not guarded(cell, node)
        self.dropped = [a for a in node.names if moves and (a.asname or a.name) in gone]
        self.kept = [alias for alias in node.names if alias not in self.dropped]

    def move(self, edits: Edits, dependencies: Dependencies) -> list[Finding]:
        """Add the edit; what was found."""
        if not any(self.homes.values()):
            return []
        findings = [self._finding(alias) for alias in self.kept if (found := self.homes[alias]) and found.instead]
        groups = self._groups()
        changes = list(groups) != [self.module] or self.dropped or any(map(self._renamed, self.kept))
        if changes and not edits.add(self._edit(groups)):
            return []
        renamed = [f"{alias.name} is {name}" for alias in self.kept if (name := self._renamed(alias))]
        if renamed:
            findings.append(self._changed(", ".join(renamed), RENAMED))
        for module, aliases in groups.items():
            if module != self.module:
                names = ", ".join(alias.name for alias in aliases)
                findings.append(self._changed(f"{names} imported from {module}", REASON))
                require(dependencies, self.cell, self.node.lineno, module)
        if self.dropped:
            names = ", ".join(alias.asname or alias.name for alias in self.dropped)
            findings.append(self._changed(f"{names} imported no more", "nothing reads it"))
        return findings

    def _groups(self) -> dict[str, list[ast.alias]]:
        groups: dict[str, list[ast.alias]] = {}
        for alias in self.kept:
            found = self.homes[alias]
            groups.setdefault(found.module if found and found.module else self.module, []).append(alias)
        return groups

    def _edit(self, groups: dict[str, list[ast.alias]]) -> Edit:
        if not groups:
            return removal(self.cell, self.node)
        span, text = self.cell.span(self.node), self.cell.text(self.node)
        as_it_is = not self.dropped and not any(map(self._renamed, self.kept))
        if len(groups) == 1 and as_it_is and (at := text.find(self.module)) >= 0:
            start = span.start + len(text[:at].encode("utf-8"))
            return Edit(self.cell.index, Span(start, start + len(self.module)), next(iter(groups)))
        line = self.cell.line(self.node.lineno)
        indent = line[: len(line) - len(line.lstrip(" \t"))]
        inner = f"{indent}    " if "\n" in text and "(" in text else None
        statements = [self._written(module, aliases, indent, inner) for module, aliases in groups.items()]
        return Edit(self.cell.index, span, (f"\n{indent}" if self._alone() else "; ").join(statements))

    def _written(self, module: str, aliases: list[ast.alias], indent: str, inner: str | None) -> str:
        """`inner` is the indentation of the names when the author gave each its line."""
        names = [self._name(alias) for alias in aliases]
        if inner is None or len(names) == 1:
            comment = self._comment(aliases[0]) if inner is not None and self._alone() else ""
            return f"from {module} import {', '.join(names)}{comment}"
        lines = [f"{inner}{name},{self._comment(alias)}\n" for name, alias in zip(names, aliases, strict=True)]
        return f"from {module} import (\n{''.join(lines)}{indent})"

    def _renamed(self, alias: ast.alias) -> str:
        """What the name is called today, where that is something else."""
        found = self.homes[alias]
        return found.name if found is not None and found.name != alias.name else ""

    def _name(self, alias: ast.alias) -> str:
        """Under the name that the notebook goes on using."""
        renamed = self._renamed(alias)
        local = alias.asname or (alias.name if renamed else None)
        return (renamed or alias.name) + (f" as {local}" if local else "")

    def _comment(self, alias: ast.alias) -> str:
        """What the author wrote behind a name that ends its line."""
        behind = self.cell.encoded[self.cell.span(alias).end :].decode("utf-8")
        found = re.match(r"[ \t]*,?[ \t]*(#[^\r\n]*)", behind)
        return f"  {found.group(1)}" if found and alias.end_lineno != self.node.end_lineno else ""

    def _alone(self) -> bool:
        """Whether no other statement stands on its lines."""
        assert self.node.end_lineno is not None
        lines, span = self.cell.line_span(self.node.lineno, self.node.end_lineno), self.cell.span(self.node)
        behind = self.cell.encoded[span.end : lines.end].strip()
        return not self.cell.encoded[lines.start : span.start].strip() and (not behind or behind.startswith(b"#"))

    def _changed(self, what: str, reason: str) -> Finding:
        return Finding("changed", SUBJECT, self.cell.index, self.node.lineno, what, reason)

    def _finding(self, alias: ast.alias) -> Finding:
        found = self.homes[alias]
        assert found is not None
        return _without_home(self.cell, self.node, f"from {self.module} import {alias.name}", found)


def _homeless(node: ast.ImportFrom) -> set[str]:
    """The names a statement binds that have no home."""
    found = {alias.asname or alias.name: home(node.module or "", alias.name) for alias in node.names}
    return {name for name, place in found.items() if place is not None and place.instead}


def _without_home(cell: CodeCell, node: ast.stmt, what: str, found: Home) -> Finding:
    reason, remedy = "the packages of today have it nowhere", f"use {found.instead} and promote again"
    if guarded(cell, node):
        reason += "; the notebook goes on without it"
        return Finding("kept", SUBJECT, cell.index, node.lineno, what, reason, remedy)
    return Finding("refused", SUBJECT, cell.index, node.lineno, what, reason, remedy)


def _move_modules(cell: CodeCell, node: ast.Import, edits: Edits, dependencies: Dependencies) -> list[Finding]:
    """`import langchain.chains as chains`; without `as` the name it binds is the package's, which cannot move."""
    findings = []
    for alias in node.names:
        found = home_of_module(alias.name)
        if found is None:
            continue
        what = f"import {alias.name}"
        renamed = "." not in alias.name and bool(found.module)  # its own name goes on meaning it
        if found.instead or (alias.asname is None and not renamed):
            instead = found.instead or f"`import {alias.name} as` a name of its own, which is given its home,"
            findings.append(_without_home(cell, node, what, Home(instead=instead)))
            continue
        start = cell.span(alias).start
        new = found.module if alias.asname else f"{found.module} as {alias.name}"
        if edits.add(Edit(cell.index, Span(start, start + len(alias.name)), new)):
            what = f"{alias.name} is {found.module}"
            findings.append(Finding("changed", SUBJECT, cell.index, node.lineno, what, REASON))
            require(dependencies, cell, node.lineno, found.module)
    return findings


def _move_settings(program: Program, edits: Edits, dependencies: Dependencies) -> list[Finding]:
    """`langchain.debug = True` calls its function of today; classes reached through the module are reported."""
    findings = []
    for cell in program.cells:
        for node in cell.nodes:
            if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
                continue
            if program.names.imports.get(node.value.id) != OLD:
                continue
            statement = cell.parents.get(node)
            if isinstance(node.ctx, ast.Store) and isinstance(statement, ast.Assign) and node.attr in SETTINGS:
                if len(statement.targets) == 1 and _call_setter(cell, statement, SETTINGS[node.attr], edits):
                    what = f"{cell.text(node)} set by {SETTINGS[node.attr]}(...)"
                    findings.append(Finding("changed", SUBJECT, cell.index, node.lineno, what, REASON))
                    require(dependencies, cell, node.lineno, SETTERS)
            elif isinstance(node.ctx, ast.Load) and (found := home(OLD, node.attr)) is not None:
                whole = _whole(cell, node)
                if edits.replaced(cell.index, cell.span(whole)):
                    continue  # its class was imported by its name
                dotted = ast.unparse(whole)
                name = dotted.rpartition(".")[2]
                instead = found.instead or f"{name} imported by its name, which is given its home,"
                findings.append(_without_home(cell, cell.statement_of(node), dotted, Home(instead=instead)))
    return findings


def _whole(cell: CodeCell, node: ast.Attribute) -> ast.Attribute:
    """`langchain.chains.LLMChain` for the `langchain.chains` in it."""
    while isinstance(parent := cell.parents.get(node), ast.Attribute):
        node = parent
    return node


def _call_setter(cell: CodeCell, statement: ast.Assign, setter: str, edits: Edits) -> bool:
    line = cell.line(statement.lineno)
    indent = line[: len(line) - len(line.lstrip(" \t"))]
    divider = (
        f"\n{indent}"
        if cell.span(statement).start
        == cell.line_span(statement.lineno, statement.lineno).start + len(indent.encode("utf-8"))
        else "; "
    )
    text = f"from {SETTERS} import {setter}{divider}{setter}({cell.text(statement.value)})"
    return edits.add(Edit(cell.index, cell.span(statement), text))


def require(dependencies: Dependencies, cell: CodeCell, line: int, module: str) -> None:
    """Note the package of a module: `langchain-openai` for `langchain_openai.llms`."""
    root, *rest = module.split(".")
    if root == "haystack_integrations":
        root = f"{rest[-1]}-haystack"
    if root == "llama_index":
        root = "-".join([root, *rest[: 1 if rest[0] == "core" else 2]])
    if root not in STANDARD:
        dependencies.add(cell.index, line, PACKAGES.get(root, root.replace("_", "-")))


def _installed_before_one() -> bool:
    try:
        return metadata.version(OLD).partition(".")[0] == "0"
    except metadata.PackageNotFoundError:
        return False
