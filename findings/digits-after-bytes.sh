#!/usr/bin/env bash
# A byte-level tokenizer writes each byte as a letter. Where a Digits step comes after that (as in Falcon's tokenizer.json:
# Punctuation, ByteLevel, Digits, Split), it looks at those letters: byte BC is written as "¼", which Unicode counts as a number, so
# that "ü" (bytes C3 BC) is cut into two pieces while "ö" (C3 B6) stays whole.
# Seen with: tokenizers 0.23.1, Python 3.11.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q --disable-pip-version-check tokenizers==0.23.1
"$folder/venv/bin/python" - <<'PYTHON'
from tokenizers import pre_tokenizers as p

digits_last = p.Sequence([p.ByteLevel(add_prefix_space=False), p.Digits()])
digits_first = p.Sequence([p.Digits(), p.ByteLevel(add_prefix_space=False)])
seen = {
    (name, word): [piece for piece, _ in steps.pre_tokenize_str(word)]
    for name, steps in {"last": digits_last, "first": digits_first}.items()
    for word in ("für", "för")
}
for key, pieces in seen.items():
    print(*key, pieces)
assert seen["last", "für"] == ["fÃ", "¼", "r"], "a Digits step after ByteLevel no longer cuts the letter in two"
assert seen["last", "för"] == ["fÃ¶r"]
assert seen["first", "für"] == ["fÃ¼r"]
PYTHON
