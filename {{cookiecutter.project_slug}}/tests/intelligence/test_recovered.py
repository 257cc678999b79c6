"""Inputs are read back out of logged messages, or not at all."""

from __future__ import annotations

from pathlib import Path

from app.intelligence.prompts import Registry
from app.intelligence.recovered import inputs_of

INPUTS = {"question": "Who?\n\nQuestion: me", "context": "[1] A\ntext", "abstention": "No."}


def test_every_prompt_gives_back_what_was_put_in(project_root: Path) -> None:
    """Also with braces and line breaks in the values."""
    for prompt in Registry.open(project_root / "prompts"):
        inputs = {name: f"value {{{{of}}}} {name}\nsecond line" for name in prompt.inputs}
        messages = [{"role": one.role, "content": one.text} for one in prompt.render(inputs)]
        assert inputs_of(prompt, messages) == inputs
        assert inputs_of(prompt, [*messages, {"role": "assistant", "content": "later"}]) == inputs


def test_other_messages_give_nothing(project_root: Path) -> None:
    """Another version, too few messages, or a redacted word of the prompt itself."""
    prompts = Registry.open(project_root / "prompts")
    messages = [{"role": one.role, "content": one.text} for one in prompts.get("answer", 2).render(INPUTS)]
    assert inputs_of(prompts.get("answer", 1), messages) is None
    assert inputs_of(prompts.get("answer", 2), messages[:1]) is None
    messages[0]["content"] = messages[0]["content"].replace("documentation", "[redacted]")
    assert inputs_of(prompts.get("answer", 2), messages) is None
