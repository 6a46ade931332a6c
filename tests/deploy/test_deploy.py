"""The files in `deploy/` name options, paths and addresses that the server has."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from addin.commands.serve import serve
from addin.office.guard import HEALTH, METRICS, READY
from addin.office.limits import HEADER_SECONDS
from addin.office.settings import PORT

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))
KUBERNETES: list[dict[str, Any]] = list(yaml.safe_load_all((DEPLOY / "kubernetes.yaml").read_text(encoding="utf-8")))


def of_kind(kind: str) -> dict[str, Any]:
    (found,) = (manifest for manifest in KUBERNETES if manifest["kind"] == kind)
    return found


def container() -> dict[str, Any]:
    (found,) = of_kind("Deployment")["spec"]["template"]["spec"]["containers"]
    return found  # type: ignore[no-any-return]


def options(arguments: list[str]) -> dict[str, Any]:
    """The options of `serve`. Raises click.UsageError if it does not have one of them."""
    assert arguments[0] == "serve"
    return serve.make_context("serve", arguments[1:]).params


def compose_arguments() -> list[str]:
    text = COMPOSE["services"]["server"]["command"]
    for variable, value in {
        "${GPT2_EXCEL_HOST:?}": "gpt2.example.org",
        "${GPT2_EXCEL_CALLS_A_MINUTE:-12000}": "12000",
        "${GPT2_EXCEL_SECONDS:-60}": "60",
    }.items():
        assert variable in text
        text = text.replace(variable, value)
    return str(text).split()


def test_compose_and_kubernetes_start_the_server_alike() -> None:
    assert options(compose_arguments()) == options(container()["args"])
    assert options(compose_arguments())["behind_proxy"]


def test_an_option_that_the_server_lacks_is_found() -> None:
    with pytest.raises(click.UsageError):
        options(["serve", "--replicas", "2"])


def test_the_probes_ask_for_paths_that_exist() -> None:
    assert container()["livenessProbe"]["httpGet"]["path"] == HEALTH
    assert container()["readinessProbe"]["httpGet"]["path"] == READY
    assert f"http://localhost:{PORT}{READY}" in COMPOSE["services"]["server"]["healthcheck"]["test"][-1]
    assert f"@private path {METRICS} {READY} {HEALTH}" in (DEPLOY / "Caddyfile").read_text(encoding="utf-8")


def test_every_file_names_the_same_port() -> None:
    assert container()["ports"][0]["containerPort"] == PORT
    for name in ("Caddyfile", "Dockerfile", "prometheus.yml"):
        assert str(PORT) in (DEPLOY / name).read_text(encoding="utf-8")


def test_the_proxy_gives_up_an_idle_connection_before_the_server_does() -> None:
    text = (DEPLOY / "Caddyfile").read_text(encoding="utf-8")
    assert f"keepalive {HEADER_SECONDS / 2:.0f}s" in text


def test_there_are_two_servers_and_they_may_not_write_into_the_models() -> None:
    server = COMPOSE["services"]["server"]
    assert server["deploy"]["replicas"] == of_kind("Deployment")["spec"]["replicas"] == 2
    assert "models:/models:ro" in server["volumes"]
    assert {"name": "models", "mountPath": "/models", "readOnly": True} in container()["volumeMounts"]


@pytest.mark.skipif(shutil.which("caddy") is None, reason="needs Debian's caddy")
def test_caddy_accepts_its_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GPT2_EXCEL_HOST", "gpt2.example.org")
    command = ["caddy", "validate", "--adapter", "caddyfile", "--config", str(DEPLOY / "Caddyfile")]
    done = subprocess.run(command, capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
