"""A process that asks for votes until it is killed: ``python -m reeassets_tests.language_model.killed HOME URL N``."""

import sys
from pathlib import Path

from reeassets.language_model.asking import ask
from reeassets.language_model.options import Options
from reeassets.products.language_model import CLASSIFY, _questions
from reeassets.settings import Settings
from reeassets_tests.language_model.endpoint import nomenclature


def asked_of(count):
    """Some questions."""
    return _questions(nomenclature(*(f"{number:06d}" for number in range(count))))


def options_of(home, url):
    """Two at a time, and priced: US$ 0.0014 an answer."""
    prices = {"language_model_input_price": (1.0,), "language_model_output_price": (2.0,)}
    return Options.from_settings(
        Settings(
            home=home,
            language_models=("test-model",),
            language_model_base_url=url,
            language_model_batch=1,
            language_model_concurrency=2,
            **prices,
        )
    )


if __name__ == "__main__":
    ask(CLASSIFY, asked_of(int(sys.argv[3])), options_of(Path(sys.argv[1]), sys.argv[2]))
