"""What a model is sent is the same before and after its prompts are lifted, to the last byte."""

# ruff: noqa: E501
from __future__ import annotations

from pathlib import Path

import pytest

from tests.tools.notebooks.projects import make_project, promote_cells
from tools.promote.write import write_all

CELLS = {
    "escapes": 'text = """\\\n  Indented,\\ttab, space \\x20\nÜmläut \\u2028 and \\U0001f600\n\nends in newlines\n\n"""\nllm.invoke(text)',
    "line ends": 'llm.invoke("Say \'yes\' # no comment\\r\\n" "- item: {x}\\n" "a colon: at the end of this, ok?  ")',
    "braces": 'x = 3\nllm.invoke(f"Fill {{{{name}}}} and {{{x}}} with {x!r:>5} or {[x, x][0] + 1:03d} please")',
    "backslashes": 'name = "Ann"\nllm.invoke(f"Write the tag \\\\{{{{name}}}} of {name} and {name.upper()} here")',
    "format": 'T = "Give {n:.2f} of {what!s} from {0} in JSON {{}} only"\nllm.invoke(T.format("a", n=1.234, what=None))',
    "percent": 'who = "Ann"\nllm.invoke("Write a long letter of thanks to %s, who is %d years old, in a warm voice" % (who, 4))',
    "join": 'llm.invoke("\\n".join(["You are a careful clerk of the archive.", "Answer with one word and nothing else."]))',
    "dedent": 'from textwrap import dedent\nllm.invoke(dedent("""\n    Sum up\n      this text in three lines\n    """).strip())',
    "replace": 'llm.invoke("Sum up the following document in three lines: <doc>".replace("<doc>", "{{x}}"))',
    "template": 'from string import Template\nllm.invoke(Template("Tell $name about the $$5 offer in two lines").substitute(name="Ann"))',
    "operands": 'q = "a?"\nEX = """\nQ: one of the examples\nA: its answer\n""".strip() + "\\n\\n"\nllm.invoke(EX + q)',
    "function": 'def build(a, *, b=2):\n    return f"Compare {a} with {b} and say which one is larger"\nllm.invoke(build(1))',
    "state": 'limit = len("abc")\ndef ask(q):\n    return llm.invoke(f"Answer in {limit} words at most: {q}")\nask("x"); list(map(ask, "yz"))',
    "few-shot rows": 'examples = [{"q": "Is {{x}} ok?", "a": "yes \\\\n"}, {"q": "no?", "a": "no"}]\nllm.invoke("\\n".join(f"Q: {e[\'q\']} A: {e[\'a\']}" for e in examples) + " and then the last question")\nllm.invoke(repr(examples))',
    "few-shot tuples": 'SHOTS = (("great", 1), ("dull", 0.5))\nllm.invoke(f"Rate the words as shown here: {SHOTS}")\nllm.invoke(repr(SHOTS))',
    "few-shot turns": 'w = "x"\nmessages = [{"role": "user", "content": "cheese"}, {"role": "assistant", "content": "fromage {y}"}, {"role": "user", "content": w}]\nllm.invoke(repr(messages))',
    "other scripts": 'x = "本文"\nllm.invoke(f"请把下面的文章总结成三句话：{x}")',
    "jinja of its own": 'llm.invoke("{% for d in docs %}{{ d.text }} and {{ d }} and {{d}}{% endfor %} are the documents to answer from, in JSON {\\"a\\": 1} and not a word more than that")',
    "recursion": 'def grow(p, n):\n    return p if n == 0 else grow(f"Improve the following text a little: {p}", n - 1)\nllm.invoke(grow("t", 3))',
}


class Recorder:
    """A model that remembers what it was sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def invoke(self, text: str) -> None:
        """Remember one text."""
        self.sent.append(text)


def _sent(*cells: str) -> list[str]:
    recorder = Recorder()
    namespace: dict[str, object] = {"llm": recorder}
    for cell in cells:
        exec(cell, namespace)
    return recorder.sent


@pytest.mark.feature("N1")
@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_the_model_is_sent_the_same_bytes(cell: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Notebook and step, both run, send the same texts, those of the prompt files read back by the registry."""
    project = make_project(tmp_path)
    (project / "prompts/releases.yaml").write_text("")
    promoted = promote_cells(project, cell)
    write_all(project, promoted.promotion.files)
    monkeypatch.chdir(project)
    assert promoted.promotion.report.prompts
    assert _sent(*promoted.code) == _sent(cell)
