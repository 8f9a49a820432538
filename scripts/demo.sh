#!/usr/bin/env bash
# The whole story in front of you: scripts/demo.sh [CAP…]
#
# Installs what is missing, builds, and plays it with real TLS connections and a real SCP03 channel: a service provider uploads CAP files,
# publishes a service, and a simulated phone with two chips gets it deployed, used, suspended, resumed, updated and terminated. Several CAP
# files become load files of one service (libraries with the applet that needs them). Two small ones that it makes itself are always there.
set -euo pipefail
invoked_from=$PWD
cd "$(dirname "$0")/.."

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'; else bold='' dim='' green='' red='' plain=''; fi
say() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
note() { printf '   %s\n' "$*"; }
good() { printf '   %s✔%s %s\n' "$green" "$plain" "$*"; }
fail() { printf '   %s✘ %s%s\n' "$red" "$*" "$plain" >&2; exit 1; }

caps=()
for cap in "$@"; do
  [ "${cap#/}" = "$cap" ] && cap=$invoked_from/$cap
  [ -r "$cap" ] || fail "cannot read $cap"
  caps+=("$cap")
done

say "1. Packages and build"
scripts/setup.sh
scripts/build.sh build -- app/tsms app/tsms-handset app/tsms-lab
bin=$PWD/build/app

work=$(mktemp -d)
data=$work/data
pids=()
stop() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
}
finish() {
  local code=$?
  stop
  if [ $code -eq 0 ]; then
    rm -rf "$work"
  else
    printf '\n%sThe demo ended early. Logs are in %s%s\n' "$red" "$work" "$plain" >&2
  fi
}
trap finish EXIT

ports() { # how many: free ones, each with a free neighbour, below those that the system gives to connections
  python3 - "$1" <<'PYTHON'
import random, socket, sys

def free(port):
    with socket.socket() as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
            return True
        except OSError:
            return False

found = (p for p in random.sample(range(20000, 32000, 2), 6000) if free(p) and free(p + 1))
print(*(next(found) for _ in range(int(sys.argv[1]))))
PYTHON
}
wait_for() { # port, name
  for _ in $(seq 100); do
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
    sleep 0.1
  done
  fail "$2 did not start; see $work/$2.err"
}
first_line() { # file: the first line a server prints
  for _ in $(seq 100); do
    if [ -s "$1" ]; then head -1 "$1"; return; fi
    sleep 0.1
  done
}
read -r TSMS_REST_PORT TSMS_DEVICE_PORT TSMS_OPS_PORT issuer_port spos_port < <(ports 5)
export TSMS_REST_PORT TSMS_DEVICE_PORT TSMS_OPS_PORT

say "2. A TSM, an issuer, an SPOS"
"$bin/tsms" init --data "$data" --development >"$work/init.out"
good "tsms init: keys, development PKI, databases, a config file with every option"
"$bin/tsms" profile import --data "$data" lab/profiles.json >/dev/null
good "$(jq length lab/profiles.json) SecureComponentProfiles imported"
"$bin/tsms-lab" issuer --port "$issuer_port" --state "$work/issuer.json" --tls-dir "$work/issuer-tls" --client-ca "$data/ca.pem" --json \
  >"$work/issuer.out" 2>"$work/issuer.err" &
pids+=($!)
wait_for "$issuer_port" issuer
told=$(first_line "$work/issuer.out")
"$bin/tsms" issuer add --data "$data" --name lab --url "$(jq -r .url <<<"$told")" --ca "$(jq -r .ca <<<"$told")" \
  --transport-key-file "$(jq -r .transportKeyFile <<<"$told")" >/dev/null
good "issuer (SCI) at $(jq -r .url <<<"$told"), mutual TLS, transport key entered"
"$bin/tsms-lab" spos --port "$spos_port" --state "$work/spos.json" --tls-dir "$work/spos-tls" --client-ca "$data/ca.pem" --json \
  >"$work/spos.out" 2>"$work/spos.err" &
