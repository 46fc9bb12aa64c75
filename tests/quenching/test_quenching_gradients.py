"""Every leaf of every quenching: gradients against differences, finite at the edges, float32."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from cevnsjax.arrays import as_float
from cevnsjax.paths import get_path, leaf_paths, set_paths
from cevnsjax.quenching import (
    AdiabaticLindhard,
    ConstantQuenching,
    ElectronQuenching,
    Lindhard,
    ModifiedLindhard,
    MonotoneQuenching,
    PhotonQuenching,
    Sarkis,
    TabulatedQuenching,
    ThomasImel,
)

QUENCHING = {
    "constant": lambda: ConstantQuenching(0.0878),
    "lindhard": lambda: Lindhard(0.157, 32),
    "modified": lambda: ModifiedLindhard(0.157, 4e-5, 32, 0.02),
    "modified at q = 0": lambda: ModifiedLindhard(0.157, 0.0, 32),
    "modified, q < 0": lambda: ModifiedLindhard(0.157, -4e-5, 32, 0.02),
    "adiabatic": lambda: AdiabaticLindhard(0.1789, 0.16, 32),
    "sarkis": Sarkis.silicon,
    "tabulated": lambda: TabulatedQuenching([0.3, 1.0, 4.0], [0.12, 0.17, 0.2]),
    "monotone": lambda: MonotoneQuenching([0.3, 1.0, 4.0], [0.04, 0.17, 0.9]),
    "electrons": lambda: ElectronQuenching(ThomasImel.liquid_xenon()),
    "photons": lambda: PhotonQuenching(ThomasImel.liquid_xenon()),
}
# every region and every branch; none of them at a kink, nor within a step of one
RECOIL = np.array([0.0123, 0.0451, 0.0823, 0.1117, 0.257, 0.333, 0.71, 2.3, 9.1])
# zero and below, the smallest numbers, floors, knots and a cut-off
EDGES = np.array([-1.0, 0.0, 1e-30, 1e-12, 0.02, 0.0268210186633, 0.3, 1.0, 4.0, 1e4])
POINTS = np.concatenate([RECOIL, EDGES])


def step_of(path, value):
    return 1e-7 if path == "q" else 1e-4 * max(abs(value), 1e-2)


@jax.jit
def energies_and_slopes(quenching, recoil):
    """Ionisation energies, and the derivatives of each of them in every leaf and in the recoil energies.

    All tests of a quenching take these, on all points: one program for each precision.
    """

    def energies(quenching, recoil):
        energy = quenching(recoil)
        return energy, energy

    slopes, energy = jax.jacrev(energies, argnums=(0, 1), has_aux=True)(quenching, recoil)
    return energy, slopes


@pytest.mark.parametrize("name", QUENCHING)
def test_gradients(name):
    quenching, recoil = QUENCHING[name](), jnp.asarray(POINTS)
    paths = [path for path, _ in leaf_paths(quenching)]
    leaves = [np.asarray(get_path(quenching, path)) for path in paths]
    of_leaves = energies_and_slopes(quenching, recoil)[1][0]
    for path, leaf in zip(paths, leaves, strict=True):
        jacobian = np.asarray(get_path(of_leaves, path))
        for entry in np.ndindex(leaf.shape):
            step = step_of(path, leaf[entry])

            def moved(multiple, path=path, leaf=leaf, entry=entry, step=step):
                copy = leaf.copy()
                copy[entry] += multiple * step
                changed = set_paths(quenching, [path], [jnp.asarray(copy)])
                return np.asarray(energies_and_slopes(changed, recoil)[0])[: len(RECOIL)]

            difference = (8 * (moved(1) - moved(-1)) - (moved(2) - moved(-2))) / (12 * step)
            found = jacobian[(slice(len(RECOIL)), *entry)]
            np.testing.assert_allclose(found, difference, rtol=1e-6, atol=1e-8 * np.abs(difference).max(), err_msg=path)


@pytest.mark.parametrize("name", QUENCHING)
def test_gradients_are_finite_at_edges(name, precision):
    """In the recoil energy and in every leaf, and the energies themselves."""
    quenching = jax.tree.map(as_float, QUENCHING[name]())
    for values in jax.tree.leaves(energies_and_slopes(quenching, as_float(POINTS))):
        assert values.dtype == np.dtype(precision)
        assert np.all(np.isfinite(values))


@pytest.mark.parametrize("name", QUENCHING)
def test_float32(name):
    """... and zero at zero."""
    chosen = [*range(len(RECOIL)), POINTS.tolist().index(0.0)]
    double = np.asarray(energies_and_slopes(QUENCHING[name](), jnp.asarray(POINTS))[0])[chosen]
    with jax.enable_x64(False):
        single = np.asarray(energies_and_slopes(QUENCHING[name](), as_float(POINTS))[0])[chosen]
    assert single.dtype == np.float32
    assert double[-1] == 0.0 == float(single[-1])
    # an absolute part for what is left of an energy after the offset is taken from it
    np.testing.assert_allclose(single, double, rtol=3e-6, atol=3e-9)
