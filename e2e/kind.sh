#!/bin/bash
# kind.sh: runs the suite of podproc on a Kubernetes cluster.
set -euo pipefail

usage() {
  cat <<'END'
usage: e2e/kind.sh up    [OPTION]...   make a cluster with kind, and load podproc's images into it
       e2e/kind.sh test  [OPTION]... [-- CLASS[#METHOD]]...
                                       run the suite, or what is named, on it
       e2e/kind.sh down  [OPTION]...   remove the cluster

Without a cluster, test makes one and removes it again. With KUBECONFIG set, test runs on that
cluster instead: podproc must not be installed there, its images must be at hand, and what
the suite makes is removed in the end.

  --name NAME         of the cluster (podproc)
  --image NODE_IMAGE  of its nodes, like kindest/node:v1.34.0 (kind's own choice)
  --tag TAG           of podproc's images (e2e)

Settings in the environment, for test:
  E2E_POD_IMAGE      what pods of the suite run: an image with sh, grep, the coreutils of GNU, getconf,
                     and free, top and uptime of procps (docker.io/library/ubuntu:24.04); up loads it
                     as well if the engine has it
  E2E_DAEMON_IMAGE, E2E_WEBHOOK_IMAGE
                     with KUBECONFIG: podproc's images, with tag or digest (those that the chart names)
  E2E_REGISTRY       where those come from that are not named (that of the chart; docker.io/library)
  E2E_PULL_POLICY    Never, Always or IfNotPresent, of all images (IfNotPresent)
  E2E_LAST_DAEMON_IMAGE, E2E_LAST_WEBHOOK_IMAGE, E2E_LAST_CHART
                     the last release, to upgrade from; the chart is a directory or an archive. Without
                     all three that test is skipped
  E2E_NAMESPACE      where podproc is installed (podproc-e2e-system)
  E2E_PATIENCE       how many times longer than usual all may take, like 3 or 0.5 (1)
Needs kind, and docker or podman, which KUBECONFIG spares; a JDK 25, Maven, make, and a C compiler with a
static libc. On Debian, as root, what of the latter is missing is installed. Nothing else is fetched from
the internet but images that a node lacks, and packages that Maven has not got yet.

In the end test prints a table: of each sentence whether it passed, its seconds, its figures. The same
is in e2e/target/cluster-reports/sentences.json.
END
}
die() { echo "kind.sh: $*" >&2; exit 1; }
misused() { echo "kind.sh: $*" >&2; usage >&2; exit 2; }

# As whoever calls means it.
[[ ! ${KUBECONFIG:-} ]] || KUBECONFIG=$(realpath -m -- "${KUBECONFIG%%:*}")
cd "$(dirname "$(realpath "$0")")/.."

# ---- arguments -------------------------------------------------------------

subcommand=${1:-}
case $subcommand in
  up | test | down) shift ;;
  -h | --help) usage; exit 0 ;;
  '') usage >&2; exit 2 ;;
  *) misused "unknown: $subcommand" ;;
esac
name=podproc image='' tag=e2e
while (($#)); do
  case $1 in
    --name | --image | --tag) [[ ${2:-} ]] || misused "$1 needs a value" ;;&
    --name) name=$2; shift 2 ;;
    --image) image=$2; shift 2 ;;
    --tag) tag=$2; shift 2 ;;
    --) shift; break ;;
    -h | --help) usage; exit 0 ;;
    *) misused "unknown: $1" ;;
  esac
