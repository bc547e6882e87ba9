tcp LISTEN 0      128      0.0.0.0:22   0.0.0.0:*     users:(("sshd",pid=18735,fd=3))
tcp ESTAB  0      0      10.77.5.2:22 10.77.5.1:34898 users:(("sshd",pid=18745,fd=4))
tcp LISTEN 0      128         [::]:22      [::]:*     users:(("sshd",pid=18735,fd=4))
