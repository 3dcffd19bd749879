"""What the documentation leaves open, as options of the server."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Choices:
    """One reading of every open point. The defaults are the plainest reading.

    edition: whose service it is, "volcengine" or "byteplus".
    end_inclusive: a slot that starts exactly at EndTime belongs to the answer.
    zero_slots: slots without any usage are sent as zeros ("sent") or not at all ("left_out").
    empty_list: an empty optional list is sent as "list" ([]), as "null", or is "absent".
    offset: the offset of the time stamps sent, "+08:00" or "Z".
    echo: optional echo fields (filters, split) are sent.
    unaligned_start: of a StartTime inside a slot, the slot "holding" it comes or only the "next".
    single_split: a split by a dimension whose filter has one value comes back all the same.
    day_start: a day slot starts at midnight in "shanghai" or in "utc".
    push_match: a push belongs to the window by its "start", its "end" or by "overlap".
    storage_stamp: a day of storage is stamped at the "start" or at the "end" of the day
        (time shift; the storage space of BytePlus is documented as the end).
    usage_domain: transcoding, recording and snapshots are counted on the "push" or the "pull" domain.
    percentile: the 95th percentile leaves out the "floor" or the "ceil" of 5 % of the samples.
    error_status_200: errors of the service arrive with HTTP 200.
    invalid_code: the code of a wrong parameter.
    request_id_key: the spelling of the request's id.
    rough_count_extra: by how much the approximate totals exceed the rows.
    pull_type: the type of a pull domain, "pull-flv" as enumerated or "pull" as in the sample.
    provinces_null: countries without provinces have null instead of an empty list.
    empty_detail: combinations of a split without any usage are sent too.
    empty_result: where the SDK types let Result be missing, an answer without rows has an "object"
        as any other, "null" or, "absent", no Result at all.
    strict: parameters that are not documented for the action are refused.
    rate_limits: the documented requests a second are enforced.
    """

    edition: str = "volcengine"
    end_inclusive: bool = False
    zero_slots: str = "sent"
    empty_list: str = "list"
    offset: str = "+08:00"
    echo: bool = True
    unaligned_start: str = "holding"
    single_split: bool = False
    day_start: str = "shanghai"
    push_match: str = "end"
    storage_stamp: str = "start"
    usage_domain: str = "push"
    percentile: str = "floor"
    error_status_200: bool = False
    invalid_code: str = "InvalidParam"
    request_id_key: str = "RequestId"
    rough_count_extra: int = 0
    pull_type: str = "pull-flv"
    provinces_null: bool = False
    empty_detail: bool = False
    empty_result: str = "object"
    strict: bool = True
    rate_limits: bool = True
