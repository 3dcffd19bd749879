"""Checks a proof of livestats: python check_proof.py PROOF FINGERPRINT DATASET DAY. Needs Python only."""

# ruff: noqa: PTH123, SIM115, T201
import base64
import gzip
import hashlib
import json
import sys

proof = json.load(open(sys.argv[1]))
fingerprint, dataset, day = sys.argv[2:5]
version, days, until, count, root = fingerprint.split(":")
position, last = int(proof["position"]), int(count) - 1
files = {name: base64.b64decode(data) for name, data in proof["files"].items()}
sha256 = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
manifest = json.loads(gzip.decompress(files["manifest.json.gz"]))
leaf = "\n".join((dataset, day, proof["capture"], sha256["manifest.json.gz"]))
node = hashlib.sha256(b"\0" + leaf.encode()).digest()
is_right = version == "livestats1" and 0 <= position <= last
for sibling in map(
    bytes.fromhex, proof["path"]
):  # from the leaf to the root, as in RFC 9162, 2.1.3.2
    is_right = is_right and last > 0
    if position % 2 or position == last:
        node = hashlib.sha256(b"\1" + sibling + node).digest()
        while position % 2 == 0 and position:
            position, last = position // 2, last // 2
    else:
        node = hashlib.sha256(b"\1" + node + sibling).digest()
    position, last = position // 2, last // 2
is_right = is_right and last == 0 and node.hex() == root
is_right = is_right and (manifest["dataset"], manifest["day"]) == (dataset, day)
for part in [
    *manifest.get("carried", []),
    {"file": "responses.zst", "sha256": manifest["responses_sha256"]},
]:
    is_right = is_right and sha256.get(part["file"]) == part["sha256"]
print("proven" if is_right else "NOT PROVEN:", dataset, day, "fetched at", manifest["fetched_at"])
sys.exit(0 if is_right else 1)
