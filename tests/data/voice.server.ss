udp UNCONN 0      0      10.77.5.2:3478  0.0.0.0:* users:(("turnserver",pid=30920,fd=20))
udp UNCONN 0      0      10.77.5.2:3478  0.0.0.0:* users:(("turnserver",pid=30920,fd=19))
tcp LISTEN 0      1024   10.77.5.2:3478  0.0.0.0:* users:(("turnserver",pid=30920,fd=18))
tcp LISTEN 0      1024   10.77.5.2:3478  0.0.0.0:* users:(("turnserver",pid=30920,fd=13))
