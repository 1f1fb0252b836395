# SPDX-License-Identifier: Apache-2.0
# Sourced in a container. A function for each program that says what the program says, as lines of
# "cpus N" and "kib N". Before it: the program, Debian's package of it, and what it asks.
# $scratch is a folder of its own; $probes has what ProgramsIT has compiled.

count() { grep -cE "$1" || true; }

# screen SECONDS COMMAND: what a program shows on a terminal until it takes a q
screen() {
  local seconds=$1
  shift
  { for ((; ; )); do sleep "$seconds"; printf q; done; } 2>/dev/null |
    HOME=$scratch TERM=xterm LC_ALL=C.UTF-8 timeout 30 script -qec "stty rows 50 cols 120; $*" /dev/null 2>/dev/null |
    sed -E 's/\x1b(\[[0-9;?]*[a-zA-Z]|\([A-Z]|[=>])//g' | tr '\r' '\n'
}

# kib: numbers with a unit, as 256M, in KiB
kib() { numfmt --from=iec --to-unit=1024 --format='kib %.0f'; }

## `free` | procps | /proc/meminfo
free() { command free -k | awk '/^Mem:/ { print "kib", $2 }'; }

## `top` | procps | /proc/meminfo
top() { command top -bn1 | awk '/^MiB Mem/ { printf "kib %.0f\n", $4 * 1024 }'; }

## `vmstat -s` | procps | /proc/meminfo
vmstat() { command vmstat -s | awk '/total memory/ { print "kib", $1 }'; }

## `nproc` | coreutils | sched_getaffinity(2)
nproc() { echo "cpus $(command nproc)"; }

## `getconf` | libc-bin | /sys/devices/system/cpu/online; sysinfo(2) for memory
getconf() {
  echo "cpus $(command getconf _NPROCESSORS_ONLN)"
  echo "kib $(($(command getconf _PHYS_PAGES) * $(command getconf PAGE_SIZE) / 1024))"
}

## `lscpu` | util-linux | /proc/cpuinfo, /sys/devices/system/cpu/online
lscpu() { command lscpu | awk '/^CPU\(s\):/ { print "cpus", $2 }'; }

## `mpstat -P ALL` | sysstat | /proc/stat
mpstat() { echo "cpus $(command mpstat -P ALL 1 1 | count '^Average: +[0-9]+ ')"; }

## `mpstat`, its first line | sysstat | folders in /sys/devices/system/cpu
mpstat_first_line() { command mpstat | sed -nE '1s/.*\(([0-9]+) CPU\)/cpus \1/p'; }

## `iostat`, its first line | sysstat | folders in /sys/devices/system/cpu
iostat_first_line() { command iostat -c | sed -nE '1s/.*\(([0-9]+) CPU\)/cpus \1/p'; }

## `sar -P ALL` | sysstat | /proc/stat
sar() { echo "cpus $(command sar -P ALL 1 1 | count '^Average: +[0-9]+ ')"; }

## `htop` | htop | folders in /sys/devices/system/cpu; /proc/meminfo
htop() {
  screen 4 htop -d 5 >"$scratch/htop"
  echo "cpus $(grep -aoE '(^| )[0-9]+\[' "$scratch/htop" | tr -d ' ' | sort -u | wc -l)"
  grep -oE 'Mem\[[^]]*' "$scratch/htop" | tail -n 1 | sed -E 's/.*\///; s/ .*//' | kib
}

## `btop` | btop | /proc/stat, /proc/meminfo
btop() {
  screen 6 btop --utf-force --low-color >"$scratch/btop"
  echo "cpus $(grep -aoE 'C[0-9]+ ' "$scratch/btop" | sort -u | wc -l)"
  grep -aoE 'Total: *[0-9.]+ [KMG]iB' "$scratch/btop" | head -n 1 | sed -E 's/Total: *//; s/ //; s/iB//' | kib
}

