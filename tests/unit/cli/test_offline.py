"""Commands on a folder of manifests, as far as the pages under ``docs`` do not show them."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from painless.cli.main import main

SERVICE = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "web.yaml").write_text(SERVICE)
    return folder


def render(source: Path, out: Path) -> Result:
    return CliRunner().invoke(main, ["render", "--source", str(source), "--out", str(out)])


def test_a_folder_is_rendered_into_again(source: Path, tmp_path: Path) -> None:
    """A new one, and the one from before."""
    assert [0, 0] == [render(source, tmp_path / "new" / "out").exit_code for _ in range(2)]


def test_what_others_have_written_stays(source: Path) -> None:
    """What is rendered replaces what was there, so a folder with other files is refused, the source's too."""
    mine = source / "hot" / "mine"
    mine.parent.mkdir()
    mine.write_text("mine")
    result = render(source, source)
    assert f"painless: --out: found other files in {source}, expected" in result.output
    assert (2, {"web.yaml", "hot"}, "mine") == (
        result.exit_code,
        {one.name for one in source.iterdir()},
        mine.read_text(),
    )


def test_a_folder_that_cannot_be_written_is_named(source: Path) -> None:
    """In one sentence."""
    out = source / "web.yaml" / "out"
    result = render(source, out)
    assert (2, True) == (result.exit_code, f"painless: --out: {out} cannot be written: " in result.output)


KUBECONFIG = """\
current-context: it
contexts: [{name: it, context: {cluster: it}}]
clusters: [{name: it, cluster: {server: "http://127.0.0.1:1"}}]
"""


@pytest.mark.parametrize("namespace", ["shop,edge", "shop/web?watch=1", "Shop"])
def test_a_namespace_that_cannot_be_is_no_part_of_a_path(tmp_path: Path, namespace: str) -> None:
    """It is named in one sentence, and nobody is asked."""
    config = tmp_path / "kubeconfig"
    config.write_text(KUBECONFIG)
    result = CliRunner().invoke(main, ["lint", "--kubeconfig", str(config), f"--watch-namespace={namespace}"])
    says = f'painless: --watch-namespace: found "{namespace}", expected the name of one namespace\n'
    assert (2, says) == (result.exit_code, result.output)
