"""Tables for other programs, and lines about what takes long."""

import csv
import io
import logging

import pytest

from cevnsjax.cli.common import reports_errors
from cevnsjax.cli.formats import Format, chosen_format, csv_table, latex_table
from cevnsjax.cli.progress import stages
from cevnsjax.errors import CevnsjaxError
from cevnsjax.patience import LOGGER, Patience, duration

ROWS = [
    {"name": "a_b", "value": 0.1 + 0.2, "several": ["x", "y"], "yes": True, "nothing": None},
    {"name": 'a, "b"', "value": float("nan"), "other": 3},
]


def test_csv_keeps_all_digits():
    read = list(csv.DictReader(io.StringIO(csv_table(ROWS))))
    assert list(read[0]) == ["name", "value", "several", "yes", "nothing", "other"]
    assert float(read[0]["value"]) == 0.1 + 0.2
    assert (read[0]["several"], read[0]["yes"], read[0]["nothing"], read[0]["other"]) == ("x; y", "true", "", "")
    assert (read[1]["name"], read[1]["value"], read[1]["other"]) == ('a, "b"', "", "3")


def test_latex():
    rows = [
        {"100%_of": "a&b", "n": -1.234567e-40, "interval": "[-0.3, 1.2e5]", "text": "1 to 2"},
        {"100%_of": "~^\\ < 1", "n": None, "interval": "-", "text": False},
    ]
    lines = latex_table(rows, "what it is").splitlines()
    assert lines[:3] == ["% what it is", r"\begin{tabular}{lrrl}", r"\hline"]
    assert lines[3] == r"100\%\_of & n & interval & text \\"
    assert lines[5] == r"a\&b & $-1.235\times10^{-40}$ & $[-0.3, 1.2\times10^{5}]$ & 1 to 2 \\"
    assert lines[6] == r"\textasciitilde{}\textasciicircum{}\textbackslash{} $<$ 1 & -- & - & no \\"
    assert lines[-1] == r"\end{tabular}"


def test_one_format():
    assert chosen_format(False, False, False) is Format.text
    assert chosen_format(False, False, True) is Format.latex
    with pytest.raises(CevnsjaxError, match="Give one of --json and --csv"):
        chosen_format(True, True, False)


def test_tables_of_commands(cevnsjax):
    read = list(csv.DictReader(io.StringIO(cevnsjax("cross-section", "CsI", "-E", 30, "-T", 5, "--csv").out)))
    content = cevnsjax("cross-section", "CsI", "-E", 30, "-T", 5, "--json").json
    assert [row["nuclide"] for row in read] == ["Cs133", "I127"]
    for row in read:
        assert float(row["cross_section_cm2"]) == content["cross_section_cm2"]["cevns"][row["nuclide"]]["nu_e"]
    assert "name what to list" in cevnsjax("list", "--csv").sentence


def test_patience():
    now_s = [0.0]
    work = Patience("scanning", clock=lambda: now_s[0])
    assert work.line(0, 200, "points") is None
    now_s[0] = 1.9
    assert work.line(10, 200, "points") is None
    now_s[0] = 4.0
    # 50 points in 4 s
    assert work.line(50, 200, "points") == "scanning: 50 of 200 points (25 %) after 4 s, 12 s left"
    now_s[0] = 8.9
    assert work.line(100, 200) is None
    now_s[0] = 9.1
    assert work.line(100, None) == "scanning: 100 after 9 s"
    now_s[0] = 99.0
    assert work.line(200, 200) is None  # what is done is said by others
    assert [duration(each) for each in (0.4, 59.6, 3600, 7320)] == ["0 s", "1 min 0 s", "1 h 0 min", "2 h 2 min"]


def test_what_was_done_before_the_first_look_does_not_count():
    now_s = [0.0]
    work = Patience("sampling", clock=lambda: now_s[0])
    now_s[0] = 100.0  # compiling; a run that goes on
    assert work.line(400, 800) == "sampling: 400 of 800 (50 %) after 1 min 40 s, ? left"
    now_s[0] = 110.0
    assert work.line(600, 800).endswith("10 s left")


def test_lines_where_there_is_no_terminal(capsys, monkeypatch):
    monkeypatch.setattr("cevnsjax.patience.FIRST_S", -1.0)
    with stages() as shown:
        assert not shown.begun("sampling")
        shown.begin("sampling", 100, "sampling: 100 draws")
        shown.update("sampling", 25, 100, "now this")
        shown.update("sampling", 50, 100)  # too soon
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[0] == "sampling: 100 draws"
    assert said.err.splitlines()[1].startswith("sampling: 25 of 100 (25 %) after 0 s")
    assert said.err.splitlines()[1].endswith("now this")
    assert len(said.err.splitlines()) == 2


def test_the_package_is_heard_inside_of_commands_alone(capsys):
    logger = logging.getLogger(LOGGER)
    before = (logger.level, list(logger.handlers))

    @reports_errors
    def command():
        logger.info("placing nodes: 3 of 6 panels")

    command()
    assert capsys.readouterr().err == "placing nodes: 3 of 6 panels\n"
    assert (logger.level, list(logger.handlers)) == before
