"""Each program's place at the broker, to speak in its stead."""
import pytest


@pytest.fixture
def edge(as_user):
    return as_user("edge-http")


@pytest.fixture
def operator(as_user):
    return as_user("admin")
