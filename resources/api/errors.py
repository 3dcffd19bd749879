"""The errors of a call, classed by what to do next: wait, or mend request, action or setup.

Which class an answer of the API becomes is in `error_codes`; errors of other rooms are not here.
Next: `error_codes`.
"""

from typing import Any

from resources.api.redaction import redact
from resources.errors import LivestatsError

LONGEST_QUOTE = 300  # characters of foreign text that an error repeats; gateways answer whole pages

AGAIN_LATER = "Nothing needs fixing: run the same again later, what is captured stays captured."
NEITHER = "the answer holds neither a Result nor an Error"
NO_RESULT = (
    "Run the same again later. If the action always answers so, please report it with the file of "
    "`livestats probe`; until then its datasets can be switched off (`off` under [datasets])."
)
MISSING_RESULT = (
    "Run the same again later. If `livestats probe` finds that the action answers so where nothing "
    'happened, set `missing_result = "nothing"` under [api] in livestats.toml.'
)
PROXY_LOGIN = "Give the proxy its credentials (HTTPS_PROXY=http://user:password@host)."


class ApiError(LivestatsError):
    """Anything the API refuses or fails to do.

    `what` says what happened, `advice` what to do now; `str()` is both, on one line, with the
    action in front. The other attributes are None where the answer did not give them.
    """

    def __init__(
        self,
        what: str,
        advice: str = "",
        *,
        action: str | None = None,
        http_status: int | None = None,
        code: str | None = None,
        code_n: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice
        self.action = action
        self.http_status = http_status
        self.code = code
        self.code_n = code_n
        self.request_id = request_id

    def __str__(self) -> str:
        subject = f"{self.action}: " if self.action else ""
        return f"{subject}{self.what}. {self.advice}".rstrip(". ") + "."

    def forget_frames(self) -> None:
        """Let go of the calls that it came through, before it is kept: they hold the answer, decoded."""
        self.__traceback__ = self.__cause__ = self.__context__ = None


class TryLater(ApiError):
    """The same call may succeed in a while: throttled, timed out, cut off, server fault."""

    def __init__(
        self,
        what: str,
        advice: str = AGAIN_LATER,
        *,
        throttled: bool = False,  # too many calls: every process of the account should slow down
        timed_out: bool = False,  # the answer took too long: a shorter window may get through
        no_answer: bool = False,  # nothing of the API answered: the network may be down
        retry_after_s: float | None = None,  # what the answer asked for
        **answer: Any,
    ) -> None:
        super().__init__(what, advice, **answer)
        self.throttled = throttled
        self.timed_out = timed_out
        self.no_answer = no_answer
        self.retry_after_s = retry_after_s


class FixRequest(ApiError):
    """This request was refused, and asking it again only spends quota. Others may succeed.

    Every refusal that is not known is one: no single answer says anything of other requests.
    """


class FixAction(ApiError):
    """No call of this action succeeds, for it is denied or not offered; those of others may."""

    def __init__(
        self,
        what: str,
        advice: str = "",
        *,
        may_be_of_item: bool = False,  # a permission, which a key can have for some domains only
        **answer: Any,
    ) -> None:
        super().__init__(what, advice, **answer)
        self.may_be_of_item = may_be_of_item


class FixSetup(ApiError):
    """No call succeeds until a person has mended the key, the clock, the network or the URL.

    By an answer only where the vendor says so of the key, the signature, the clock or the account;
    `Client.call` raises it only if another action is refused as well.
    """

    @property
    def is_of_vendor(self) -> bool:
        """Whether an answer of the API says so; otherwise there was no answer at all."""
        return self.code is not None or self.code_n is not None


class AllFail(FixSetup):
    """No action is answered: `str()` does not name the one whose call happened to be the last."""

    def __str__(self) -> str:
        return f"{self.what}. {self.advice}".rstrip(". ") + "."


class NetworkDown(AllFail):
    """Nothing was answered for a while, and a last question neither: see `breaker`."""


class ServiceDown(AllFail):
    """Every action was answered with faults or throttling for a while: see `breaker`."""


class WrongClock(FixSetup):
    """The signature's time was refused; worth one more attempt, signed with a fresh clock."""


class WrongAnswer(ApiError):
    """The API answered 2xx with something that is not what the catalog says.

    `path` is where in the answer (like `Result.DataList[3].TimeStamp`), `value` what stands there.
    """

    def __init__(self, action: str, path: str, value: object, expected: str) -> None:
        super().__init__(
            f"{path} should be {expected} and is {printable(repr(value), longest=80)}",
            "The day stays as it was. If the vendor changed the answer, correct the entry of "
            "this action in the catalog; the raw answer shows the new shape.",
            action=action,
        )
        self.path = path
        self.value = value
        self.expected = expected

    def __reduce__(self) -> tuple[type["WrongAnswer"], tuple[str | None, str, object, str]]:
        # Errors cross process boundaries; the inherited way would call __init__ with the texts.
        return type(self), (self.action, self.path, self.value, self.expected)


class WrongWidth(WrongAnswer):
    """The slots of an answer are `width_s` seconds apart, wider than asked for."""

    def __init__(self, action: str, width_s: int, asked_s: int) -> None:
        path = "the step between the rows' TimeStamp"
        super().__init__(action, path, width_s, f"{asked_s} (seconds)")
        self.width_s, self.asked_s = width_s, asked_s

    def __reduce__(self) -> tuple[type["WrongWidth"], tuple[str | None, int, int]]:  # type: ignore[override]
        return type(self), (self.action, self.width_s, self.asked_s)


class IncompleteAnswer(ApiError):
    """The pages of one question do not add up to what the API says there is.

    `what` says so with numbers, e.g. "980 of 1000 rows on 10 pages, twice".
    """

    def __init__(
        self,
        what: str,
        advice: str = "The day stays partial, nothing of it is loaded: capture it again later.",
        **answer: Any,
    ) -> None:
        super().__init__(what, advice, **answer)


class AnswerTooLarge(ApiError):
    """The answer was given up at a bound of bytes; one for a shorter window or fewer items may fit."""

    def __init__(
        self,
        what: str,
        advice: str = "Limit the domains of the dataset in livestats.toml.",
        **answer: Any,
    ) -> None:
        super().__init__(what, advice, **answer)


def printable(text: str, longest: int = LONGEST_QUOTE) -> str:
    r"""Foreign text made fit for a log line: one line, no control characters, not endless.

    Whatever a terminal would not print as itself (escape sequences, line ends, direction marks)
    is written as `\x1b`, `\n`, `\u202e`; of more than `longest` characters the rest is counted.
    Secrets are replaced first: half of one is a secret as well.
    """
    text = redact(text)
    shown = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in text[:longest]
    )
    left_out = len(text) - longest
    return shown if left_out <= 0 else f"{shown}… ({left_out} more characters)"
