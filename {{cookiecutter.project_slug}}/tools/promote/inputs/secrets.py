"""Keeping keys out of steps, prompts and reports: what looks like one is never written anywhere.

Statements that only put a provider key into place go; a key written as a literal becomes a look-up in the environment.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection

from tools.promote.inputs.key_guards import guarded_keys
from tools.promote.notebook.magics import Magic
from tools.promote.notebook.outcome import Finding
from tools.promote.notebook.program import CodeCell, Program, spelled
from tools.promote.notebook.splice import Edit, Edits, removal
from tools.promote.rewiring.unused_imports import still_read

TOKENS = re.compile(
    r"\b(sk-[A-Za-z0-9_-]{16,}|gsk_[A-Za-z0-9]{20,}|hf_[A-Za-z0-9]{20,}|gh[pousr]_[A-Za-z0-9]{20,}"
    r"|github_pat_[A-Za-z0-9_]{20,}|AIza[A-Za-z0-9_-]{30,}|AKIA[A-Z0-9]{16}|xox[abpr]-[A-Za-z0-9-]{10,}"
    r"|pplx-[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|lsv2_[A-Za-z0-9_]{20,}|tvly-[A-Za-z0-9]{20,})"
)
REDACTED = "REDACTED"
NAME = re.compile(r"(?i)(^|_)(api_?key|key|token|secret|passw(or)?d|credentials?)$|api_?key|secret_?key|access_?token")
SURE_NAME = re.compile(r"(?i)api_?key|secret|passw(or)?d|access_?key|access_?token|auth_?token")
ENV_MAGIC = re.compile(r"%(?:set_)?env\s+(\w+)\s*[=\s]\s*\S")
STORE_MAGIC = re.compile(r"%store\s+(\w+)")
# Keys that the door brings, whatever the notebook had in their place.
DOOR_KEYS = (
    r"(?:OPENAI|ANTHROPIC|AZURE_OPENAI|CO|COHERE|MISTRAL|OLLAMA|GEMINI|GOOGLE|RESPONSES|COMPATIBLE)_API_KEY"
    r"|AWS_BEARER_TOKEN_BEDROCK"
)
READERS = {"getpass", "userdata.get", "getenv", "environ.get", "input", "get_secret", "getpass.getpass"}


def redact(text: str) -> str:
    """The text with everything that has the form of a known kind of key replaced."""
    return TOKENS.sub(REDACTED, text)


def is_secret_name(name: str) -> bool:
    """Whether a name says that its value is a secret: `OPENAI_API_KEY`, `token`; not `max_tokens`."""
    return NAME.search(name) is not None


def looks_secret(value: str) -> bool:
    """Whether a text has the form of a key: a known prefix, or one long word of letters and digits."""
    if TOKENS.search(value):
        return True
    word = re.fullmatch(r"[A-Za-z0-9_\-]{20,}", value)
    mixed = all(re.search(pattern, value) for pattern in ("[0-9]", "[a-z]", "[A-Z]"))
    return bool(word and mixed) or re.fullmatch(r"[0-9a-f]{32,}", value) is not None


class SecretRemover:
    """Takes the keys out of one notebook. `variables` are those whose setting was taken out: libraries read them."""

    def __init__(self, program: Program, edits: Edits, exchanged: Collection[str] = ()) -> None:
        """`exchanged` are the names of vendors' classes that others stand for: their keys are asked for no more."""
        self.program = program
        self._needless = re.compile("|".join([DOOR_KEYS, *sorted({_key_of(name) for name in exchanged})]))
        self.edits = edits
        self.findings: list[Finding] = []
        self.variables: set[str] = set()
        self.needs_os = False
        self._gone: set[str] = set()  # names nothing gives a value any more

    def run(self) -> None:
        """Statements first, then names that nothing reads any more, then literals that are left."""
        for cell in self.program.cells:
            for statement in cell.tree.body:
                self._guard(cell, statement)
        for cell in self.program.cells:
            for node in cell.nodes:
                if isinstance(node, ast.stmt) and self._puts_key_into_environment(node):
                    self._put(cell, node)
            self._magics(cell)
        for cell in self.program.cells:
            for node in cell.nodes:
                if isinstance(node, ast.Assign | ast.AnnAssign):
                    self._assignment(cell, node)
        for cell in self.program.cells:
            for node in cell.nodes:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    self._literal(cell, node)
            for magic in cell.masked.magics:
                self._kept_elsewhere(cell, magic)

    def _puts_key_into_environment(self, node: ast.stmt) -> bool:
        """`os.environ["OPENAI_API_KEY"] = ...` and its cousins."""
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            target = node.targets[0]
            if not isinstance(target, ast.Subscript) or not is_environ(target.value):
                return False
            return _secret_key(target.slice) or _typed_unseen(node.value)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            function = node.value.func
            called = isinstance(function, ast.Attribute) and function.attr in ("setdefault", "putenv")
            return called and bool(node.value.args) and _secret_key(node.value.args[0])
        return False

    def _magics(self, cell: CodeCell) -> None:
        """`%env OPENAI_API_KEY=...`: the line goes."""
        for magic in cell.masked.magics:
            match = ENV_MAGIC.match(magic.text)
            if match and is_secret_name(match.group(1)):
                name = match.group(1)
                if self.edits.add(Edit(cell.index, cell.line_span(magic.line, magic.end_line), "")):
                    needless = self._needless.fullmatch(name)
                    reason = "a key was put into the environment" + ("; the door brings its own" if needless else "")
                    remedy = "" if needless else f"set {name} in .env"
                    finding = Finding("changed", "secret", cell.index, magic.line, "line removed", reason, remedy)
                    self.findings.append(finding)
                    self.variables |= set() if needless else {name}

    def _kept_elsewhere(self, cell: CodeCell, magic: Magic) -> None:
        """`%store API_KEY`, where that key is gone: the line goes."""
        stored = STORE_MAGIC.fullmatch(magic.text.strip())
        if stored is None or stored[1] not in self._gone:
            return
        if self.edits.add(Edit(cell.index, cell.line_span(magic.line, magic.end_line), "")):
            reason, remedy = f"{stored[1]} has no value any more", "keys belong in .env"
            self.findings.append(Finding("changed", "secret", cell.index, magic.line, "line removed", reason, remedy))

    def _put(self, cell: CodeCell, node: ast.stmt) -> None:
        """Take out what sets a variable; one whose name is computed is named as the code says it."""
        assert isinstance(node, ast.Assign | ast.Expr)
        key = node.targets[0].slice if isinstance(node, ast.Assign) else node.value.args[0]  # type: ignore[attr-defined]
        named = str(key.value) if isinstance(key, ast.Constant) else ""
        if self._needless.fullmatch(named):
            self._remove(cell, node, "a key was put into the environment; the door brings its own", "")
            return
        self._remove(cell, node, "a key was put into the environment", f"set {named or cell.text(key)} in .env")
        self.variables |= {named} - {""}

    def _guard(self, cell: CodeCell, statement: ast.stmt) -> None:
        """A question that is asked only where a key is missing goes as a whole."""
        keys = guarded_keys(self.program, statement)
        if not keys or not all(is_secret_name(key) for key in keys):
            return
        asked = {key for key in keys if not self._needless.fullmatch(key)}
        reason = "a key was asked for; " + ("it is in the environment" if asked else "the door brings its own")
        self._remove(cell, statement, reason, f"set {', '.join(sorted(asked))} in .env" if asked else "")
        self.variables |= asked

    def _assignment(self, cell: CodeCell, node: ast.Assign | ast.AnnAssign) -> None:
        """`api_key = getpass()`: gone when nothing reads it after the clients were rewired."""
        target = node.targets[0] if isinstance(node, ast.Assign) else node.target
        if not isinstance(target, ast.Name) or node.value is None:
            return
        if not is_secret_name(target.id):
            self._address(cell, node, target.id, node.value)
            return
        literal = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if not literal and not _reads_secret(node.value):
            return
        if literal and not (SURE_NAME.search(target.id) or looks_secret(str(getattr(node.value, "value", "")))):
            return
        if not still_read(self.program, target.id, self.edits):
            self._remove(cell, node, f"{target.id} is not read any more", "keys belong in .env")
            self._gone.add(target.id)
        elif literal or _asks_a_person(node.value):
            empty = isinstance(node.value, ast.Constant) and not node.value.value
            self._look_up(cell, node.value, _variable_in(node.value) or target.id.upper(), empty=empty)

    def _address(self, cell: CodeCell, node: ast.Assign | ast.AnnAssign, name: str, value: ast.expr) -> None:
        """An endpoint, a version, a region that only clients read which find them with the door now."""
        told = isinstance(value, ast.Constant) or _reads_secret(value)
        alone = len(self.program.names.bindings[name]) == 1 and (
            isinstance(node, ast.AnnAssign) or len(node.targets) == 1
        )
        if not told or not alone or not isinstance(cell.parents.get(node), ast.Module):
            return
        named = re.compile(rf"\b{re.escape(name)}\b")
        shell = any(named.search(magic.text) for c in self.program.cells for magic in c.masked.magics)
        if not self.program.names.reads[name] or shell or still_read(self.program, name, self.edits):
            return
        if self.edits.add(removal(cell, node)):
            what, reason = f"{name} removed", "only a client read it, which has the door's address now"
            self.findings.append(Finding("changed", "setting", cell.index, node.lineno, what, reason))

    def _literal(self, cell: CodeCell, node: ast.Constant) -> None:
        """A key in the middle of code: `headers={"X-Key": "sk-..."}`."""
        if not (TOKENS.fullmatch(str(node.value)) or _is_credential(cell, node)) or not self.edits.free(
            cell.index, cell.span(node)
        ):
            return
        parent = cell.parents.get(node)
        if isinstance(parent, ast.JoinedStr | ast.FormattedValue | ast.Expr):
            return
        name = parent.arg.upper() if isinstance(parent, ast.keyword) and parent.arg else "API_KEY"
        self._look_up(cell, node, name)

    def _look_up(self, cell: CodeCell, value: ast.expr, name: str, *, empty: bool = False) -> None:
        """Read the variable; one that stood empty may stay so."""
        expression = f'os.environ.get("{name}", "")' if empty else f'os.environ["{name}"]'
        if self.edits.add(Edit(cell.index, cell.span(value), expression)):
            self.needs_os = True
            reason = "a key stood here" if isinstance(value, ast.Constant) else "nobody is there to ask"
            reason = "a key belongs here" if empty else reason
            self.findings.append(
                Finding("changed", "secret", cell.index, value.lineno, f"read from the variable {name}", reason,
                        f"set {name} in .env")
            )  # fmt: skip

    def _remove(self, cell: CodeCell, node: ast.stmt, reason: str, remedy: str) -> None:
        if self.edits.add(removal(cell, node)):
            what = "statement removed"
            self.findings.append(Finding("changed", "secret", cell.index, node.lineno, what, reason, remedy))


