"""Disappearance into a sterile neutrino on the way from a source to a detector."""

import functools
from collections.abc import Callable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import erfc
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, gauss_legendre, is_concrete
from cevnsjax.constants import OSCILLATION_PHASE_PER_EV2_M
from cevnsjax.errors import CevnsjaxError
from cevnsjax.flux.flavour_conversion import AbstractFlavourConversion
from cevnsjax.flux.flux import FLAVOURS, AbstractFlux
from cevnsjax.flux.moments import POWERS, energy_powers, fold_powers, line_moments, summed_from_above

_LARGEST_PHASE_PER_NODE = 1.25  # rad; up to here the nodes resolve the oscillation to 1e-10
_SWITCH_WIDTH = 5.0  # rad; an error function this wide holds exp(-5^2) of an oscillation
_SWITCH_REACH = 5.0  # widths from the middle of the switch to where it is done: erfc(5) = 2e-12
_SMALLEST_ENERGY = 1e-6  # of the end point, where no phase says so earlier


class SterileOscillation(AbstractFlavourConversion):
    """Any source, seen through short-baseline oscillation with one sterile neutrino (3 + 1 flavours).

    With one mass splitting, Delta m^2_41, that is large against the two others (which do not oscillate over the
    baseline), in units of this package

        P(a -> b) = delta_ab - 4 |U_a4|^2 (delta_ab - |U_b4|^2) <sin^2 phi>,   phi = Delta m^2_41 L/(4 hbar c E),
        <sin^2 phi> = [1 - exp(-2 s^2) cos(2 phi)]/2,   s = phi * path_spread/L,

    for active a and b, CP conserved or not and alike for antineutrinos; the path L has a Gaussian spread (extent of
    source and detector). See C. Giunti and C. W. Kim, *Fundamentals of Neutrino Physics and Astrophysics*, 2007,
    and S. Gariazzo et al., JHEP 06 (2017) 135. Coherent scattering sees the sum over
    active b, P(a -> active) = 1 - 4 |U_a4|^2 |U_s4|^2 <sin^2 phi> with |U_s4|^2 = 1 - |U_e4|^2 - |U_mu4|^2 -
    |U_tau4|^2: it is P(a -> a) only where a alone mixes. As couplings may depend on flavour, each component of the
    source becomes three, one for each final flavour, with the probability inside the moments. Coherence between final
    flavours is neglected (exact for interactions that conserve flavour), and the spread of the path does not act on
    the fluence.

    Moments are integrated by Gauss-Legendre quadrature in E^(-1/2) between break points, up to phases of
    1.25 ``moment_nodes``: 1e-10 of the moment from zero while the phase at the lower limit is 50 below that (270 by
    default). From there on (smoothly) cos(2 phi) is replaced by its average, zero: the error is that of the boundary,
    at most 1/(2 phi) of the density times energy at the limit. Moments oscillate with the lower limit as well: where
    phases inside the detected range are large, a recoil spectrum needs more nodes than are placed (with 24 and 16
    nodes above 5 MeV at 19.3 m events were off by 2e-10 at 10 eV^2, 1e-6 at 30 eV^2, 3e-5 at 100 eV^2).

    Attributes
    ----------
    components
        Names like ``nu_mu_bar_to_nu_e_bar``: for each component of the source its three final flavours.
    source
        The flux as produced.
    mass_splitting_eV2
        Delta m^2_41, eV^2.
    electron_mixing2, muon_mixing2, tau_mixing2
        |U_e4|^2, |U_mu4|^2 and |U_tau4|^2.
    path_spread_m
        Standard deviation of the path, m.
    moment_nodes
        Number of nodes of an integral over the neutrino energy.
    """

    components: tuple[str, ...] = eqx.field(static=True, init=False)
    source: AbstractFlux
    mass_splitting_eV2: Float[Array, ""] = eqx.field(converter=as_float)
    electron_mixing2: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    muon_mixing2: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    tau_mixing2: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    path_spread_m: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)
    moment_nodes: int = eqx.field(static=True, default=256)

    def __check_init__(self):
        if isinstance(self.source, SterileOscillation):
            raise CevnsjaxError("source must be a flux as produced, got one that oscillates already.")
        if self.source.paths is None:
            raise CevnsjaxError("source must stand at a distance, got a flux without one: give it a baseline_m.")
        mixings = {name: getattr(self, name) for name in ("electron_mixing2", "muon_mixing2", "tau_mixing2")}
        for name, unit in {"mass_splitting_eV2": "eV^2", "path_spread_m": "m", **dict.fromkeys(mixings, "")}.items():
            value = getattr(self, name)
            if is_concrete(value) and not (np.isfinite(value) and value >= 0):
                raise CevnsjaxError(f"{name} must be zero or positive and in {unit or 'no unit'}, got {value:g}.")
        values = list(mixings.values())
        if all(map(is_concrete, values)) and not sum(map(float, values)) <= 1.0 + 1e-6:  # rounding of float32
            raise CevnsjaxError(
                f"{', '.join(mixings)} must add up to at most 1, got {', '.join(f'{value:g}' for value in values)}."
            )
        if self.moment_nodes < 64:
            raise CevnsjaxError(f"moment_nodes must be at least 64, got {self.moment_nodes}.")

    @property
    def paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]] | None:
        return self.source.paths

    @property
    def fluence_per_cm2(self) -> Float[Array, " component"]:
        return self._for_each_flavour(self.source.fluence_per_cm2)

    @property
    def lines(self) -> tuple[Float[Array, " line"], Float[Array, "component line"]]:
        energy, fraction = self.source.lines
        return energy, self._distribute(fraction, fraction * self.mean_sin2(energy)[None])

    def density(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "component *point"]:
        density = self.source.density(energy_MeV)
        return self._distribute(density, density * self.mean_sin2(energy_MeV)[None])

    def phase(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "path *point"]:
        """Phase phi of the oscillation over each path of the source, rad, at neutrino energies in MeV."""
        distances, _ = self._paths
        return jnp.stack([self._phase(energy_MeV, distances[k]) for k in range(distances.shape[0])])

    def _phase(self, energy_MeV: Float[Array, "*point"], distance_m: Scalar) -> Float[Array, "*point"]:
        return OSCILLATION_PHASE_PER_EV2_M * self.mass_splitting_eV2 * distance_m / energy_MeV

    @property
    def _paths(self) -> tuple[Float[Array, " path"], Float[Array, " path"]]:
        paths = self.source.paths
        assert paths is not None  # as __check_init__ says
        return paths

    def _mean(self, over_path: Callable[[Scalar], Float[Array, "*shape"]]) -> Float[Array, "*shape"]:
        """Average of a function of the distance over the paths of the source."""
        # one after the other: they are few
        distances, shares = self._paths
        return functools.reduce(jnp.add, [shares[k] * over_path(distances[k]) for k in range(shares.shape[0])])

    def mean_sin2(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "*point"]:
        """Evaluate <sin^2 phi>, averaged over paths, at neutrino energies in MeV."""
        lost, kept = self._coherence(energy_MeV)
        return 0.5 * lost + kept * self._mean(lambda distance_m: jnp.sin(self._phase(energy_MeV, distance_m)) ** 2)

    def probabilities(self, energy_MeV: Float[Array, "*point"]) -> Float[Array, "initial final *point"]:
        """Probabilities between active flavours.

        Parameters
        ----------
        energy_MeV
            Neutrino energies, MeV, any shape.

        Returns
        -------
        Array
            P(a -> b), shape ``[initial, final, *point]``, flavours in the order of ``FLAVOURS``; the sum over final
            flavours falls short of one by what became sterile.
        """
        sin2 = self.mean_sin2(energy_MeV)
        shape = (len(FLAVOURS), len(FLAVOURS), *(1,) * sin2.ndim)
        return as_float(np.eye(len(FLAVOURS))).reshape(shape) - self._amplitudes().reshape(shape) * sin2[None, None]

    def moments(self, minimum_energy_MeV: Float[Array, "*node"]) -> Float[Array, "component power *node"]:
        lower = minimum_energy_MeV.reshape(-1)
        # each path on its own: where its phase is no longer resolved depends on its length
        continuum = self._mean(lambda distance_m: self._continuum(lower, distance_m))
        oscillating = continuum + self._line_moments(lower, weighted=True)
        shape = -1, len(POWERS), *minimum_energy_MeV.shape
        return self._distribute(self.source.moments(minimum_energy_MeV), oscillating.reshape(shape))

    def _amplitudes(self) -> Float[Array, "initial final"]:
        """4 |U_a4|^2 (delta_ab - |U_b4|^2)."""
        mixing2 = jnp.stack([self.electron_mixing2, self.muon_mixing2, self.tau_mixing2])
        return 4.0 * mixing2[:, None] * (as_float(np.eye(len(FLAVOURS))) - mixing2[None, :])

    def _distribute(
        self, unchanged: Float[Array, "source *shape"], oscillating: Float[Array, "source *shape"]
    ) -> Float[Array, "component *shape"]:
        """From a quantity of the source, and the same with <sin^2 phi> inside, to each final flavour."""
        initial = list(self.source.flavour_indices)
        trailing = (1,) * (unchanged.ndim - 1)
        stays = as_float(np.eye(len(FLAVOURS))[initial]).reshape(*(len(initial), -1), *trailing)
        moves = self._amplitudes()[np.array(initial)].reshape(*(len(initial), -1), *trailing)
        return (stays * unchanged[:, None] - moves * oscillating[:, None]).reshape(-1, *unchanged.shape[1:])

    def _coherence(self, energy_MeV: Float[Array, "*point"]) -> tuple[Float[Array, "*point"], Float[Array, "*point"]]:
        """1 - exp(-2 s^2), and exp(-2 s^2)."""
        spread = OSCILLATION_PHASE_PER_EV2_M * self.mass_splitting_eV2 * self.path_spread_m / energy_MeV
        lost = -jnp.expm1(-2.0 * spread**2)
        return lost, 1.0 - lost

    def _switched_sin2(self, energy_MeV: Float[Array, "*point"], distance_m: Scalar) -> Float[Array, "*point"]:
        """<sin^2 phi> over one path, with cos(2 phi) switched off where the nodes do not resolve it."""
        phase = self._phase(energy_MeV, distance_m)
        lost, kept = self._coherence(energy_MeV)
        middle = _LARGEST_PHASE_PER_NODE * self.moment_nodes - _SWITCH_REACH * _SWITCH_WIDTH
        on = 0.5 * erfc((phase - middle) / _SWITCH_WIDTH)
        # 1/2 - cos/2, written without its cancellation at small phases
        return 0.5 * (lost + kept * (1.0 - on)) + kept * on * jnp.sin(phase) ** 2

    def _line_moments(self, lower_MeV: Float[Array, " node"], weighted: bool) -> Float[Array, "source power node"]:
        """Moments of the lines of the source, with or without <sin^2 phi> inside."""
        energy, fraction = self.source.lines
        return line_moments(lower_MeV, energy, fraction * self.mean_sin2(energy)[None] if weighted else fraction)

    def _continuum(self, lower_MeV: Float[Array, " node"], distance_m: Scalar) -> Float[Array, "source power node"]:
        """Moments of the continuum of the source with <sin^2 phi> over one path inside."""
        edges = self.source.panel_ends_MeV
        # below this energy <sin^2 phi> counts as constant: the oscillation is averaged there
        unresolved = self._phase(jnp.ones_like(edges[-1]), distance_m) / (_LARGEST_PHASE_PER_NODE * self.moment_nodes)
        start = jnp.maximum(jnp.maximum(lower_MeV, unresolved), _SMALLEST_ENERGY * edges[-1])
        start = jnp.minimum(start, edges[-1])
        between = self._plain_continuum(jnp.minimum(lower_MeV, start)) - self._plain_continuum(start)
        panel = jnp.minimum(jnp.searchsorted(edges, start, side="right"), edges.shape[0] - 1)
        first = self._integrate(start, edges[panel], distance_m)
        whole = self._integrate(jnp.concatenate([edges[:1], edges[:-1]]), edges, distance_m)
        return self._switched_sin2(start, distance_m)[None, None] * between + summed_from_above(whole, first, panel)

    def _plain_continuum(self, lower_MeV: Float[Array, " node"]) -> Float[Array, "source power node"]:
        return self.source.moments(lower_MeV) - self._line_moments(lower_MeV, weighted=False)

    def _integrate(
        self, lower_MeV: Float[Array, " interval"], upper_MeV: Float[Array, " interval"], distance_m: Scalar
    ) -> Float[Array, "source power interval"]:
        """Integrals of f(E) E^p <sin^2 phi> over one path, over intervals free of break points."""
        abscissae, weights = map(as_float, gauss_legendre(self.moment_nodes))
        # in w = E^(-1/2) both an oscillation in 1/E and a spectrum over decades are well resolved
        low, high = jnp.sqrt(lower_MeV), jnp.sqrt(upper_MeV)
        half_width = 0.5 * (upper_MeV - lower_MeV) / (low * high * (low + high))
        root = 1.0 / high[:, None] + half_width[:, None] * (1.0 + abscissae)[None, :]
        energy = 1.0 / root**2
        strength = half_width[:, None] * weights[None, :] * (2.0 / root**3) * self._switched_sin2(energy, distance_m)
        density = self.source.density(energy) * strength[None]
        return fold_powers(density, energy_powers(energy))
