#!/bin/bash
# Runs once, when InfluxDB has made its bucket: one token that only writes it and one that only reads it, each in a
# folder of its own, so that who writes cannot read and the other way round.
set -euo pipefail
umask 077

token() {
    influx auth create --org "$DOCKER_INFLUXDB_INIT_ORG" --description "$1" "$2" "$DOCKER_INFLUXDB_INIT_BUCKET_ID" --json |
        sed -n 's/.*"token": *"\([^"]*\)".*/\1/p'
}

for use in write read; do
    file=/tokens/$use/influx_${use}_token
    token "hearthgrid $use" "--$use-bucket" >"$file.partial"
    [ -s "$file.partial" ] || { echo "tokens: influx gave no token to $use the bucket" >&2; exit 1; }
    mv "$file.partial" "$file"
done
