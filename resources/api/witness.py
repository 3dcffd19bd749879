"""Whether the vendor's refusal of the key or the account concerns one action or all of them.

Dead networks are in `breaker`. Next: `client`, which asks before it raises FixSetup.
"""

import threading
from collections.abc import Callable, Mapping

from resources.api.errors import ApiError, FixAction, FixRequest, FixSetup

QUESTIONS: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("DescribeLiveISPData", {}),
    ("ListDomainDetail", {"PageNum": 1, "PageSize": 1}),
)
"""The cheapest questions of the API, to ask beside the action that was refused."""

REMEMBERED_S = 60.0
"""For so long what was found out is not asked again."""

# Gateways look up the action before they look at the key.
_BEFORE_THE_KEY = ("InvalidActionOrVersion", "MethodNotAllowed", "ServiceNotFound")


class Witness:
    """Asks a second action before a refusal of the key by one action ends everything.

    `ask` makes one call. At most one is made at a time, and others wait for what it finds. Safe to
    share among threads.
    """

    def __init__(
        self,
        ask: Callable[[str, Mapping[str, object]], object],
        monotonic: Callable[[], float],
    ) -> None:
        self._ask = ask
        self._monotonic = monotonic
        self._asking = threading.Lock()  # held while asking
        self._lock = threading.Lock()  # guards what follows
        self._accepted_s: dict[str, float] = {}  # action -> when its last accepted call began
        self._demoted: dict[str, tuple[float, str]] = {}  # action -> until when, and by which
        self._confirmed_until_s = float("-inf")

    def accepted(self, action: str, began_s: float) -> None:
        """Note that the key was accepted for a call of `action` that began at `began_s`."""
        with self._lock:
            self._accepted_s[action] = max(began_s, self._accepted_s.get(action, began_s))
            self._demoted.pop(action, None)
            self._confirmed_until_s = float("-inf")

    def judge(self, action: str, error: FixSetup) -> ApiError:
        """The error to raise for a call of `action` that was refused just now.

        `error` itself if another action is refused as well; else FixAction in the vendor's words.
        Raises FixSetup if the other action cannot be reached at all.
        """
        refused_s = self._monotonic()
        with self._asking:
            with self._lock:
                now_s = self._monotonic()
                if now_s < self._confirmed_until_s:
                    return error
                until_s, other = self._demoted.get(action, (float("-inf"), ""))
                if now_s < until_s:
                    return _of_action(error, other)
                for other, accepted_s in self._accepted_s.items():
                    if other != action and accepted_s > refused_s:
                        return self._demote(action, error, other)
            return self._asked(action, error)

    def _asked(self, action: str, error: FixSetup) -> ApiError:
        for other, payload in QUESTIONS:
            if other == action:
                continue
            verdict = self._is_accepted(other, payload)
            with self._lock:
                if verdict is True:
                    return self._demote(action, error, other)
                if verdict is False:
                    self._confirmed_until_s = self._monotonic() + REMEMBERED_S
                    return error
        with self._lock:  # one action alone proves nothing of the others
            return self._demote(action, error, "")

    def _is_accepted(self, action: str, payload: Mapping[str, object]) -> bool | None:
        """Whether the key is accepted for `action`; None if the answer does not say."""
        try:
            self._ask(action, payload)
        except FixSetup as error:
            if not error.is_of_vendor:
                raise
            return None if _code_of(error) in _BEFORE_THE_KEY else False
        except (FixAction, FixRequest) as error:
            # The vendor checks the key before permissions and parameters.
            says = error.code is not None and _code_of(error) not in _BEFORE_THE_KEY
            return True if says else None
        except ApiError:
            return None
        return True

    def _demote(self, action: str, error: FixSetup, other: str) -> FixAction:
        self._demoted[action] = (self._monotonic() + REMEMBERED_S, other)
        return _of_action(error, other)


def _code_of(error: ApiError) -> str:
    return (error.code or "").partition(".")[0]


def _of_action(error: FixSetup, other: str) -> FixAction:
    """The refusal as one of its action alone."""
    why = (
        f"{other} is answered with the same key, so only this action is refused"
        if other
        else "no other action could be asked, so only this action is taken for refused"
    )
    return FixAction(
        f"{error.what}; {why}",
        error.advice,
        action=error.action,
        http_status=error.http_status,
        code=error.code,
        code_n=error.code_n,
        request_id=error.request_id,
    )
