# A private Redis on loopback, without persistence and without anonymous access. compose/redis-rights has the permissions of
# svc-products. The admin account has all permissions, for people and tests.
# shellcheck shell=bash

REDIS_ADMIN=comanda

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
				user default off
				user $REDIS_ADMIN on >$REDIS_PASSWORD ~* &* +@all
				user svc-products on >$REDIS_PASSWORD_SVC_PRODUCTS $(cat "$ROOT/compose/redis-rights")
			END
		} >"$STACK/redis/redis.conf"
	)
}

redis_run() {
	cd "$STACK/redis"
	environment_only "SUPERVISED_IN=$STACK"
	exec setpriv --pdeathsig TERM redis-server "$STACK/redis/redis.conf"
}

redis_ready() {
	[[ $(REDISCLI_AUTH=$REDIS_PASSWORD redis-cli --user "$REDIS_ADMIN" -h 127.0.0.1 -p "$COMANDA_REDIS_PORT" PING 2>/dev/null) == PONG ]]
}

redis_url() { # of the admin
	echo "redis://$REDIS_ADMIN:$REDIS_PASSWORD@127.0.0.1:$COMANDA_REDIS_PORT/0"
}
