"""Time and memory of the COHERENT CsI[Na] likelihood, beside the same physics computed the usual ways.

    python benchmarks/csi_likelihood.py [--quick] [--json FILE] [--part NAME]

Every part runs in a process of its own, one after the other, and reports medians and minima of several repeats after
a first call that compiles. What each line means is in ``benchmarks/README.md``. The script measures on whatever JAX
finds; its figures mean nothing without the machine that is printed with them.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import baselines
import emcee
import equinox as eqx
import jax
import numpy as np
import numpyro.distributions as dist
import typer
from machine import RUSAGE_UNIT, console_headed_by, machine
from rich.console import Console
from rich.table import Table

from cevnsjax.cross_section import NSI, Coherent, TreeLevel
from cevnsjax.experiment import coherent_csi_2021
from cevnsjax.flux import GaussianPulse, PionDecayArrival, Source
from cevnsjax.inference import AbstractSampler, Hmc, Model, Nuts, Schedule, build_model, sample
from cevnsjax.inference.diagnostics import bulk_effective_sample_size
from cevnsjax.parameter import Parameter
from cevnsjax.target import Helm
from cevnsjax.validation.coherent_csi_2021 import convention_experiment

PARTS = ("likelihood-float64", "likelihood-float32", "sampling", "memory")
GRID_POINTS = 200
MATCHED = "matched"
CASES = {
    "fixed response": "nsi; couplings, backgrounds, times float; quenching and efficiency fixed",
    "quenching floats": "nsi; quenching floats too, response tabulated",
    "everything floats": "sm; quenching and efficiency float",
    MATCHED: "the physics, convention and six parameters of the grids: quenching, couplings, neutron radius, norm",
}


# --------------------------------------------------------------------------------------------------------------------
# Measuring


@dataclass(frozen=True)
class Timing:
    """Microseconds per point, and the seconds of the first call, which compiles."""

    median_us: float
    minimum_us: float
    repeats: int
    first_call_s: float


def measure(call: Callable[[], Any], points: int, repeats: int, least_s: float = 0.05) -> Timing:
    """Time a call that evaluates a number of points; a repeat lasts ``least_s`` at least."""

    def elapsed(number: int) -> float:
        started = time.perf_counter()
        for _ in range(number):
            jax.block_until_ready(call())
        return time.perf_counter() - started

    first = elapsed(1)
    number = max(1, math.ceil(least_s / elapsed(1)))
    times = [1e6 * elapsed(number) / (number * points) for _ in range(repeats)]
    return Timing(float(np.median(times)), min(times), repeats, first)


# --------------------------------------------------------------------------------------------------------------------
# The models


def matched_model() -> Model:
    """The physics of ``baselines.CsIParameters`` with the parameters of ``baselines.GRID_THETA``."""
    p = baselines.CsIParameters()
    experiment = convention_experiment(
        Helm(p.neutron_radii[0]), Helm(p.neutron_radii[1]), TreeLevel((0.5 - p.g_p_e) / 2.0)
    )
    arrival = PionDecayArrival(GaussianPulse(p.t0, p.pulse_sigma))
    experiment = experiment.with_sources({"sns": Source(experiment.sources["sns"].flux, arrival)})
    coherent = experiment.interactions["cevns"]
    assert isinstance(coherent, Coherent)
    radii = tuple(f"target.nuclides.{name}.neutron_form_factor.rms_radius_fm" for name in ("Cs133", "I127"))
    return Model(
        experiment.with_interactions({"cevns": coherent.with_terms({"nsi": NSI()})}),
        [
            Parameter("quenching_0", dist.Normal(0.0, 1.0), "quenching.first_component"),
            Parameter("quenching_1", dist.Normal(0.0, 1.0), "quenching.second_component"),
            Parameter("eps_ee_u", dist.Uniform(-1.0, 1.0), "interactions.cevns.terms.nsi.up.ee"),
            Parameter("eps_ee_d", dist.Uniform(-1.0, 1.0), "interactions.cevns.terms.nsi.down.ee"),
            Parameter("neutron_radius", dist.Normal(5.1, 0.2), radii, "fm"),
            Parameter("signal_norm", dist.Uniform(0.0, 3.0), "signal_norm"),
        ],
    )


def models(quick: bool) -> dict[str, Model]:
    """The cases of :data:`CASES`; only the last of them in a small run."""
    if quick:
        return {MATCHED: matched_model()}
    experiment = coherent_csi_2021()
    return {
        "fixed response": build_model(experiment, "nsi", fixed=["efficiency", "quenching_0", "quenching_1"]),
        "quenching floats": build_model(experiment, "nsi", fixed=["efficiency"]),
        "everything floats": build_model(experiment, "sm"),
        MATCHED: matched_model(),
    }


def evaluate(model: Model, observed, latents, chunk: int | None):
    """Potential and gradient at many points: all at once, or in chunks (1: one after the other)."""
    point = jax.value_and_grad(lambda latent: model.potential(latent, observed))
    return jax.vmap(point)(latents) if chunk is None else jax.lax.map(point, latents, batch_size=chunk)


value_and_gradient = eqx.filter_jit(evaluate)


def on_leaves(model: Model, chunk: int | None) -> tuple[Any, Any]:
    """The same as a plain ``jax.jit`` of the model's arrays, data and latents, and those arrays."""
    arrays, rest = eqx.partition(model, eqx.is_array)
    return jax.jit(lambda a, observed, latents: evaluate(eqx.combine(a, rest), observed, latents, chunk)), arrays


