tcp ESTAB 0      0      10.77.5.1:34898 10.77.5.2:22 users:(("ssh",pid=18743,fd=3))
