"""An NFSv4 client in user space, for kernels without one: libnfs below, FUSE above.

mount.py is what mount(8) runs, share.py answers what programs ask of the mounted folder,
session.py puts it to the server.
"""
