"""What hosts are like, for tests: as they are seen on a seat of tp4 on which all is right."""

from __future__ import annotations

from typing import Any

from sharklab.lab.model import Check

ZONE = """public{active}
  target: default
  interfaces: lan
  services: {services}
  ports: {ports}
  protocols:
  forward-ports:
  source-ports:
  rich rules:
"""
GANESHA = """# Ansible managed
NFS_CORE_PARAM {
    Protocols = 4;
}

EXPORT {
    Export_Id = 1;
    Path = "/srv/sample";
    Pseudo = "/srv/sample";
    CLIENT {
        Clients = 10.77.5.1, 10.77.5.3;
    }
}
"""
UP = {"running": True, "enabled": True}
KERNEL = "/srv/sample  10.77.5.1(sync,wdelay,hide,no_subtree_check,sec=sys,rw)\n/srv/other  *(ro)\n"


def zone(services: str = "https ssh", ports: str = "3478/udp", active: str = " (active)") -> str:
    """Return what `firewall-cmd --list-all` prints."""
    return ZONE.format(services=services, ports=ports, active=active)


def seen(**values: Any) -> dict[str, Any]:
    """Return what a host is like, but for `values`."""
    return {
        "observed": 1.0,
        "services": {"firewalld": UP, "sshd": UP},
        "firewall": {
            "runtime": zone(),
            "permanent": zone(active=""),
            "default": "public",
            "zones": zone(),
            "permanent_zones": zone(active=""),
        },
        "sockets": [
            'tcp LISTEN 0 511 0.0.0.0:443 0.0.0.0:* users:(("nginx",pid=145,fd=5))',
            'tcp LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=54,fd=3))',
            'tcp LISTEN 0 128 127.0.0.1:631 0.0.0.0:* users:(("cupsd",pid=9,fd=3))',
            'udp UNCONN 0 0 *:123 *:* users:(("chronyd",pid=60,fd=5))',
        ],
        "mounts": [
            {"path": "/", "device": "overlay", "type": "overlay"},
            {"path": "/mnt/sample", "device": "10.77.5.2:/srv/sample", "type": "nfs4"},
        ],
        "fstab": ["# comment /mnt/none", "10.77.5.2:/srv/sample /mnt/sample nfs4 soft 0 0", ""],
        "exports": GANESHA,
        "units": "",
        "automounts": "",
        "sshd": ["port 22", "strictmodes yes", "usepam yes"],
        "boot_id": "2b6f0cc9-04d1-4be1-a1b6-4ab6c22ecb1f",
        "effects": {
            "reaches client 10.77.5.1 22/tcp": {"verdict": "open"},
            "reaches client 10.77.5.1 23/tcp": {
                "verdict": "rejected",
                "icmp": [3, 13],
                "origin": "10.77.5.1",
            },
            "resolves www.tok7f3a.lab.example": {"verdict": "found", "addresses": ["10.77.5.2"]},
            "logs_in student student client 10.77.5.1": {"verdict": "done"},
            "writes student /mnt/sample": {"verdict": "done"},
            "reads student /mnt/sample/readme.txt tok7f3a": {"verdict": "done"},
        },
        "resolver": ["# by hand", "search example.test", "nameserver 10.77.5.2", "nameserver 192.0.2.1"],
        **values,
    }


CHECKS = (
    Check("firewalld_on", {"host": "server"}),
    Check("firewalld_same", {"host": "server"}),
    Check("firewalld_opens", {"host": "server", "services": ["https", "ssh"], "ports": ["3478/udp"]}),
    Check("firewalld_open", {"host": "server", "opening": "https"}),
    Check("firewalld_closed", {"host": "server", "opening": "telnet"}),
    Check("service", {"host": "server", "service": "sshd"}),
    Check("listens", {"host": "server", "port": "443/tcp"}),
    Check("mount", {"host": "server", "path": "/mnt/sample", "source": "10.77.5.2:/srv/sample"}),
    Check("mount_kept", {"host": "server", "path": "/mnt/sample"}),
    Check("export", {"host": "server", "path": "/srv/sample"}),
    Check("sshd", {"host": "server", "settings": ["strictmodes yes"]}),
    Check("resolver", {"host": "server", "server": "10.77.5.2"}),
    Check("reaches", {"host": "server", "to": "client", "port": "22/tcp"}),
    Check("resolves", {"host": "server", "name": "www.tok7f3a.lab.example", "address": "10.77.5.2"}),
    Check("logs_in", {"host": "server", "to": "client"}),
    Check("writes", {"host": "server", "path": "/mnt/sample", "source": "10.77.5.2:/srv/sample"}),
    Check(
        "reads",
        {
            "host": "server",
            "path": "/mnt/sample/readme.txt",
            "contains": "tok7f3a",
            "source": "10.77.5.2:/srv/sample",
        },
    ),
)
"""Checks that the sample host passes."""
