"""Profile-likelihood maps: against the one-point minimiser, exact properties, and what they refuse."""

import os
import signal

import equinox as eqx
import jax
import numpy as np
import numpyro.distributions as dist
import pytest
import xarray
from minimiser import scipy_maximum
from scipy.ndimage import label

from cevnsjax.errors import CevnsjaxError, ParameterError, UnknownNameError
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.inference import (
    InterruptedScan,
    Model,
    build_model,
    maximum,
    plot_profile_map,
    profile_interval,
    profile_map,
)
from cevnsjax.inference.map_axes import is_logarithmic
from cevnsjax.inference.scan_plots import thresholds
from cevnsjax.parameter import Parameter

pytestmark = pytest.mark.usefixtures("standard_promotion")

# the response is a constant matrix: little to compile, and six parameters to profile
FIXED = ("quenching_0", "quenching_1", "efficiency", "nin_delay")
EPS = {"eps_ee_u": np.linspace(-0.6, 0.9, 12), "eps_ee_d": np.linspace(-0.5, 1.0, 11)}
NORM = Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm")
STEADY = Parameter("steady_state_events", dist.Uniform(600.0, 2000.0), "backgrounds.steady_state.events", "events")


@pytest.fixture(scope="module")
def experiment():
    return coherent_csi_2021()


@pytest.fixture(scope="module")
def model(experiment):
    with jax.numpy_dtype_promotion("standard"):
        return build_model(experiment, "nsi", fixed=FIXED)


@pytest.fixture(scope="module")
def found(model):
    with jax.numpy_dtype_promotion("standard"):
        return profile_map(model, EPS)


@pytest.fixture(scope="module")
def small_model(experiment):
    return Model(experiment, [NORM, STEADY])


def test_agrees_with_a_minimiser_of_scipy(model, found):
    """From the map's own solution there is nothing left to gain. From the middle of the priors either may end in the
    better minimum (delays of the neutron templates have several, up to tenths of a unit apart), most often in the same.
    """
    assert found.converged.all()
    # the density of the two flat priors that the map leaves out
    rng, flat = np.random.default_rng(1), 2.0 * np.log(0.5)
    gains = []
    for i, j in zip(rng.integers(12, size=6), rng.integers(11, size=6), strict=True):
        at = {"eps_ee_u": float(EPS["eps_ee_u"][i]), "eps_ee_d": float(EPS["eps_ee_d"][j])}
        solution = {name: float(values[i, j]) for name, values in found.nuisances.items()}
        height = found.log_density[i, j] + flat
        assert height == pytest.approx(scipy_maximum(model, at, solution), abs=1e-5)
        gains.append(height - scipy_maximum(model, at))
        direct = model.log_likelihood(at | solution) + model.log_prior(solution)
        assert found.log_density[i, j] == pytest.approx(float(direct), abs=1e-9)
    assert np.abs(gains).max() < 0.5
    assert np.median(np.abs(gains)) < 1e-5


@pytest.mark.slow
def test_best_fit_lies_between_the_points(model, found):
    assert found.delta_chi2.min() > 0.0
    best = maximum(model, start=found.best.values)
    inside = all(EPS[name][0] < best.values[name] < EPS[name][-1] for name in EPS)
    floor = found.best.log_density + 2.0 * np.log(0.5)
    assert floor == pytest.approx(best.log_density, abs=1e-6) if inside else floor <= best.log_density + 1e-6


@pytest.mark.slow
def test_best_fit_of_a_box_without_the_best_fit(small_model):
    """At the edge of the box, with the steady state fitted there."""
    found = profile_map(small_model, {"signal_norm": np.linspace(1.6, 2.5, 5)})
    assert found.best.values["signal_norm"] == 1.6
    assert found.delta_chi2[0] == pytest.approx(0.0, abs=1e-9)
    assert np.all(np.diff(found.delta_chi2) > 0.0)


@pytest.mark.slow
def test_does_not_depend_on_blocks(small_model):
    grid = {"signal_norm": np.linspace(0.1, 2.9, 61)}
    whole, parts = profile_map(small_model, grid), profile_map(small_model, grid, batch_size=7, block_size=21)
    np.testing.assert_allclose(parts.log_density, whole.log_density, rtol=0, atol=1e-9)
    assert parts.converged.all()


@pytest.mark.slow
def test_does_not_depend_on_blocks_with_many_nuisances(model, found):
    other = profile_map(model, EPS, batch_size=7, block_size=42)
    np.testing.assert_allclose(other.log_density, found.log_density, rtol=0, atol=1e-7)
    assert other.converged.all()


