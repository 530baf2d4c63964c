"""The compose files as docker-compose reads them. No Docker engine is needed; compose/try.sh tests the same on one."""
import os
import re
import subprocess

import pytest
import yaml

from harness.stack import ROOT

FOLDER = ROOT / "compose"
ALONE = ("compose.yaml",)
SCALED = ("compose.yaml", "scale.yaml")
ONE_SHOTS = ("topology", "migrate-users", "migrate-products", "migrate-orders")
PROGRAMS = ("edge-http", "svc-users", "svc-products", "svc-orders", "topology")
LOOKED_AT = {"management": "management", "prometheus": "observability", "grafana": "observability"}  # by profile


def read(files):
    """The whole configuration with an empty environment."""
    command = ["docker-compose", *(word for name in files for word in ("-f", str(FOLDER / name))), "config"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={"PATH": os.environ["PATH"]})
    assert done.returncode == 0, done.stderr
    return yaml.safe_load(done.stdout)


@pytest.fixture(scope="module", params=[ALONE, SCALED], ids=["alone", "scaled"])
def composed(request):
    return request.param, read(request.param)


def running(services):
    """The services that `up` starts without a profile."""
    return {name: service for name, service in services.items() if not service.get("profiles")}


def test_one_port_is_published_and_nothing_else(composed):
    files, whole = composed
    published = {name: service["ports"] for name, service in running(whole["services"]).items() if service.get("ports")}
    assert list(published) == ["balancer" if files == SCALED else "edge-http"]
    assert [(port["published"], port["target"]) for ports in published.values() for port in ports] == [(8080, 8080)]


def test_what_operators_look_at_is_published_on_loopback_and_by_profile_only(composed):
    _, whole = composed
    by_profile = {name: profile for name, service in whole["services"].items() for profile in service.get("profiles", ())}
    by_profile.pop("edge-http", None)  # scale.yaml disables the single edge
    assert by_profile == LOOKED_AT
    for name in LOOKED_AT:
        ports = whole["services"][name]["ports"]
        assert ports and all("127.0.0.1" in str(port) for port in ports), name


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


def test_the_image_of_a_program_does_not_run_as_root():
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


def test_a_migration_gets_the_urls_of_its_database_and_no_other_secret(composed):
    _, whole = composed
    for service in ("users", "products", "orders"):
        migration = whole["services"][f"migrate-{service}"]
        assert {secret["source"] for secret in migration["secrets"]} == {f"database_url_{service}",
                                                                          f"migrations_url_{service}"}
        assert {name for name in migration["environment"] if name.endswith("_FILE")} == {
            "COMANDA_DATABASE_URL_FILE", "COMANDA_MIGRATIONS_URL_FILE"}


def test_no_password_is_in_the_arguments_of_psql(tmp_path):
    """`cat` gives the passwords, and `psql` writes its arguments down."""
    (tmp_path / "cat").write_text("#!/bin/sh\necho a-password\n")
    (tmp_path / "psql").write_text(f"#!/bin/sh\nprintf '%s\\n' \"$@\" >{tmp_path}/arguments\n")
    for name in ("cat", "psql"):
        (tmp_path / name).chmod(0o755)
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "COMANDA_DATABASE": "users"}
    subprocess.run([FOLDER / "postgres.sh"], env=environment, check=True, timeout=60)
    arguments = (tmp_path / "arguments").read_text()
    assert "owner=migrate_users" in arguments and "a-password" not in arguments


def test_programs_wait_for_what_they_need(composed):
    files, whole = composed
    services = whole["services"]
    edge = services["edge" if files == SCALED else "edge-http"]
    assert {needed["condition"] for needed in edge["depends_on"].values()} == {"service_healthy"}
    for service in ("users", "products", "orders"):
        needed = services[f"svc-{service}"]["depends_on"]
        assert needed["topology"]["condition"] == "service_completed_successfully"
        assert needed[f"migrate-{service}"]["condition"] == "service_completed_successfully"
        assert needed[f"postgres-{service}"]["condition"] == "service_healthy"
    assert services["topology"]["depends_on"]["rabbitmq"]["condition"] == "service_healthy"


# ---- metrics ----

OBSERVABILITY = FOLDER / "observability"


def on_network(services, network):
    """The names of a service on a network: its own and its aliases."""
    for name, service in services.items():
        networks = service["networks"]
        if network in networks:
            yield name
            yield from ((networks[network] or {}) if isinstance(networks, dict) else {}).get("aliases", ())


def test_prometheus_finds_every_program_and_the_broker(composed):
    _, whole = composed
    services, config = whole["services"], yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())
    jobs = {job["job_name"]: job["dns_sd_configs"][0] for job in config["scrape_configs"]}
    assert set(jobs) == {"edge-http", "svc-users", "svc-products", "svc-orders", "rabbitmq"}
    assert "inside" in services["prometheus"]["networks"]
    assert {name for where in jobs.values() for name in where["names"]} <= set(on_network(running(services), "inside"))
    inside = re.search(r"COMANDA_ADMIN_PORT=(\d+)", (FOLDER / "Dockerfile").read_text())[1]
    for job, where in jobs.items():
        assert job == "rabbitmq" or where["port"] == int(inside), job
        program = services.get("edge", services[job]) if job == "edge-http" else services[job]
        assert job == "rabbitmq" or program["environment"]["COMANDA_ADMIN_ADDRESS"] == "0.0.0.0", job


def mounted(service):
    """Mounts: path in the repository -> path in the container."""
    parts = (str(volume).split(":") for volume in service["volumes"])
    return {inside: source for source, inside, *_ in parts if source.startswith("/")}


def test_prometheus_and_grafana_are_given_what_their_files_name(composed):
    _, whole = composed
    prometheus, grafana = whole["services"]["prometheus"], whole["services"]["grafana"]
    files = mounted(prometheus)
    assert "--config.file=/etc/prometheus/prometheus.yml" in prometheus["command"]
    assert files["/etc/prometheus/prometheus.yml"] == str(OBSERVABILITY / "prometheus.yml")
    for rules in yaml.safe_load((OBSERVABILITY / "prometheus.yml").read_text())["rule_files"]:
        assert files[rules] == str(OBSERVABILITY / "alerts.yml")

    provisioning = OBSERVABILITY / "grafana" / "provisioning"
    files = mounted(grafana)
    assert files["/etc/grafana/provisioning"] == str(provisioning)
    provider = yaml.safe_load((provisioning / "dashboards" / "comanda.yml").read_text())["providers"][0]
    assert files[provider["options"]["path"]] == str(OBSERVABILITY / "grafana" / "dashboards")
    source = yaml.safe_load((provisioning / "datasources" / "prometheus.yml").read_text())["datasources"][0]
    assert source["url"] == "http://prometheus:9090" and "watching" in prometheus["networks"]
    assert set(grafana["networks"]) == {"watching"}, "it needs Prometheus, and nothing else"


# ---- secrets and settings ----

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
