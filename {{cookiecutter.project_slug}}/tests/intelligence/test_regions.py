"""The region rule: a tenant's data goes where it may, or nowhere."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import RefusedError
from app.intelligence.regions import LOCAL, allowed
from tests.intelligence.made_calls import target

EU, US, NOWHERE, HERE = (
    target("eu", region="eu"),
    target("us", region="us"),
    target("unstated"),
    target("here", region=LOCAL),
)
ORDER = (US, EU, NOWHERE, HERE)
REGIONS = st.sampled_from(["eu", "us", "in", LOCAL, None])


@pytest.mark.feature("G8")
def test_a_tenants_data_stays_in_its_regions() -> None:
    """Other regions and unstated ones are taken out, the order stays; what runs here is for everybody."""
    assert allowed(ORDER, "acme", ("eu",)) == (EU, HERE)


@pytest.mark.feature("G8")
def test_a_tenant_without_a_rule_may_go_anywhere() -> None:
    """No regions means all."""
    assert allowed(ORDER, "acme", ()) == ORDER


@pytest.mark.feature("G8")
def test_nothing_allowed_is_refused_with_what_to_configure() -> None:
    """The message names the tenant, its regions, where the model is served, and both settings that could change it."""
    with pytest.raises(RefusedError) as refused:
        allowed((US, NOWHERE), "acme", ("eu", "ch"))

    assert str(refused.value) == (
        "tenant 'acme' is confined to ch, eu and model 'large' is served by p/us in us, p/unstated in no stated "
        "region: add a deployment with such a region under models.large, or change tenants.acme.regions"
    )


@pytest.mark.feature("G8")
@given(st.lists(REGIONS, min_size=1, max_size=6), st.sets(st.sampled_from(["eu", "us", "in"]), min_size=1))
def test_never_a_region_that_is_not_allowed(places: list[str | None], regions: set[str]) -> None:
    """For all deployments and rules: what is left is allowed, nothing allowed is lost, and none left is a refusal."""
    targets = tuple(target(f"d{number}", region=region) for number, region in enumerate(places))
    lawful = [place for place in targets if place.region in {*regions, LOCAL}]

    try:
        assert list(allowed(targets, "acme", regions)) == lawful
    except RefusedError:
        assert not lawful
