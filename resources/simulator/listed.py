"""Answers about the account itself: domains, regions, carriers, addresses."""

from __future__ import annotations

import numpy as np

from resources.simulator.noise import key_of
from resources.simulator.places import ISPS, ip_info, region_tree
from resources.simulator.query import Query
from resources.simulator.refusals import invalid_parameter
from resources.simulator.render import Result, page_of, put_list, times
from resources.simulator.settings import AnswerOptions
from resources.simulator.world import Site, World

DELETED = 3
_FIRST_DOMAIN_AT = 1_640_995_200  # 2022-01-01T00:00:00Z


def regions(_world: World, _query: Query) -> Result:
    """DescribeLiveRegionData."""
    return {"Areas": region_tree()}


def isps(_world: World, _query: Query) -> Result:
    """DescribeLiveISPData."""
    return {"ISPList": [{"Code": code, "Name": name} for code, (name, _) in ISPS.items()]}


def addresses(_world: World, query: Query) -> Result:
    """DescribeIpInfo."""
    rows = []
    for address in query.texts("Ips"):
        try:
            rows.append(ip_info(address))
        except ValueError:
            raise invalid_parameter(f"Ips: {address!r} is no IP address.") from None
    return {"List": rows}


def domains(world: World, query: Query) -> Result:
    """ListDomainDetail: deleted domains only for who asks for their status."""
    statuses = query.values.get("DomainStatusList") or (0, 1, 2, 4, 5, 6)
    names, vhosts = query.texts("DomainNameList"), query.texts("VhostList")
    types, places = query.texts("DomainTypeList"), query.texts("DomainRegionList")
    rows = [_domain(site) for site in world.sites.values()]
    rows = [
        row
        for row in rows
        if row["Status"] in statuses
        and (not names or row["Domain"] in names)
        and (not vhosts or row["Vhost"] in vhosts)
        and (not types or row["Type"] in types)
        and (not places or row["Region"] in places)
    ]
    result = page_of(query, rows)
    level = query.endpoint.rows.levels[-1]
    put_list(result, level, result.pop(level.name), query.options)
    return result


def _domain(site: Site) -> Result:
    space = site.space
    added_at = _FIRST_DOMAIN_AT + space.number * 86_400 * 30 + site.is_push * 600
    return {
        "Domain": site.name,
        "Type": "push" if site.is_push else "pull-flv",
        # The push domain of a deleted pull domain is still there: only viewers are gone.
        "Status": DELETED if space.deleted and not site.is_push else 0,
        "Vhost": space.vhost,
        "Region": "cn",
        "PushDomain": "" if site.is_push else space.push,
        "CNAME": f"{site.name}.cname.sim.example",
        "ProjectName": "default",
        "CreateTime": times(np.array([added_at]), AnswerOptions(offset="Z"))[0],
        "CertDomain": "*.sim.example",
        "ChainID": f"{key_of(site.name):016x}",
        "CnameCheck": 1,
        "DomainCheck": 0,
        "HTTP2": not site.is_push,
        "ICPCheck": 1,
        "Tags": [{"Category": "System", "Key": "project", "Value": "default"}],
    }
