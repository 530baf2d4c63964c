"""The three services have the same tree, so that a reader of one finds the same thing at the same place in the others."""
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"domain", "usecases", "store", "queries", "migrations", "tests"}
FILES = {"CMakeLists.txt", "main.c", "service.c", "service.h", "settings.c", "settings.h", "handlers.c", "handlers.h", "replay.c"}
# What only one service needs: svc-users hashes passwords and signs tokens.
EXTRA = {"svc-users": {"credentials"}}


def test_the_services_have_the_same_folders_and_files():
    services = sorted(path for path in ROOT.glob("svc-*") if path.is_dir())
    assert [path.name for path in services] == ["svc-orders", "svc-products", "svc-users"]
    for service in services:
        folders = {path.name for path in service.iterdir() if path.is_dir()}
        files = {path.name for path in service.iterdir() if path.is_file()}
        assert folders == FOLDERS | EXTRA.get(service.name, set()), service.name
        assert files == FILES, service.name


def test_every_service_has_the_files_that_others_look_for():
    for name in ("usecases/decisions.h", "store/stores.h", "queries/queries.h", "tests/fixture.h"):
        assert all((service / name).is_file() for service in ROOT.glob("svc-*")), name


def test_domain_and_use_cases_read_no_clock_and_no_random_source():
    impure = re.compile(r"\b(timestamp_now|monotonic_now|uuid_new|random_\w+|time|getenv)\(")
    for folder in ("domain", "usecases"):
        for path in ROOT.glob(f"svc-*/{folder}/*.[ch]"):
            assert not impure.search(path.read_text()), path
