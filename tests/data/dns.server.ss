udp UNCONN 0      0        10.77.5.2:53 0.0.0.0:* users:(("dnsmasq",pid=18796,fd=4))
udp UNCONN 0      0      [fd77:5::2]:53    [::]:* users:(("dnsmasq",pid=18796,fd=6))
tcp LISTEN 0      32       10.77.5.2:53 0.0.0.0:* users:(("dnsmasq",pid=18796,fd=5))
tcp LISTEN 0      32     [fd77:5::2]:53    [::]:* users:(("dnsmasq",pid=18796,fd=7))
