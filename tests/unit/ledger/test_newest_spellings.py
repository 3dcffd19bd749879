"""Names that the newest list spells otherwise."""

from datetime import date

from resources.api.catalog import DATASETS
from resources.ledger.newest_spellings import newest_spellings, respelled
from tests.support.lake_files import store

FIRST, SECOND = date(2026, 11, 1), date(2026, 11, 2)


def listed(root, day, domains=(), carriers=()):
    rows = [{"domain": name, "domain_type": "push", "push_domain": None} for name in domains]
    store(root, DATASETS["domain"], day, rows)
    store(root, DATASETS["isp"], day, [{"isp": code, "isp_name": code} for code in carriers])


def test_only_what_is_spelled_otherwise_now_is_told(tmp_path):
    listed(tmp_path, FIRST, ("A.example", "b.example.", "Gone.example"), ("TELECOM", "unicom"))
    dots = {"b.example.": "b.example"}
    assert newest_spellings(tmp_path) == {"Domain": dots, "DomainList": dots}
    listed(tmp_path, SECOND, ("a.example", "b.example", "New.example"), ("telecom", "unicom"))
    domains = {"A.example": "a.example", "b.example.": "b.example"}
    assert newest_spellings(tmp_path) == {
        "Domain": domains,
        "DomainList": domains,
        "ISPList": {"TELECOM": "telecom"},
    }


def test_regions_are_compared_level_by_level(tmp_path):
    def store_regions(day, *texts):
        names = ("area_code", "country_code", "province_code")
        rows = [dict(zip(names, text.split("/"), strict=True)) for text in texts]
        store(tmp_path, DATASETS["region"], day, rows)

    store_regions(FIRST, "CN/CN/Beijing", "AP/SG/SG")
    assert newest_spellings(tmp_path) == {}
    store_regions(SECOND, "CN/CN/beijing", "ap/sg/sg")
    asked = {
        "RegionList": [{"Area": "AP", "Country": "SG"}, {"Area": "CN", "Country": "CN"}],
        "UserRegionList": [{"Area": "CN", "Country": "CN", "Province": "Beijing"}],
    }
    assert respelled(asked, newest_spellings(tmp_path)) == {
        "RegionList": [{"Area": "ap", "Country": "sg"}, {"Area": "CN", "Country": "CN"}],
        "UserRegionList": [{"Area": "CN", "Country": "CN", "Province": "beijing"}],
    }


def test_names_are_changed_in_their_own_fields_alone():
    spellings = {"Domain": {"A": "a"}, "DomainList": {"A": "a"}, "ISPList": {"T": "t"}}
    asked = {"DomainList": ["A", "b"], "ISPList": ["T"], "Stream": "A", "Aggregation": 300}
    assert respelled(asked, spellings) == asked | {"DomainList": ["a", "b"], "ISPList": ["t"]}
    assert respelled({"Domain": "A"}, spellings) == {"Domain": "a"}
    assert respelled(asked, {}) == asked
