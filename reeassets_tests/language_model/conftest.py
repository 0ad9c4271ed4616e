import pytest

from ..misbehaving_server import MisbehavingServer
from .endpoint import KEY


@pytest.fixture(autouse=True)
def key(monkeypatch):
    monkeypatch.setenv("REEASSETS_LANGUAGE_MODEL_KEY", KEY)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


@pytest.fixture
def endpoint():
    """Start endpoints that give scripted answers, and end them with the test."""
    servers = []

    def start(*answers):
        servers.append(MisbehavingServer(*answers).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()
