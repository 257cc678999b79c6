"""`app optimise TASK`: a better or shorter prompt, a cheaper model, a shorter context, each on the same terms.

Searched by the dev split, judged by the held-out one: no step before the last sees a held-out case. It writes a draft
or a proposed configuration for review, and applies nothing.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import yaml

from app import bootstrap
from app.commands.evaluation.running import How, cases_of
from app.commands.evaluation.suite_files import suite_files
from app.commands.evaluation.telling import comparisons, told
from app.commands.evaluation.wanted import choose
from app.commands.optimising import options, search
from app.commands.optimising.proposals import propose
from app.commands.optimising.search import State
from app.commands.optimising.trial import Trial, beside, held_out
from app.commands.optimising.writing import write_draft
from app.errors import InputError
from app.intelligence.prompts import Prompt
from app.observability.evaluation.case import Case
from app.observability.evaluation.result import SuiteResult
from app.observability.evaluation.spend import Spend
from app.observability.evaluation.success import load_success
from app.settings import Settings

WHAT = ("prompt", "model", "context")
# The kinds of suite whose answers rest on retrieved passages.
WITH_CONTEXT = ("rag", "adversarial")
# A shorter text is worth a review when every call saves at least this share of it.
WORTH = 0.05


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for. `tolerance`: how much of the metric a shorter text may cost on the dev split."""

    task: str
    suite: str | None = None
    version: int | None = None
    proposals: int = 3
    parts: int = 40
    tolerance: float = 0.0
    max_usd: float = 1.0
    what: tuple[str, ...] = WHAT


def run(root: Path, wish: Wish) -> None:
    """Search, report each step with its cost, write what is proposed. One cap holds for all of it."""
    loaded = bootstrap.settings(root)
    suite = _suite(root, wish)
    prompt = bootstrap.registry(loaded).get(wish.task, wish.version)
    metric = _metric(root, suite)
    cases = cases_of(loaded, suite)
    kind = suite_files(root)[suite].kind
    if wish.what == ("context",) and kind not in WITH_CONTEXT:
        raise InputError(f"suite {suite!r} answers without retrieved passages: there is no context to shorten")
    dev, kept = sum(not case.held_out for case in cases), sum(case.held_out for case in cases)
    if min(dev, kept) < 10:
        raise InputError(f"suite {suite!r} has {dev} dev and {kept} held-out cases: ten of each are the least")
    url, spend = bootstrap.prepare_database(loaded), Spend(wish.max_usd)
    click.echo(f"{prompt.name} by {metric} of {suite}: {dev} dev cases to search by, {kept} held out to judge by")
    if "prompt" in wish.what:
        _shorter_prompt(root, loaded, url, spend, wish, prompt, metric, suite, cases)
    success, wanted = load_success(root / "config" / "success.yaml"), choose(loaded, suite, {wish.task: prompt.version})
    searches: list[tuple[str, list[options.Option]]] = []
    if "model" in wish.what:
        searches.append(("model", options.models(loaded, wish.task)))
    if "context" in wish.what and kind in WITH_CONTEXT:
        searches.append(("context", options.contexts(loaded)))
    for name, found in searches:
        ways = "one other way" if len(found) == 1 else f"{len(found)} other ways"
        click.echo(f"{name}: {ways} to try" if found else f"{name}: there is no other to try")
        if found:
            present = options.Option("as it is", None, loaded, {})
            best = options.cheapest(present, found, url, wanted, How(spend=spend), success, click.echo)
            _propose(root, wish.task, name, suite, best)


def _propose(root: Path, task: str, name: str, suite: str, best: options.Found | None) -> None:
    if best is None:
        click.echo(f"{name}: nothing is proposed")
        return
    path = root / "build" / "optimise" / f"{task}-{name}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(best.option.proposal, sort_keys=False, default_flow_style=None)
    path.write_text(text, encoding="utf-8")
    click.echo(
        f"{name}: {best.option.name} is proposed, {1 - best.after_usd / best.before_usd:.0%} cheaper: "
        f"{path.relative_to(root)}; nothing is changed. Merge it into config/base.yaml, then `app eval {suite} --gate`"
    )
    click.echo(textwrap.indent(text.rstrip(), "  "))


