#!/bin/busybox sh
# The first program on the Raspberry Pi: loads what the card's driver needs, waits for the root, starts systemd.
# `fsck` of the root is not needed: nothing writes to it.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "/modules/$module" 2>/dev/null; done < /order
root=
tries=0
while [ -z "$root" ] && [ $tries -lt 600 ]; do
    root=$($b findfs LABEL=bodka-root 2>/dev/null) || { root=; $b sleep 0.1; }
    tries=$((tries + 1))
done
[ -n "$root" ] || { echo "bodka: no partition bodka-root on this card; starting again"; $b sleep 5; $b reboot -f; }
$b mount -t ext4 -o ro,noatime "$root" /root
for place in dev proc sys; do $b mount --move /$place /root/$place; done
exec $b switch_root /root /sbin/init
