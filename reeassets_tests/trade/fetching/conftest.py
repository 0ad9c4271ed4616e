"""Servers that are stopped when the test ends."""

import pytest

from reeassets_tests.misbehaving_server import MisbehavingServer


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "*")


@pytest.fixture
def serve():
    """Start servers that are stopped when the test ends."""
    servers = []

    def start(*answers):
        servers.append(MisbehavingServer(*answers).__enter__())
        return servers[-1]

    yield start
    for server in servers:
        server.__exit__()
