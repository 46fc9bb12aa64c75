"""The wheel carries the data, and works where there is no checkout."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(folder), str(ROOT)],
        check=True,
    )
    return next(folder.glob("cevnsjax-*.whl"))


@pytest.mark.slow
def test_wheel_outside_of_the_checkout(wheel, tmp_path):
    names = zipfile.ZipFile(wheel).namelist()
    assert "cevnsjax/data/coherent_csi_2021/events.csv" in names
    assert wheel.stat().st_size < 5_000_000
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-deps",
            "--target",
            str(tmp_path / "site"),
            str(wheel),
        ],
        check=True,
    )
    code = (
        f"import sys; sys.path.insert(0, {str(tmp_path / 'site')!r}); import cevnsjax, cevnsjax.tables as t; "
        "assert 'site' in cevnsjax.__file__ and 'site' in str(t.data_path('nuclides.csv')); "
        "from cevnsjax.cli import main; sys.argv = ['cevnsjax', 'spectrum', 'coherent-csi-2021', '--json']; main()"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    # COHERENT's own prediction, arXiv:2110.07730: 341 +- 11 (theory) +- 42 (experiment)
    assert abs(json.loads(run.stdout)["components"]["cevns"]["total"] - 341.0) < 43.0
