"""What several tests of the packaging need."""

from pathlib import Path

import pytest
import yaml
from tests.deploy.chart import WITHOUT_HELM, Rendered, helm, render

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def plain() -> Rendered:
    """The chart with nothing but its defaults."""
    if helm is None:
        pytest.skip(WITHOUT_HELM)
    return render()


@pytest.fixture(scope="session")
def migrated() -> Rendered:
    """The chart with a values file for ingress-nginx, unchanged."""
    if helm is None:
        pytest.skip(WITHOUT_HELM)
    return render(yaml.safe_load((HERE / "ingress-nginx-values.yaml").read_text()))
