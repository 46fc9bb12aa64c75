"""A form factor from the radial moments of a density, the expansion of K. Patton and others."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from cevnsjax.arrays import as_float, check_positive, is_concrete
from cevnsjax.errors import CevnsjaxError
from cevnsjax.target.form_factor import AbstractFormFactor, fade_out


class MomentExpansion(AbstractFormFactor):
    """F = 1 - q^2 <R^2>/3! + q^4 <R^4>/5! - q^6 <R^6>/7!, with moments <R^k> of the density.

    K. Patton, J. Engel, G. C. McLaughlin and N. Schunck, Phys. Rev. C 86, 024612 (2012), arXiv:1207.0693. Terms
    alternate, and what is left out is less than the next one. For a Fermi density that is below 0.01 up to q R_rms =
    1.6 with two moments and 2.2 with three: 0.36 and 0.50 fm^-1 for xenon, 0.48 and 0.64 fm^-1 for argon.

    The expansion ends at q^2 = 10 <R^2>/<R^4>, where its terms up to <R^4> stop falling (q R_rms = 2.6 to 2.8, before
    the first zero of a form factor). Beyond, F goes on with the value and the slope it has there and fades out
    within a quarter of that q^2: no nuclear physics, it only keeps a rate from growing.

    Attributes
    ----------
    rms_radius_fm
        <R^2>^(1/2), fm.
    fourth_moment_radius_fm
        <R^4>^(1/4), fm. It stays what it is when ``rms_radius_fm`` moves: in a fit the two are independent.
    sixth_moment_radius_fm
        <R^6>^(1/6), fm; zero leaves the term out.
    """

    rms_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)
    fourth_moment_radius_fm: Float[Array, ""] = eqx.field(converter=as_float)
    sixth_moment_radius_fm: Float[Array, ""] = eqx.field(converter=as_float, default=0.0)

    def __check_init__(self):
        check_positive("rms_radius_fm", self.rms_radius_fm, "fm")
        check_positive("fourth_moment_radius_fm", self.fourth_moment_radius_fm, "fm")
        radii = (self.rms_radius_fm, self.fourth_moment_radius_fm, self.sixth_moment_radius_fm)
        if not all(map(is_concrete, radii)):
            return
        second, fourth, sixth = map(float, radii)
        if not (np.isfinite(sixth) and sixth >= 0.0):
            raise CevnsjaxError(f"sixth_moment_radius_fm must be zero or positive and in fm, got {sixth:g}.")
        # equal for a thin shell, whose radii may differ by rounding
        if second > fourth * (1.0 + 1e-6) or (sixth > 0.0 and fourth > sixth * (1.0 + 1e-6)):
            raise CevnsjaxError(
                "The radii of a density must not fall from one moment to the next, got rms_radius_fm = "
                f"{second:g}, fourth_moment_radius_fm = {fourth:g} and sixth_moment_radius_fm = {sixth:g} fm."
            )

    def __call__(self, momentum_transfer_per_fm: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        q2 = momentum_transfer_per_fm**2
        second, fourth, sixth = self.rms_radius_fm**2, self.fourth_moment_radius_fm**4, self.sixth_moment_radius_fm**6
        end = 10.0 * second / fourth
        known = jnp.minimum(q2, end)
        value = 1.0 - known * (second / 6.0 - known * (fourth / 120.0 - known * sixth / 5040.0))
        # at the end the other terms of the slope cancel
        slope = -3.0 * sixth / 5040.0 * end**2
        return fade_out(value, slope, jnp.maximum(q2 - end, 0.0), 0.25 * end)