pids+=($!)
wait_for "$spos_port" spos
spos=$(first_line "$work/spos.out")
good "SPOS of the service provider at $(jq -r .url <<<"$spos")"
"$bin/tsms" serve --data "$data" >"$work/serve.out" 2>"$work/serve.err" &
pids+=($!)
wait_for "$TSMS_REST_PORT" serve
wait_for "$TSMS_DEVICE_PORT" serve
good "tsms serve: REST role on port $TSMS_REST_PORT, device role on port $TSMS_DEVICE_PORT, one process each"

say "3. A service provider appears and configures a service over REST"
bearer() { printf 'Authorization: Bearer %s\n' "$1" >"$work/bearer.header"; } # not on a command line, where everybody sees it
bearer "$("$bin/tsms" provider add --data "$data" --name "Demo provider" --json | jq -r .longTermToken)"
api=https://localhost:$TSMS_REST_PORT/sptsm/1.0
rest() { # method, path, curl arguments…
  local answer status
  answer=$(curl -sS --cacert "$data/ca.pem" -H @"$work/bearer.header" -X "$1" "$api$2" -w '\n%{http_code}' "${@:3}")
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  [ "${status:0:1}" = 2 ] || fail "$1 $2: $status $answer"
  printf '%s' "$answer"
}
json() { rest "$1" "$2" -H 'Content-Type: application/json' --data-binary "$3"; }
bearer "$(rest POST /auth | jq -r .)"
good "POST /auth: a bearer token for 15 minutes"

cap() { # file, package, size, version: one with one applet
  "$bin/tsms-lab" cap --out "$work/$1" --package "$2" --applet "${2}01" --load-size "$3" --package-version "$4" >/dev/null
}
# In version 1.1.0 of the Service one applet changes, and the other one, of the load file wallet.cap, keeps what it has stored.
cap demo.cap D27600018544454D 20000 1.0
cap demo-1.1.cap D27600018544454D 21000 1.1
cap wallet.cap D276000185574C54 3000 1.0
changing=D27600018544454D01 wallet=D276000185574C5401
elf_ids=() instantiations='[]' first_applet='' needed=0
upload() { # CAP file: sets elf and elf_id
  elf=$(rest POST /executable-load-files -F "elf-filename=$(basename "$1");type=text/plain" -F "elf-file=@$1;type=application/octet-stream")
  elf_id=$(jq -r .id <<<"$elf")
}
for cap in "${caps[@]}" "$work/demo.cap" "$work/wallet.cap"; do
  upload "$cap"
  elf_ids+=("$elf_id")
  good "POST /executable-load-files: $(basename "$cap"), $(stat -c %s "$cap") octets, taken apart:"
  note "${dim}package $(jq -r '"\(.packageName) \(.aid), version \(.packageVersion)"' <<<"$elf")$plain"
  note "${dim}imports $(jq -r '.importedPackages | join(" ")' <<<"$elf"); needs Java Card $(jq -r '.technicalRequirements.javaCardVersion' <<<"$elf")$plain"
  needed=$(jq -r --arg so_far "$needed" 'def parts: split(".") | map(tonumber); [$so_far, (.technicalRequirements.javaCardVersion | select(. != ""))] | max_by(parts)' <<<"$elf")
  for module in $(rest GET "/executable-load-files/$elf_id/executable-modules" | jq -r '.[] | "\(.id):\(.aid)"'); do
    aid=${module#*:}
    instance=$aid
    # The lab card has an access rule master of its own under this AID.
    case $aid in A00000015141434C*) instance=${aid%??}7E ;; esac
    if [ "$aid" = "$changing" ]; then changing_module=${module%%:*} changing_elf=$elf_id; fi
    config=$(json POST /application-configs "{\"instanceAid\": \"$instance\", \"installConfig\": {}, \"activationConfig\": {\"makeSelectable\": true, \"accessibleViaApdu\": true}}")
    instantiations=$(jq -c ". + [{executableModuleId: \"${module%%:*}\", applicationConfigId: \"$(jq -r .id <<<"$config")\"}]" <<<"$instantiations")
    note "${dim}applet $aid$plain"
    first_applet=${first_applet:-$instance}
  done