def _key_of(name: str) -> str:
    """The variable of a vendor's key by one of its classes: `GROQ_API_KEY` for `Groq` and `ChatGroq`."""
    vendor = re.sub(r"^(Async|Chat)|(Embeddings?|Rerank|LLM|Client)$", "", name.split(".")[-1])
    return re.escape(f"{vendor.upper()}_API_KEY")


def is_environ(node: ast.expr) -> bool:
    """Whether an expression is `os.environ`."""
    return (isinstance(node, ast.Attribute) and node.attr == "environ") or getattr(node, "id", "") == "environ"


def _secret_key(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and is_secret_name(node.value)


def _reads_secret(node: ast.expr) -> bool:
    """The environment, a prompt for a person, or a notebook host's store."""
    if isinstance(node, ast.Subscript) and is_environ(node.value):
        return True
    if isinstance(node, ast.BoolOp):
        return all(_reads_secret(v) or isinstance(v, ast.Constant) for v in node.values)
    if not isinstance(node, ast.Call):
        return False
    called = ast.unparse(node.func)
    return any(called == reader or called.endswith(f".{reader}") for reader in READERS)


def _typed_unseen(node: ast.expr) -> bool:
    return any(isinstance(n, ast.Call) and spelled(n.func).split(".")[-1] == "getpass" for n in ast.walk(node))


def _variable_in(node: ast.expr) -> str:
    """The name under which the environment or the host's store has the secret."""
    for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
        called = ast.unparse(call.func)
        named = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else ""
        if called.endswith(("getenv", "environ.get", "userdata.get", "get_secret")) and re.fullmatch(
            r"\w+", str(named)
        ):
            return str(named)
    return ""


def _is_credential(cell: CodeCell, node: ast.Constant) -> bool:
    """`AzureKeyCredential("...")` around what has the form of a key."""
    call = cell.parents.get(node)
    named = spelled(call.func) if isinstance(call, ast.Call) else ""
    return named.endswith("Credential") and looks_secret(str(node.value))


def _asks_a_person(node: ast.expr) -> bool:
    names = {ast.unparse(n.func).split(".")[-1] for n in ast.walk(node) if isinstance(n, ast.Call)}
    return bool(names & {"getpass", "input"}) or "userdata" in ast.unparse(node)
