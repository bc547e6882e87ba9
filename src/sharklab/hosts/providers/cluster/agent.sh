#!/bin/sh
# Become the agent of the engine, which runs commands in a virtual machine. The engine brings it.
set -eu
share=/run/sharklab-engine
mountpoint -q "$share" || sh /usr/lib/sharklab/share.sh "$share"
modprobe --quiet vmw_vsock_virtio_transport || :
mountpoint -q "$share/files" || mount -t tmpfs -o size=4k,mode=0700 tmpfs "$share/files" # the values are in their places
cd "$share"
for agent in incus-agent lxd-agent; do
    [ ! -x "$agent" ] || exec "./$agent"
done
echo "the member has no agent for virtual machines: install incus-agent or lxd-agent there" >&2
exit 1
