"""A weakly interacting massive particle: its mass, and how it scatters on a nucleon."""

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from cevnsjax.arrays import Scalar, as_float, check_finite, check_positive
from cevnsjax.constants import NUCLEON_MASS_MEV


class Wimp(eqx.Module):
    """A Dirac fermion chi with a contact interaction that does not see spins.

    L = f_p chibar chi pbar p + f_n chibar chi nbar n. On a proton sigma_p = mu_p^2 f_p^2/pi, with mu_p the reduced
    mass; a Majorana fermion has 4 mu_p^2 f_p^2/pi. In the limit of small speeds nothing else of the Lagrangian counts,
    so the same holds for a scalar and for vector couplings of a Dirac fermion.

    Attributes
    ----------
    mass_MeV
        Mass, MeV.
    proton_cross_section_1e45cm2
        sigma_p, 1e-45 cm^2: in cm^2 it is below the smallest float32.
    neutron_to_proton
        f_n/f_p, 1 unless isospin is broken.
    """

    mass_MeV: Float[Array, ""] = eqx.field(converter=as_float)
    proton_cross_section_1e45cm2: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)
    neutron_to_proton: Float[Array, ""] = eqx.field(converter=as_float, default=1.0)

    def __check_init__(self):
        check_positive("mass_MeV", self.mass_MeV, "MeV")
        check_positive("proton_cross_section_1e45cm2", self.proton_cross_section_1e45cm2, "1e-45 cm^2")
        check_finite("neutron_to_proton", self.neutron_to_proton, "")

    def reduced_mass_MeV(self, other_MeV: Scalar | float = NUCLEON_MASS_MEV) -> Scalar:
        """Reduced mass with something else, MeV; with a nucleon by default."""
        return other_MeV / (1.0 + jnp.asarray(other_MeV) / self.mass_MeV)
