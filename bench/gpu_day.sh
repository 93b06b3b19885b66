#!/usr/bin/env bash
# Check and measure everything that needs an NVIDIA GPU, in one call of at most ten minutes.
#
#     bench/gpu_day.sh [FOLDER]
#
# Writes a log and a JSON file of each step to FOLDER (default: gpu-day), and one line for each step
# to the terminal. A step that fails does not stop the others; the exit status is the number of
# steps that failed. Needs an installed gpuprop with its test requirements and CuPy; PYTHON is the
# interpreter (default: python). Real catalogues are read from ../shared, as in the tests.
set -u
cd "$(dirname "$0")/.."
out=$(realpath -m "${1:-gpu-day}")
python=${PYTHON:-python}
mkdir -p "$out"
failed=0

# step NAME SECONDS COMMAND...: run a command within a time, with its output in NAME.log.
step() {
    local name=$1 limit=$2 began=$SECONDS
    shift 2
    if timeout -k 10 "$limit" "$@" >"$out/$name.log" 2>&1; then
        echo "$name: passed in $((SECONDS - began)) s: $(tail -n 1 "$out/$name.log")"
    else
        echo "$name: FAILED after $((SECONDS - began)) s: $(tail -n 3 "$out/$name.log" | tr '\n' ' ')"
        failed=$((failed + 1))
    fi
}

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader || exit 1
step doctor 60 "$python" -m gpuprop doctor --json
step tests-engines 180 "$python" -m pytest -q -p no:cacheprovider -k cuda \
    tests/engine/test_digest.py tests/engine/test_pairs.py tests/engine/test_engines.py \
    tests/engine/test_one_answer.py tests/sgp4 tests/frames/test_output_frames.py \
    tests/analysis
for tool in memcheck initcheck; do
    step "$tool" 120 compute-sanitizer --tool "$tool" --error-exitcode 1 \
        "$python" -m pytest -q -p no:cacheprovider -k cuda tests/engine/test_digest.py \
        tests/engine/test_pairs.py tests/analysis/test_look_angles.py \
        tests/analysis/test_coverage.py tests/analysis/test_access_bytes.py \
        tests/analysis/test_screening_same.py
done
step kernels 120 "$python" bench/gpu.py --json "$out/gpu.json"
step answers 150 "$python" bench/gpu_answers.py --json "$out/answers.json"
step pairs 60 "$python" bench/pairs.py --engine cuda --pairs 20000000 --runs 3 --json "$out/pairs.json"
exit "$failed"
