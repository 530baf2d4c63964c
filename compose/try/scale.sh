# Several containers of each program, and a rolling replacement of each service under load.
# shellcheck shell=bash

SCALED=(svc-orders svc-products svc-users edge)

scale_try() {
	FILES+=(-f "$ROOT/compose/scale.yaml")
	stack_up
	look_at_order
	look_at_containers
	watch_try
	scale_roll
	say try 'all of it holds'
}

scale_roll() {
	local service load status=0
	touch "$WORK/buying"
	python3 "$ROOT/compose/try/load.py" "http://localhost:$(stack_port)" "$(look_token)" "$WORK/buying" >"$WORK/load.log" 2>&1 &
	load=$!
	sleep 3 # some load before the first replacement
	for service in "${SCALED[@]}"; do
		say roll "$(COMPOSE_FILE=$ROOT/compose/compose.yaml:$ROOT/compose/scale.yaml COMPOSE_PROJECT_NAME=comanda-try \
			COMANDA_SECRETS=$WORK/secrets "$ROOT/compose/roll.sh" "$service")" || status=1
	done
	sleep 2
	rm "$WORK/buying"
	wait "$load" || status=1
	cat "$WORK/load.log"
	((status == 0)) || die 'a rolled service lost something, or was noticed: see above'
	say rolled 'no order was lost or doubled, and clients saw nothing worse than 503 with Retry-After'
}