def test_a_gridded_nuisance_keeps_its_prior(experiment):
    """Its prior is a measurement: the map is that of likelihood times prior."""
    model = build_model(experiment, "sm", fixed=[p.name for p in experiment.nuisances if p.name != "brn_events"])
    events = np.array([10.0, 18.4, 30.0])
    found = profile_map(model, {"brn_events": events, "signal_norm": np.array([0.9, 1.0])})
    for i, value in enumerate(events):
        expected = model.log_density({"brn_events": value, "signal_norm": 1.0}) - np.log(1 / 3)  # Uniform(0, 3)
        np.testing.assert_allclose(found.log_density[i, 1], float(expected), rtol=1e-10)


@pytest.mark.slow
def test_priors_of_gridded_parameters_are_left_out(experiment):
    """A tilted prior on the gridded parameter changes nothing, one on a profiled parameter does."""
    grid = {"signal_norm": np.geomspace(0.5, 2.0, 9)}
    maps = {}
    for prior in (dist.Uniform(0.0, 3.0), dist.LogUniform(0.1, 10.0)):
        maps[prior] = profile_map(Model(experiment, [Parameter("signal_norm", prior, "signal_norm"), STEADY]), grid)
    flat, tilted = maps.values()
    np.testing.assert_allclose(tilted.log_density, flat.log_density, rtol=0, atol=1e-7)
    np.testing.assert_allclose(tilted.delta_chi2, flat.delta_chi2, rtol=0, atol=1e-6)
    assert flat.best.values["signal_norm"] == pytest.approx(tilted.best.values["signal_norm"], abs=1e-4)
    pulled = Parameter("steady_state_events", dist.Normal(1400.0, 10.0), STEADY.where)
    other = profile_map(Model(experiment, [NORM, pulled]), grid)
    assert np.abs(other.delta_chi2 - flat.delta_chi2).max() > 0.1


def test_one_parameter_reproduces_profile_interval(small_model):
    values = np.linspace(0.5, 1.6, 23)
    found = profile_map(small_model, {"signal_norm": values})
    for level in (0.6827, 0.9):
        interval = profile_interval(small_model, "signal_norm", level)
        ((low, high),) = found.intervals("signal_norm", level)
        assert low == pytest.approx(interval.lower, abs=2e-4)
        assert high == pytest.approx(interval.upper, abs=2e-4)
    assert found.best.values["signal_norm"] == pytest.approx(interval.best, abs=1e-5)
    best = maximum(small_model)
    for value, height in zip(values[::6], found.delta_chi2[::6], strict=True):
        drop = 2.0 * (best.log_density - maximum(small_model, {"signal_norm": float(value)}).log_density)
        assert height == pytest.approx(drop, abs=1e-6)


@pytest.mark.slow
def test_nothing_left_to_profile(experiment, small_model):
    """Without anything to profile a map is the likelihood itself, with the prior of a nuisance that is on the grid."""
    grid = {"signal_norm": np.linspace(0.2, 2.0, 5), "steady_state_events": np.linspace(1100.0, 1500.0, 4)}
    found = profile_map(small_model, grid)
    for i, a in enumerate(grid["signal_norm"]):
        for j, b in enumerate(grid["steady_state_events"]):
            direct = small_model.log_likelihood({"signal_norm": a, "steady_state_events": b})
            direct = direct + small_model.log_prior({"steady_state_events": b})
            assert found.log_density[i, j] == pytest.approx(float(direct), rel=1e-12)
    assert found.best.log_density >= found.log_density.max()
    single = profile_map(Model(experiment, [NORM]), {"signal_norm": np.linspace(0.6, 1.4, 17)})
    ((low, high),) = single.intervals("signal_norm", 0.6827)
    interval = profile_interval(Model(experiment, [NORM]), "signal_norm")
    assert (low, high) == pytest.approx((interval.lower, interval.upper), abs=5e-4)


def test_two_bands(found):
    """The amplitude of nu_e has either sign: across the bands the profile has two minima, with a hill between."""
    from scipy.signal import find_peaks

    across = found.delta_chi2[5]
    valleys, _ = find_peaks(-across)
    assert len(valleys) == 2
    first, second = valleys
    assert across[first : second + 1].max() > max(across[first], across[second]) + 2.0
    # the bands run along constant Z (2 u + d) + N (u + 2 d)
    protons, neutrons = 54.0, 76.0
    slope = -(2.0 * protons + neutrons) / (protons + 2.0 * neutrons)
    lowest = [EPS["eps_ee_d"][np.argmin(row[: len(row)])] for row in found.delta_chi2]
    u, d = np.meshgrid(EPS["eps_ee_u"], EPS["eps_ee_d"], indexing="ij")
    allowed = found.delta_chi2 < 4.61
    amplitude = protons * (0.0382 + 2.0 * u + d) + neutrons * (-0.5117 + u + 2.0 * d)
    assert allowed.any()
    assert np.abs(amplitude[allowed]).max() < np.abs(amplitude[found.delta_chi2 > 20.0]).min()
    assert slope < 0.0
    assert lowest[0] > lowest[-1]


