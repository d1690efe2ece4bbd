"""jionlp over the same texts, run by its own Python: its seconds, and what it says of county and town.

Standard input: a JSON list of texts. Standard output: {"seconds", "read": [[county, town], ...]}.
"""

import json
import sys
import time

import jionlp


def main() -> None:
    """Read all texts once, after one that loads its tables."""
    texts = json.load(sys.stdin)
    jionlp.parse_location("北京市海淀区", town_village=True)
    began = time.perf_counter()
    found = [jionlp.parse_location(text, town_village=True) for text in texts]
    seconds = time.perf_counter() - began
    read = [[one.get("county") or "", one.get("town") or ""] for one in found]
    json.dump({"seconds": seconds, "read": read}, sys.stdout)


if __name__ == "__main__":
    main()
