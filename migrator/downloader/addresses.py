"""Which network addresses images may come from. Pure.

`ipaddress` is no help: its ``is_global`` lets NAT64, 6to4 and multicast addresses pass, and what
it says differs between versions of Python.
"""

import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from migrator.errors import ConfigError

Address = IPv4Address | IPv6Address

USUAL_PORTS = frozenset({80, 443})

# IANA's special-purpose registries (RFC 6890 and its successors), multicast and the future.
_DENIED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # Azure answers every virtual machine here
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
# What is not global unicast (loopback, NAT64, unique local, link-local, multicast) is out anyway.
_GLOBAL_V6 = IPv6Network("2000::/3")
_DENIED_V6 = tuple(
    IPv6Network(network)
    for network in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)

# RFC 6761, 6762 and 8375, ICANN's "internal", and what routers and offices use.
_INTERNAL = frozenset(
    {"localhost", "local", "internal", "arpa", "lan", "home", "corp", "intranet", "localdomain"}
)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")  # ends an address, whoever can read it, and no name
_FAKE = IPv4Network("198.18.0.0/15")  # RFC 2544: for benchmarks, so proxy programs make use of it


def unmapped(address: Address) -> Address:
    """The IPv4 address that an IPv4-mapped IPv6 address stands for, else ``address``."""
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def is_public(address: Address) -> bool:
    """Whether ``address`` belongs to the public internet."""
    address = unmapped(address)
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _DENIED_V4)
    return address in _GLOBAL_V6 and not any(address in network for network in _DENIED_V6)


@dataclass(frozen=True, slots=True)
class Exemption:
    """A host by name or the addresses of a network, at one port or (``None``) at any."""

    host: str | None
    network: IPv4Network | IPv6Network | None
    port: int | None

    def covers(self, host: str, address: Address, port: int) -> bool:
        """Whether ``address``, found under the name ``host``, may be connected to at ``port``."""
        if self.port not in (None, port):
            return False
        return self.names(host) or (self.network is not None and address in self.network)

    def names(self, host: str) -> bool:
        """Whether ``host``, a name or an address, is meant, at whichever port."""
        if self.network is None:
            return self.host == _name(host)
        address = literal(host)
        return address is not None and unmapped(address) in self.network


def parse_exemptions(texts: Iterable[str]) -> tuple[Exemption, ...]:
    """What ``safety.allow_private`` says.

    Raises:
        ConfigError: an entry is none of HOST, HOST:PORT, CIDR, [IPv6] and [IPv6]:PORT.
    """
    return tuple(map(_exemption, texts))


def _exemption(text: str) -> Exemption:
    network = _network(text)
    if network:
        return Exemption(None, network, None)
    host, colon, digits = text.rpartition(":")
    if not colon or text.endswith("]"):
        host, digits = text, ""
    elif not digits.isascii() or not digits.isdigit() or not 0 < int(digits) < 2**16:
        raise _not_understood(text)
    port = int(digits) if digits else None
    network = _network(host.removeprefix("[").removesuffix("]"))
    if network:
        return Exemption(None, network, port)
    if not host or any(char in "[]:/@?#% " for char in host):
        raise _not_understood(text)
    return Exemption(_name(host), None, port)


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _name(host: str) -> str:
    try:
        return host.rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        return host


def _not_understood(text: str) -> ConfigError:
    return ConfigError(
        f"safety.allow_private: {text!r} is not a host, HOST:PORT or a CIDR",
        'write for example "127.0.0.1:8000", "nas.local", "192.168.1.0/24" or "[::1]:8000"',
    )


def objection(
    host: str, addresses: Sequence[Address], port: int, exemptions: Sequence[Exemption]
) -> str:
    """Why ``host`` must not be connected to, with the cure; the empty string if it may be.

    One address that is not allowed condemns the host: a name that resolves to public and private
    addresses alike has no honest use here.
    """
    for address in map(unmapped, addresses):
        if any(exemption.covers(host, address, port) for exemption in exemptions):
            continue
        cure = f"if you trust it: --allow-private {_host_port(host, port)}"
        if address in _FAKE:
            return (
                f"{host} is at {address}, which a proxy program on this machine or router made up "
                '(fake-IP): name that program, as in proxy = "http://127.0.0.1:7890" under '
                "[download], or let it leave this host alone (fake-ip-filter)"
            )
        if not is_public(address):
            name = "" if host == str(address) else f"{host} is at "
            return f"{name}{address}, a private or reserved address; {cure}"
        if port not in USUAL_PORTS:
            return f"{host} is asked for at the unusual port {port}; {cure}"
    return ""


def objection_unresolved(host: str, port: int, exemptions: Sequence[Exemption]) -> str:
    """What `objection` says of a host that somebody else will resolve: what its name tells."""
    name = host.rstrip(".").lower()
    address = _written(name)
    if address:
        return objection(host, [address], port, exemptions)
    cure = f"if you trust it: --allow-private {_host_port(host, port)}"
    last = name.rpartition(".")[2]
    if "." not in name or last in _INTERNAL or _NUMBER.fullmatch(last):
        return f"{host} is a name of private networks; {cure}"
    return "" if port in USUAL_PORTS else f"{host} is asked for at the unusual port {port}; {cure}"


def _written(host: str) -> Address | None:
    """The address that ``host`` is in any notation: 0x7f.1, 2130706433, 127.1 ..."""
    try:
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
    except (OSError, UnicodeError):
        return None
    return literal(str(found[0][4][0]).partition("%")[0])


def _host_port(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def literal(host: str) -> Address | None:
    """The address that ``host`` is in its usual notation, ``None`` if it is a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None