@pytest.mark.slow
@pytest.mark.parametrize("largest", [1e300])
def test_extreme_values_give_no_nan(experiment, largest):
    """Couplings that nobody asks for: an amplitude squared beyond floating-point numbers has no likelihood at all."""
    name = "eps_ee_u"
    parameters = [
        Parameter(p.name, dist.Uniform(-largest, largest), p.where) if p.name == name else p
        for p in build_model(experiment, "nsi", free=[name], fixed=FIXED).parameters
        if p.name in (name, "sns_flux_norm", "steady_state_events")
    ]
    template = build_model(experiment, "nsi", free=[name], fixed=FIXED)
    model = Model(template.experiment, parameters)
    found = profile_map(model, {name: np.array([-largest, -1.0, 0.0, 1.0, largest])}, refine=False)
    assert not np.isnan(found.delta_chi2).any()
    assert np.isfinite(found.delta_chi2[1:4]).all()
    assert found.delta_chi2[0] > 100.0
    assert found.delta_chi2[-1] > 100.0
    assert not np.isnan(found.best.log_density)
    assert found.converged[1:4].all()
    assert not np.any(found.converged & ~np.isfinite(found.log_density))


def test_zero_expected_counts_are_no_nan(experiment):
    """No background at all in bins with counts: the floor of the likelihood, which is finite."""
    parameter = Parameter("steady_state_events", dist.Uniform(0.0, 2000.0), STEADY.where, "events")
    grid = {"steady_state_events": np.linspace(0.0, 2000.0, 5)}
    found = profile_map(Model(experiment, [parameter, NORM]), grid, refine=False)
    assert np.isfinite(found.delta_chi2).all()
    assert found.delta_chi2.argmax() == 0
    assert found.converged[1:].all()


@pytest.mark.slow
def test_float32(experiment, found):
    with jax.enable_x64(False):
        low = profile_map(build_model(coherent_csi_2021(), "nsi", fixed=FIXED), EPS)
    assert low.model.scale.dtype == np.float32
    assert low.converged.mean() > 0.97
    allowed = found.delta_chi2 < 20.0
    difference = np.abs(low.delta_chi2 - found.delta_chi2)[allowed]
    assert np.median(difference) < 0.005
    assert difference.max() < 0.2, "a fit may end in the next minimum of a delay"
    assert np.isfinite(low.delta_chi2).all()


def test_other_data(experiment, small_model):
    toy = np.random.default_rng(3).poisson(np.asarray(experiment.expected())).astype(float)
    grid = {"signal_norm": np.linspace(0.5, 1.5, 5)}
    given = profile_map(small_model, grid, observed=toy)
    rebuilt = profile_map(Model(experiment.with_observed(toy), [NORM, STEADY]), grid)
    np.testing.assert_allclose(given.log_density, rebuilt.log_density, rtol=1e-9)
    assert np.abs(given.log_density - profile_map(small_model, grid).log_density).max() > 1.0


def test_interrupted(model):
    """The coarse points that are done are those of the whole map; what is not done is NaN."""
    calls = []

    def press(done, total):
        calls.append((done, total))
        if 0 < done < total and len([1 for before, _ in calls if before]) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    grid = {"eps_ee_u": np.linspace(-0.5, 0.5, 30), "eps_ee_d": np.linspace(-0.5, 0.5, 30)}
    with pytest.raises(InterruptedScan, match=r"Interrupted after \d+ of 900 points") as stopped:
        profile_map(model, grid, progress=press)
    partial = stopped.value.partial
    assert 0 < partial.computed.sum() < 900
    assert np.isnan(partial.delta_chi2[~partial.computed]).all()
    assert np.isfinite(partial.delta_chi2[partial.computed]).all()
    assert not partial.converged[~partial.computed].any()
    assert all(np.isnan(values[~partial.computed]).all() for values in partial.nuisances.values())
    i, j = np.argwhere(partial.computed)[0]
    at = {"eps_ee_u": float(grid["eps_ee_u"][i]), "eps_ee_d": float(grid["eps_ee_d"][j])}
    solution = {name: float(values[i, j]) for name, values in partial.nuisances.items()}
    same = maximum(model, at, start=solution).log_density - 2.0 * np.log(0.5)
    assert partial.log_density[i, j] == pytest.approx(same, abs=1e-6)
    with pytest.raises(InterruptedScan, match="after 0 of") as early:
        profile_map(model, grid, progress=lambda done, total: os.kill(os.getpid(), signal.SIGINT))
    assert early.value.partial is None


