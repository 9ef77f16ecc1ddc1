#!/usr/bin/env bash
# Runs an experiment on Kubernetes: models and prompts, then the shards, then results and figures, each when the one before is done.
# Safe to call again: what is on the volume is not computed again.
set -euo pipefail
cd "$(dirname "$0")"

kubectl apply -f settings.yaml
for job in prepare run merge; do
  kubectl delete --ignore-not-found job "token-geometry-$job"
  kubectl apply -f "$job.yaml"
  until kubectl wait --for=condition=complete --timeout=60s "job/token-geometry-$job"; do
    if kubectl wait --for=condition=failed --timeout=0s "job/token-geometry-$job" 2>/dev/null; then
      echo "error: job token-geometry-$job failed; why: kubectl logs job/token-geometry-$job" >&2
      exit 1
    fi
  done
done
