"""The SSH gateway of a class server: OpenSSH's own sshd lets students into their seats, and nowhere else.

`control` starts and stops it, `supervisor` keeps it. sshd runs in a jail (`jail`), which has no network and
no file of the server; `inside` has the programs that run there. They reach a seat through `hosts.door`.
"""
