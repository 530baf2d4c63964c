"""The table that ./dev bench prints."""

PARTS = ("edge-http", "svc-users", "svc-products", "svc-orders", "rabbitmq", "postgres", "redis", "load")


def row(*cells):
    print("  " + f"{cells[0]:<26}" + "".join(f"{cell:>11}" for cell in cells[1:]))


def show_scenarios(scenarios):
    print("\nScenario                        per s  confirmed/s     p50 ms     p99 ms   p99.9 ms   unexpected")
    for name, result in scenarios.items():
        if name == "backlog":
            row(name, "", f"{result['drained_per_s']:,.0f}")
            continue
        confirmed = result.get("confirmed_per_s", 0)
        row(name, f"{result['per_s']:,.0f}", f"{confirmed:,.0f}" if confirmed >= 1 else "", f"{result['p50_ms']:.2f}",
            f"{result['p99_ms']:.2f}", f"{result['p999_ms']:.2f}", f"{result['unexpected'] + result['lost']:.0f}")
    if "storm" in scenarios:
        print(f"  storm: passwords hashed meanwhile: {scenarios['storm']['registered_per_s']:.0f} per second")
    committed = scenarios["order_latency_50"]["committed"]
    print(f"  accepted to committed at 50 orders/s: p50 {committed['p50_ms']:.1f} ms, p99 {committed['p99_ms']:.1f} ms")


def show_cpu(scenarios):
    print("\nCPU, cores                " + "".join(f"{part.removeprefix('svc-'):>11}" for part in PARTS))
    for name, result in scenarios.items():
        if "cpu" in result:
            row(name, *(f"{result['cpu'].get(part, 0):.2f}" for part in PARTS))


RATIOS = {
    "get_product_vs_rpc_ceiling": "reads / RPC calls",
    "get_product_hot_vs_rpc_ceiling": "one product / RPC calls",
    "orders_confirmed_vs_ceiling": "orders / orders' events",
    "orders_confirmed_vs_database": "orders / orders' rows",
    "get_product_cpu_vs_rpc_ceiling": "CPU: RPC call / read",
    "order_cpu_vs_ceiling": "CPU: events / an order",
}


def show_ratios(spread):
    print("\nRatios, slice by slice           mean  quartiles        slices   of each load")
    for name, about in RATIOS.items():
        ratio = spread[name]
        low, high = ratio["quartiles"]
        loads = ", ".join(f"{scenario} {mean:.2f}" for scenario, mean in ratio["means"].items())
        count = sum(map(len, ratio["pairs"].values()))
        print(f"  {about:<26}{ratio['mean']:>9.2f}  {low:.2f} to {high:.2f}{count:>9}   {loads}")


def show(found):
    machine, ceilings, costs = found["machine"], found["ceilings"], found["cost"]
    print(f"\n{machine['cpu']}, {machine['cores']} cores; an fsync takes {machine['fsync_ms']} ms; commit {found['commit']}")
    show_scenarios(found["scenarios"])
    show_cpu(found["scenarios"])
    print("\nCeilings, with null handlers, measured by turns with the scenarios above")
    for name, about in (("rpc", "RPC calls"), ("order_messages", "orders' events"), ("pg_orders", "orders' rows")):
        row(about, f"{ceilings[name + '_per_s']:,.0f}", "  per second,", f"{ceilings[name + '_cpu_us']:.0f}", " µs of CPU per operation")
    show_ratios(found["spread"])
    elsewhere = machine["cores_elsewhere"]
    print(f"  Meanwhile {max(0, elsewhere['other_work']):.2f} cores ran other processes, and {elsewhere['stolen']:.2f} other virtual machines")
    print(f"\nCost        per read {costs['cpu_us_per_get']:.0f} µs of CPU; per order {costs['cpu_us_per_order']:.0f} µs of CPU, "
          f"{costs['messages_per_order']:.2f} messages, {costs['transactions_per_order']:.3f} transactions, "
          f"{costs['statements_per_order']:.2f} statements, {costs['wal_bytes_per_order']:,} bytes of WAL")
    print("\nMemory under load, MB      " + "".join(f"{name.removeprefix('svc-'):>11}" for name in found["memory"]))
    for name in ("get_product", "place_order_256", "place_order"):
        row(name, *(f"{size:.1f}" for size in found["scenarios"][name]["memory"].values()))
    print("Start, ms   " + ", ".join(f"{name} {took}" for name, took in found["start_ms"].items()) + "\n")
