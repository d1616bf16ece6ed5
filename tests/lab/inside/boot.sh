#!/bin/busybox sh
# The first program of the virtual machine: loads what the disk needs, then systemd.
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
while read -r module; do $b insmod "/modules/$module"; done < /order
tries=0
while [ ! -b /dev/vda ] && [ $tries -lt 100 ]; do $b sleep 0.1; tries=$((tries + 1)); done
$b mount -t ext4 -o noatime /dev/vda /root
for place in dev proc sys; do $b mount --move /$place /root/$place; done
exec $b switch_root /root /sbin/init
