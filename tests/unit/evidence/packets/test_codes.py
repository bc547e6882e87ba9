"""Names of numbers on the wire, as the RFCs and IANA give them."""

from __future__ import annotations

import pytest

from sharklab.evidence.packets import codes


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (3, "ACCESS"),
        (18, "OPEN"),
        (42, "EXCHANGE_ID"),
        (53, "SEQUENCE"),
        (58, "RECLAIM_COMPLETE"),
        (71, "CLONE"),
        (75, "REMOVEXATTR"),
        (10044, "ILLEGAL"),
        (2, "2"),
    ],
)
def test_nfs_operation(code: int, name: str) -> None:
    """RFC 7530 (16.2), RFC 8881 (18), RFC 7862 (15) and RFC 8276 (8)."""
    assert name == codes.nfs_operation(code)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (0, "NFS4_OK"),
        (2, "NFS4ERR_NOENT"),
        (13, "NFS4ERR_ACCESS"),
        (10001, "NFS4ERR_BADHANDLE"),
        (10002, "NFS4ERR_10002"),
        (10013, "NFS4ERR_GRACE"),
        (10052, "NFS4ERR_BADSESSION"),
        (10096, "NFS4ERR_XATTR2BIG"),
    ],
)
def test_nfs_status(code: int, name: str) -> None:
    """RFC 7530 (13.1), RFC 8881 (15.1) and RFC 8276 (8.5); a number without a name stays one."""
    assert name == codes.nfs_status(code)


def test_dns_names() -> None:
    """IANA, Domain Name System Parameters; RFC 3597 for a type without a name."""
    assert ["A", "AAAA", "HTTPS", "TYPE1234"] == list(map(codes.dns_type, (1, 28, 65, 1234)))
    assert ["NOERROR", "NXDOMAIN", "NOTZONE", "RCODE11"] == list(map(codes.dns_rcode, (0, 3, 10, 11)))
