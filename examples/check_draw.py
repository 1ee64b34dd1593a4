#!/usr/bin/env python3
"""Check a draw: do it again from what was published, and compare. Needs nothing but Python 3.9 or later.

    python3 check_draw.py https://vaccination.example/api/open/v1/draws/THE-NUMBER-OF-THE-DRAW
    python3 check_draw.py a-folder       with the files draw.json, list.txt and results.txt, saved from there

What is checked, and why it shows that nobody chose who gets a seat:

1. The seed. `commitment`, published before anybody entered, is the SHA-256 of `seed`, published at the end: the office
   had fixed the seed before it knew who enters. Compare with the commitment that you noted while the draw was open.
2. The list. `list_digest`, published at the closing, is the SHA-256 of the list: nobody was added, changed or left out
   after the public number was known. Compare with the digest that you noted then, and look for your own number.
3. The public number. `public_number` holds the digits of what `number_source` announced at the opening. Look it up.
4. The order. key = HMAC-SHA-256(seed, list_digest + newline + public_number); the lot of an entry is
   HMAC-SHA-256(key, its number in decimal digits). Groups are served in their order; in a group the lower lot first.
5. The seats. One entry after the other gets the first session of its choice that has doses for all of its people and a
   slot with as many seats for their dose: there the first such slot. Who finds none goes without.

The list has lines such as `group 0 health_care_worker`, `doses SESSION 40`, `seats SESSION SLOT DOSE 10` and
`entry NUMBER GROUP DOSE PEOPLE SESSION SESSION ...`; a group's place is written from 0, and everybody in no group comes
after the last.
"""

import hashlib
import hmac
import json
import sys
import urllib.request
from pathlib import Path


def main(where):
    """Print what was checked; 0 when all of it holds, 1 when something does not."""
    draw, listed, told = read(where)
    faults = faults_in(draw, listed, told)
    for fault in faults:
        print("NOT TRUE:", fault)
    if not faults:
        print("true:", draw["draw_id"], "was drawn as its seed, its list and the public number say")
        print("      look up yourself:", draw["number_source"], "=", draw["public_number"])
    return 1 if faults else 0


def read(where):
    """The draw, its list and its results, from a server or a folder."""
    if where.startswith(("http://", "https://")):
        parts = [fetch(where + end) for end in ("", "/list", "/results")]
    else:
        parts = [(Path(where) / name).read_bytes() for name in ("draw.json", "list.txt", "results.txt")]
    return json.loads(parts[0]), parts[1], parts[2].decode()


def fetch(url):
    """What stands at an address."""
    with urllib.request.urlopen(url, timeout=60) as answer:  # noqa: S310 (the caller names a web address)
        return answer.read()


def faults_in(draw, listed, told):
    """What does not hold, in words."""
    faults = []
    seed = bytes.fromhex(draw["seed"])
    if hashlib.sha256(seed).hexdigest() != draw["commitment"]:
        faults.append("the seed is not the one that the office committed to")
    digest = hashlib.sha256(listed).hexdigest()
    if digest != draw["list_digest"]:
        faults.append("the list is not the one whose digest was published at the closing")
    lines = [line.split() for line in listed.decode().splitlines()]
    if lines[0] != ["open-cowin-draw", "1"] or lines[1] != ["draw", draw["draw_id"]]:
        return [*faults, "the list is of another draw"]
    wanted = results(lines, lots(lines, seed, digest, draw["public_number"]))
    found = {int(line.split()[1]): tuple(line.split()[2:]) for line in told.splitlines()}
    for number in sorted(set(wanted) | set(found)):
        if wanted.get(number) != found.get(number):
            said = " ".join(found.get(number, ["nothing"]))
            faults.append(f"entry {number}: {' '.join(wanted.get(number, ['nothing']))} by lot, {said} in the results")
    return faults


def lots(lines, seed, digest, public_number):
    """The lot of each entry."""
    key = hmac.new(seed, (digest + "\n" + public_number).encode(), hashlib.sha256).digest()
    numbers = [line[1] for line in lines if line[0] == "entry"]
    return {number: hmac.new(key, number.encode(), hashlib.sha256).hexdigest() for number in numbers}


def results(lines, lot):
    """What falls to each entry: (session, slot), or ("none",)."""
    doses = {line[1]: int(line[2]) for line in lines if line[0] == "doses"}
    seats = {(line[1], int(line[2]), line[3]): int(line[4]) for line in lines if line[0] == "seats"}
    entries = [line[1:] for line in lines if line[0] == "entry"]
    fell = {}
    for number, _group, dose, people, *wishes in sorted(entries, key=lambda one: (int(one[1]), lot[one[0]])):
        place = first_place(doses, seats, dose, int(people), wishes)
        fell[int(number)] = place or ("none",)
        if place:
            session, slot = place
            doses[session] -= int(people)
            seats[session, int(slot), dose] -= int(people)
    return fell


def first_place(doses, seats, dose, people, wishes):
    """The first session that is wished for and has room for all, and the first slot there that has; else None."""
    for session in wishes:
        slots = sorted(slot for one, slot, kind in seats if (one, kind) == (session, dose))
        for slot in slots:
            if doses.get(session, 0) >= people and seats[session, slot, dose] >= people:
                return session, str(slot)
    return None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
