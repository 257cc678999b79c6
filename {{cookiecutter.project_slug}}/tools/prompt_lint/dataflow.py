"""Follows text from where it is written to the call that sends it to a model.

Through names (also of other cells), f-strings, `+`, `.format`, `%`, `join`, lists, dictionaries, messages, templates,
class attributes, what a function returns, and the arguments of wrapper functions. Bounded in depth and in breadth, so
recursion in the code read cannot hang it. It runs nothing and forgives everything it does not understand.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from tools.prompt_lint.facts import Binding, Call, Facts, Function, Scope
from tools.prompt_lint.parts import (
    BREADTH,
    CARRIES_ARGUMENTS,
    CARRIES_RECEIVER,
    argument,
    inside,
    keyed,
    role_pair,
    selected,
)
from tools.prompt_lint.sinks import ASKED, CONTENT_KEYS, ROLES, sent
from tools.prompt_lint.texts import FILLING, Text

_DEPTH = 14
_ROUNDS = 4
_BUDGET = 60_000
_PRIORITY = {"system": 6, "few-shot": 5, "template": 4, "user": 3, "assistant": 2, "question": 2, "input": 1, "body": 3}
_TINY = 14
_SEARCHES = re.compile(
    r"retriev|search|embed|similar|lookup|^find|fetch|_db|count|len|sql|log|save|print|display", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Wrapper:
    """A parameter of a function in this file whose value is sent to a model."""

    function: Function
    parameter: str
    role: str
    sink: str


def follow(facts: Facts, llm_file: bool) -> None:
    """Give every text that reaches a model its role and the call that sends it."""
    _Flow(facts, llm_file).run()


class _Flow:
    def __init__(self, facts: Facts, llm_file: bool) -> None:
        self._facts = facts
        self._llm_file = llm_file
        self._wrappers: list[_Wrapper] = []
        self._known: set[tuple[int, str]] = set()
        self._budget = _BUDGET

    def run(self) -> None:
        for place in self._facts.messages:
            self._message(place.node, place.scope, place.order)
        for call in self._facts.calls:
            for expression, role, label in sent(call.node, call.tail, self._llm_file):
                self._send(expression, role, label, call.scope, call.order)
            if call.tail == "dict":
                self._message_call(call)
        self._returned_prompts()
        if self._llm_file:
            for text, label in self._facts.instructions:
                _mark(text, "system", label)
            self._named_parameters()
        self._through_wrappers()

    def _send(self, expression: ast.expr, role: str, label: str, scope: Scope, order: int) -> None:
        for text, own_role in self._reach(expression, scope, order, role, _DEPTH, frozenset(), label):
            _mark(text, own_role, label)

    def _message(self, node: ast.expr, scope: Scope, order: int) -> None:
        if isinstance(node, ast.Tuple):
            pair = role_pair(node)
            if pair is not None and pair[1] and self._llm_file:
                self._send(pair[0], pair[1], "a message", scope, order)
            return
        if not isinstance(node, ast.Dict):
            return
        pairs = keyed(node)
        speaker = pairs.get("role", pairs.get("from"))
        content = next((pairs[k] for k in CONTENT_KEYS if k in pairs), None)
        if speaker is None or content is None:
            return
        name = speaker.value if isinstance(speaker, ast.Constant) else "user"
        role = ROLES.get(str(name).lower(), "")
        if role:
            self._send(content, role, "a message", scope, order)

    def _message_call(self, call: Call) -> None:
        keywords = {k.arg: k.value for k in call.node.keywords if k.arg}
        speaker, content = keywords.get("role"), keywords.get("content")
        if isinstance(speaker, ast.Constant) and content is not None:
            role = ROLES.get(str(speaker.value).lower(), "")
            if role:
                self._send(content, role, "a message", call.scope, call.order)

    def _returned_prompts(self) -> None:
        """`@agent.system_prompt` and its like: what the function returns is the prompt."""
        for functions in self._facts.functions.values():
            for function in functions:
                marks = [ast.unparse(d) for d in getattr(function.node, "decorator_list", ())]
                mark = next(
                    (m for m in marks if "system_prompt" in m or ".instructions" in m or "dynamic_prompt" in m), ""
                )
                if mark:
                    for value in function.returns:
                        self._send(value, "system", f"@{mark}", function.scope, 1 << 60)

    def _named_parameters(self) -> None:
        """A function of this file that takes a `prompt` or a `question` is a wrapper even where its body is not
        understood."""
        for functions in self._facts.functions.values():
            for function in functions:
                asked = [p for p in (*function.parameters, *function.keyword_only) if p.lower() in ASKED]
                if not asked or _SEARCHES.search(function.called):
                    continue
                for parameter in asked:
                    role = ASKED[parameter.lower()]
                    if (id(function), parameter) not in self._known:
                        self._known.add((id(function), parameter))
                        self._wrappers.append(_Wrapper(function, parameter, role, ""))

    def _through_wrappers(self) -> None:
        done = 0
        for _ in range(_ROUNDS):
            batch, done = self._wrappers[done:], len(self._wrappers)
            if not batch:
                return
            for wrapper in batch:
                for call in self._facts.calls_of.get(wrapper.function.called, ()):
                    value = argument(call, wrapper.function, wrapper.parameter)
                    if value is not None:
                        self._send(value, wrapper.role, f"{wrapper.function.called}()", call.scope, call.order)

    # Reaching back from an expression to the texts it is made of.

    def _reach(
        self, node: ast.expr, scope: Scope, order: int, role: str, depth: int, seen: frozenset[int], label: str
    ) -> Iterator[tuple[Text, str]]:
        self._budget -= 1
        if depth <= 0 or self._budget <= 0 or id(node) in seen:
            return
        text = self._facts.text_of.get(id(node))
        if text is not None:
            yield text, role
            if len(text.literal.replace("{}", "").strip()) < _TINY:
                for hole in text.holes:
                    yield from self._reach(hole, scope, order, role, depth - 1, seen | {id(node)}, label)
            return
        filled = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FILLING
        for part, part_role, part_scope, part_order in self._parts(node, scope, order, role, label):
            for found in self._reach(part, part_scope, part_order, part_role, depth - 1, seen | {id(node)}, label):
                found[0].templated = found[0].templated or filled
                yield found

    def _parts(
        self, node: ast.expr, scope: Scope, order: int, role: str, label: str
    ) -> Iterator[tuple[ast.expr, str, Scope, int]]:
        if isinstance(node, ast.Name):
            for binding in self._bindings(node.id, scope, order):
                if binding.kind == "parameter":
                    self._note_wrapper(binding, node.id, role, label)
                if binding.value is not None:
                    yield binding.value, role, binding.scope, binding.order
            return
        if isinstance(node, ast.Attribute):
            for binding in self._facts.attributes.get(node.attr, [])[-BREADTH:]:
                if binding.value is not None:
                    yield binding.value, role, binding.scope, binding.order
            return
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
            for binding in self._bindings(node.value.id, scope, order):
                if binding.kind == "parameter":
                    continue
                for value in selected(binding.value, node.slice):
                    yield value, role, binding.scope, binding.order
            return
        if isinstance(node, ast.Call):
            yield from self._parts_of_call(node, scope, order, role)
            return
        for part, part_role in inside(node, role):
            yield part, part_role, scope, order

    def _parts_of_call(
        self, node: ast.Call, scope: Scope, order: int, role: str
    ) -> Iterator[tuple[ast.expr, str, Scope, int]]:
        function = node.func
        tail = (
            function.attr
            if isinstance(function, ast.Attribute)
            else function.id
            if isinstance(function, ast.Name)
            else ""
        )
        local = self._facts.functions.get(tail)
        if local:
            for one in local[:4]:
                for value in one.returns[:BREADTH]:
                    yield value, role, one.scope, 1 << 60
            return
        if isinstance(function, ast.Attribute) and tail in CARRIES_RECEIVER:
            if not (tail == "invoke" and not isinstance(function.value, ast.Name)):
                yield function.value, role, scope, order
            if tail == "join":
                for argument in node.args:
                    yield argument, role, scope, order
        if tail in CARRIES_ARGUMENTS:
            for argument in node.args[:BREADTH]:
                yield argument, role, scope, order
            for keyword in node.keywords:
                if keyword.arg in ("content", "parts", "text", "prompt", "template", "input", "messages"):
                    yield keyword.value, role, scope, order

    def _bindings(self, name: str, scope: Scope, order: int) -> list[Binding]:
        """The values a name may have at this point: the last plain assignment, and what was added or branched since."""
        current: Scope | None = scope
        while current is not None and name not in current.bindings:
            current = current.parent
        if current is None:
            return []
        every = current.bindings[name]
        if current is not scope:
            return every[-BREADTH:]
        chosen: list[Binding] = []
        for binding in reversed([b for b in every if b.order < order] or every):
            chosen.append(binding)
            if binding.kind in ("value", "parameter") and not binding.branch:
                break
            if len(chosen) >= BREADTH:
                break
        return chosen

    def _note_wrapper(self, binding: Binding, parameter: str, role: str, label: str) -> None:
        function = binding.scope.function
        if function is None or (id(function), parameter) in self._known:
            return
        self._known.add((id(function), parameter))
        self._wrappers.append(_Wrapper(function, parameter, role, label))


def _mark(text: Text, role: str, sink: str) -> None:
    if _PRIORITY.get(role, 0) > _PRIORITY.get(text.role, 0):
        text.role, text.sink = role, sink
