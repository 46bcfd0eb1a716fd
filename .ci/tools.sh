#!/usr/bin/env bash
# Installs the outside tools that tests/manifests.rs calls, each pinned, into target/tools.
#
# What is there in the wanted version is kept. Needs Go, Python 3 with venv, and, for promtool, apt
# on Debian or a promtool on PATH. Nothing is installed outside target/tools.
set -euo pipefail
cd "$(dirname "$0")/.."

KUSTOMIZE=v5.8.2
HELM=v4.3.1
ACTIONLINT=v1.7.12
KUBERNETES_VALIDATE=1.37.0 # carries the schemas of every release up to this one

tools=$PWD/${CARGO_TARGET_DIR:-target}/tools
case ${CARGO_TARGET_DIR:-} in /*) tools=$CARGO_TARGET_DIR/tools ;; esac
mkdir -p "$tools/bin" "$tools/stamps"

# stamped NAME VERSION: whether this version was installed before; says so on the way out otherwise.
stamped() { [ "$(cat "$tools/stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp() { echo "$2" >"$tools/stamps/$1" && echo "$1 $2"; }

go_tool() { # NAME PACKAGE VERSION
  stamped "$1" "$3" && return
  GOBIN=$tools/bin GOFLAGS=-trimpath CGO_ENABLED=0 go install -ldflags='-s -w' "$2@$3"
  stamp "$1" "$3"
}

go_tool kustomize sigs.k8s.io/kustomize/kustomize/v5 "$KUSTOMIZE"
go_tool helm helm.sh/helm/v4/cmd/helm "$HELM"
go_tool actionlint github.com/rhysd/actionlint/cmd/actionlint "$ACTIONLINT"

if ! stamped kubernetes-validate "$KUBERNETES_VALIDATE"; then
  python3 -m venv "$tools/python"
  "$tools/python/bin/pip" install --quiet --disable-pip-version-check "kubernetes-validate==$KUBERNETES_VALIDATE"
  ln -sf ../python/bin/kubernetes-validate "$tools/bin/kubernetes-validate"
  stamp kubernetes-validate "$KUBERNETES_VALIDATE"
fi

# Debian's own package, unpacked beside the others: no root, and no server is started.
if [ ! -x "$tools/bin/promtool" ]; then
  if command -v promtool >/dev/null; then
    ln -sf "$(command -v promtool)" "$tools/bin/promtool"
  else
    (cd "$tools" && apt-get download --quiet=2 prometheus && dpkg -x prometheus_*.deb prometheus && rm prometheus_*.deb)
    ln -sf ../prometheus/usr/bin/promtool "$tools/bin/promtool"
  fi
  echo "promtool $("$tools/bin/promtool" --version 2>&1 | head -1)"
fi
