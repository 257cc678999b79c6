"""The prompt registry: immutable versions, declared inputs, substitution without a template language."""

from __future__ import annotations

import hashlib
import json
import time
from pathlib import Path

import pytest

from app.errors import ConfigurationError, InputError, NotFoundError
from app.intelligence.messages import Message
from app.intelligence.prompts import Registry, read_prompt

GREETING = """\
description: Greets.
inputs:
  name: {type: string}
messages:
  - role: system
    content: You greet people by their name and say nothing else.
  - role: user
    content: "My name is {{name}}."
"""


def write(directory: Path, task: str, version: int, text: str) -> Path:
    path = directory / task / f"v{version}.prompt.yml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


# What evaluates to 49 or runs `id` in Jinja, Twig, Freemarker, Velocity, ERB, Mako, Smarty, Python's format and others.
SSTI = [
    "{{ 7*7 }}",
    "{{config.__class__.__init__.__globals__['os'].popen('id').read()}}",
    "{% for x in range(7*7) %}x{% endfor %}",
    "${7*7}",
    "#set($x=7*7)$x",
    "<%= 7*7 %>",
    "<#assign x=7*7>${x}",
    "{0.__class__.__mro__}",
    "{self.__init__.__globals__}",
    "%(name)s",
    "{php}echo 7*7;{/php}",
    "*{7*7}",
    "@(7*7)",
]


@pytest.fixture
def prompts(tmp_path: Path) -> Path:
    write(tmp_path, "greet", 1, GREETING)
    write(tmp_path, "greet", 2, GREETING.replace("nothing else", "one kind word"))
    (tmp_path / "releases.yaml").write_text("greet: 1\n", encoding="utf-8")
    return tmp_path


@pytest.mark.feature("P1")
def test_the_version_that_releases_name_is_served(prompts: Path) -> None:
    """Without a version asked for, `releases.yaml` decides; any version can be asked for by number."""
    registry = Registry.open(prompts)

    assert registry.get("greet").version == 1
    assert registry.get("greet", 2).messages[0].text.endswith("one kind word.")
    assert registry.versions("greet") == [1, 2]


def test_what_is_not_there_is_named_with_what_is(prompts: Path) -> None:
    """An unknown task or version is an error that lists the known ones."""
    registry = Registry.open(prompts)

    with pytest.raises(NotFoundError, match="there are: greet"):
        registry.get("meet")
    with pytest.raises(NotFoundError, match="it has v1, v2"):
        registry.get("greet", 7)


@pytest.mark.reliability("template injection")
@pytest.mark.feature("P1")
@pytest.mark.parametrize(
    "value",
    ["{{name}}", "\\{{name}}", "\0name\0", *SSTI],
)
def test_a_value_is_never_a_template(prompts: Path, value: str) -> None:
    """Whatever stands in a value arrives in the message letter by letter."""
    rendered = Registry.open(prompts).get("greet").render({"name": value})

    assert rendered[1] == Message("user", f"My name is {value}.")


@pytest.mark.reliability("template injection")
@pytest.mark.feature("P1")
@pytest.mark.parametrize("payload", SSTI)
def test_a_prompt_has_no_logic(prompts: Path, payload: str) -> None:
    """What would be code in another template language is text in a prompt file, or refused; nothing is evaluated."""
    write(prompts, "greet", 3, json.dumps({"messages": [{"role": "user", "content": f"Say {payload}."}]}))

    try:
        said = Registry.open(prompts).get("greet", 3).render({})[0].text
    except ConfigurationError as refused:
        said = str(refused)
        assert "is not declared" in said

    assert "49" not in said
    assert "uid=" not in said
    assert payload in said or "is not declared" in said


def test_braces_can_be_meant_literally(prompts: Path) -> None:
    """A backslash keeps two braces from being a placeholder, and goes away."""
    write(
        prompts,
        "greet",
        3,
        GREETING.replace("by their name", "as \\\\{{name}}").replace("You", '"You').replace("else.", 'else."'),
    )

    assert "as {{name}}" in Registry.open(prompts).get("greet", 3).render({"name": "Ada"})[0].text


