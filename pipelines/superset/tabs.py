"""The dashboard "Live overview": its tabs, and its filters."""

from __future__ import annotations

from pipelines.superset.billing import BILLING
from pipelines.superset.dashboard import Choice
from pipelines.superset.operations import OPERATIONS
from pipelines.superset.overview import OVERVIEW
from pipelines.superset.quality import QUALITY
from resources.config import ENGLISH
from resources.i18n import say

TITLE = "Live overview"
TIME_RANGE = "Last 30 days"
TABS = (OVERVIEW, BILLING, QUALITY, OPERATIONS)

# A push domain and the pull domains that show its streams are in one domain space, so a space means
# the same for figures of viewers and of pushes; a domain is that one alone.
CHOICES = (
    Choice(title="Domain space", table="dim_domain", column="vhost"),
    Choice(title="Domain", table="dim_domain", column="domain", within="Domain space"),
)


def may_be_empty(language: str = ENGLISH) -> set[str]:
    """Titles of the charts for which no rows can be good news: that nothing was interrupted, say."""
    return {say(chart.title, language) for tab in TABS for chart in tab.charts if chart.empty}