## `atop` | atop | /proc/stat, /proc/meminfo
atop() {
  command atop -P CPU,MEM 1 1 | awk '
    $1 == "CPU" { print "cpus", $8 }
    $1 == "MEM" { print "kib", $7 * $8 / 1024 }
    $1 == "SEP" { exit }'
}

## `glances` | glances | /proc/stat, /proc/meminfo
glances() {
  command glances --stdout core,mem.total --stop-after 1 2>/dev/null |
    sed -nE "s/.*'log': ([0-9]+).*/cpus \1/p; s/^mem.total: ([0-9]+)$/\1/p" |
    awk 'NF == 1 { print "kib", $1 / 1024; next } 1' | sort -u
}

## `nmon` | nmon | /proc/stat, /proc/meminfo
nmon() {
  command nmon -F "$scratch/nmon" -s 1 -c 1 -p >/dev/null
  until grep -q ^MEM,T0001 "$scratch/nmon"; do sleep 0.1; done
  sed -nE 's/^AAA,cpus,([0-9]+).*/cpus \1/p' "$scratch/nmon"
  awk -F, '/^MEM,T0001/ { printf "kib %.0f\n", $3 * 1024 }' "$scratch/nmon"
}

## `dstat` | dstat | /proc/meminfo
dstat() {
  command dstat --nocolor --mem 1 1 2>/dev/null | tail -n 1 | tr -s ' k' '\nK' | numfmt --from=iec --invalid=ignore |
    awk '{ sum += $1 } END { printf "kib %.0f\n", sum / 1024 }'
}

## `collectl` | collectl | /proc/stat for the CPUs it shows, /proc/meminfo
collectl() {
  command collectl --showheader 2>/dev/null | sed -nE 's/.*CPUsDis: ([0-9]+).*/cpus \1/p; s/.*Memory: ([0-9]+) kB.*/kib \1/p'
}

## `collectl`, NumCPUs | collectl | folders in /sys/devices/system/cpu
collectl_num_cpus() { command collectl --showheader 2>/dev/null | sed -nE 's/.*NumCPUs: ([0-9]+).*/cpus \1/p'; }

## `monit` | monit | sysconf(3), /proc/meminfo
monit() {
  local socket=$scratch/monit.sock
  printf 'set daemon 5\nset httpd unixsocket %s allow u:p\nset idfile %s\nset statefile %s\nset pidfile %s\ncheck system self\n' \
    "$socket" "$scratch/id" "$scratch/state" "$scratch/pid" >"$scratch/monitrc"
  chmod 600 "$scratch/monitrc"
  command monit -I -c "$scratch/monitrc" >/dev/null 2>&1 &
  until curl -sf -u u:p --unix-socket "$socket" 'http://x/_status?format=xml' >"$scratch/monit"; do sleep 0.1; done
  kill $!
  wait $! 2>/dev/null || true
  sed -nE 's/.*<platform>.*<cpu>([0-9]+)<\/cpu><memory>([0-9]+)<.*/cpus \1\nkib \2/p' "$scratch/monit"
  echo # the page has no line feed at its end
}

## `numactl -H` | numactl | /sys/devices/system/node
numactl() {
  command numactl -H | awk '
    /^node 0 cpus:/ { print "cpus", NF - 3 }
    /^node 0 size:/ { print "kib", $4 * 1024 }'
}

## `hwloc-calc` | hwloc-nox | /sys/devices/system/cpu, /proc/cpuinfo
hwloc_calc() {
  local found
  found=$(command hwloc-calc --number-of pu all 2>/dev/null)
  echo "cpus ${found:-0}"
}

## `stress-ng --cpu 0` | stress-ng | sysconf(3)
stress_ng() { command stress-ng --cpu 0 --timeout 1 2>&1 | sed -nE 's/.*hogs: ([0-9]+) cpu.*/cpus \1/p'; }

