"""Every way we know to write an address that must not be connected to."""

from ipaddress import IPv4Address

PRIVATE_V4 = (
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "10.0.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.254",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "255.255.255.255",
)
PRIVATE_V6 = (
    "::",
    "::1",
    "0:0:0:0:0:0:0:1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2001:10::1",
    "3fff::1",
    "5f00::1",
    "64:ff9b:1::7f00:1",
    "fd00:ec2::254",
)
NAMES = (
    "localhost",
    "LOCALHOST",
    "localhost.",
    "ip6-localhost",
    "ⓛocalhost",
    "localhost%00.example",
)


def address_forms() -> list[str]:
    """What may stand between ``http://`` and the path; all of it private."""
    forms = [form for address in PRIVATE_V4 for form in _v4_forms(IPv4Address(address))]
    forms += [f"[{address}]" for address in PRIVATE_V6]
    forms += ["[fe80::1%25lo]", "[::1%25lo]", "[::1%lo]", "[::127.0.0.1%251]"]
    return list(dict.fromkeys([*forms, *NAMES]))


def _v4_forms(address: IPv4Address) -> list[str]:
    a, b, c, d = address.packed
    number = int(address)
    high, low = number >> 16, number & 0xFFFF
    wide = str.maketrans("0123456789.", "０１２３４５６７８９．")
    dotted = str(address)
    return [
        dotted,
        f"{dotted}.",
        f"{dotted}:80",
        str(number),
        hex(number),
        f"0{number:o}",
        f"0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}",
        f"0{a:o}.0{b:o}.0{c:o}.0{d:o}",
        f"{a}.{number & 0xFFFFFF}",
        f"{a}.{b}.{low}",
        f"0x{a:x}.{b}.0{low:o}",
        dotted.translate(wide),
        dotted.replace(".", "。"),
        dotted.replace("1", "%31"),
        f"[::ffff:{dotted}]",
        f"[::ffff:{high:x}:{low:x}]",
        f"[::{dotted}]",
        f"[64:ff9b::{high:x}:{low:x}]",
        f"[64:ff9b:1::{high:x}:{low:x}]",
        f"[2002:{high:x}:{low:x}::]",
        f"93.184.216.34@{dotted}",
        f"93.184.216.34\\@{dotted}",
    ]
