"""Once a week everything is read back: a disk that fails silently is found while backups are young."""

# No `from __future__ import annotations` here: Dagster reads the annotations of these functions.

import dagster as dg

from pipelines.orchestration import start_status
from resources.archive import Archive
from resources.verify import saved_result
from resources.verify.run import Verification

VERIFY_JOB = "verify"

_NAMED = 20  # findings that the failure names; `livestats verify` has all


def verify_schedule(archive: Archive) -> dg.ScheduleDefinition:
    """What `livestats verify` does, on Sundays, when captures are quiet."""

    @dg.op(name="read_everything_back")
    def read_back(context: dg.OpExecutionContext) -> None:
        if archive.home.identity is None:
            context.log.info("There is no archive yet.")
            return
        look = Verification(archive)
        found = [*look.findings()]
        saved_result.write(look, found)
        wrong = [one for one in found if saved_result.is_damage(one)]
        read = f"{look.captures:,} captures, {look.lake_files:,} lake files, {look.bytes:,} bytes"
        if wrong:
            texts = [f"{one.subject}: {one.text} -> {one.remedy}" for one in wrong[:_NAMED]]
            raise dg.Failure(
                f"{len(wrong)} things are not as they were written, in {read}. See "
                "`livestats verify`. " + "\n".join(texts),
                allow_retries=False,
            )
        unread = [f"{one.subject}: {one.text}" for one in found if one.is_unverified]
        if unread:
            raise dg.Failure(
                f"{len(unread)} things could not be looked at, and nothing is known to be damaged: "
                "make them readable, then `livestats verify`. " + "\n".join(unread[:_NAMED]),
                allow_retries=False,
            )
        context.log.info("All is as it was written: %s", read)

    @dg.job(
        name=VERIFY_JOB,
        description="Reads every byte of the archive back and holds each layer against its source. "
        "What is not as it was written stands as an alarm until it is mended.",
    )
    def verify() -> None:
        read_back()

    return dg.ScheduleDefinition(
        name="read_everything_back",
        job=verify,
        cron_schedule="50 4 * * 0",
        execution_timezone=archive.settings.time_zone,
        default_status=start_status.of_schedules(archive.environ),
        description="On Sundays: a disk that fails silently is found while backups are young.",
    )
