"""`app optimise` searches by the dev split, is judged by the held-out one, and writes a draft that serves nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from app.commands.optimising import options
from app.commands.optimising.parts import parts_of, without
from app.commands.optimising.proposals import unfit
from app.commands.optimising.writing import document, written
from app.intelligence.messages import Message
from app.intelligence.prompts import Registry, read_prompt
from app.observability.evaluation.case import load_cases
from app.observability.evaluation.comparison import compare
from app.observability.evaluation.success import Bound, Success, SuiteCriteria
from app.settings import Settings
from tests.commands.conftest import Project

PADDING = (
    "      Our company was founded by two sisters in a small town near the sea, and its tone of voice is "
    "warm, friendly, calm, bright, modest, fresh, gentle and never loud, as one would speak with a neighbour.\n"
)


def padded(project: Project) -> None:
    """A version 3 with four lines that nothing is decided by."""
    path = project.root / "prompts" / "classify" / "v3.prompt.yml"
    text = path.with_name("v2.prompt.yml").read_text("utf-8")
    where = "      If a ticket touches several topics"
    assert where in text
    path.write_text(text.replace(where, PADDING * 4 + where, 1), "utf-8")


@pytest.mark.slow
@pytest.mark.feature("P5")
def test_what_does_not_pay_is_left_out_of_a_draft_that_serves_nobody(project: Project) -> None:
    """The padding goes; the held-out cases bear it out; the release file and the served version are as before."""
    padded(project)
    before = (project.root / "prompts" / "releases.yaml").read_text("utf-8")

    said = project.app("optimise", "classify", "--version", "3", "--parts", "12", "--proposals", "1")

    assert said.code == 0, said.text
    assert "dev cases to search by" in said.text
    assert "held out: accuracy" in said.text
    assert "draft written: prompts/classify/v4.prompt.yml; it serves nobody" in said.text
    draft = (project.root / "prompts" / "classify" / "v4.prompt.yml").read_text("utf-8")
    assert "two sisters" not in draft
    assert "Draft by optimisation: accuracy" in draft
    assert "{{ticket}}" in draft
    assert (project.root / "prompts" / "releases.yaml").read_text("utf-8") == before
    assert Registry.open(project.root / "prompts").default_version("classify") == 2
    assert "WITHOUT" not in project.app("releases").text
    assert project.app("release", "classify", "4", "--by", "a", "--reason", "b").code == 3


@pytest.mark.slow
@pytest.mark.feature("P5")
def test_a_gain_that_the_held_out_cases_do_not_bear_out_is_no_draft(project: Project) -> None:
    """With a tolerance that throws nearly everything out, dev may suffer and held-out decides."""
    said = project.app("optimise", "classify", "--parts", "8", "--proposals", "0", "--tolerance", "0.2")
    assert said.code == 0
    assert "the held-out cases do not bear it out: accuracy" in said.text
    assert not (project.root / "prompts" / "classify" / "v3.prompt.yml").exists()


def test_a_cap_and_missing_cases_are_told(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cap that pays not even the first run; a task nothing measures; a suite with too few cases."""
    monkeypatch.setattr("app.bootstrap.price", lambda *_: 0.01)
    assert (
        "not even the first run was paid by 0.05 USD" in project.app("optimise", "classify", "--max-usd", "0.05").text
    )
    assert "no suite of evals/suites.yaml measures task 'route'" in project.app("optimise", "route").text
    project.cases("classification", 12)
    assert "ten of each are the least" in project.app("optimise", "classify").text


@pytest.mark.feature("P5")
def test_a_prompt_is_taken_apart_and_put_together(project_root: Path) -> None:
    """Examples are whole; inputs and their tags are no parts; nothing left out leaves it as it is."""
    prompt = Registry.open(project_root / "prompts").get("classify", 2)
    parts = parts_of(prompt.messages)
    examples = [part for part in parts if part.kind == "example"]
    assert len(examples) > 15
    assert all(part.text.lstrip().startswith("Ticket: ") and "\nLabel: " in part.text for part in examples)
    assert not any("{{" in part.text or part.text.strip() == "<ticket>" for part in parts)
    assert without(prompt.messages, []) == prompt.messages
    shorter = without(prompt.messages, examples)
    assert "Label: billing" not in shorter[0].text
    assert "\n\n\n" not in shorter[0].text
    only = Message("system", "Be brief.\n")
    assert without((only, Message("user", "{{q}}")), parts_of([only])) == (Message("user", "{{q}}"),)


def test_a_written_prompt_reads_back_the_same(project_root: Path, tmp_path: Path) -> None:
    """Messages, inputs, schema and parameters of every prompt of the project."""
    for prompt in Registry.open(project_root / "prompts"):
        path = tmp_path / prompt.task / f"v{prompt.version}.prompt.yml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(written(document(prompt, prompt.messages, prompt.description)), "utf-8")
        again = read_prompt(path)
        assert (again.messages, again.inputs, again.output_schema, again.parameters) == (
            prompt.messages, prompt.inputs, prompt.output_schema, prompt.parameters,
        )  # fmt: skip


