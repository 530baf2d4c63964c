# A private Redis: a password, loopback, nothing on disk.
# shellcheck shell=bash

redis_prepare() {
	mkdir -p "$STACK/redis"
	(
		umask 077
		{
			cat "$ROOT/compose/redis.conf"
			cat <<-END

				# Added by ./dev
				bind 127.0.0.1
				port $COMANDA_REDIS_PORT
				dir "$STACK/redis"
				requirepass $REDIS_PASSWORD
			END
		} >"$STACK/redis/redis.conf"
	)
}

redis_run() {
	cd "$STACK/redis"
	environment_only "KEPT_IN=$STACK"
	exec setpriv --pdeathsig TERM redis-server "$STACK/redis/redis.conf"
}

redis_ready() {
	[[ $(REDISCLI_AUTH=$REDIS_PASSWORD redis-cli -h 127.0.0.1 -p "$COMANDA_REDIS_PORT" PING 2>/dev/null) == PONG ]]
}

redis_url() {
	echo "redis://:$REDIS_PASSWORD@127.0.0.1:$COMANDA_REDIS_PORT/0"
}
