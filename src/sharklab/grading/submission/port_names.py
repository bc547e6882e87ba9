"""The names that netstat, ss and lsof print in the place of ports.

A client of NFS takes a port below 1024, and these tools call it by the name of the service that is registered
for it: `pop3s`, `krbupdate`. Sources: /etc/services of Debian 12 and of Rocky 9; IANA, Service Name and
Transport Protocol Port Number Registry. A table of our own gives the same marks on every machine.
"""

from __future__ import annotations

_NAMED = """
    7 echo 9 discard 13 daytime 19 chargen 20 ftp-data 21 ftp 22 ssh 23 telnet 25 smtp 37 time 43 whois
    49 tacacs 53 domain 53 dns 67 bootps 68 bootpc 69 tftp 70 gopher 79 finger 80 http 80 www 80
    www-http 88 kerberos 110 pop3 110 pop-3 111 sunrpc 111 rpcbind 111 portmapper 113 auth 113 ident 119
    nntp 123 ntp 135 epmap 135 msrpc 137 netbios-ns 138 netbios-dgm 139 netbios-ssn 143 imap 143 imap2
    161 snmp 162 snmptrap 162 snmp-trap 177 xdmcp 179 bgp 194 irc 389 ldap 427 svrloc 443 https 443 quic
    443 doh 445 microsoft-ds 445 smb 464 kpasswd 465 submissions 465 smtps 465 urd 500 isakmp 502 mbap
    514 shell 514 syslog 515 printer 520 route 520 rip 521 ripng 530 courier 540 uucp 543 klogin 544
    kshell 546 dhcpv6-client 547 dhcpv6-server 548 afpovertcp 554 rtsp 563 nntps 587 submission 587 msa
    631 ipp 636 ldaps 646 ldp 655 tinc 666 doom 666 mdqs 667 disclose 668 mecomm 669 meregister 670
    vacdsm-sws 671 vacdsm-app 672 vpps-qua 673 cimplex 674 acap 675 dctp 676 vpps-via 677 vpp 678
    ggf-ncp 679 mrm 680 entrust-aaas 681 entrust-aams 682 xfr 683 corba-iiop 684 corba-iiop-ssl 685
    mdc-portmapper 686 hcp-wismar 687 asipregistry 688 realm-rusd 689 nmap 690 vatp 691 msexch-routing
    692 hyperwave-isp 693 connendp 694 ha-cluster 695 ieee-mms-ssl 696 rushd 697 uuidgen 698 olsr 699
    accessnetwork 700 epp 701 lmp 702 iris-beep 704 elcsd 705 agentx 706 silc 707 borland-dsj 709
    entrust-kmsh 710 entrust-ash 711 cisco-tdp 712 tbrpf 713 iris-xpc 714 iris-xpcs 715 iris-lwz 716
    pana 729 netviewdm1 730 netviewdm2 731 netviewdm3 741 netgw 742 netrcs 744 flexlm 747 fujitsu-dev
    748 ris-cm 749 kerberos-adm 750 kerberos4 750 kerberos-iv 750 rfile 751 pump 751 kerberos-master 752
    qrh 752 passwd-server 753 rrh 754 tell 754 krb-prop 758 nlogin 759 con 760 ns 760 krbupdate 761 rxe
    761 kpasswd5 762 quotad 763 cycleserv 764 omserv 765 webster 767 phonebook 769 vid 770 cadlock 771
    rtip 772 cycleserv2 773 submit 774 rpasswd 774 acmaint-dbd 775 entomb 775 acmaint-transd 776 wpages
    777 multiling-http 780 wpgs 783 spamd 786 concert 800 mdbs-daemon 801 device 802 mbap-s 808 omirr
    810 fcp-udp 828 itm-mcell-s 829 pkix-3-ca-ra 830 netconf-ssh 831 netconf-beep 832 netconfsoaphttp
    833 netconfsoapbeep 847 dhcp-failover2 848 gdoi 853 domain-s 854 dlep 860 iscsi 861 owamp-control
    862 twamp-control 871 supfilesrv 873 rsync 886 iclcnet-locate 887 iclcnet-svinfo 888 accessbuilder
    888 cddbp 900 omginitialrefs 901 swat 901 smpnameres 902 ideafarm-door 903 ideafarm-panic 910 kink
    911 xact-backup 912 apex-mesh 913 apex-edge 989 ftps-data 990 ftps 991 nas 992 telnets 993 imaps 994
    ircs 995 pop3s 996 vsinet 996 xtreelic 997 maitrd 998 busboy 998 puparp 999 garcon 999 puprouter
    1000 cadlock2 1001 webpush 1010 surf 1021 exp1 1022 exp2 1080 socks 1194 openvpn 1433 ms-sql-s 1521
    oracle 1701 l2f 1723 pptp 1812 radius 1813 radius-acct 1883 mqtt 1900 ssdp 2049 nfs 2049 nfsd 2049
    shilp 3128 squid 3268 msft-gc 3306 mysql 3389 ms-wbt-server 3389 rdp 3478 stun 3478 turn 4500
    ipsec-nat-t 4500 non500-isakmp 5060 sip 5061 sips 5222 xmpp-client 5223 hpvirtgrp 5228 hpvroom 5269
    xmpp-server 5349 stuns 5349 turns 5353 mdns 5355 llmnr 5355 hostmon 5432 postgresql 5672 amqp 5671
    amqps 5900 vnc 5900 rfb 6379 redis 6443 sun-sr-https 6660 ircu 6667 ircd 6697 ircs-u 8000 irdmi 8080
    http-alt 8080 webcache 8443 pcsync-https 8883 secure-mqtt 9418 git 27017 mongodb 51820 wireguard
"""
_WORDS = _NAMED.split()
_PORTS = {name: number for number, name in zip(_WORDS[::2], _WORDS[1::2], strict=True)}

NAMES = frozenset(_PORTS)
"""Every name of a port."""


def port(name: str) -> str:
    """Return the port of a name in any case, or "" for a name that the table does not have."""
    return _PORTS.get(name.lower().replace("_", "-"), "")