def test_unfit_proposals_are_not_tried(project_root: Path) -> None:
    """Nothing new, an input lost or made up, a case copied into the text."""
    prompt = Registry.open(project_root / "prompts").get("classify", 1)
    cases = load_cases(project_root / "evals" / "cases" / "classification.jsonl")
    system, user = prompt.messages

    def tried(text: str, last: str = user.text) -> str | None:
        return unfit(prompt, prompt.messages, (Message("system", text), Message("user", last)), cases)

    assert tried(system.text) == "nothing is new"
    assert tried("Sort it.", "Ticket") == "its placeholders are [] instead of ['ticket']"
    assert "['mood', 'ticket']" in str(tried("Sort it, {{mood}}."))
    assert tried(f"Sort it. For example: {cases[0].inputs['ticket']}") == f"it holds the case {cases[0].id}"
    assert tried("Sort each ticket by what the customer wants done.") is None


@pytest.mark.feature("E10")
def test_synthetic_cases_are_made_once_and_run_apart(project: Project) -> None:
    """A second call adds nothing; they have a result of their own and judge nothing."""
    assert "no synthetic cases" in project.app("eval", "--synthetic", "--no-mlflow").text
    assert "classification.jsonl (0 were there)" in project.app("synthesise", "classification", "--count", "21").text
    assert project.app("synthesise", "classification", "--count", "21").text.startswith("0 synthetic cases added")
    said = project.app("eval", "--synthetic", "--no-mlflow")
    assert said.code == 0
    assert said.text.startswith("classification-synthetic  classify@2  ")
    assert (project.root / "build" / "evals" / "classification-synthetic@classify@2.json").exists()
    assert "judge nothing" in project.app("eval", "--synthetic", "--gate", "--no-mlflow").text
    assert "cannot paraphrase" in project.app("synthesise", "rag", "--kind", "paraphrase").text
    assert "no kind 'odd'" in project.app("synthesise", "rag", "--kind", "odd").text


PRICES = """auth: {mode: open}
routes: {classify: {models: [large, small], max_output_tokens: 64, temperature: 0}}
models:
  large: {offline: [{id: standin-large, input_usd_per_million: 2, output_usd_per_million: 8}]}
  small: {offline: [{id: standin-small, input_usd_per_million: 0.2, output_usd_per_million: 0.8}]}
"""


@pytest.mark.slow
@pytest.mark.feature("P5")
def test_a_cheaper_model_that_loses_nothing_is_proposed_and_not_applied(project: Project) -> None:
    """By measured cost and the paired comparison, on dev and on the held-out cases; also under `app prompts`."""
    project.write("config/dev.yaml", PRICES)
    before = (project.root / "config" / "base.yaml").read_text("utf-8")

    said = project.app("prompts", "optimise", "classify", "--what", "model", "--max-usd", "5")

    assert said.code == 0, said.text
    assert re.search(r"as it is: 0\.00\d+ USD an answer, p95 \d+ ms", said.text)
    assert re.search(r"model small +0\.000\d+ USD an answer \(-90%\), p95 \d+ ms  loses nothing", said.text)
    assert (
        "model: model small is proposed, 90% cheaper: build/optimise/classify-model.yaml; nothing is changed"
        in said.text
    )
    proposed = yaml.safe_load((project.root / "build" / "optimise" / "classify-model.yaml").read_text("utf-8"))
    assert proposed == {"routes": {"classify": {"models": ["small", "large"]}}}
    assert (project.root / "config" / "base.yaml").read_text("utf-8") == before


@pytest.mark.feature("P5")
def test_without_a_price_there_is_nothing_to_save(project: Project) -> None:
    """Said with the remedy, before any other model is asked; a task without passages has no context to shorten."""
    said = project.app("optimise", "classify", "--what", "model")

    assert "nothing to save: no price is known, or it is 0; set prices under `models`" in said.text
    assert "model: nothing is proposed" in said.text
    assert "no context to shorten" in project.app("optimise", "classify", "--what", "context").text


@pytest.mark.feature("P5")
def test_what_could_be_cheaper(settings: Settings) -> None:
    """Models that chat, whatever else the route names kept behind them; shorter contexts, the shortest last."""
    assert [one.proposal for one in options.models(settings, "answer")] == [
        {"routes": {"answer": {"models": ["small", "large"]}}}
    ]
    found = options.contexts(settings)
    assert [one.settings.retrieval.top_k for one in found] == [4, 3, 2, 1, 5, 5]
    assert [one.settings.assistant.context for one in found[-2:]] == ["sentences", "summaries"]


@pytest.mark.feature("P5")
def test_what_counts_as_a_loss() -> None:
    """Noise does not; a loss beyond noise, one beyond the margin and an errored case do."""
    success = Success(suites={"rag": SuiteCriteria(min_cases=1, metrics={"facts": Bound(min=0)})})

    def lost(count: int, of: int) -> tuple[str, ...]:
        after = {f"c{n}": float(n >= count) for n in range(of)}
        one = compare(dict.fromkeys(after, 1.0), after)
        return options.losses([("facts", one)] if one else [], success)

    assert (lost(1, 100), lost(5, 500), lost(3, 100)) == ((), ("facts",), ("facts",))
    assert options.losses([], success, errors=True) == ("everything, to errors",)