def _shorter_prompt(
    root: Path,
    loaded: Settings,
    url: str,
    spend: Spend,
    wish: Wish,
    prompt: Prompt,
    metric: str,
    suite: str,
    cases: Sequence[Case],
) -> None:
    with beside(loaded) as elsewhere:
        wanted = choose(loaded, suite, {wish.task: prompt.version})
        trial = Trial(elsewhere, url, wanted, prompt, How(spend=spend))
        first = search.start(trial, metric)
        if first.result.not_run:
            raise InputError(f"not even the first run was paid by {wish.max_usd:g} USD: {first.result.stopped}")
        click.echo(f"  as it is: {first.tokens} tokens, {metric} {first.score:.4f}")
        best = search.shorten(trial, metric, first, wish.parts, wish.tolerance, click.echo)
        proposals = propose(elsewhere, url, prompt, best.messages, best.result, cases, wish.proposals)
        best = search.reworded(trial, metric, best, proposals, click.echo)
        click.echo(f"{trial.tried} texts tried, {spend.spent_usd:.4f} USD")
        if best.messages == first.messages:
            click.echo("nothing better was found: no draft is written")
            return
        old, new = trial.results([first.messages, best.messages], held_out)
    _conclude(root, prompt, (first, best), (old, new), metric, suite)


def _conclude(
    root: Path,
    prompt: Prompt,
    states: tuple[State, State],
    judged: tuple[SuiteResult, SuiteResult],
    metric: str,
    suite: str,
) -> None:
    first, best = states
    old, new = judged
    if old.not_run or new.not_run:
        click.echo(f"the held-out cases were not all run ({new.stopped or old.stopped}): no draft is written")
        return
    found = dict(comparisons(new, old))
    for name, comparison in found.items():
        click.echo(f"held out: {name:<24} {told(comparison)}")
    saved = 1 - best.tokens / first.tokens
    click.echo(f"every call sends {saved:.0%} less of the prompt ({first.tokens} -> {best.tokens} tokens)")
    success = load_success(root / "config" / "success.yaml")
    if worse := options.losses(list(found.items()), success):
        click.echo(
            f"the held-out cases do not bear it out: {', '.join(worse)} lost more than "
            f"{success.releases.margins.quality:g}, or more than noise; no draft is written"
        )
        return
    if saved < WORTH and (metric not in found or found[metric].change <= 0):
        click.echo("neither shorter nor better on the held-out cases: no draft is written")
        return
    change = f"{metric} {found[metric].change:+.3f} on held-out cases, " if metric in found else ""
    description = f"{prompt.description.rstrip('.')}. Draft by optimisation: {change}{saved:.0%} fewer tokens."
    path = write_draft(root, prompt, best.messages, description)
    version = path.name.split(".")[0]
    click.echo(
        f"draft written: {path.relative_to(root)}; it serves nobody. Read it (`app prompts diff`), judge it with "
        f"`app eval {suite} --prompt {prompt.task}@{version[1:]} --gate`, then release it"
    )


def _suite(root: Path, wish: Wish) -> str:
    names = [name for name, suite in suite_files(root).items() if suite.task == wish.task]
    if not names:
        raise InputError(f"no suite of evals/suites.yaml measures task {wish.task!r}: nothing tells better from worse")
    if wish.suite is not None and wish.suite not in names:
        raise InputError(f"suite {wish.suite!r} does not measure {wish.task!r}: {', '.join(names)} do")
    return wish.suite or names[0]


def _metric(root: Path, suite: str) -> str:
    """The first metric of the suite's criteria."""
    criteria = load_success(root / "config" / "success.yaml").suites.get(suite)
    if criteria is None:
        raise InputError(f"suite {suite!r} has no criteria: add suites.{suite} to config/success.yaml")
    return next(iter(criteria.metrics))
