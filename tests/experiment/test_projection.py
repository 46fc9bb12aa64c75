"""What panels of spectra show, and how figures of them are laid out."""

import numpy as np
import pytest

from cevnsjax.errors import ParameterError
from cevnsjax.experiment import PlotStyle
from cevnsjax.experiment.plots import spectrum_figure
from cevnsjax.experiment.projection import Projection
from cevnsjax.units import unit_in_figures

WIDE = np.array([0.0, 1.0, 2.0, 6.0])


def projection(edges=WIDE, observable="time_us", steady="steady_state", draws=None, title="detector: on"):
    bins = len(edges) - 1
    components = {steady: np.full(bins, 20.0), "brn": np.full(bins, 3.0), "cevns": np.arange(1.0, bins + 1.0)}
    observed = np.full(bins, 22.0)
    errors = np.sqrt(observed)
    of = (observed, errors, errors, "data", "counts per bin")
    return Projection(title, observable, edges, components, frozenset({"cevns"}), draws, *of)


def drawn(*rows, **style):
    """Axes of a figure once it is laid out."""
    figure = spectrum_figure(rows, PlotStyle(**style))
    figure.draw_without_rendering()
    return figure.axes


def test_what_is_subtracted():
    shown = projection().residual()
    assert set(shown.components) == {"brn", "cevns"}
    np.testing.assert_allclose(shown.observed, 2.0)
    np.testing.assert_allclose(shown.expected, [4.0, 5.0, 6.0])
    np.testing.assert_allclose(shown.error_up, np.sqrt(22.0))
    assert shown.title == "detector: on, steady state subtracted"
    shown = projection(steady="neutrons", draws=np.full((5, 3), 25.0)).residual()
    assert set(shown.components) == {"cevns"}
    np.testing.assert_allclose(shown.observed, -1.0)
    np.testing.assert_allclose(shown.draws, 2.0)
    assert shown.title == "detector: on, backgrounds subtracted"


def test_counts_per_unit_where_widths_differ():
    panel, widths = projection(), np.diff(WIDE)
    shown = panel.styled(PlotStyle())
    assert shown.quantity == "counts per µs"
    np.testing.assert_allclose(shown.observed * widths, panel.observed)
    np.testing.assert_allclose(shown.error_down * widths, panel.error_down)
    np.testing.assert_allclose(shown.expected * widths, panel.expected)
    assert panel.styled(PlotStyle(per_unit=False)).quantity == "counts per bin"
    even = projection(np.array([0.0, 0.5, 1.0, 1.5]))
    assert even.styled(PlotStyle()).quantity == "counts per 0.5 µs"
    np.testing.assert_array_equal(even.styled(PlotStyle()).observed, even.observed)
    assert even.styled(PlotStyle(per_unit=True, residual=True)).quantity == "residual counts per µs"
    numbered = projection(np.array([0.5, 1.5, 2.5, 3.5]), "S1 BDT bin")
    assert numbered.styled(PlotStyle()).quantity == "counts per bin"


def test_five_panels_fit_a_page():
    axes = drawn([projection() for _ in range(5)])
    assert len(axes) == 5
    assert axes[0].figure.get_size_inches()[0] < 20.0
    tops = [round(axis.get_position().y1, 3) for axis in axes]
    assert len(set(tops[:3])) == len(set(tops[3:])) == 1
    assert tops[3] < axes[0].get_position().y0
    assert [axis.get_title(loc="left") for axis in axes] == ["detector: on", "", "", "", ""]


def test_experiments_of_one_panel_stand_beside_each_other():
    first, second = drawn([projection(title="one")], [projection(title="two")])
    assert first.get_position().y1 == pytest.approx(second.get_position().y1, abs=1e-3)
    assert (first.get_title(loc="left"), second.get_title(loc="left")) == ("one", "two")


def test_ratio():
    above, below = drawn([projection(draws=np.full((5, 3), 25.0))], ratio=True, residual=True)
    assert above.get_ylabel() == "residual counts per µs"
    assert below.get_ylabel() == "data / exp."
    assert above.get_xlabel() == ""
    assert below.get_xlabel() == "time / µs"
    # of all that is expected, whatever is subtracted above
    (points,) = (line for line in below.lines if len(line.get_ydata()) == 3)
    np.testing.assert_allclose(points.get_ydata(), 22.0 / 25.0)
    low, high = below.get_ylim()
    assert low < 0.88 < 1.0 < high


def test_log_axes():
    growing = np.geomspace(0.005, 4.0, 21)
    (axis,) = drawn([projection(growing, "energy_keV")])
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "log")
    assert axis.get_ylim()[0] > 0.0
    (axis,) = drawn([projection(growing, "energy_keV")], residual=True)
    assert (axis.get_xscale(), axis.get_yscale()) == ("log", "linear")
    (axis,) = drawn([projection(growing, "energy_keV")], log="")
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "linear")
    (axis,) = drawn([projection()])
    assert (axis.get_xscale(), axis.get_yscale()) == ("linear", "linear")
    (axis,) = drawn([projection()], log="xy")  # from zero on: the axis begins within the first bin
    assert axis.get_xlim() == (0.5, 6.0)


def test_refused():
    with pytest.raises(ParameterError, match="one of x, y and xy"):
        PlotStyle(log="z")
    with pytest.raises(ParameterError, match="below zero"):
        PlotStyle(log="y", residual=True)


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("us", "µs"),
        ("GeV^-2", "GeV$^{-2}$"),
        ("1e-32 cm^2", "$10^{-32}$ cm$^{2}$"),
        ("sigma", r"$\sigma$"),
        ("counts", "counts"),
    ],
)
def test_units_in_figures(text, written):
    assert unit_in_figures(text) == written
