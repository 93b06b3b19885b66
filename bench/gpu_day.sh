#!/usr/bin/env bash
# Check and measure everything that needs an NVIDIA GPU, in one call of at most ten minutes.
#
#     bench/gpu_day.sh [FOLDER]           default: gpu-day
#     bench/gpu_day.sh --dry [FOLDER]     without a GPU: the engine cpu, small jobs, no sanitizer
#
# The limits of all steps together fit into the time. compute-sanitizer gets what is left of it.
# It writes a log and a JSON file of each step to FOLDER, and day.json: GPU, driver, date, commit, and
# all steps with their results. A step that fails or takes too long counts as failed, and does not stop
# the others; the exit status is the number of steps that failed. Needs an installed
# gpuprop with its test requirements and CuPy; PYTHON is the interpreter (default: python). jaxsgp4 is
# compared if jax and jaxsgp4 are installed. Real catalogues are read from ../shared, as in the tests.
set -u
cd "$(dirname "$0")/.."
dry=
if [ "${1:-}" = --dry ]; then dry=yes; shift; fi
out=$(realpath -m "${1:-gpu-day}")
python=${PYTHON:-python}
total=590
rm -rf "$out" && mkdir -p "$out"
failed=0
export GPUPROP_DAY_STEPS=$out/steps.tsv
: >"$GPUPROP_DAY_STEPS"

# step NAME SECONDS COMMAND...: run a command within a time, with its output in NAME.log.
step() {
    local name=$1 limit=$2 began=$SECONDS left=$((total - SECONDS)) what
    shift 2
    if [ "$limit" -gt "$left" ]; then limit=$left; fi
    if [ "$limit" -lt 5 ]; then
        echo "no time is left" >"$out/$name.log"
        what=failed
    elif timeout -k 10 "$limit" "$@" >"$out/$name.log" 2>&1; then
        what=passed
    else
        what=failed
    fi
    if [ "$what" = failed ]; then failed=$((failed + 1)); fi
    printf '%s\t%s\t%s\n' "$name" "$what" "$((SECONDS - began))" >>"$GPUPROP_DAY_STEPS"
    echo "$name: $what in $((SECONDS - began)) s: $(tail -n 2 "$out/$name.log" | tr '\n' ' ' | cut -c 1-200)"
}

# skip NAME REASON: note a step that cannot run here.
skip() {
    printf '%s\t%s\t0\n' "$1" "skipped: $2" >>"$GPUPROP_DAY_STEPS"
    echo "$1: skipped: $2"
}

if [ -n "$dry" ]; then
    engine=cpu short=(--short) gpu="none, a dry run"
else
    engine=cuda short=()
    gpu=$(nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader) || exit 1
fi
echo "$gpu"

# The digest of every engine, each GPU, the estimates of auto and its choice.
step doctor 40 "$python" -m gpuprop doctor --json
engines="tests/engine/test_digest.py tests/engine/test_pairs.py tests/engine/test_mixed.py"
answers="tests/analysis/test_look_angles.py tests/analysis/test_coverage.py \
    tests/analysis/test_access_bytes.py tests/analysis/test_access_events.py \
    tests/analysis/test_screening_same.py"
# shellcheck disable=SC2086 # lists of files
if [ -n "$dry" ]; then
    step tests 100 "$python" -m pytest -q -p no:cacheprovider -k "cpu and not cuda" \
        tests/engine/test_digest.py tests/analysis/test_look_angles.py
    skip kernels "a dry run"
else
    step tests 150 "$python" -m pytest -q -p no:cacheprovider -k cuda $engines $answers \
        tests/engine/test_engines.py tests/engine/test_one_answer.py tests/sgp4 \
        tests/frames/test_output_frames.py
    # States a second of the kernels against the limits of the GPU, and copies to the host.
    step kernels 60 "$python" bench/gpu.py --json "$out/kernels.json"
fi
step pairs 30 "$python" bench/pairs.py --engine "$engine" --pairs "$([ -n "$dry" ] && echo 100000 || echo 20000000)" --runs 3 \
    --json "$out/pairs.json"
step files 40 "$python" bench/stream.py --times "$([ -n "$dry" ] && echo 10 || echo 200)" \
    --rounds 1 --json "$out/files.json"
# Access, coverage and screening, with the bytes of the cpu engine.
step answers 90 "$python" bench/gpu_answers.py --engine "$engine" "${short[@]}" \
    --json "$out/answers.json"
# Precision mixed: its errors and bits on the CPU, and the rate of its kernels.
step mixed 80 "$python" bench/mixed.py --instants 20 --rounds 1 --hours 1 --json "$out/mixed.json"
if [ -z "$dry" ]; then
    step mixed-kernels 30 "$python" bench/gpu.py --precision mixed --json "$out/mixed-kernels.json"
fi
if "$python" -c "import jax, jaxsgp4" 2>"$out/jaxsgp4.log"; then
    step jaxsgp4 50 "$python" bench/peer_jaxsgp4.py --engine "$engine" \
        --satellites "$([ -n "$dry" ] && echo 200 || echo 9341)" --json "$out/jaxsgp4.json"
else
    skip jaxsgp4 "$(tail -n 1 "$out/jaxsgp4.log")"
fi

# Last, because compute-sanitizer is slow: both tools share the time that the other steps have left.
for tool in memcheck initcheck; do
    if [ -n "$dry" ]; then
        skip "$tool" "a dry run"
    elif ! command -v compute-sanitizer >/dev/null; then
        skip "$tool" "compute-sanitizer is not installed"
    else
        left=$((total - SECONDS))
        if [ "$tool" = memcheck ]; then left=$((left / 2)); fi
        # shellcheck disable=SC2086 # lists of files
        step "$tool" "$left" compute-sanitizer --tool "$tool" --error-exitcode 1 \
            "$python" -m pytest -q -p no:cacheprovider -k cuda $engines $answers
    fi
done

GPU=$gpu "$python" - "$out" <<'PYTHON'
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, "bench")
import machine

out, steps = Path(sys.argv[1]), []
for line in Path(os.environ["GPUPROP_DAY_STEPS"]).read_text().splitlines():
    name, what, seconds = line.split("\t")
    step = dict(name=name, outcome=what, seconds=int(seconds))
    found = out / f"{name}.json"
    if name == "doctor" and (out / "doctor.log").is_file():
        found = out / "doctor.log"
    try:
        whole = json.loads(found.read_text())
        step["results"] = whole.get("results", whole)
    except (OSError, ValueError):
        pass
    steps.append(step)
day = dict(gpu=os.environ["GPU"].splitlines(), machine=machine.facts(), steps=steps)
(out / "day.json").write_text(json.dumps(day, indent=2) + "\n")
print(f"{len(steps)} steps, {sum(each['seconds'] for each in steps)} s: {out / 'day.json'}")
PYTHON
exit "$failed"