# --------------------------------------------------------------------------------------------------------------------
# (a) Time per point


def likelihood(precision: str, quick: bool) -> dict[str, Any]:
    """Time per point of ours, and of the usual ways, in one precision."""
    repeats = 3 if quick else 9
    chunks = (64, 128) if jax.default_backend() == "cpu" else (1024, 4096)
    variants: dict[str, tuple[int, int | None]] = {
        "1": (1, None),
        "64 one by one in a compiled loop": (64, 1),
        "64": (64, None),
        "4096": (4096, None),
        **{f"4096 in chunks of {chunk}": (4096, chunk) for chunk in chunks},
    }
    if jax.default_backend() != "cpu":
        variants["65536"] = (65536, None)
    if quick:
        variants = {name: variants[name] for name in ("1", "64")}
    ours: dict[str, dict[str, Any]] = {}
    for case, model in models(quick).items():
        observed = model.experiment.observed
        (function, arrays), latents = on_leaves(model, None), model.prior_latents(jax.random.key(1), 1)
        timing = measure(lambda f=function, a=arrays, o=observed, x=latents: f(a, o, x), 1, repeats)
        ours[case] = {"1, plain jax.jit": asdict(timing)}
        for name, (batch, chunk) in variants.items():
            latents = model.prior_latents(jax.random.key(batch), batch)
            timing = measure(
                lambda m=model, o=observed, x=latents, c=chunk: value_and_gradient(m, o, x, c), batch, repeats
            )
            ours[case][name] = asdict(timing)
    usual = usual_ways(precision, quick, repeats)
    result = {"ours": ours, "usual": usual}
    if precision == "float64":
        result["agreement"] = agreement()
    result["ratios"] = ratios(ours, usual)
    return result


