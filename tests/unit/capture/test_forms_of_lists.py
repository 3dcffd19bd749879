"""Lists as real servers give them: short pages, and keys that come twice for good."""

from resources.simulator import Account
from tests.support.archives import DAYS, SMALL, failures, lab, lake_rows

LIST = "ListDomainDetail"
MANY = Account(domains=60, streams_per_domain=1, deleted=0, audience=0.01)


def domains(tmp_path, account, *manners):
    """The rows of the list of domains, and how many calls they took; or what failed."""
    with lab(tmp_path / "home", account, manners=[*manners]) as one:
        results = one.capture([DAYS[0]], ["domain"])
        calls = one.simulator.calls[LIST]
        if failures(results):
            return failures(results), calls
        return lake_rows(one.home, "domain", results[0].day), calls


def test_placeholder(tmp_path):
    print(domains(tmp_path, SMALL))
