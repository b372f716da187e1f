#!/bin/bash
# Does for Debian's PostgreSQL what the entry point of the common image promises: secrets by file, a first database, scripts
# of /docker-entrypoint-initdb.d, and the server without root.
set -euo pipefail

# NAME_FILE becomes NAME; the other default is $2.
by_file() {
	local file="${1}_FILE"
	if [ -n "${!1:-}" ] && [ -n "${!file:-}" ]; then
		echo "both $1 and $file are set" >&2
		exit 1
	fi
	if [ -n "${!file:-}" ]; then
		export "$1=$(<"${!file}")"
	else
		export "$1=${!1:-${2:-}}"
	fi
	unset "$file"
}

make_database() {
	if [ -z "$POSTGRES_PASSWORD" ]; then
		echo "an empty data folder needs POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE" >&2
		exit 1
	fi
	# shellcheck disable=SC2086  # it is a list of arguments
	initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") \
		--auth-local=trust --auth-host=scram-sha-256 $POSTGRES_INITDB_ARGS
	echo "host all all all scram-sha-256" >>"$PGDATA/pg_hba.conf"
	# On the socket only: nobody is to be let in before all is done.
	pg_ctl --wait -o "-c listen_addresses=''" start
	psql=(psql --set=ON_ERROR_STOP=1 --no-psqlrc --username="$POSTGRES_USER")
	if [ "$POSTGRES_DB" != postgres ]; then
		"${psql[@]}" --dbname=postgres --set=db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
	fi
	for file in /docker-entrypoint-initdb.d/*; do
		case "$file" in
		*.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
		*.sql) "${psql[@]}" --dbname="$POSTGRES_DB" --file="$file" ;;
		*.sql.gz) gunzip -c "$file" | "${psql[@]}" --dbname="$POSTGRES_DB" ;;
		esac
	done
	pg_ctl --wait --mode=fast stop
}

if [ "${1:0:1}" = - ]; then
	set -- postgres "$@"
fi
if [ "$1" != postgres ]; then
	exec "$@"
fi
by_file POSTGRES_PASSWORD
by_file POSTGRES_USER postgres
by_file POSTGRES_DB "$POSTGRES_USER"
by_file POSTGRES_INITDB_ARGS
if [ "$(id -u)" = 0 ]; then
	mkdir -p "$PGDATA" /run/postgresql
	chown -R postgres:postgres "$PGDATA" /run/postgresql
	chmod 0700 "$PGDATA"
	# The folder above may be one that only root can pass.
	exec setpriv --reuid=postgres --regid=postgres --init-groups env HOME=/var/lib/postgresql "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
	make_database
fi
unset POSTGRES_PASSWORD
exec "$@" -c listen_addresses='*'
