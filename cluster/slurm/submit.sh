#!/usr/bin/env bash
# Puts an experiment into the queue: an array of tasks that share the work, then a job that collects the results and draws figures.
#
#   cluster/slurm/submit.sh                                     the experiment below
#   cluster/slurm/submit.sh OPTIONS OF token-geometry run [-- OPTIONS OF npm run figures]       another one
#
# Any of the settings can also be given in front: TASKS=8 GPUS=1 cluster/slurm/submit.sh --model gpt2 --prompts pile-10k:subset
# Safe to call again: what is in the store is not computed again.
set -euo pipefail
cd "$(dirname "$0")/../.."

# ---- Settings ---------------------------------------------------------------------------------------------------------------
# What is measured; see npx token-geometry run --help. The paper's prompts by its four models, as they are:
EXPERIMENT=(
  --model meta-llama/Meta-Llama-3-8B mistralai/Mistral-7B-v0.1 EleutherAI/pythia-6.9b facebook/opt-6.7b
  --prompts pile-10k:filtered --shuffle 0
  --metrics logitsIntrinsicDimension lastToken
  --backend tensorflow
)
# Figures to draw at the end, as npm run figures takes them (say what EXPERIMENT says); empty: none.
FIGURES=()

STORE="${STORE:-${TOKEN_GEOMETRY_STORE:-$PWD/store}}" # a folder that all nodes see
RESULTS="${RESULTS:-$PWD/out/results.json}"           # where all results go in the end
TASKS="${TASKS:-32}"                                  # how many tasks share the work
CPUS="${CPUS:-4}"                                     # cores of each
MEMORY="${MEMORY:-80G}"                               # memory of each; weights as float32 should fit into 3/8 of it
GPUS="${GPUS:-0}"                                     # GPUs of each: 0 or 1
TIME="${TIME:-12:00:00}"                              # of each start; a task that needs longer queues itself again
LOGS="${LOGS:-$PWD/out/logs}"
NODE="${NODE:-node}"
read -ra SBATCH <<<"${SBATCH_OPTIONS:-}"              # more options of sbatch: --partition=gpu --account=mine
# -----------------------------------------------------------------------------------------------------------------------------

if [[ $# -gt 0 ]]; then
  EXPERIMENT=()
  while [[ $# -gt 0 && $1 != -- ]]; do
    EXPERIMENT+=("$1")
    shift
  done
  FIGURES=("${@:2}")
fi
options=("${EXPERIMENT[@]}" --store "$STORE")
mkdir -p "$LOGS" "$STORE" "$(dirname "$RESULTS")"

# Here and not on every node: finds mistakes before anything is queued, and brings models and prompts into the cache.
echo "looking at models and prompts ..."
"$NODE" lib/bin/token-geometry.js status "${EXPERIMENT[@]}" --backend cpu --store "$STORE" >/dev/null
export NODE HF_HUB_OFFLINE=1

gpu=()
[[ $GPUS -gt 0 ]] && gpu=(--gres="gpu:$GPUS")
array="$(sbatch --parsable --array="0-$((TASKS - 1))" --cpus-per-task="$CPUS" --mem="$MEMORY" --time="$TIME" "${gpu[@]}" \
  --output="$LOGS/run-%A_%a.log" "${SBATCH[@]}" cluster/slurm/run.sbatch "${options[@]}")"
array="${array%%;*}"
figures=()
[[ ${#FIGURES[@]} -gt 0 ]] && figures=(-- "${FIGURES[@]}")
merge="$(TOKEN_GEOMETRY_STORE="$STORE" sbatch --parsable --dependency="afterok:$array" --kill-on-invalid-dep=yes \
  --output="$LOGS/merge-%j.log" "${SBATCH[@]}" cluster/slurm/merge.sbatch "$RESULTS" "${options[@]}" "${figures[@]}")"
echo "array $array: $TASKS tasks; job ${merge%%;*}: results into $RESULTS, once all are done"
echo "how far it is: npx token-geometry status --store '$STORE'"
