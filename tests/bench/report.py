"""The table that ./dev bench prints."""

PARTS = ("edge-http", "svc-users", "svc-products", "svc-orders", "rabbitmq", "postgres", "redis", "load")


def row(*cells):
    print("  " + f"{cells[0]:<26}" + "".join(f"{cell:>11}" for cell in cells[1:]))


def show_scenarios(scenarios):
    print("\nScenario                        per s  confirmed/s     p50 ms     p99 ms   p99.9 ms   not as expected")
    for name, result in scenarios.items():
        if name == "backlog":
            row(name, "", f"{result['drained_per_s']:,.0f}")
            continue
        confirmed = result.get("confirmed_per_s", 0)
        row(name, f"{result['per_s']:,.0f}", f"{confirmed:,.0f}" if confirmed >= 1 else "", f"{result['p50_ms']:.2f}",
            f"{result['p99_ms']:.2f}", f"{result['p999_ms']:.2f}", f"{result['unexpected'] + result['lost']:.0f}")
    if "storm" in scenarios:
        print(f"  storm: passwords hashed meanwhile: {scenarios['storm']['registered_per_s']:.0f} a second")
    committed = scenarios["order_latency_50"]["committed"]
    print(f"  accepted to committed at 50 orders/s: p50 {committed['p50_ms']:.1f} ms, p99 {committed['p99_ms']:.1f} ms")


def show_cpu(scenarios):
    print("\nCPU, cores                " + "".join(f"{part.removeprefix('svc-'):>11}" for part in PARTS))
    for name, result in scenarios.items():
        if "cpu" in result:
            row(name, *(f"{result['cpu'].get(part, 0):.2f}" for part in PARTS))


def show(found):
    machine, ceilings, ratios, costs = found["machine"], found["ceilings"], found["ratios"], found["cost"]
    print(f"\n{machine['cpu']}, {machine['cores']} cores; an fsync takes {machine['fsync_ms']} ms; commit {found['commit']}")
    show_scenarios(found["scenarios"])
    show_cpu(found["scenarios"])
    print("\nCeilings, with null handlers, in turns with the above")
    row("RPC calls", f"{ceilings['rpc_per_s']:,.0f}", f"  reads are {ratios['get_product_vs_rpc_ceiling']:.2f} of that,",
        f" {ceilings['rpc_cpu_us']:.0f} µs of CPU each")
    row("orders' events", f"{ceilings['order_messages_per_s']:,.0f}",
        f"  orders confirmed are {ratios['orders_confirmed_vs_ceiling']:.2f} of that,",
        f" {ceilings['order_messages_cpu_us']:.0f} µs of CPU each")
    row("orders' rows", f"{ceilings['pg_orders_per_s']:,.0f}",
        f"  orders confirmed are {ratios['orders_confirmed_vs_database']:.2f} of that,",
        f" {ceilings['pg_orders_cpu_us']:.0f} µs of CPU each")
    print(f"  By CPU alone, a read is {ratios['get_product_cpu_vs_rpc_ceiling']:.2f} times as cheap as a call of the "
          f"ceiling, an order {ratios['order_cpu_vs_ceiling']:.2f} times")
    print(f"\nCost        a read {costs['cpu_us_per_get']:.0f} µs of CPU; an order {costs['cpu_us_per_order']:.0f} µs, "
          f"{costs['messages_per_order']:.2f} messages, {costs['turns_per_order']:.3f} turns, "
          f"{costs['statements_per_order']:.2f} statements, {costs['wal_bytes_per_order']:,} bytes of WAL")
    print("\nMemory under load, MB      " + "".join(f"{name.removeprefix('svc-'):>11}" for name in found["memory"]))
    for name in ("get_product", "place_order_256", "place_order"):
        row(name, *found["scenarios"][name]["memory"].values())
    print("Start, ms   " + ", ".join(f"{name} {took}" for name, took in found["start_ms"].items()) + "\n")
