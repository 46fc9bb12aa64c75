"""Corner plots and marginals: what they show, of one posterior or of several, without sampling."""

import dataclasses

import numpy as np
import numpyro.distributions as dist
import pytest
import xarray

from cevnsjax.errors import CevnsjaxError, OutputError, UnknownNameError
from cevnsjax.inference import Drawn, plot_corner, plot_marginals
from cevnsjax.inference.corner_panels import is_flat, region_heights, smooth_density
from cevnsjax.inference.drawn import DERIVED, NUISANCE, Quantity, Scale
from cevnsjax.inference.figure_parts import value_text
from cevnsjax.inference.plots import corner_figure
from cevnsjax.parameter import Parameter

QUANTITIES = (
    Quantity("eps", r"$\epsilon^u_{ee}$", prior=dist.Uniform(-1.0, 1.0), standard_model=0.0),
    Quantity("mass", "$m_{Z'}$", "MeV", prior=dist.LogUniform(0.01, 1e5)),
    Quantity("lar.brn_events", "BRN events (lar)", "events", NUISANCE, dist.TruncatedNormal(18.0, 4.0, low=0.0)),
    Quantity("cevns_events", "CEvNS events", "events", DERIVED),
)


@pytest.fixture
def one():
    generator, draws = np.random.default_rng(1), 2000
    samples = {
        "eps": np.where(np.arange(draws) % 2, 0.0, 0.4) + generator.normal(0.0, 0.03, draws),
        "mass": 10.0 ** generator.uniform(-2.0, 4.0, draws),
        "lar.brn_events": 18.0 + 3.0 * generator.normal(size=draws),
        "cevns_events": 300.0 + 20.0 * generator.normal(size=draws),
    }
    return Drawn("coherent-lar, model nsi", {each.name: each for each in QUANTITIES}, samples)


def legend(figure):
    (found,) = figure.legends
    return found.get_title().get_text(), [text.get_text() for text in found.get_texts()]


def test_corner(one):
    figure = corner_figure([one], ["eps", "mass", "lar.brn_events"])
    axes = np.full((3, 3), None)
    axes[np.tril_indices(3)] = figure.axes
    assert legend(figure) == ("coherent-lar, model nsi", ["68 and 90 % credible", "prior", "Standard Model"])
    titles = [axes[i, i].get_title() for i in range(3)]
    assert titles[0].startswith(r"$\epsilon^u_{ee}$")
    assert titles[0].count("[") == 2
    assert " or\n" in titles[0]
    assert titles[1].startswith(r"$\log_{10}$($m_{Z'}$ / MeV)")
    assert titles[2].startswith("BRN events")
    assert "/ events" not in titles[2]
    # the prior and the Standard Model above; the latter through all panels of its parameter
    styles = [[line.get_linestyle() for line in axis.lines] for axis in axes[:, 0]]
    assert styles == [[":", "--"], ["--"], ["--"]]
    # flat in the logarithm, over seven decades
    (prior,) = axes[1, 1].lines
    np.testing.assert_allclose(prior.get_ydata(), 1.0 / 7.0, rtol=1e-5)


def test_what_is_left_out(one, tmp_path):
    assert plot_corner(one, tmp_path / "all.svg") == []
    assert plot_corner(one, tmp_path / "some.svg", ["cevns_events", "eps"]) == ["mass", "lar.brn_events"]
    many = {f"p{i}": Quantity(f"p{i}", f"p{i}") for i in range(14)}
    drawn = Drawn("many", many, {name: np.arange(10.0) for name in many})
    assert drawn.choose(None, 12) == ([f"p{i}" for i in range(12)], ["p12", "p13"])
    with pytest.raises(UnknownNameError, match="did you mean 'mass'"):
        plot_corner(one, tmp_path / "none.svg", ["mas"])
    with pytest.raises(CevnsjaxError, match="12 parameters needs more draws than these 10"):
        plot_corner(drawn, tmp_path / "none.svg")
    assert not (tmp_path / "none.svg").exists()


def test_sentence_in_the_figure(one, tmp_path, monkeypatch):
    monkeypatch.setattr("matplotlib.rcParams", {**__import__("matplotlib").rcParams, "svg.fonttype": "none"})
    plot_corner(one, tmp_path / "some.svg", ["eps"])
    assert "2 more parameters not drawn: mass, lar.brn_events." in (tmp_path / "some.svg").read_text()


def test_several(one, tmp_path):
    other = dataclasses.replace(
        one,
        title="two, model nsi",
        quantities={name: each for name, each in one.quantities.items() if name != "mass"},
    )
    figure = corner_figure([one, other], ["eps", "lar.brn_events"])
    title, names = legend(figure)
    assert title == "contours: 68 and 90 % credible"
    assert names == ["coherent-lar, model nsi", "two, model nsi", "prior", "Standard Model"]
    assert figure.axes[0].get_title() == r"$\epsilon^u_{ee}$"  # no numbers of one of them
    assert plot_corner([one, other], tmp_path / "corner.svg") == ["mass"]
    assert plot_marginals([one, other], tmp_path / "marginals.svg") == ["mass"]
    with pytest.raises(UnknownNameError, match="mass"):
        plot_corner([one, other], tmp_path / "none.svg", ["mass"])
    apart = dataclasses.replace(one, title="three", quantities={"x": Quantity("x", "x")}, samples={"x": np.arange(3.0)})
    with pytest.raises(CevnsjaxError, match="no parameter in common"):
        plot_marginals([one, apart], tmp_path / "none.svg")


