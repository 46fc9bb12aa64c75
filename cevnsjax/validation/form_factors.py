"""Form factors at four momentum transfers."""

import functools

import jax.numpy as jnp

from cevnsjax.target import AbstractFormFactor, Helm, KleinNystrand, SymmetrizedFermi
from cevnsjax.validation.published_number import PublishedNumber

_MOMENTA_PER_FM = (0.05, 0.1, 0.25, 0.5)
_VALUES: dict[str, tuple[AbstractFormFactor, tuple[float, ...]]] = {
    "Helm R_rms 4 fm": (Helm(4.0), (0.99335096191, 0.97361412077, 0.84396260217, 0.485779707)),
    "Helm R_rms 5 fm": (Helm(5.0), (0.98962486091, 0.95899339116, 0.76420868746, 0.29452090966)),
    "Lewin-Smith A 40": (Helm.lewin_smith(40), (0.99520094178, 0.98091714248, 0.88555756574, 0.60403156527)),
    "Lewin-Smith A 133": (Helm.lewin_smith(133), (0.9904175047, 0.9620937259, 0.78073321728, 0.3304308203)),
    "Klein-Nystrand A 40": (
        KleinNystrand.from_mass_number(40),
        (0.99457738402, 0.97846417674, 0.87191413639, 0.56797418632),
    ),
    "Klein-Nystrand A 133": (
        KleinNystrand.from_mass_number(133),
        (0.98943928912, 0.95828363612, 0.76100278445, 0.29137245977),
    ),
    "Fermi R_rms 4 fm": (SymmetrizedFermi(4.0), (0.99335157687, 0.9736237897, 0.84429651702, 0.48917444847)),
    "Fermi R_rms 5 fm": (SymmetrizedFermi(5.0), (0.98962557998, 0.95900460956, 0.76457508788, 0.29749464992)),
}


def _value(form_factor: AbstractFormFactor, momentum_per_fm: float) -> float:
    return float(form_factor(jnp.asarray(momentum_per_fm, dtype=float)))


FORM_FACTORS = tuple(
    PublishedNumber(
        id=f"form-factor-{name.lower().replace(' ', '-').replace('_', '-')}-q-{momentum:g}",
        source="independent calculation, eleven digits",
        convention=f"{name}; s = 0.9 fm (Helm), a = 0.7 fm (Klein-Nystrand), a = 0.52 fm (Fermi, Lewin-Smith)",
        published=value,
        tolerance=1e-10 * value,
        unit="1",
        compute=functools.partial(_value, form_factor, momentum),
    )
    for name, (form_factor, values) in _VALUES.items()
    for momentum, value in zip(_MOMENTA_PER_FM, values, strict=True)
)
"""F(q) at q in fm^-1."""
