"""Headings of the columns that charts show, in place of their names."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "app": "Application",
    "business_date": "Day",
    "country_name": "Country or region",
    "dataset": "Dataset",
    "domain": "Domain",
    "hour_start_at": "Hour",
    "interruption_reason": "Reason",
    "isp_name": "Carrier",
    "month": "Month",
    "resolution": "Resolution",
    "rule": "Rule",
    "slot_start_at": "Time",
    "status_class": "Class",
    "status_code": "Code",
    "stream": "Stream",
    "transcode_type": "Codec class",
    "vhost": "Domain space",
}
"""Column -> title, the same in every dataset."""
