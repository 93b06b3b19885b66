"""The option --precision."""

import json

from mixed_samples import needs_fma

from gpuprop.engine.cpu import library

WALKER = "walker:53:40/5/1@550"


@needs_fma
def test_propagate_names_the_precision_and_how_many_satellites_have_it(run):
    command = ("propagate", WALKER, "-o", "out", "--duration", "3min", "--engine", "cpu")
    code, _, err = run(*command, "--precision", "mixed")
    assert code == 0
    counts = {"precision": "mixed", "mixed_satellites": 40}
    code, out, _ = run(*command, "--precision", "mixed", "--resume", "--json")
    assert code == 0 and counts.items() <= json.loads(out).items()
    code, out, _ = run(*command, "--dry-run", "--json")
    assert (
        code == 0
        and {"precision": "exact", "mixed_satellites": 0}.items() <= json.loads(out).items()
    )
    assert "precision mixed: 40 satellites at most 1 m off within 7 days of epoch; 0 others" in err
    code, out, _ = run("info", "out", "--json")
    assert code == 0 and json.loads(out)["precision"]["name"] == "mixed"
    code, _, err = run(*command, "--resume")
    assert code == 2 and "another plan (precision: mixed there, exact asked for)" in err


def test_an_engine_without_it_is_refused_by_name(run, monkeypatch):
    command = ("propagate", WALKER, "-o", "out", "--precision", "mixed", "--dry-run")
    code, _, err = run(*command, "--engine", "numpy")
    assert code == 2 and "(engine numpy has none): use engine cpu on a CPU with FMA" in err
    code, _, err = run(*command[:-3], "--precision", "half", "--dry-run")
    assert code == 2 and "half" in err


@needs_fma
def test_auto_on_a_cpu_without_fma_is_refused(run, monkeypatch):
    monkeypatch.setattr(library(), "mixed", ())
    code, _, err = run(
        "propagate", WALKER, "-o", "out", "--precision", "mixed", "--engine", "auto", "--dry-run"
    )
    assert code == 2 and "no fused multiply-add (FMA)" in err and "precision exact" in err
