udp ESTAB     0      0      10.77.5.1:42592 10.77.5.2:3478 users:(("turnutils_uclie",pid=30943,fd=7)) 
udp ESTAB     0      0      10.77.5.1:43010 10.77.5.2:3478 users:(("turnutils_uclie",pid=30943,fd=8)) 
udp ESTAB     0      0      10.77.5.1:55578 10.77.5.2:3478 users:(("turnutils_uclie",pid=30943,fd=9)) 
udp ESTAB     0      0      10.77.5.1:60298 10.77.5.2:3478 users:(("turnutils_uclie",pid=30943,fd=11))