done
certificate=$(rest POST /certificates -F "cert-file=@$(jq -r .ca <<<"$spos");type=application/octet-stream" | jq -r .id)
spos_config=$(json POST /spos-configs "{\"url\": \"$(jq -r .url <<<"$spos")\", \"certificateId\": \"$certificate\"}" | jq -r .id)
app_hash=$(printf 'the certificate of the demo app' | sha256sum | tr 'a-f' 'A-F' | cut -c1-64)
service=$(json POST /services "{\"name\": \"Demo service\", \"sposConfigId\": \"$spos_config\", \"accessAuthorizedDeviceApps\": [\"$app_hash\"]}")
service_id=$(jq -r .id <<<"$service")
good "POST /services: security domain $(jq -r .sdAid <<<"$service") for every instance"
publish() { # name of the Flavor, Version: of the load files elf_ids and their instantiations
  local flavor_id
  flavor_id=$(json POST "/services/$service_id/flavors" "{\"name\": \"$1\", \"applicationInstantiationConfigs\": $instantiations}" | jq -r .id)
  json POST "/services/$service_id/flavors/$flavor_id/executable-load-files" "$(printf '%s\n' "${elf_ids[@]}" | jq -R . | jq -sc .)" >/dev/null
  rest POST "/services/$service_id/flavors/$flavor_id/publish" >/dev/null
  json POST "/services/$service_id/versions" "{\"tag\": \"$2\", \"allowedDeployments\": {\"$flavor_id\": $profiles}}" >"$work/version.json" ||
    fail "the load file asks for more than a profile offers"
  good "Flavor published, version $2 allows it on $(jq length <<<"$profiles") profiles"
}
# Technical requirements are checked when a Version is made (TR 3.3.1.2): only the profiles that offer enough.
profiles=$(rest GET /secure-component-profiles | jq -c --arg needed "$needed" \
  'def parts: split(".") | map(tonumber); [.[] | select(.name != "tsms-lab small" and (.javaCardVersion | parts) >= ($needed | parts)) | .id]')
publish "all chips" 1.0.0

say "4. A phone with two chips asks"
chips=(--se "sim:$work/chip1.card?profile=jc304" --se "sim:$work/chip2.card?profile=jc305")
handset() { "$bin/tsms-handset" --url "https://localhost:$TSMS_DEVICE_PORT" --ca "$data/ca.pem" --caller-id "$app_hash" "${chips[@]}" "$@"; }
total_exchanges=0 total_octets=0 total_ms=0
measured() { # what, handset arguments…: counts exchanges, octets and time
  handset --stats="$work/stats.json" --json "${@:2}" >"$work/result.json" || fail "$1: $(cat "$work/result.json")"
  total_exchanges=$((total_exchanges + $(jq .exchanges "$work/stats.json")))
  total_octets=$((total_octets + $(jq '.bytesSent + .bytesReceived' "$work/stats.json")))
  total_ms=$((total_ms + $(jq '.milliseconds | floor' "$work/stats.json")))
  figures=$(jq -r '"\(.exchanges) exchanges, \(.apdus) APDUs, \(.bytesSent + .bytesReceived) octets, \(.milliseconds | floor) ms"' "$work/stats.json")
}
measured check check "$service_id" x.x.x
good "checkServiceDeploymentAvailable: version $(jq -r .version "$work/result.json") ($figures)"
measured create create "$service_id" 1.0.0
instance=$(jq -r .serviceInstance.id "$work/result.json")
good "createServiceInstance: $instance ($figures)"
grep -h 'chosen' "$work/serve.err" "$work/serve.out" 2>/dev/null | tail -1 | sed "s/^/   ${dim}the TSM says: /; s/\$/$plain/" || true

