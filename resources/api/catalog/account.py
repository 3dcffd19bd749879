"""The account and its surroundings: domains, regions, carriers, addresses."""

from __future__ import annotations

from dataclasses import replace

from resources.api.catalog.columns import DOMAIN
from resources.api.catalog.datasets import Dataset
from resources.api.catalog.model import (
    ColumnType,
    DedupKeep,
    DuplicateKeys,
    Endpoint,
    Field,
    ListLevel,
    Paging,
    Preference,
    RowLayout,
    Scope,
)
from resources.api.catalog.parameters import Parameter, WireType
from resources.api.catalog.shared import YEAR, instant, page_parameters, text
from resources.api.catalog.spelling import Spelling
from resources.api.catalog.vendors import BYTEPLUS

DELETED = 3  # status of a domain

REGION = Endpoint(
    action="DescribeLiveRegionData",
    rows=RowLayout(
        outer=True,  # countries outside China have no provinces
        levels=(
            ListLevel(
                name="Areas",
                fields=(
                    text(
                        "Code",
                        "area_code",
                        "Area code, as in the Area of a region.",
                        spelling=Spelling.ANY_CASE,
                    ),
                    text("Name", "area_name", "Area name."),
                ),
            ),
            ListLevel(
                name="Countries",
                fields=(
                    text(
                        "Code",
                        "country_code",
                        "Country code.",
                        required=False,
                        spelling=Spelling.ANY_CASE,
                    ),
                    text("Name", "country_name", "Country name.", required=False),
                ),
            ),
            ListLevel(
                name="Provinces",
                required=False,
                fields=(
                    text(
                        "Code",
                        "province_code",
                        "Province code; NULL outside mainland China.",
                        required=False,
                        spelling=Spelling.ANY_CASE,
                    ),
                    text("Name", "province_name", "Province name.", required=False),
                ),
            ),
        ),
    ),
)

ISP = Endpoint(
    action="DescribeLiveISPData",
    rows=RowLayout(
        levels=(
            ListLevel(
                name="ISPList",
                fields=(
                    text(
                        "Code",
                        "isp",
                        "Carrier code, as in every column `isp`.",
                        spelling=Spelling.ANY_CASE,
                    ),
                    text("Name", "isp_name", "Carrier name."),
                ),
            ),
        ),
    ),
)

DOMAIN_LIST = Endpoint(
    action="ListDomainDetail",
    parameters=(
        *page_parameters(1, 1000, None, required=True),
        Parameter(name="DomainNameList", wire_type=WireType.TEXTS, echoed=False),
        Parameter(
            name="DomainRegionList",
            wire_type=WireType.TEXTS,
            allowed=("cn", "cn-global", "cn-oversea"),
            echoed=False,
        ),
        Parameter(
            name="DomainStatusList",
            wire_type=WireType.INTEGERS,
            allowed=(0, 1, 2, 3, 4, 5, 6),
            echoed=False,
        ),
        Parameter(
            name="DomainTypeList",
            wire_type=WireType.TEXTS,
            allowed=("push", "pull-flv"),
            echoed=False,
        ),
        Parameter(name="VhostList", wire_type=WireType.TEXTS, echoed=False),
    ),
    paging=Paging(
        size=1000, smallest=1, largest=1000, default=None, block=None, echo=None, total="Total"
    ),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="DomainList",
                required=False,
                ignored_lists=(
                    ListLevel(
                        name="Tags",
                        fields=tuple(text(n, None, "") for n in ("Category", "Key", "Value")),
                    ),
                ),
                fields=(
                    DOMAIN,
                    text("Type", "domain_type", "push, or pull-flv for a pull domain."),
                    Field(
                        name="Status",
                        kind=ColumnType.INTEGER,
                        column="status",
                        comment="0 normal, 1 in review, 2 disabled, 3 deleted, 4 rejected, "
                        "5 stopped for arrears, 6 blocked for lack of filing.",
                    ),
                    text("Vhost", "vhost", "Domain space: a named group.", required=False),
                    text("Region", "region", "cn, cn-global or cn-oversea.", required=False),
                    text(
                        "PushDomain",
                        "push_domain",
                        "Push domain that a pull domain is bound to.",
                        required=False,
                        spelling=Spelling.DOMAIN,
                    ),
                    text("CNAME", "cname", "CNAME target.", required=False),
                    text("ProjectName", "project_name", "Project of the space.", required=False),
                    instant("CreateTime", "created_at", "When it was added.", required=False),
                    text("CertDomain", None, "", required=False),
                    text("ChainID", None, "", required=False),
                    Field(name="CnameCheck", kind=ColumnType.INTEGER, required=False),
                    Field(name="DomainCheck", kind=ColumnType.INTEGER, required=False),
                    Field(name="HTTP2", kind=ColumnType.BOOLEAN, required=False),
                    Field(name="ICPCheck", kind=ColumnType.INTEGER, required=False),
                ),
            ),
        ),
    ),
)