def usual_ways(precision: str, quick: bool, repeats: int) -> dict[str, Any]:
    """Time per point of the baselines."""
    usual: dict[str, Any] = {}
    p = baselines.CsIParameters()
    if precision == "float64":
        # SciPy takes a second and more: few repeats, and no first call to compile
        usual["nested quad (value)"] = asdict(
            measure(lambda: baselines.counts_nested_quad(p), 1, 1 if quick else 3, least_s=0.0)
        )
        usual["NumPy grid (value)"] = asdict(measure(lambda: baselines.counts_grid_numpy(p, GRID_POINTS), 1, repeats))
    batch = 4 if quick else 64
    noise = 0.05 * np.random.default_rng(0).normal(size=(batch, len(baselines.GRID_THETA)))
    thetas = jax.numpy.asarray(np.asarray(baselines.GRID_THETA_DEFAULT) + noise, dtype=precision)
    for mesh in (True, False):
        point = jax.value_and_grad(baselines.make_grid_jax(precision, GRID_POINTS, mesh=mesh))
        ways = {
            "single calls": (jax.jit(point), thetas[0], 1),
            f"vmap {batch}": (jax.jit(jax.vmap(point)), thetas, batch),
            "lax.map": (jax.jit(lambda x, f=point: jax.lax.map(f, x)), thetas, batch),
            "lax.map in chunks of 4": (jax.jit(lambda x, f=point: jax.lax.map(f, x, batch_size=4)), thetas, batch),
        }
        for name, (function, argument, points) in list(ways.items())[: 2 if quick else None]:
            timing = measure(lambda f=function, x=argument: f(x), points, min(repeats, 5))
            usual[f"JAX grid, {'mesh' if mesh else 'no mesh'}, {name}"] = asdict(timing)
    return usual


def ratios(ours: dict, usual: dict) -> dict[str, dict[str, dict[str, float]]]:
    """How many times longer than ours at batch 64 each usual way takes, for every case."""
    grids = sorted((name for name in usual if name.startswith("JAX grid")), key=lambda name: usual[name]["median_us"])
    rows = {name: name for name in usual if name not in grids}
    for label, name in (
        ("naive", next(name for name in usual if "grid, mesh, vmap" in name)),
        ("best with mesh", next(name for name in grids if "no mesh" not in name)),
        ("best of all", grids[0]),
    ):
        rows[f"{name} ({label})"] = name
    return {
        label: {
            case: {kind: usual[name][f"{kind}_us"] / timings["64"][f"{kind}_us"] for kind in ("median", "minimum")}
            for case, timings in ours.items()
        }
        for label, name in rows.items()
    }


def agreement() -> dict[str, float]:
    """Largest relative difference of counts per flavour and bin from the oracle, over its largest bin."""
    p = baselines.CsIParameters()
    oracle = baselines.energy_counts_quad(p)
    experiment = matched_model().at({})
    events = np.asarray(experiment.spectrum("cevns", "sns").flat().events)
    grid = jax.jit(baselines.make_grid_jax("float64", GRID_POINTS, return_counts=True))
    counts = {
        "cevnsjax": events @ np.asarray(experiment.kernel("cevns", "sns")),
        "nested quad": baselines.counts_nested_quad(p)[0],
        "NumPy grid": baselines.counts_grid_numpy(p, GRID_POINTS),
        "JAX grid": np.asarray(grid(jax.numpy.asarray(baselines.GRID_THETA_DEFAULT))),
    }
    return {name: float(np.abs(values - oracle).max() / oracle.max()) for name, values in counts.items()}


# --------------------------------------------------------------------------------------------------------------------
# (b) Time to a thousand effective samples


def sampling(quick: bool) -> dict[str, Any]:
    """Warm-up and sampling of the ``sm`` fit: HMC and NUTS of the package, and emcee on the same density."""
    model = build_model(coherent_csi_2021(), "sm")
    ways = {"HMC": (Hmc(), Schedule(warmup=100)), "NUTS": (Nuts(), Schedule(8, 300, 500))}
    if quick:
        ways = {name: (sampler, Schedule(2, 50, 50)) for name, (sampler, _) in ways.items()}
    methods: dict[str, Any] = {}
    for name, (sampler, schedule) in ways.items():
        first, *runs = (sampled(model, jax.random.key(seed), schedule, sampler) for seed in range(2 if quick else 4))
        median = {quantity: float(np.median([run[quantity] for run in runs])) for quantity in runs[0]}
        methods[name] = {"first_run_s": first["total_s"], "schedule": asdict(schedule), "runs": runs, **median}
    methods["emcee"] = ensemble(model, 32 if quick else 128, *((20, 50) if quick else (1000, 3000)))
    return methods


