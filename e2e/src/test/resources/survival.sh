# SPDX-License-Identifier: Apache-2.0
# What survival.py does, with one thread, no pauses and nothing but busybox, at /busybox.
set -f
shift 2 # what only that one needs
memory=$1 cpus=$2
shift 2
line_feed='
'
last=$((cpus - 1))
online=0
[ "$last" = 0 ] || online=0-$last

right() {
  case $file in
    /proc/meminfo) case $text in "$total"*) ;; *) return 1 ;; esac ;;
    /proc/cpuinfo) has_cpus "processor	: " "$line_feed" ;;
    /proc/stat) has_cpus "${line_feed}cpu" ' ' ;;
    /sys/devices/system/cpu/online) [ "$text" = "$online" ] ;;
  esac
}

# has_cpus BEFORE AFTER: the number of the last CPU is there, and that of one more is not
has_cpus() {
  case $text in *"$1$cpus$2"*) return 1 ;; *"$1$last$2"*) ;; *) return 1 ;; esac
}

now() {
  time=$EPOCHREALTIME
  micros=${time%.*}${time#*.}
}

total=$(printf 'MemTotal: %14d kB' "$memory")
echo reads
until read -t 0; do
  for file; do
    now
    begin=$micros
    # not cat, whose sendfile(2) finds nothing in a file of size 0
    if text=$(/busybox dd if="$file" bs=64k status=none 2>&1); then
      now
      right || echo "wrong $time 0 $file" $text
    else
      now
      echo "error $time 0 $file ${text##*: }"
    fi
    took=$((micros - begin))
    [ "$took" -lt 10000 ] || printf 'wait %s 0 %d.%06d\n' "$time" $((took / 1000000)) $((took % 1000000))
    echo "reads $time 1"
  done
done
