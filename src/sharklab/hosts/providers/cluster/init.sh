#!/bin/sh
# The first program of a host on a cluster. It does what systemd-nspawn does for a host from outside, and becomes
# systemd. On the first start it puts the values of the seat into the host.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# NetworkManager waits for udev where it may write to /sys, and no host has udev.
mount -o remount,bind,ro /sys

# No segmentation offload: a capture shows the packets that a real wire would carry.
for card in /sys/class/net/*; do
    card=${card##*/}
    [ "$card" = lo ] || ip link set dev "$card" gso_max_segs 1
done

if [ -e /sharklab-values.tar ]; then
    /usr/bin/python3 -I -S /usr/lib/sharklab/unpack.py /sharklab-values.tar /
fi
exec /lib/systemd/systemd "$@"
