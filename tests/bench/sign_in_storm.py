"""Reads at a fixed rate, alternately without and with a hundred clients that try to sign in. One run has no rate limits.
The other has the default limits, and the clients come from an address that is not exempt."""
import json
import statistics

RATE, CLIENTS = 500, 100
STORMS = (("without", None), ("with, no limits", ("--patient",)), ("with, default limits", ("--patient", "--from", "127.0.0.2")))


def measure_round(stack, measured, seconds, how):
    storm = how and stack.start_load("sign_in", connections=CLIENTS, seconds=seconds + 4, warm_up=0, more=how)
    reads = measured(stack, "get_product", connections=64, rate=RATE, seconds=seconds, warm_up=2)
    if storm:
        tried = json.loads(storm.communicate()[0])
        reads["storm"] = {"hashed_per_s": (tried["done"] - tried["unexpected"]) / tried["seconds"],
                          "refused_per_s": tried["refused"] / tried["seconds"],
                          "other_per_s": (tried["unexpected"] - tried["refused"]) / tried["seconds"],
                          "lost": tried["lost"], "p50_ms": tried["p50_ms"], "p99_ms": tried["p99_ms"]}
    return reads


def middle(rounds, key):
    """The median of all rounds, so that one disturbed round does not count."""
    return statistics.median(one[key] for one in rounds)


def show(name, rounds, calm):
    ratio = middle(rounds, "p99_ms") / middle(calm, "p99_ms")
    print(f"{name:<21}" + "   ".join(f"{key.removesuffix('_ms')} {middle(rounds, key):.2f} ms"
                                     for key in ("p50_ms", "p90_ms", "p99_ms"))
          + f"   p99 of each round: {', '.join(format(one['p99_ms'], '.2f') for one in rounds)}"
          + ("" if rounds is calm else f"   {ratio:.2f} times"))
    if rounds is not calm:
        storms = [one["storm"] for one in rounds]
        print(f"{'':<21}attempts a second: {middle(storms, 'hashed_per_s'):.1f} hashed, {middle(storms, 'refused_per_s'):.1f} "
              f"refused (429, 503), {middle(storms, 'other_per_s'):.1f} otherwise (504); half took "
              f"{middle(storms, 'p50_ms'):.0f} ms, 99 % {middle(storms, 'p99_ms'):.0f} ms at most; "
              f"{sum(one['lost'] for one in storms)} connections lost")
    return ratio


def run(stack, options, measured, say):
    stack.fill()
    rounds = {name: [] for name, _ in STORMS}
    for number in range(options.rounds):
        say(f"round {number + 1} of {options.rounds}: {RATE} reads per second, without and with {CLIENTS} that sign in")
        for name, how in STORMS:
            rounds[name].append(measure_round(stack, measured, options.seconds, how))
    ratios = {name: show(name, rounds[name], rounds["without"]) for name, _ in STORMS}
    return {"rounds": rounds, "p99_ratios": ratios}