@pytest.mark.parametrize(
    ("inputs", "message"), [({}, "needs input 'name'"), ({"name": "a", "age": "b"}, "no input 'age'")]
)
def test_inputs_are_exactly_the_declared_ones(prompts: Path, inputs: dict[str, str], message: str) -> None:
    """A missing or an undeclared input is refused by name."""
    with pytest.raises(InputError, match=message):
        Registry.open(prompts).get("greet").render(inputs)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GREETING.replace("{{name}}", "{{name}} {{age}}"), r"{{age}} is not declared: add it under `inputs`"),
        (GREETING.replace("{{name}}", "Ada"), "input 'name' is declared and never used"),
        (GREETING.replace("description", "describtion"), "unknown field 'describtion'"),
        (GREETING.replace("role: user", "role: boss"), "each message is"),
        (GREETING + "parameters: {temprature: 1}\n", "unknown parameter 'temprature'"),
        ("messages: [\n", "is not YAML"),
        ("- a\n", "must hold a mapping"),
    ],
    ids=["undeclared", "unused", "field", "role", "parameter", "broken", "list"],
)
def test_a_wrong_file_is_refused_by_name(prompts: Path, text: str, message: str) -> None:
    """A prompt file that is wrong stops the start, with its path and the reason."""
    path = write(prompts, "greet", 2, text)

    with pytest.raises(ConfigurationError, match=message) as refusal:
        Registry.open(prompts)

    assert str(path) in str(refusal.value)


@pytest.mark.feature("P1")
def test_a_released_prompt_cannot_change(prompts: Path) -> None:
    """Once its hash is in the lock, a changed or deleted file stops the start."""
    path = prompts / "greet" / "v1.prompt.yml"
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    (prompts / "released.lock").write_text(f"greet/v1 {digest}\n", encoding="utf-8")
    Registry.open(prompts)

    path.write_text(GREETING.replace("kind", "unkind").replace("people", "nobody"), encoding="utf-8")
    with pytest.raises(ConfigurationError, match="released and was changed"):
        Registry.open(prompts)
    path.unlink()
    with pytest.raises(ConfigurationError, match="released and gone"):
        Registry.open(prompts)


@pytest.mark.parametrize(
    ("releases", "message"),
    [
        ("greet: 9\n", "not there"),
        ("{}\n", "no version named for task 'greet'"),
        ("meet: 1\ngreet: 1\n", "not there"),
        ("- greet\n", "must name each"),
    ],
)
def test_releases_name_what_exists(prompts: Path, releases: str, message: str) -> None:
    """Every task has a served version, and it exists."""
    (prompts / "releases.yaml").write_text(releases, encoding="utf-8")

    with pytest.raises(ConfigurationError, match=message):
        Registry.open(prompts)


def test_a_prompt_is_recognised_in_the_messages_it_wrote(prompts: Path) -> None:
    """A call that comes through a door is tied to its version by its text; a stranger's text is tied to none."""
    registry = Registry.open(prompts)
    written = registry.get("greet", 2).render({"name": "Ada"})

    assert [prompt.name for prompt in registry.recognise(written[:1])] == ["greet@2"]
    assert registry.recognise([Message("user", "What is the weather?")]) == []


@pytest.mark.parametrize(
    ("template", "text", "wrote"),
    [
        ("Tell the tale of {{a}} and {{b}}.", "Tell the tale of cat and dog.", True),
        ("Tell the tale of {{a}} and {{b}}.", "Tell the tale of  and .", True),
        ("Tell the tale of {{a}} and {{b}}.", "Tell the tale of cat or dog.", False),
        ("Tell the tale of {{a}} and {{b}}.", "Tell the tale of cat and dog!", False),
        ("{{a}}, please tell the tale.", "Ada, please tell the tale.", True),
        ("Tell the tale to the end.", "Tell the tale to the end.", True),
        ("Tell the tale to the end.", "Tell the tale to the end. Now.", False),
        ("Tell the long tale {{a}}tale", "Tell the long tale", False),
    ],
)
def test_a_text_is_one_with_values_filled_in(prompts: Path, template: str, text: str, wrote: bool) -> None:
    """The prompt's own text in its order, anything in the places of its inputs."""
    inputs = "".join(
        f"  {name}: {{type: string, description: who}}\n" for name in ("a", "b") if f"{{{{{name}}}}}" in template
    )
    declared = f"inputs:\n{inputs}" if inputs else ""
    (prompts / "tale").mkdir()
    path = prompts / "tale" / "v1.prompt.yml"
    path.write_text(f"description: A tale.\n{declared}messages:\n- {{role: user, content: {template!r}}}\n", "utf-8")
    assert read_prompt(path).wrote(text) is wrote


def test_recognising_takes_one_pass(prompts: Path) -> None:
    """A text made to be looked at from every place does not hold the service up."""
    names = [f"n{i}" for i in range(12)]
    (prompts / "tale").mkdir()
    path = prompts / "tale" / "v1.prompt.yml"
    inputs = ", ".join(f"{name}: {{type: string, description: x}}" for name in names)
    content = "a tale in pieces: " + "ab".join(f"{{{{{name}}}}}" for name in names) + "!"
    path.write_text(
        f'description: A.\ninputs: {{{inputs}}}\nmessages:\n- {{role: user, content: "{content}"}}\n', "utf-8"
    )
    prompt, began = read_prompt(path), time.perf_counter()
    assert not prompt.wrote("a tale in pieces: " + "ab" * 50_000 + "?")
    assert time.perf_counter() - began < 1