def test_numbers_of_a_title():
    draws = np.random.default_rng(1).normal(0.0, 1.0, 4000)
    low, high = np.quantile(draws, [0.16, 0.84])
    assert value_text(draws - np.median(draws) - 0.001, [[low, high]]).startswith("$0.00^{+")
    assert value_text(draws, [[-0.03, 0.0301], [0.4, 0.43]]) == "[-0.030, 0.030] or\n[0.400, 0.430]"


@pytest.mark.parametrize("quantity", QUANTITIES, ids=lambda quantity: quantity.name)
def test_description_in_a_file(quantity):
    again = Quantity.from_attributes(quantity.name, quantity.to_attributes())
    assert dataclasses.replace(again, prior=None) == dataclasses.replace(quantity, prior=None)
    assert type(again.prior) is type(quantity.prior)


@pytest.mark.parametrize(
    ("prior", "scale", "ends"),
    [
        (dist.LogUniform(0.01, 1e5), Scale(logarithmic=True), (-3.0, 6.0)),
        (dist.Uniform(-1e-7, 1e-7), Scale(power=-8), (-11.0, 11.0)),
        (dist.TruncatedNormal(1.0, 0.5, low=0.0), Scale(), (-1.0, 6.0)),
    ],
)
def test_density_of_a_prior(prior, scale, ends):
    places = np.linspace(*ends, 40_001)
    assert np.trapezoid(scale.density(prior, places), places) == pytest.approx(1.0, abs=1e-3)


def test_small_numbers_are_over_a_power_of_ten():
    quantity = Quantity("moment_ee", r"$\mu_{ee}$", "mu_B")
    scale = Scale.of(quantity, np.linspace(-4e-9, 4e-9, 101))
    assert scale.power == -9
    assert scale.label(quantity) == r"$\mu_{ee}$ / $10^{-9}$ $\mu_\mathrm{B}$"
    np.testing.assert_allclose(scale.values(2e-9), 2.0)
    assert Scale.of(Quantity("x", "x"), np.zeros(5)).power == 0


def test_files_that_are_no_posterior(tmp_path):
    (tmp_path / "posterior.nc").write_text("nothing")
    with pytest.raises(OutputError, match="cannot be read as the posterior"):
        Drawn.read(tmp_path / "posterior.nc")
    xarray.Dataset().to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(OutputError, match="cannot be read as the posterior"):
        Drawn.read(tmp_path / "other.nc")


@pytest.mark.parametrize(
    ("name", "symbol", "label"),
    [
        ("coherent-csi-2021.brn_events", "", "BRN events (coherent-csi-2021)"),
        ("conus.lindhard_k", "$k$", "$k$ (conus)"),
        ("target.nuclides.Cs133.mass_MeV", "", "mass MeV (target nuclides Cs133)"),
    ],
)
def test_labels(name, symbol, label):
    assert Parameter(name, dist.Normal(0.0, 1.0), name, symbol=symbol).label == label


def test_regions_of_a_normal_distribution():
    """Areas of the regions of highest density are -2 pi log(1 - share), but for the width of the bins."""
    values = np.random.default_rng(0).normal(size=(400_000, 2))
    places, density = smooth_density(values, [np.linspace(-5.0, 5.0, 101)] * 2)
    for share, height in zip((0.68, 0.9), region_heights(density, (0.68, 0.9)), strict=True):
        area = 0.01 * np.sum(density[1:-1, 1:-1] > height)
        assert area == pytest.approx(-2.0 * np.pi * np.log(1.0 - share), rel=0.03)
    assert [each.size for each in places] == [102, 102]
    assert (places[0][0], places[0][1], places[0][-1]) == pytest.approx((-5.0, -4.95, 5.0))


def test_regions_of_a_few_draws_differ():
    """All of them in one bin."""
    _, density = smooth_density(np.zeros((3, 2)), [np.linspace(-1.0, 1.0, 4)] * 2)
    first, second = region_heights(density, (0.68, 0.9))
    assert 0.0 < second < first


def test_an_even_density_has_no_regions():
    random = np.random.default_rng(2)
    bins = [np.linspace(0.0, 1.0, 26)] * 2
    assert is_flat(random.uniform(size=(12_000, 2)), bins)
    assert not is_flat(random.uniform(size=(12_000, 2)) ** [1.0, 1.5], bins)
    assert not is_flat(random.uniform(size=(12_000, 2)) * [1.0, 0.5], bins)
    for few in (3, 30, 300, 3000):
        assert not is_flat(random.normal(0.5, 0.15, size=(few, 2)), bins)
