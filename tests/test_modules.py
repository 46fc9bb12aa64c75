"""What holds for all blocks of the package."""

import importlib
import inspect
import pkgutil

import equinox as eqx
import pytest

import cevnsjax


def modules():
    """All classes of blocks that the package defines."""
    for each in pkgutil.walk_packages(cevnsjax.__path__, "cevnsjax."):
        importlib.import_module(each.name)
    found, todo = set(), [eqx.Module]
    while todo:
        new = [each for each in todo.pop().__subclasses__() if each not in found]
        found.update(new)
        todo += new
    return sorted((each for each in found if each.__module__.startswith("cevnsjax.")), key=lambda each: each.__name__)


@pytest.mark.parametrize("block", modules(), ids=lambda block: block.__name__)
def test_no_field_hides_a_method(block):
    """A number called like a method of its kind would be called in its place."""
    for field in getattr(block, "__dataclass_fields__", {}):
        hidden = [base.__name__ for base in block.__mro__[1:] if inspect.isfunction(base.__dict__.get(field))]
        assert not hidden, f"{field} is a method of {hidden[0]}"
