import pandas as pd
import pytest

from reeassets import plugins
from reeassets.language_model.options import LanguageModelError
from reeassets.products.contract import Classifier
from reeassets.products.schema import PRODUCT_VOTES

from ..language_model.endpoint import body, honest, nomenclature, problem, refusal, sent, settings_of


def classifier():
    return plugins.get("classifiers", "language_model", Classifier)


def test_every_model_is_a_voter_on_every_code_it_is_given(endpoint, tmp_path):
    def answer(request):
        return honest(request) if body(request)["model"] == "one" else sent(refusal("no"))

    server = endpoint(answer)
    settings = settings_of(tmp_path, server, language_models="other,one")
    votes = PRODUCT_VOTES.check(classifier().votes(nomenclature("850511", "280530"), settings))
    assert votes[["product", "voter"]].to_numpy().tolist() == [
        ["280530", "language_model:one"],
        ["280530", "language_model:other"],
        ["850511", "language_model:one"],
        ["850511", "language_model:other"],
    ]
    assert set(votes["round"]) == {"full"}
    magnet = votes.iloc[2].to_dict()
    fields = ("is_ree", "stage", "elements", "materiality", "confidence")
    assert tuple(magnet[field] for field in fields) == (True, "input", "Nd Dy", ">50", 0.9)
    assert pd.isna(magnet["abstention"])
    assert pd.isna(votes.iloc[0]["elements"])
    refused = votes.iloc[3]
    assert refused["abstention"] == "refused: no"
    assert (
        refused[["is_ree", "stage", "application", "elements", "materiality", "confidence", "rationale"]].isna().all()
    )


def test_an_empty_nomenclature_gives_an_empty_table(endpoint, tmp_path):
    server = endpoint(honest)
    votes = classifier().votes(nomenclature("850511").iloc[:0], settings_of(tmp_path, server))
    assert PRODUCT_VOTES.check(votes).empty
    assert not server.requests


def test_a_failing_endpoint_gives_no_table(endpoint, tmp_path):
    settings = settings_of(tmp_path, endpoint(problem(404)))
    with pytest.raises(LanguageModelError, match="HTTP status 404"):
        classifier().votes(nomenclature("850511"), settings)


def test_the_prompts_are_in_the_lineage():
    assert [path.name for path in classifier().files()] == ["1.txt"]
    assert all(path.is_file() for path in classifier().files())
