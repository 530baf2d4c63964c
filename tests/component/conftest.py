"""Connections to the broker with the account of each program."""
import pytest


@pytest.fixture
def edge(as_user):
    return as_user("edge-http")


@pytest.fixture
def operator(as_user):
    return as_user("admin")
