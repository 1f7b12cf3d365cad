#!/bin/sh
# Turns the options of the add-on into a configuration, and runs meterpipe with it.
set -eu

data=${DATA:-/data}
run=${RUN:-/run/meterpipe}
options=$data/options.json

option() {
    jq -r --arg name "$1" '.[$name] // empty' "$options"
}

fail() {
    echo "meterpipe: $*" >&2
    exit 2
}

# A line of TOML, where the escapes of JSON are valid.
entry() {
    jq -nr --arg key "$1" --arg text "$2" '"\($key) = \($text | tojson)"'
}

umask 077
mkdir -p "$run" "$data/state"
key=$(option key)
[ -n "$key" ] || fail "the option 'key' is empty: enter the key of your operator, 32 hex digits"
printf '%s %s\n' "$key" "$(option authentication_key)" > "$run/guek"

url=$(option mqtt_url) user=$(option mqtt_user) password=$(option mqtt_password)
if [ -z "$url" ]; then
    # The broker that Home Assistant uses: the add-on of Mosquitto, or what the user has set up.
    service=$(curl -fsS -H "Authorization: Bearer ${SUPERVISOR_TOKEN:-}" \
        "${SUPERVISOR:-http://supervisor}/services/mqtt") ||
        fail "Home Assistant names no MQTT broker: install the Mosquitto add-on, or set 'mqtt_url'"
    broker() {
        printf '%s' "$service" | jq -r ".data | $1"
    }
    url=$(broker '(if .ssl then "mqtts" else "mqtt" end) + "://\(.host):\(.port)"')
    user=$(broker '.username // empty')
    password=$(broker '.password // empty')
fi

{
    echo "[[meter]]"
    source=$(option source)
    [ -z "$source" ] || entry source "$source"
    entry key_file "$run/guek"
    echo "[[sink]]"
    entry to "$url"
    [ -z "$user" ] || entry user "$user"
    language=$(option language)
    [ -z "$language" ] || entry ha_language "$language"
    if [ -n "$password" ]; then
        printf '%s' "$password" > "$run/mqtt"
        entry password_file "$run/mqtt"
    fi
} > "$run/config.toml"

case $(option log) in
    quiet) set -- -q ;;
    verbose) set -- -v ;;
    *) set -- ;;
esac
export STATE_DIRECTORY="$data/state"
exec meterpipe watch --config "$run/config.toml" "$@"
