"""What the compose files promise, as docker-compose reads them; no engine is needed. compose/try.sh tries the same on one."""
import os
import re
import subprocess

import pytest
import yaml

from kit.stack import ROOT

FOLDER = ROOT / "compose"
ALONE = ("compose.yaml",)
SCALED = ("compose.yaml", "scale.yaml")
ONE_SHOTS = ("topology", "migrate-users", "migrate-products", "migrate-orders")
PROGRAMS = ("edge-http", "svc-users", "svc-products", "svc-orders", "topology")


def read(files):
    """The whole, with nothing set in the environment."""
    command = ["docker-compose", *(word for name in files for word in ("-f", str(FOLDER / name))), "config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


@pytest.fixture(scope="module", params=[ALONE, SCALED], ids=["alone", "scaled"])
def composed(request):
    return request.param, read(request.param)


def running(services):
    """Those that `up` starts when no profile is named."""
    return {name: service for name, service in services.items() if not service.get("profiles")}


def test_one_port_is_published_and_nothing_else(composed):
    files, whole = composed
    published = {name: service["ports"] for name, service in running(whole["services"]).items() if service.get("ports")}
    assert list(published) == ["balancer" if files == SCALED else "edge-http"]
    assert [(port["published"], port["target"]) for ports in published.values() for port in ports] == [(8080, 8080)]


def test_the_management_ui_is_published_on_loopback_and_by_profile_only(composed):
    _, whole = composed
    management = whole["services"]["management"]
    assert management["profiles"] == ["management"]
    assert all("127.0.0.1" in str(port) for port in management["ports"])


def test_only_what_faces_clients_is_on_the_outer_network(composed):
    files, whole = composed
    assert whole["networks"]["inside"]["internal"] is True
    outside = {name for name, service in running(whole["services"]).items() if "outside" in service["networks"]}
    assert outside == ({"edge", "balancer"} if files == SCALED else {"edge-http"})


def test_nothing_may_more_than_it_needs(composed):
    _, whole = composed
    for name, service in whole["services"].items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert "cap_add" not in service and not service.get("privileged"), name
        assert "no-new-privileges:true" in service["security_opt"], name
        assert service["mem_limit"] and service["pids_limit"], name
        assert service.get("user", "root") not in ("root", "0") or service["image"].startswith("comanda/"), name


def test_the_image_of_a_program_ends_as_somebody_else_than_root():
    users = re.findall(r"^USER (\S+)$", (FOLDER / "Dockerfile").read_text(), re.M)
    assert users == ["10001:10001"]


def test_everything_is_started_again_and_watched(composed):
    _, whole = composed
    for name, service in whole["services"].items():
        if name in ONE_SHOTS:
            assert service["restart"] == "no"
            continue
        assert service["restart"] == "unless-stopped", name
        assert name == "management" or service["healthcheck"]["test"], name


def test_programs_wait_for_what_they_need(composed):
    files, whole = composed
    services = whole["services"]
    edge = services["edge" if files == SCALED else "edge-http"]
    assert {needed["condition"] for needed in edge["depends_on"].values()} == {"service_healthy"}
    for house in ("users", "products", "orders"):
        needed = services[f"svc-{house}"]["depends_on"]
        assert needed["topology"]["condition"] == "service_completed_successfully"
        assert needed[f"migrate-{house}"]["condition"] == "service_completed_successfully"
        assert needed[f"postgres-{house}"]["condition"] == "service_healthy"
    assert services["topology"]["depends_on"]["rabbitmq"]["condition"] == "service_healthy"


def test_the_secrets_are_those_that_the_script_makes(composed, tmp_path):
    _, whole = composed
    subprocess.run([FOLDER / "secrets.sh", tmp_path / "secrets"], check=True, timeout=30)
    made = {path.name for path in (tmp_path / "secrets").iterdir()}
    wanted = set(whole["secrets"])
    assert wanted <= made
    used = {secret["source"] for service in whole["services"].values() for secret in service.get("secrets", ())}
    assert used == wanted


def test_no_secret_stands_in_an_environment(composed):
    _, whole = composed
    for name, service in whole["services"].items():
        for variable in service.get("environment") or {}:
            assert not re.search(r"PASSWORD|_KEY|URL", variable) or variable.endswith("_FILE"), f"{name}: {variable}"


def test_programs_know_every_setting_that_they_are_given(composed, stack):
    _, whole = composed
    for name in PROGRAMS:
        program = "comanda" if name == "topology" else name
        known = subprocess.run([f"{stack['COMANDA_BIN']}/{program}", "--help"], capture_output=True, text=True, timeout=30).stdout
        for variable in whole["services"][name]["environment"]:
            setting = variable.removesuffix("_FILE")
            assert setting in known or "_" + setting.removeprefix("COMANDA_BROKER_PASSWORD_") in known, f"{name}: {variable}"
