"""A Prometheus that scrapes the stack every half second, with the product's rules."""
import json
import re
import socket
import subprocess
from pathlib import Path

import requests
import yaml

from harness.waiting import eventually
from harness.stack import PROGRAMS, ROOT

OBSERVABILITY = ROOT / "compose" / "observability"
# Shorter times for the rules: no "for", and short windows.
SHORTER = {"5m": "4s", "30m": "4s", "1h": "6s", "6h": "6s"}


def shortened(rules):
    rules = re.sub(r"\bfor: \w+", "for: 0s", rules)
    return re.sub(r"\[(5m|30m|1h|6h)\]", lambda found: f"[{SHORTER[found[1]]}]", rules)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def job(name, port, **more):
    return {"job_name": name, "static_configs": [{"targets": [f"127.0.0.1:{port}"]}], **more}


def config(stack, product_config):
    """The product's configuration with the stack's addresses and a shorter interval. (JSON is YAML.)"""
    theirs = yaml.safe_load(product_config)
    broker = next(one for one in theirs["scrape_configs"] if one["job_name"] == "rabbitmq")
    jobs = [job(program, stack[f"COMANDA_{program.upper().replace('-', '_')}_ADMIN_PORT"]) for program in PROGRAMS]
    jobs.append(job("rabbitmq", stack["COMANDA_BROKER_METRICS_PORT"],
                    **{name: broker[name] for name in ("metrics_path", "params")}))
    assert {one["job_name"] for one in jobs} == {one["job_name"] for one in theirs["scrape_configs"]}
    return json.dumps({"global": {"scrape_interval": "500ms", "evaluation_interval": "500ms"},
                       "rule_files": ["alerts.yml"], "scrape_configs": jobs})


class Prometheus:
    def __init__(self, stack, directory):
        self.directory, self.port = Path(directory), free_port()
        self.url = f"http://127.0.0.1:{self.port}/api/v1"
        (self.directory / "alerts.yml").write_text(shortened((OBSERVABILITY / "alerts.yml").read_text()))
        (self.directory / "prometheus.yml").write_text(config(stack, (OBSERVABILITY / "prometheus.yml").read_text()))
        self.session = requests.Session()
        self.session.trust_env = False

    def __enter__(self):
        with (self.directory / "log").open("w") as log:
            self.process = subprocess.Popen(
                ["prometheus", f"--config.file={self.directory}/prometheus.yml",
                 f"--storage.tsdb.path={self.directory}/data", f"--web.listen-address=127.0.0.1:{self.port}"],
                stdout=log, stderr=log)
        eventually(self._answers, timeout=30)
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(20)

    def _answers(self):
        assert self.process.poll() is None, (self.directory / "log").read_text()
        try:
            return self.session.get(f"http://127.0.0.1:{self.port}/-/ready", timeout=5).ok
        except requests.ConnectionError:
            return False

    def query(self, expression):
        """The instant vector: [({label: value}, number)]."""
        answer = self.session.get(f"{self.url}/query", params={"query": expression}, timeout=10)
        assert answer.ok, f"{expression}: {answer.text}"
        data = answer.json()["data"]
        assert data["resultType"] == "vector", expression
        return [(one["metric"], float(one["value"][1])) for one in data["result"]]

    def firing(self):
        """{alert's name: [its labels]}"""
        found = {}
        for alert in self.session.get(f"{self.url}/alerts", timeout=10).json()["data"]["alerts"]:
            if alert["state"] == "firing":
                found.setdefault(alert["labels"]["alertname"], []).append(alert["labels"])
        return found