say "5. Deploy"
listed() { "$bin/tsms-lab" card --state "$work/chip2.card"; }
differences() { # what was listed before: what has gone, and what has come
  diff <(printf '%s\n' "$1") <(listed) | sed -n "/^. card /d; s/^< \(.*\)/   $dim- \1$plain/p; s/^> \(.*\)/   $dim+ \1$plain/p" || true
}
before=$(listed)
measured deploy deploy "$instance" --commands install,activate --finalize
[ "$(jq .serviceInstanceState "$work/result.json")" = 21 ] || fail "the service instance is not OPERATIONAL"
good "deployService: OPERATIONAL (21). $figures"
differences "$before"

say "6. Use, suspend, resume"
apdu() { # applet, command: prints the answer
  "$bin/tsms-handset" --se "sim:$work/chip2.card?profile=jc305" apdu "$@" | sed -n '$s/^< //p'
}
[ "$(apdu "$first_applet" 00010000)" = 9000 ] || fail "the applet does not answer"
good "SELECT $first_applet and a command: 9000"
measured suspend suspend "$instance"
good "suspendOrResumeService(true): $figures"
if apdu "$first_applet" 00010000 >/dev/null 2>&1; then fail "a suspended applet answers"; fi
good "the applet cannot be selected any more"
measured resume resume "$instance"
good "suspendOrResumeService(false): $figures"

say "7. Update: one applet changes, the other one keeps what it has stored"
ticket=$(printf 'Ticket 4711, valid' | od -An -v -tx1 | tr -d ' \n' | tr 'a-f' 'A-F')
printf -v put '80DA0100%02X%s' $((${#ticket} / 2)) "$ticket" # PUT DATA, docs/lab.md
for applet in "$changing" "$wallet"; do
  [ "$(apdu "$applet" "$put")" = 9000 ] || fail "the applet stores nothing"
done
good "the app stores ‘Ticket 4711, valid’ in both applets"
upload "$work/demo-1.1.cap"
new_module=$(rest GET "/executable-load-files/$elf_id/executable-modules" | jq -r '.[0].id')
instantiations=$(jq -c --arg old "$changing_module" --arg new "$new_module" \
  'map(if .executableModuleId == $old then .executableModuleId = $new else . end)' <<<"$instantiations")
elf_ids=("${elf_ids[@]/$changing_elf/$elf_id}")
publish "all chips, renewed" 1.1.0
measured check-update check-update "$instance" x.x.x
[ "$(jq -r .newVersion "$work/result.json")" = 1.1.0 ] || fail "no update is available"
good "checkServiceUpdateAvailable: version $(jq -r .newVersion "$work/result.json") ($figures)"
old=$(listed)
measured update update "$instance" 1.1.0 --commands install,activate --finalize
[ "$(jq .serviceInstanceState "$work/result.json")" = 21 ] || fail "the service instance is not OPERATIONAL"
good "updateService: OPERATIONAL (21). $figures"
differences "$old"
[ "$(apdu "$changing" 80CA010000)" = 6A88 ] || fail "the applet that changed has not been installed anew"
good "the applet that changed is a new one, and has nothing stored"
read_back=$(apdu "$wallet" 80CA010000)
[ "$read_back" = "${ticket}9000" ] || fail "the other applet has lost what it had stored: $read_back"
good "the other one gives it back: ‘$(printf '%b' "$(sed 's/9000$//; s/../\\x&/g' <<<"$read_back")")’"

say "8. Terminate"
measured terminate terminate "$instance"
good "terminateService: $figures"
[ "$(listed)" = "$before" ] || fail "the card is not as it was"
good "the card's registry is as it was before"

say "9. The SPOS has the results"
for _ in $(seq 100); do
  [ "$(($(wc -l <"$work/spos.out") - 1))" -ge 5 ] && break
  sleep 0.1
done
tail -n +2 "$work/spos.out" | jq -r '"   process \(.processId): operations \(.requestedOperations | map(tostring) | join(",")), state \(.serviceStartState) → \(.serviceEndState), status \(.executionStatus)"'

say "Sum: $total_exchanges HTTPS exchanges, $total_octets octets, $total_ms ms"
stop
pids=()
good "everything stopped"
