"""Reads at a fixed rate, with and without a hundred clients who try to sign in at the same time, in turns."""
import json
import statistics

RATE, CLIENTS = 500, 100


def turn(stack, measured, seconds, stormy):
    storm = stack.start_load("sign_in", connections=CLIENTS, seconds=seconds + 4, warm_up=0) if stormy else None
    reads = measured(stack, "get_product", connections=64, rate=RATE, seconds=seconds, warm_up=2)
    if storm:
        tried = json.loads(storm.communicate()[0])
        reads["attempts_per_s"] = tried["per_s"]
    return reads


def run(stack, options, measured, say):
    stack.fill()
    calm, stormy = [], []
    for number in range(options.rounds):
        say(f"turn {number + 1} of {options.rounds}: {RATE} reads a second without, then with {CLIENTS} who sign in")
        calm.append(turn(stack, measured, options.seconds, False))
        stormy.append(turn(stack, measured, options.seconds, True))
    for name, turns in (("without", calm), ("with", stormy)):
        print(f"{name:<8} " + "   ".join(f"{key.removesuffix('_ms')} {statistics.fmean(one[key] for one in turns):.2f} ms"
                                        for key in ("p50_ms", "p90_ms", "p99_ms"))
              + f"   p99 of each turn: {', '.join(format(one['p99_ms'], '.2f') for one in turns)}")
    ratio = statistics.fmean(one["p99_ms"] for one in stormy) / statistics.fmean(one["p99_ms"] for one in calm)
    print(f"attempts {statistics.fmean(one['attempts_per_s'] for one in stormy):.0f} a second; "
          f"the reads' p99 is {ratio:.2f} times what it is without")
    return {"calm": calm, "stormy": stormy, "p99_ratio": ratio}