done
[[ $subcommand == test ]] || (($# == 0)) || misused "classes are for test"
[[ $name =~ ^[a-z0-9.-]+$ ]] || misused "no name of a cluster: $name"

dir=target/kind
reports=e2e/target/cluster-reports
patience=${E2E_PATIENCE:-1}
[[ $patience =~ ^[0-9]{1,3}(\.[0-9]{1,3})?$ && $patience =~ [1-9] ]] || misused "E2E_PATIENCE is no number from 0.001 to 999: $patience"
pull_policy=${E2E_PULL_POLICY:-IfNotPresent}
[[ $pull_policy =~ ^(Never|Always|IfNotPresent)$ ]] || misused "E2E_PULL_POLICY is not Never, Always or IfNotPresent: $pull_policy"
kubeconfig=$PWD/$dir/$name.kubeconfig
pod_image=${E2E_POD_IMAGE:-${E2E_REGISTRY:-docker.io/library}/ubuntu:24.04}

# ---- what runs, and ends with us -------------------------------------------

# scaled SECONDS: as whole seconds of a slow cluster
scaled() { awk -v seconds="$1" -v factor="$patience" 'BEGIN { printf "%d\n", seconds * factor + 0.999 }'; }

child='' temp='' ours='' tested=''
# shellcheck disable=SC2317 # called by a trap
clean_up() {
  local status=$?
  trap '' HUP INT TERM
  if [[ $child ]]; then
    echo "kind.sh: stopping what runs, so that it removes what it made" >&2
    kill -- "-$child" 2>/dev/null || true
    # Tests run in a process of Maven's which outlives it, and gives up by itself on what can't be removed.
    local until=$((SECONDS + $(scaled 1500)))
    while kill -0 -- "-$child" 2>/dev/null; do
      if ((SECONDS > until)); then
        echo "kind.sh: it does not end; what it made may be left" >&2
        break
      fi
      sleep 0.2
    done
  fi
  if [[ $tested ]]; then tell; fi
  if [[ $ours ]] && ! remove; then
    echo "kind.sh: cluster $name is still there: e2e/kind.sh down --name $name" >&2
    ((status)) || status=1
  fi
  [[ ! $temp ]] || rm -rf "$temp"
  exit $status
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# tell: what came of each test
tell() {
  if [[ -e $reports/sentences.txt ]]; then
    printf '\n%s\n\n%s: the same as JSON\n' "$(<$reports/sentences.txt)" "$reports/sentences.json"
  else
    echo "kind.sh: no test has begun" >&2
  fi
}

# run COMMAND...: in a process group, so that a trap is served at once and reaches all of it
run() {
  local status=0
  set -m
  "$@" </dev/null &
  child=$!
  set +m
  wait "$child" || status=$?
  child=''
  return $status
}

# quietly WHAT COMMAND...: shows its output only if it fails
quietly() {
  local what=$1 started=$SECONDS
  shift
  if ! run "$@" >"$temp/log" 2>&1; then
    tail -n 40 "$temp/log" >&2
    die "$what: failed"
  fi
  echo "$what: $((SECONDS - started)) s" >&2
}

# ---- the cluster -----------------------------------------------------------

check_kind() {
  command -v kind >/dev/null || die "kind is not installed (kind.sigs.k8s.io), and KUBECONFIG names no cluster to use instead"
  local why='' candidate
  for candidate in docker podman ''; do
    [[ $candidate ]] || break
    if ! command -v "$candidate" >/dev/null; then
      why+="${why:+, }no $candidate"
    elif ! timeout 20 "$candidate" info >/dev/null 2>&1; then
      why+="${why:+, }$candidate does not work (try $candidate info)"
    else
      break
    fi
  done
  [[ $candidate ]] || die "kind needs docker or podman: $why"
  engine=$candidate
  export KIND_EXPERIMENTAL_PROVIDER=$engine
}

exists() { kind get clusters 2>/dev/null | grep -Fxq "$name"; }

remove() {
  kind delete cluster --name "$name" --kubeconfig "$kubeconfig" >/dev/null 2>&1 || return
  rm -f "$kubeconfig"
}

has_image() { "$engine" image inspect "$1" >/dev/null 2>&1; }

up() {
  check_kind
  ! exists || die "there is a cluster $name already: e2e/kind.sh down --name $name"
  if [[ $image ]] && ! has_image "$image"; then
    run "$engine" pull -q "$image" >/dev/null 2>&1 || die "the node image $image is not here and can't be pulled"
  fi
  mkdir -p $dir
  temp=$(mktemp -d /tmp/podproc-kind.XXXXXX)
  ours=1 # from here on, until it is complete
  local started=$SECONDS
  if ! run kind create cluster --name "$name" ${image:+--image "$image"} --kubeconfig "$kubeconfig" --wait 3m >"$temp/log" 2>&1; then
    ! grep -q 'pull image' "$temp/log" || die "kind's node image is not here and can't be pulled: name one that is by --image"
    tail -n 40 "$temp/log" >&2
    die "kind could not make cluster $name"
  fi
  echo "cluster $name: $((SECONDS - started)) s" >&2
  java
  quietly "mvn package" mvn -B -ntp -pl daemon,webhook package -DskipTests
  quietly "images" deploy/images/build --engine "$engine" --tag "$tag" --output "$temp"
  local archive
  for archive in "$temp"/podproc-{daemon,webhook}.tar; do
    quietly "load $(basename "$archive" .tar)" kind load image-archive "$archive" --name "$name"
  done
  if has_image "$pod_image"; then
    quietly "load $pod_image" kind load docker-image "$pod_image" --name "$name"
  fi
  ours=''
}

java() {
  e2e/bin/setup build
  JAVA_HOME=$(e2e/bin/java-home)
  export JAVA_HOME
}

suite() {
  java
  local selected=()
  if (($#)); then
    selected=("-Dit.test=$(IFS=, && echo "$*")")
  fi
  export E2E_PATIENCE=$patience E2E_PULL_POLICY=$pull_policy
  rm -rf $reports
  tested=1
  run mvn -B -ntp -Dstyle.color=never -pl e2e -Pcluster "-De2e.timeout=$(scaled 1200) s" verify "${selected[@]}"
}

case $subcommand in
  up)
    up
    echo "export KUBECONFIG=$kubeconfig"
    ;;
  down)
    check_kind
    exists || die "there is no cluster $name"
    remove || die "cluster $name can't be removed: try kind delete cluster --name $name"
    ;;
  test)
    if [[ ${KUBECONFIG:-} ]]; then
      [[ -r $KUBECONFIG ]] || die "KUBECONFIG: there is no $KUBECONFIG"
      export KUBECONFIG
    else
      check_kind
      if ! exists; then
        up
        ours=1
      fi
      [[ -r $kubeconfig ]] || die "cluster $name was not made here: kind get kubeconfig --name $name, and set KUBECONFIG"
      export KUBECONFIG=$kubeconfig
      export E2E_DAEMON_IMAGE=localhost/podproc-daemon:$tag E2E_WEBHOOK_IMAGE=localhost/podproc-webhook:$tag
    fi
    suite "$@"
    ;;
esac
