"""`rempart letters list`: silence would be taken for an answer."""

from contextlib import nullcontext
from types import SimpleNamespace

import pytest
from typer.testing import CliRunner

from rempart.site import runtime
from rempart.site.commands import letters


@pytest.fixture
def listed(monkeypatch):
    """What `list` says where batches go to this folder, and its exit code."""

    def run(folder):
        deployed = SimpleNamespace(letters=SimpleNamespace(folder=folder))
        monkeypatch.setattr(runtime, "platform", lambda: nullcontext(deployed))
        result = CliRunner().invoke(letters.app, ["list"])
        return result.exit_code, result.output

    return run


def test_no_batch_is_said(listed, tmp_path):
    assert listed(tmp_path) == (0, "no batch waits to be taken away\n")


def test_no_folder_is_said_and_is_no_success(listed):
    code, said = listed(None)
    assert code == 2
    assert "REMPART_LETTERS_FOLDER" in said
