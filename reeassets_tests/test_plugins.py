from importlib.metadata import EntryPoint
from typing import Protocol, runtime_checkable

import pytest

from reeassets import plugins
from reeassets.indicators.contract import Hazard, Indicator
from reeassets.models.contract import Model
from reeassets.networks.contract import LinkProposer
from reeassets.products.contract import Classifier, ProductSet
from reeassets.trade.contract import SourceFactory


@runtime_checkable
class Named(Protocol):
    name: str
    flavour: str


class Good:
    name, flavour = "good", "sweet"


class Lacking:
    name = "lacking"


def register(monkeypatch, *entries):
    found = [EntryPoint(name, value, "reeassets.sources") for name, value in entries]
    monkeypatch.setattr(plugins, "entry_points", lambda group: found if group == "reeassets.sources" else [])


HERE = "reeassets_tests.test_plugins"


def test_a_plugin_is_found_by_name(monkeypatch):
    register(monkeypatch, ("good", f"{HERE}:Good"))
    assert plugins.get("sources", "good", Named) is Good


def test_one_that_is_not_there_is_named_with_those_that_are(monkeypatch):
    register(monkeypatch, ("good", f"{HERE}:Good"))
    with pytest.raises(plugins.PluginError, match=r"'bad'.*registered: good"):
        plugins.get("sources", "bad", Named)


def test_one_that_does_not_load_is_named_and_the_others_still_list(monkeypatch):
    register(monkeypatch, ("broken", "no_such_module:Thing"), ("good", f"{HERE}:Good"))
    broken, good = plugins.discover("sources")
    assert "ModuleNotFoundError" in broken.error
    assert good.value is Good
    with pytest.raises(plugins.PluginError, match=r"'broken'.*does not load.*no_such_module"):
        plugins.get("sources", "broken", Named)


def test_one_that_breaks_its_contract_is_told_what_it_lacks(monkeypatch):
    register(monkeypatch, ("lacking", f"{HERE}:Lacking"))
    with pytest.raises(plugins.PluginError, match="contract Named; it lacks flavour"):
        plugins.get("sources", "lacking", Named)


def test_two_of_one_name_are_an_error(monkeypatch):
    register(monkeypatch, ("good", f"{HERE}:Good"), ("good", f"{HERE}:Lacking"))
    with pytest.raises(plugins.PluginError, match="registered twice"):
        plugins.every("sources", Named)


def test_an_unknown_group_is_an_error():
    with pytest.raises(plugins.PluginError, match="no plugin group"):
        plugins.discover("sauces")


@pytest.mark.parametrize(
    ("group", "contract", "expected"),
    [
        ("sources", SourceFactory, {"sample", "baci", "comtrade"}),
        ("product_sets", ProductSet, {"ree168", "critical33", "world168"}),
        ("classifiers", Classifier, {"recorded", "language_model"}),
        ("link_proposers", LinkProposer, {"recorded", "critical33", "world168", "language_model"}),
        ("hazards", Hazard, {"political_stability", "market_power", "uniform", "file"}),
        ("indicators", Indicator, {"exposure", "systemic_trade_risk", "multi_tier_risk", "rca"}),
        ("models", Model, {"rca_growth", "entry", "exit", "input_linked"}),
    ],
)
def test_the_built_in_parts_are_registered_and_keep_their_contracts(group, contract, expected):
    assert expected <= set(plugins.every(group, contract))