@pytest.fixture(scope="module")
def coarse(small_model):
    """A minimum between two of eight points that show nothing of it."""
    with jax.numpy_dtype_promotion("standard"):
        return profile_map(small_model, {"signal_norm": np.linspace(0.1, 2.9, 8)})


def test_points_are_added_at_a_minimum_that_the_grid_does_not_resolve(small_model, coarse):
    """Fits there are as good as those of the one-point minimiser, and the interval is that of the other way to it."""
    assert coarse.added.number >= 4
    assert coarse.added.unresolved == 0
    assert coarse.log_density.shape == (8,)
    best = maximum(small_model)
    for value, height in zip(coarse.added.values["signal_norm"], coarse.added_delta_chi2, strict=True):
        drop = 2.0 * (best.log_density - maximum(small_model, {"signal_norm": float(value)}).log_density)
        assert height == pytest.approx(drop, abs=1e-6)
    interval = profile_interval(small_model, "signal_norm", 0.9)
    assert coarse.intervals("signal_norm")[0] == pytest.approx((interval.lower, interval.upper), abs=2e-4)
    assert len(coarse.intervals("signal_norm")) == 1
    plain = profile_map(small_model, coarse.grid, refine=False)
    assert plain.added.number == 0
    assert plain.added.unresolved > 0
    np.testing.assert_allclose(plain.log_density, coarse.log_density, rtol=0, atol=1e-9)
    assert abs(plain.intervals("signal_norm")[0][0] - interval.lower) > 5e-4


@pytest.mark.slow
def test_reversed_amplitude_is_one_band(experiment):
    """A light vector boson whose amplitude is minus twice that of the Standard Model, on steps wider than the band."""
    names = [nuisance.name for nuisance in experiment.nuisances if nuisance.name != "sns_flux_norm"]
    model = build_model(experiment, "zprime", fixed=names)
    found = profile_map(model, {"mass": np.geomspace(100.0, 1e4, 40), "coupling": np.geomspace(1e-5, 1e-2, 48)})
    assert found.added.unresolved == 0
    assert found.not_converged == 0
    _, drawn = found.drawn()
    for level in thresholds(2).values():
        assert label(found.delta_chi2 < level)[1] > 2
        assert label(drawn < level)[1] == 2
    # each coupling has a mass at which it is that of the band
    assert np.all(found.profile("coupling")[found.grid["coupling"] > 3e-4] < 3.0)


def test_added_points_in_the_file(coarse, found, tmp_path):
    coarse.to_netcdf(tmp_path / "scan.nc")
    with xarray.open_dataset(tmp_path / "scan.nc", engine="h5netcdf") as stored:
        assert stored["delta_chi2"].dims == ("signal_norm",)
        for name in ("signal_norm", "delta_chi2", "steady_state_events", "converged", "gradient", "log_density"):
            assert stored[f"added_{name}"].dims == ("added_point",)
            assert stored[f"added_{name}"].attrs["unit"] == stored[name].attrs["unit"]
        np.testing.assert_array_equal(stored["added_delta_chi2"], coarse.added_delta_chi2)
        np.testing.assert_array_equal(stored["added_signal_norm"], coarse.added.values["signal_norm"])
        assert stored["signal_norm"].attrs["limits"].startswith("68 %: ")
    plot_profile_map(coarse, tmp_path / "scan.png")
    assert not any(name.startswith("added") for name in found.to_dataset().variables) or found.added.number


def test_interrupted_while_points_are_added(small_model):
    """The grid is whole then, and what was added so far is in the map."""

    def press(done, total):
        if total > 8:
            os.kill(os.getpid(), signal.SIGINT)

    grid = {"signal_norm": np.linspace(0.1, 2.9, 8)}
    with pytest.raises(InterruptedScan, match=r"of \d+ points, those of the grid among them\.") as stopped:
        profile_map(small_model, grid, progress=press)
    partial = stopped.value.partial
    assert partial.computed.all()
    assert partial.added.number > 0
    assert np.isfinite(partial.added_delta_chi2).all()


