"""What needs a container engine or a cluster is valid, and agrees with the program. It is not run here."""

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from callsheet.settings import Settings, load
from tests.deploy.tools import DEPLOY, tool
from tests.docs.pages import ROOT
from tests.program import DEADLINE

DOCKER = DEPLOY / "docker"
KUBERNETES = DEPLOY / "kubernetes"
MANIFESTS = sorted(path for path in KUBERNETES.glob("*.yaml") if path.name != "kustomization.yaml")


def _check(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=DOCKER, capture_output=True, text=True, timeout=DEADLINE, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _installed(name: str) -> Path:
    return Path(sys.executable).parent / name


def _manifest(name: str) -> Any:
    return yaml.safe_load((KUBERNETES / f"{name}.yaml").read_text())


def test_hadolint_finds_nothing_to_say_about_the_dockerfile() -> None:
    _check(_installed("hadolint"), "Dockerfile")


def test_the_compose_file_is_as_its_specification_says() -> None:
    _check(_installed("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "compose.yaml")


def test_haproxy_takes_the_configuration_of_the_compose_file() -> None:
    _check(tool("haproxy"), "-c", "-f", "haproxy.cfg")


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_the_manifest_is_as_kubernetes_describes_it(path: Path, version: str) -> None:
    kubernetes_validate.validate(yaml.safe_load(path.read_text()), version, strict=True)


def test_kustomize_is_told_of_every_manifest() -> None:
    assert _manifest("kustomization")["resources"] == [path.name for path in MANIFESTS]


def _docker_settings() -> dict[str, str]:
    text = (DOCKER / "Dockerfile").read_text()
    return dict(re.findall(r"(CALLSHEET_\w+)=(\S+)", text))


def _compose_settings() -> dict[str, str]:
    environment = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]["callsheet"]["environment"]
    return {**_docker_settings(), **{name: value for name, value in environment.items() if name != "PGPASSWORD"}}


def _loaded(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return load().settings


def test_the_image_listens_where_it_says(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _loaded(_docker_settings(), monkeypatch)
    assert (settings.host, settings.database) == ("0.0.0.0", "sqlite:////data/callsheet.db")
    assert f"EXPOSE {settings.port}\n" in (DOCKER / "Dockerfile").read_text()


def test_the_replicas_of_compose_end_before_the_engine_loses_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _loaded(_compose_settings(), monkeypatch)
    compose = yaml.safe_load((DOCKER / "compose.yaml").read_text())
    patience = int(compose["services"]["callsheet"]["stop_grace_period"].removesuffix("s"))
    assert 0 < settings.drain_seconds < settings.drain_seconds + settings.shutdown_seconds < patience
    assert settings.trusted_proxies == [compose["networks"]["default"]["ipam"]["config"][0]["subnet"]]


def test_the_pods_of_kubernetes_end_before_it_loses_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _loaded({**_docker_settings(), **_manifest("config-map")["data"]}, monkeypatch)
    patience = _manifest("deployment")["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
    assert 0 < settings.drain_seconds < settings.drain_seconds + settings.shutdown_seconds < patience


def _pods() -> Iterator[tuple[str, Any]]:
    for name in ("deployment", "migrate-job"):
        yield name, _manifest(name)["spec"]["template"]


def test_no_pod_gets_variables_that_look_like_settings() -> None:
    for name, pod in _pods():  # the Service is called callsheet, so links to it would be CALLSHEET_PORT=tcp://…
        assert pod["spec"]["enableServiceLinks"] is False, name


def test_services_find_the_servers_and_not_the_migration() -> None:
    labels = {name: pod["metadata"]["labels"].items() for name, pod in _pods()}
    deployment = _manifest("deployment")["spec"]["selector"]["matchLabels"]
    budget = _manifest("pod-disruption-budget")["spec"]["selector"]["matchLabels"]
    for wanted in (_manifest("service")["spec"]["selector"], deployment, budget):
        assert wanted.items() <= labels["deployment"]
        assert not wanted.items() <= labels["migrate-job"]


def test_probes_ask_what_there_is() -> None:
    (container,) = _manifest("deployment")["spec"]["template"]["spec"]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    asked = {kind: container[f"{kind}Probe"]["httpGet"] for kind in ("startup", "liveness", "readiness")}
    assert {kind: probe["path"] for kind, probe in asked.items()} == {
        "startup": "/healthz",
        "liveness": "/healthz",
        "readiness": "/readyz",
    }
    assert {ports[probe["port"]] for probe in asked.values()} == {8484}
    assert ports[_manifest("service")["spec"]["ports"][0]["targetPort"]] == 8484


def test_what_the_dockerfile_copies_is_there_and_not_ignored() -> None:
    kept = {line[1:] for line in (DOCKER / "Dockerfile.dockerignore").read_text().splitlines() if line[0] == "!"}
    copied: set[str] = set()
    for line in re.findall(r"^COPY (?!--from)(.+)$", (DOCKER / "Dockerfile").read_text(), re.MULTILINE):
        copied |= set(line.split()[:-1])
    assert copied == kept
    assert [name for name in copied if not (ROOT / name).exists()] == []


def _pinned(name: str) -> dict[str, str]:
    text = (ROOT / "requirements" / name).read_text()
    return dict(re.findall(r"^([\w.-]+)(?:\[[\w,]+\])?==([^\s;]+)", text, re.MULTILINE))


def test_the_image_holds_the_versions_that_are_tested_and_every_package_of_its_extras() -> None:
    image, tested = _pinned("image.txt"), _pinned("dev.txt")
    assert image.items() <= tested.items()
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    wanted = [each for name, listed in extras.items() if name != "testing" for each in listed]
    names = {canonicalize_name(Requirement(each).name) for each in wanted} - {"callsheet"}
    assert names - image.keys() == set()
