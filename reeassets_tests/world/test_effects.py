import numpy as np
import pytest

from reeassets.world.effects import DEFAULTS, PLAIN, Effects


def test_defaults_are_what_nobody_changed():
    assert dict(Effects().values) == dict(DEFAULTS)
    assert dict(Effects.of({}).values) == dict(DEFAULTS)


def test_a_group_sets_every_stage_and_a_name_only_itself():
    effects = Effects.parse(["exposure=0", "risk.input=-0.5"])
    assert [effects[f"exposure.{stage}"] for stage in ("upstream", "input", "final")] == [0, 0, 0]
    assert effects["risk.input"] == -0.5
    assert effects["risk.upstream"] == DEFAULTS["risk.upstream"]


@pytest.mark.parametrize(
    ("texts", "value"), [(["risk=1", "risk.input=2"], 2.0), (["risk.input=2", "risk=1"], 1.0), (["risk.input=3"], 3.0)]
)
def test_the_later_word_wins(texts, value):
    assert Effects.parse(texts)["risk.input"] == value


def test_plain_takes_away_what_real_trade_has_and_can_be_changed():
    effects = Effects.parse(["zeros=0.2", "plain", "common=0.3"])
    assert [effects[name] for name in ("zeros", "hubs", "burn_in", "common", "rho")] == [0, 0, 0, 0.3, 0.98]
    assert effects["risk.input"] == DEFAULTS["risk.input"]
    assert set(PLAIN) <= set(DEFAULTS)


def test_by_stage():
    values = Effects.of({"exposure.upstream": 1, "exposure.input": 2, "exposure.final": 3})
    assert values.by_stage("exposure", np.array(["final", "upstream", "input"])).tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("exposure", "is not an effect such as"),
        ("exposure=much", "is not an effect such as"),
        ("=1", "there is no effect ''"),
        ("influence=1", "there is no effect 'influence'"),
        ("rho=1", "rho must be in"),
        ("noise=-0.1", "noise must be in"),
        ("zeros=0.7", "zeros must be in"),
        ("hubs=2", "hubs must be in"),
        ("common=-1", "common must be in"),
        ("pair_effects=1.5", "pair_effects must be in"),
        ("burn_in=2.5", "whole number of years"),
        ("links=nan", "not a finite number"),
    ],
)
def test_what_cannot_be_planted_is_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Effects.parse([text])
