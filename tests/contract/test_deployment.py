"""The deployment files name only what the runner knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from stigmer_runner.config import Settings

DEPLOY = Path(__file__).resolve().parents[2] / "deploy"
MANIFESTS = sorted(DEPLOY.rglob("*.yaml"))


def variables(value: object) -> Iterator[tuple[str, object]]:
    """Each container variable of a manifest, with its value (None when it comes from a secret)."""
    if isinstance(value, dict):
        for entry in value.get("env") or ():
            yield entry["name"], entry.get("value")
        for item in value.values():
            yield from variables(item)
    elif isinstance(value, list):
        for item in value:
            yield from variables(item)


@pytest.mark.parametrize("path", MANIFESTS, ids=lambda path: str(path.relative_to(DEPLOY)))
def test_every_variable_is_a_setting_with_a_valid_value(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # What the base takes from its secret and an overlay may rely on.
    monkeypatch.setenv("STIGMER_SERVICE_API_KEY", "from-a-secret")
    for name, value in variables(yaml.safe_load(path.read_text())):
        assert name.lower() in Settings.model_fields
        if value is not None:
            assert isinstance(value, str), f"{name}: Kubernetes takes text only"
            monkeypatch.setenv(name, value)
    Settings()


def test_every_resource_that_a_kustomization_names_is_there() -> None:
    for path in DEPLOY.rglob("kustomization.yaml"):
        content = yaml.safe_load(path.read_text())
        names = [*content["resources"], *(patch["path"] for patch in content.get("patches", ()))]
        assert [name for name in names if not (path.parent / name).exists()] == []


def test_the_probes_ask_the_port_that_answers_in_every_mode() -> None:
    container = yaml.safe_load((DEPLOY / "kustomize/base/deployment.yaml").read_text())["spec"]["template"]["spec"][
        "containers"
    ][0]
    assert container["livenessProbe"]["httpGet"] == {"path": "/livez", "port": "http"}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": "http"}
