#!/bin/bash
# Runs once, when InfluxDB has made its bucket: a token that only writes and one that only reads it, each in a file.
set -euo pipefail
umask 077

token() {
    influx auth create --org "$DOCKER_INFLUXDB_INIT_ORG" --description "$1" "$2" "$DOCKER_INFLUXDB_INIT_BUCKET_ID" --json |
        sed -n 's/.*"token": *"\([^"]*\)".*/\1/p'
}

for use in write read; do
    token "hearthgrid $use" "--$use-bucket" >"/tokens/$use.partial"
    [ -s "/tokens/$use.partial" ] || { echo "tokens: influx gave no token to $use the bucket" >&2; exit 1; }
    mv "/tokens/$use.partial" "/tokens/$use"
done
