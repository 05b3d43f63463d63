#!/usr/bin/env bash
# Runs the commands of docs/registry.md. Usage: registry.sh BUILD_FOLDER
set -euo pipefail
build=$(realpath "$1")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
export PATH="$build/bin:$PATH"
cd "$work"
printf 'a good password\n' >password.txt
printf 'WEIGHTS' >net.h5

# [user]
millrace user add admin --data registry --password-file password.txt
# [/user]
millrace serve --data registry --listen 127.0.0.1:0 --mount maisie@127.0.0.1:0 >ready &
server=$!
for _ in $(seq 600); do grep -q serves ready && break; sleep 0.1; done
api=$(sed -n 's/.*maisie at \([^,]*\).*/\1/p' ready)/api/v1
# [sign_in]
token=$(curl -sS "$api/auth/login/" -d login=admin --data-urlencode password@<(tr -d '\n' <password.txt) |
  sed 's/.*"access_token":"\([^"]*\)".*/\1/')
# [/sign_in]
[ "${#token}" -gt 100 ]
# [upload]
curl -sS "$api/workspaces/" -d name=Vision
curl -sS "$api/projects/" -d name=Digits -d workspace_id=1
curl -sS "$api/models/" -H "Authorization: Bearer $token" -F project_id=1 -F name=lenet -F file=@net.h5 \
  -F 'hyperparameters={"lr": 0.01, "epochs": 10}' -F 'metrics={"accuracy": 0.98}' -F tags=baseline,prod
# [/upload]
# [find]
curl -sS "$api/models/?project=1&tag=prod&metric.accuracy>0.9" -H "Authorization: Bearer $token"
curl -sS "$api/models/?search=NET&hyperparam=lr" -H "Authorization: Bearer $token"
# [/find]
found=$(curl -sS "$api/models/?project=1&tag=prod&metric.accuracy>0.9" -H "Authorization: Bearer $token")
[[ $found == *'"name":"lenet"'* && $found == *'"total_items":1'* ]]
found=$(curl -sS "$api/models/?metric.accuracy>0.99" -H "Authorization: Bearer $token")
[[ $found == *'"total_items":0'* ]]
# [download]
curl -sS "${api%/api/v1}/storage/download/1/" -o lenet.h5
# [/download]
cmp net.h5 lenet.h5
kill "$server"
wait "$server"
server=
