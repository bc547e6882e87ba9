#!/bin/sh
# The first program of a host on a cluster. It does what systemd-nspawn does for a host from outside, and becomes
# systemd. On the first start it puts the values of the seat into the host.
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
values=/sharklab-values.tar

# NetworkManager waits for udev where it may write to /sys, and no host has udev.
mount -o remount,bind,ro /sys

# No segmentation offload: a capture shows the packets that a real wire would carry.
for card in /sys/class/net/*; do
    card=${card##*/}
    [ "$card" = lo ] || ip link set dev "$card" gso_max_segs 1
done

if [ -e "$values" ]; then
    # The first file lists what the seat takes away from the image: a path of a line.
    tar --extract --to-stdout --file "$values" .removed | while IFS= read -r path; do rm -rf "/$path"; done
    tar --extract --file "$values" --directory / --exclude .removed --numeric-owner --preserve-permissions \
        --xattrs --xattrs-include='*' --keep-directory-symlink && rm "$values"
fi
exec /lib/systemd/systemd "$@"