## Python, psutil | python3-psutil | sysconf(3), /proc/meminfo
psutil() {
  /usr/bin/python3 -c 'import psutil
print("cpus", psutil.cpu_count())
print("kib", psutil.virtual_memory().total // 1024)'
}

## Python, `os.cpu_count` | python3 | sysconf(3)
python() { /usr/bin/python3 -ISc 'import os; print("cpus", os.cpu_count())'; }

## Node, `os.cpus`, `os.totalmem` | nodejs | /proc/stat, /proc/meminfo
node() { command node -e 'const o = require("os"); console.log(`cpus ${o.cpus().length}\nkib ${o.totalmem() / 1024}`)'; }

## Java | openjdk | the cgroup, as a program in a container has it
java() { "$JAVA_HOME/bin/java" -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -XX:-UsePerfData -cp "$probes" Probe; }

## Ruby, `Etc.nprocessors` | ruby | sched_getaffinity(2)
ruby() { command ruby --disable-gems -retc -e 'puts "cpus #{Etc.nprocessors}"'; }

## PHP, which reads the files itself | php-cli | /proc/cpuinfo, /proc/meminfo
php() {
  command php -r 'preg_match("/^MemTotal: +(\d+)/", file_get_contents("/proc/meminfo"), $m);
    echo "cpus ", preg_match_all("/^processor/m", file_get_contents("/proc/cpuinfo")), "\nkib $m[1]\n";'
}

## node_exporter | prometheus-node-exporter | /proc/stat, /proc/meminfo
node_exporter() {
  local socket=127.0.0.1:$((20000 + RANDOM % 10000))
  command prometheus-node-exporter --web.listen-address="$socket" --collector.disable-defaults \
    --collector.cpu --collector.meminfo >/dev/null 2>&1 &
  until curl -sf "http://$socket/metrics" >"$scratch/metrics"; do sleep 0.1; done
  kill $!
  wait $! 2>/dev/null || true
  echo "cpus $(count '^node_cpu_seconds_total\{.*mode="idle"' <"$scratch/metrics")"
  awk '/^node_memory_MemTotal_bytes/ { printf "kib %.0f\n", $2 / 1024 }' "$scratch/metrics"
}

## nginx, `worker_processes auto` | nginx-light | sysconf(3)
nginx() {
  printf 'daemon off;\nworker_processes auto;\npid %s;\nerror_log /dev/null;\nevents {}\n' "$scratch/nginx.pid" >"$scratch/nginx.conf"
  command nginx -c "$scratch/nginx.conf" -p "$scratch" 2>/dev/null &
  local workers=0 before=-1
  # All of them are started at once.
  until ((workers > 0 && workers == before)); do
    before=$workers
    sleep 0.3
    workers=$(pgrep -c -P $! || true)
  done
  kill $!
  wait $! 2>/dev/null || true
  echo "cpus $workers"
}

## `xz --info-memory` | xz-utils | sched_getaffinity(2); sysinfo(2)
xz() {
  command xz --robot --info-memory | awk '{ printf "kib %.0f\n", $1 / 1024 }'
  command xz --info-memory | sed -nE 's/.*processor threads: +([0-9]+).*/cpus \1/p'
}

## OpenBLAS, its threads | libopenblas0-pthread | /sys/devices/system/cpu/possible, served on request; sched_getaffinity(2)
openblas() { "$probes/openblas"; }

## OpenMP | libgomp1 | sched_getaffinity(2)
openmp() { "$probes/openmp"; }

## C, glibc's sysconf(3) | libc6 | /sys/devices/system/cpu/online; sysinfo(2)
glibc() { "$probes/glibc"; }

## C, musl's sysconf(3) | musl | sched_getaffinity(2); sysinfo(2)
musl() { "$probes/musl"; }

## `free` of busybox | busybox | sysinfo(2)
busybox_free() { busybox free -k | awk '/^Mem:/ { print "kib", $2 }'; }

## `nproc` of busybox | busybox | sched_getaffinity(2)
busybox_nproc() { echo "cpus $(busybox nproc)"; }

## `top` of busybox | busybox | /proc/meminfo
busybox_top() { busybox top -bn1 | awk '/^Mem:/ { print "kib", $2 + $4 }'; }
