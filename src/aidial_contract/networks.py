"""Addresses and networks in the one form both apps compare.

The one thing a newcomer would get wrong: IPv4 written as IPv6 (`::ffff:203.0.113.9`) is IPv4, in an address
and in a network, or a list of IPv4 networks would shut out half of the people it names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from aidial_contract.settings import Network

Address = IPv4Address | IPv6Address

_FORM: Final = re.compile(r"[0-9A-Fa-f:.]+(?:/[0-9]{1,3})?")
_MAPPED: Final = IPv6Network("::ffff:0:0/96")
_MAPPED_BITS: Final = 96


def parse_network(text: str) -> Network | None:
    """The network a text names, its host bits dropped; an address is one of itself. None: it names none."""
    given = text.strip()
    if not _FORM.fullmatch(given):
        return None
    try:
        network = ip_network(given, strict=False)
    except ValueError:
        return None
    if isinstance(network, IPv6Network) and network.subnet_of(_MAPPED):
        inner = IPv4Address(int(network.network_address) & 0xFFFFFFFF)
        return IPv4Network((inner, network.prefixlen - _MAPPED_BITS))
    return network


@lru_cache(maxsize=4096)
def parse_address(text: str) -> Address | None:
    """The address a text names, without its zone, which no list and no column knows. None: it names none."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def holds(networks: Iterable[Network], text: str) -> bool:
    """Whether one of the networks has the address; a text that is no address is in none."""
    address = parse_address(text)
    return address is not None and any(address in network for network in networks)