def sampled(model: Model, key, schedule: Schedule, sampler: AbstractSampler) -> dict[str, float]:
    """One run of a sampler of the package."""
    ends: dict[str, float] = {}
    started = time.perf_counter()
    posterior = sample(
        model, key, schedule, sampler=sampler, progress=lambda stage, *_: ends.update({stage: time.perf_counter()})
    )
    total = time.perf_counter() - started
    warmup = ends["warm-up"] - started
    size = min(bulk_effective_sample_size(values) for values in posterior.samples.values())
    rate = size / (total - warmup)
    return {
        "total_s": total,
        "warmup_s": warmup,
        "sampling_s": total - warmup,
        "min_bulk_ess": size,
        "ess_per_s": rate,
        "time_to_1000_s": warmup + 1000.0 / rate,
        "divergences": posterior.divergences,
        "steps_per_draw": float(posterior.statistics["steps"].mean()),
    }


@eqx.filter_jit
def log_densities(model: Model, observed, latents):
    """Log-density of many latent vectors, minus infinity where it is not a number."""
    values = -jax.vmap(lambda latent: model.potential(latent, observed))(latents)
    return jax.numpy.where(jax.numpy.isnan(values), -jax.numpy.inf, values)


def ensemble(model: Model, walkers: int, burn_in: int, steps: int) -> dict[str, float]:
    """The affine-invariant ensemble sampler on the same latent density, evaluated in batches of half the walkers."""
    observed = model.experiment.observed

    def batched(latents: np.ndarray) -> np.ndarray:
        return np.asarray(log_densities(model, observed, jax.numpy.asarray(latents)))

    start = np.array(model.prior_latents(jax.random.key(0), walkers))
    for compiled in (start, start[: walkers // 2]):
        batched(compiled)
    sampler = emcee.EnsembleSampler(walkers, start.shape[1], batched, vectorize=True)
    started = time.perf_counter()
    state = sampler.run_mcmc(start, burn_in)
    middle = time.perf_counter()
    sampler.reset()
    sampler.run_mcmc(state, steps)
    ended = time.perf_counter()
    chain = np.asarray(sampler.get_chain())
    by_bulk = min(bulk_effective_sample_size(chain[:, :, i].T) for i in range(chain.shape[2]))
    time_scale = float(np.max(sampler.get_autocorr_time(quiet=True, tol=0)))
    rate = by_bulk / (ended - middle)
    return {
        "walkers": walkers,
        "burn_in_steps": burn_in,
        "steps": steps,
        "warmup_s": middle - started,
        "sampling_s": ended - middle,
        "min_bulk_ess": by_bulk,
        "autocorrelation_steps": time_scale,
        "ess_by_autocorrelation": walkers * steps / time_scale,
        "ess_per_s": rate,
        "time_to_1000_s": middle - started + 1000.0 / rate,
        "acceptance": float(np.mean(sampler.acceptance_fraction)),
    }


# --------------------------------------------------------------------------------------------------------------------
# (c) Memory


class ResidentMemory:
    """Watches the resident memory of this process from a thread, in MB (Linux; the lifetime's peak elsewhere).

    The lifetime's peak is no measure of a computation: compiling takes more.
    """

    def __init__(self):
        self.before = self.peak = self._now()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    @staticmethod
    def _now() -> float:
        pages = Path("/proc/self/statm")
        if not pages.exists():
            return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RUSAGE_UNIT
        return int(pages.read_text().split()[1]) * resource.getpagesize() / 1e6

    def _look(self) -> None:
        while not self._over.wait(0.002):
            self.peak = max(self.peak, self._now())

    def stop(self) -> float:
        """Stop watching and return the peak."""
        self._over.set()
        self._thread.join()
        return max(self.peak, self._now())


def memory(quick: bool) -> dict[str, Any]:
    """Memory of values and gradients at 1e5 points, as XLA plans it and as the system sees it."""
    points, chunk = (1000 if quick else 100_000), (64 if jax.default_backend() == "cpu" else 4096)
    results: dict[str, Any] = {"points": points, "chunk": chunk, "cases": {}}
    cases = models(quick)

    def plan(model: Model, size: int | None):
        function, arrays = on_leaves(model, size)
        latents = np.resize(np.asarray(model.prior_latents(jax.random.key(0), 1000)), (points, len(model.names)))
        arguments = (arrays, model.experiment.observed, jax.numpy.asarray(latents))
        compiled = function.lower(*arguments).compile()
        return compiled, arguments, compiled.memory_analysis().temp_size_in_bytes / 1e6

    for case, model in cases.items():
        compiled, arguments, temporary = plan(model, chunk)
        watch, started = ResidentMemory(), time.perf_counter()
        jax.block_until_ready(compiled(*arguments))
        seconds = time.perf_counter() - started
        results["cases"][case] = {
            "chunked_temporary_MB": temporary,
            "seconds": seconds,
            "rss_before_MB": watch.before,
            "rss_peak_MB": watch.stop(),
        }
    results["process_peak_rss_MB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / RUSAGE_UNIT
    for case, model in cases.items():
        results["cases"][case]["plain_vmap_temporary_MB"] = plan(model, None)[2]
    return results


# --------------------------------------------------------------------------------------------------------------------
# Printing


def show(report: dict[str, Any]) -> None:
    """Print the tables."""
    m = report["machine"]
    console = console_headed_by(m)
    console.print(
        "load average (1, 5, 15 min) "
        + ", ".join(
            f"{moment} {' '.join(f'{load:.1f}' for load in loads)}" for moment, loads in report["load_average"].items()
        )
    )
    for precision in ("float64", "float32"):
        if part := report["parts"].get(f"likelihood-{precision}"):
            _show_likelihood(console, precision, part, m["cpu"])
    if part := report["parts"].get("sampling"):
        _show_sampling(console, part, m["cpu"])
    if part := report["parts"].get("memory"):
        _show_memory(console, part)


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _show_likelihood(console: Console, precision: str, part: dict[str, Any], cpu: str) -> None:
    ours = part["ours"]
    table = Table(title=f"cevnsjax, {precision}: us per point of value and gradient, median (minimum); {cpu}")
    table.add_column("points per call")
    for case in ours:
        table.add_column(case, justify="right")
    for name in next(iter(ours.values())):
        cells = [f"{_number(t[name]['median_us'])} ({_number(t[name]['minimum_us'])})" for t in ours.values()]
        table.add_row(name, *cells)
    table.add_row("first call at 64, s", *[f"{t['64']['first_call_s']:.1f}" for t in ours.values()])
    console.print(table)
    table = Table(title=f"The usual ways, {precision}: us per point, value and gradient unless said otherwise; {cpu}")
    for column in ("way", "median", "minimum"):
        table.add_column(column, justify="left" if column == "way" else "right")
    for name, timing in part["usual"].items():
        table.add_row(name, _number(timing["median_us"]), _number(timing["minimum_us"]))
    console.print(table)
    table = Table(title=f"Ratios, {precision}: the usual way / cevnsjax at 64 points per call; of medians (of minima)")
    table.add_column("numerator")
    for case in ours:
        table.add_column(case, justify="right")
    for label, row in part["ratios"].items():
        table.add_row(label, *[f"{_number(r['median'])} ({_number(r['minimum'])})" for r in row.values()])
    console.print(table)
    if "agreement" in part:
        errors = ", ".join(f"{name} {error:.1e}" for name, error in part["agreement"].items())
        console.print(f"Largest error of the counts per flavour and bin, over the largest: {errors}")


def _show_sampling(console: Console, part: dict[str, Any], cpu: str) -> None:
    table = Table(title=f"Posterior of the sm fit (10 parameters), nothing compiles; {cpu}")
    rows = {
        "warm-up, s": "warmup_s",
        "sampling, s": "sampling_s",
        "smallest bulk ESS": "min_bulk_ess",
        "ESS per second of sampling": "ess_per_s",
        "time to 1000 ESS, warm-up included, s": "time_to_1000_s",
    }
    table.add_column("")
    for method in part:
        table.add_column(method, justify="right")
    for label, name in rows.items():
        table.add_row(label, *[_number(values[name]) for values in part.values()])
    console.print(table)
    for method, values in part.items():
        if method == "emcee":
            console.print(
                f"emcee: {values['walkers']} walkers from the prior, {values['burn_in_steps']} + {values['steps']} "
                f"steps; autocorrelation {values['autocorrelation_steps']:.0f} steps, hence "
                f"{values['ess_by_autocorrelation']:.0f} effective samples by emcee's own count."
            )
        else:
            schedule = values["schedule"]
            draws = schedule["samples"] or "as many as it takes"
            console.print(
                f"{method}: {schedule['chains']} chains, {schedule['warmup']} warm-up draws, {draws} draws; medians of "
                f"{len(values['runs'])} runs; the first run, which compiles, took {values['first_run_s']:.1f} s."
            )


def _show_memory(console: Console, part: dict[str, Any]) -> None:
    table = Table(title=f"Memory of value and gradient at {part['points']} points, MB")
    columns = {
        "chunked_temporary_MB": f"temporary, chunks of {part['chunk']}",
        "plain_vmap_temporary_MB": "temporary, plain vmap (not run)",
        "rss_before_MB": "RSS before",
        "rss_peak_MB": "largest RSS during",
    }
    table.add_column("case")
    for label in (*columns.values(), "seconds"):
        table.add_column(label, justify="right")
    for case, values in part["cases"].items():
        table.add_row(case, *[_number(values[name]) for name in columns], f"{values['seconds']:.2f}")
    console.print(table)
    console.print(f"Largest RSS of the process until then, compilation included: {part['process_peak_rss_MB']:.0f} MB")


# --------------------------------------------------------------------------------------------------------------------
# Running


def run_part(part: str, quick: bool) -> dict[str, Any]:
    """Run one part in this process."""
    jax.config.update("jax_enable_x64", part != "likelihood-float32")
    if part.startswith("likelihood"):
        return likelihood(part.removeprefix("likelihood-"), quick)
    return sampling(quick) if part == "sampling" else memory(quick)


def in_own_process(part: str, quick: bool) -> dict[str, Any]:
    """Run one part in a new process, so that parts share no compilation, precision or memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.json"
        arguments = ["--part", part, "--bare", "--json", str(path), *(["--quick"] if quick else [])]
        subprocess.run([sys.executable, __file__, *arguments], check=True)
        return json.loads(path.read_text())


def main(
    quick: Annotated[bool, typer.Option(help="A small run that only shows that everything works.")] = False,
    output: Annotated[Path | None, typer.Option("--json", help="Where to write everything that was measured.")] = None,
    part: Annotated[list[str] | None, typer.Option(help=f"Only this part: {', '.join(PARTS)}.")] = None,
    bare: Annotated[bool, typer.Option(hidden=True)] = False,
) -> None:
    """Measure the COHERENT CsI likelihood, and print and write what came out."""
    chosen = part or list(PARTS)
    if unknown := set(chosen) - set(PARTS):
        raise typer.BadParameter(f"there is no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if bare:
        report = {"machine": machine("emcee"), "result": run_part(chosen[0], quick)}
    else:
        before = os.getloadavg()
        parts = {name: in_own_process(name, quick) for name in chosen}
        report = {
            "machine": next(iter(parts.values()))["machine"],
            "load_average": {"before": before, "after": os.getloadavg()},
            "quick": quick,
            "cases": CASES,
            "parts": {name: values["result"] for name, values in parts.items()},
        }
        show(report)
    if output is not None:
        output.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    typer.run(main)
