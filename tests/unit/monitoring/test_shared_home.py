"""The alarm of a home that is not shared as it should be; more in tests/unit/shared/test_session.py."""

import sys

from resources.monitoring import shared_home
from tests.support.archives import lab


def test_without_the_setting_nothing_of_it_is_imported(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resources.shared.session", None)
    with lab(tmp_path / "home") as found:
        assert shared_home.alarms(found.archive) == []