IP_INFO = Endpoint(
    action="DescribeIpInfo",
    rate_per_s=10.0,
    absent_on=(BYTEPLUS,),
    null_result=True,
    parameters=(
        Parameter(name="Ips", wire_type=WireType.TEXTS, required=True, max_items=50, echoed=False),
    ),
    rows=RowLayout(
        levels=(
            ListLevel(
                name="List",
                fields=(
                    replace(
                        text("Ip", "ip", "The address. Personal data: see archive.personal_data."),
                        spelling=Spelling.ADDRESS,
                        is_personal=True,
                    ),
                    text("Isp", "isp", "Carrier; '-' for an address outside China."),
                    text("Location", "location", "Country or region; '-' if unknown."),
                    text("Province", "province", "Province; '-' outside China."),
                    text("City", "city", "City; '-' outside China."),
                    Field(
                        name="LiveCdnIp",
                        kind=ColumnType.BOOLEAN,
                        column="is_cdn_node",
                        comment="Whether the address is a CDN node of the vendor.",
                    ),
                ),
            ),
        ),
    ),
)

DATASETS = (
    Dataset(
        name="domain",
        endpoint=DOMAIN_LIST,
        scope=Scope.ACCOUNT,
        key=("domain",),
        duplicate_keys=DuplicateKeys.KEEP_ONE,  # deleted, and created again under the same name
        prefer=(
            Preference(column="status", last=(DELETED,)),
            Preference(column="created_at", is_largest_first=True),
        ),
        parameters={"DomainStatusList": [0, 1, 2, 3, 4, 5, 6]},
        description="Every domain the account ever had, deleted ones too, as last seen.",
        group="account",
    ),
    Dataset(
        name="region",
        endpoint=REGION,
        scope=Scope.ACCOUNT,
        key=("area_code", "country_code", "province_code"),
        duplicate_keys=DuplicateKeys.KEEP_ONE,  # codes are what is asked by; one may have two names
        description="Areas, countries and provinces with their codes.",
        group="account",
    ),
    Dataset(
        name="isp",
        endpoint=ISP,
        scope=Scope.ACCOUNT,
        key=("isp",),
        duplicate_keys=DuplicateKeys.KEEP_ONE,
        description="Carriers with their codes.",
        group="account",
    ),
    Dataset(
        name="ip_info",
        endpoint=IP_INFO,
        scope=Scope.ADDRESSES,
        key=("ip",),
        dedup_keep=DedupKeep.LAST_DAY,
        addresses_from=(
            ("batch_push_stream_metrics", "client_ip"),
            ("batch_push_stream_metrics", "server_ip"),
            ("push_stream_info", "client_ip"),
        ),
        description="Place and carrier of each address seen in pushes, as last answered. The "
        "vendor answers for the present: the ledger tells when that day was asked.",
        history_override=YEAR,  # the addresses of a day are known as long as its pushes can be asked
        reread_days=0,
        group="health",
    ),
)