def test_netcdf(found, tmp_path):
    found.to_netcdf(tmp_path / "scan.nc")
    with xarray.open_dataset(tmp_path / "scan.nc", engine="h5netcdf") as stored:
        assert stored["delta_chi2"].dims == tuple(EPS)
        np.testing.assert_array_equal(stored["delta_chi2"], found.delta_chi2)
        np.testing.assert_array_equal(stored["eps_ee_u"], EPS["eps_ee_u"])
        np.testing.assert_array_equal(stored["brn_delay"], found.nuisances["brn_delay"])
        assert stored["converged"].to_numpy().all()
        assert stored["brn_delay"].attrs["unit"] == "us"
        assert stored["eps_ee_u"].attrs["prior"] == "Uniform(-1, 1), left out of log_density"
        assert stored.attrs["experiment"] == "coherent-csi-2021"
        assert stored.attrs["best_fit_log_density"] == found.best.log_density


@pytest.mark.parametrize("number", [1, 2])
def test_plots(found, small_model, tmp_path, number):
    one = {"signal_norm": np.geomspace(0.5, 1.6, 8)}
    scan = found if number == 2 else profile_map(small_model, one)
    plot_profile_map(scan, tmp_path / "scan.png")
    assert (tmp_path / "scan.png").read_bytes().startswith(b"\x89PNG")
    assert list(thresholds(2).values()) == pytest.approx([2.30, 4.61, 5.99], abs=0.005)
    assert list(thresholds(1).values()) == pytest.approx([1.00, 2.71, 3.84], abs=0.005)


def test_spacing():
    assert is_logarithmic(np.geomspace(1e-3, 10.0, 5))
    assert not is_logarithmic(np.linspace(1.0, 10.0, 5))
    assert not is_logarithmic(np.linspace(-1.0, 1.0, 5))
    assert not is_logarithmic(np.array([1.0, 10.0]))


@pytest.mark.parametrize(
    ("grid", "error", "message"),
    [
        ({}, ParameterError, "one or two parameters, got 0"),
        ({"signal_nrm": [0.5, 1.0]}, UnknownNameError, "did you mean 'signal_norm'"),
        ({"signal_norm": [1.0]}, ParameterError, "at least 2 values"),
        ({"signal_norm": [[1.0, 2.0]]}, ParameterError, "at least 2 values"),
        ({"signal_norm": [1.0, 0.5]}, ParameterError, "increase strictly"),
        ({"signal_norm": [0.5, np.nan]}, ParameterError, "finite"),
        ({"signal_norm": [0.5, 3.5]}, ParameterError, r"reaches 3.5, outside the support of its prior Uniform\(0, 3\)"),
        ({"signal_norm": [0.5, 1.0], "steady_state_events": [100.0, 1000.0]}, ParameterError, "reaches 100"),
        (
            {"signal_norm": np.linspace(0.5, 1.0, 3000), "steady_state_events": np.linspace(700.0, 900.0, 3000)},
            ParameterError,
            "9000000 points",
        ),
    ],
)
def test_messages(small_model, grid, error, message):
    with pytest.raises(error, match=message):
        profile_map(small_model, grid)


def test_messages_of_intervals(found):
    with pytest.raises(UnknownNameError, match="gridded parameter"):
        found.intervals("brn_delay")
    with pytest.raises(CevnsjaxError, match="between 0 and 1"):
        found.intervals("eps_ee_u", 90.0)


def test_converged_is_where_the_gradient_vanishes(model, found):
    """What is reported against automatic differentiation of the model's own density; widths are at most one."""
    i, j = 3, 7
    values = {"eps_ee_u": EPS["eps_ee_u"][i], "eps_ee_d": EPS["eps_ee_d"][j]}
    values |= {name: array[i, j] for name, array in found.nuisances.items()}
    latent = model.to_latent(values)

    @eqx.filter_jit
    def derivatives(z):
        def function(at):
            return model.log_density(model.from_latent(at))

        return jax.grad(function)(z), jax.hessian(function)(z)

    gradient, hessian = (np.asarray(array) for array in derivatives(latent))
    profiled = [k for k, name in enumerate(model.names) if name not in EPS]
    gradient, widest = gradient[profiled], np.sqrt(np.maximum(-np.diag(hessian)[profiled], 1.0))
    assert np.abs(gradient).max() == pytest.approx(found.gradient[i, j], abs=1e-6)
    assert np.abs(gradient / widest).max() < 1.1e-5
    assert found.gradient[found.delta_chi2 < 25.0].max() < 1e-5 * 50.0
    # less is asked of what is far above
    assert np.all(found.gradient < (1e-5 + 1e-4 * found.delta_chi2) * 50.0)
    assert found.converged.all()
