"""A prompt is listed on our experiment's pages, also when MLflow lists it at the same moment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from mlflow.exceptions import MlflowException

from app.observability.mlflow_prompts import EXPERIMENTS_TAG, show_in_experiment


class Registry:
    """A prompt registry in which somebody else sets the tag first, `rivals` times."""

    def __init__(self, *rivals: str) -> None:
        self.tags: dict[str, str] = {}
        self._rivals = list(rivals)

    def get_prompt(self, name: str) -> Any:
        return SimpleNamespace(tags=dict(self.tags))

    def set_prompt_tag(self, name: str, key: str, value: str) -> None:
        if self._rivals:
            self.tags[key] = self._rivals.pop(0)
            raise MlflowException("duplicate key value violates unique constraint")
        self.tags[key] = value


def show(registry: Registry) -> str:
    show_in_experiment(cast("Any", SimpleNamespace(client=registry, experiment_id="2")), "answer")
    return registry.tags[EXPERIMENTS_TAG]


@pytest.mark.parametrize(("rivals", "listed"), [((), ",2,"), ((",2,",), ",2,"), ((",0,",), ",0,2,")])
def test_who_comes_second_looks_again(rivals: tuple[str, ...], listed: str) -> None:
    """Nothing fails, and nobody's entry is lost."""
    assert show(Registry(*rivals)) == listed


def test_a_registry_that_always_refuses_is_an_error() -> None:
    """It is not tried for ever."""
    with pytest.raises(MlflowException):
        show(Registry(*[",0,"] * 9))
