"""Packages whose exports are loaded when they are first used."""

from importlib import import_module

import pytest

PACKAGES = [
    "mixer",
    *("mixer.narration", "mixer.speech", "mixer.sound.analysis"),
    *("mixer.stories", "mixer.stories.renditions", "mixer.stories.steps"),
]


@pytest.mark.parametrize("name", PACKAGES)
def test_every_export_is_found_where_it_is_listed(name: str):
    package = import_module(name)
    assert all(getattr(package, export) is not None for export in package.__all__)


@pytest.mark.parametrize("name", PACKAGES)
def test_other_names_do_not_exist(name: str):
    with pytest.raises(AttributeError, match=rf"module '{name}' has no attribute 'nothing'"):
        _ = import_module(name).nothing
