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
millrace users add admin --data registry --password-file password.txt
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
# [stages]
curl -sS "$api/models/" -H "Authorization: Bearer $token" -F project_id=1 -F name=lenet -F file=@net.h5 \
  -F 'hyperparameters={"lr": 0.02, "epochs": 10}' -F 'metrics={"accuracy": 0.99}' \
  -F dataset_name=digits -F dataset_uri=s3://data/digits.tar
for model in 1 2; do
  curl -sS "$api/models/$model/promotions/" -H "Authorization: Bearer $token" -d stage=production
done
curl -sS "$api/models/1/versions/" -H "Authorization: Bearer $token"
curl -sS "$api/projects/1/stages/roll_back/" -H "Authorization: Bearer $token" \
  -d name=lenet -d stage=production -d 'comment=fails on night pictures'
# [/stages]
found=$(curl -sS "$api/projects/1/stages/?stage=production" -H "Authorization: Bearer $token")
[[ $found == *'"model_id":1,'* && $found == *'"comment":"fails on night pictures"'* ]]
# [side_by_side]
curl -sS "$api/models/compare/?ids=1,2" -H "Authorization: Bearer $token"
curl -sS "$api/models/2/lineage/" -H "Authorization: Bearer $token"
# [/side_by_side]
found=$(curl -sS "$api/models/compare/?ids=1,2" -H "Authorization: Bearer $token")
[[ $found == *'"key":"lr","values":[0.01,0.02],"differs":true'* ]]
cat >.maisie <<SETTINGS
[api]
url = $api
[auth]
user_login = admin
[selected]
project = 1
SETTINGS
export MAISIE_AUTH_USER_PASSWORD='a good password'
# [commands]
millrace models versions -id 1
millrace models promote -id 2 -s production -c "night pictures are fine now"
millrace projects stages
millrace projects roll-back -n lenet -s production
millrace models lineage -id 2
# [/commands]
[[ $(millrace projects stages --json) == *'"action": "roll_back"'* ]]
# [pieces]
signed=(-H "Authorization: Bearer $token" -H 'Tus-Resumable: 1.0.0')
upload=$(curl -sS -i "$api/uploads/" "${signed[@]}" -H "Upload-Length: $(stat -c %s net.h5)" \
  -H "Upload-Metadata: filename $(printf net.h5 | base64)" -X POST | sed -n 's/^Location: \(.*\)\r$/\1/p')
head -c 3 net.h5 | curl -sS "$upload" "${signed[@]}" -X PATCH -H 'Upload-Offset: 0' --data-binary @- \
  -H 'Content-Type: application/offset+octet-stream'
offset=$(curl -sS -I "$upload" "${signed[@]}" | sed -n 's/^Upload-Offset: \(.*\)\r$/\1/p')
tail -c "+$((offset + 1))" net.h5 | curl -sS "$upload" "${signed[@]}" -X PATCH -H "Upload-Offset: $offset" \
  --data-binary @- -H 'Content-Type: application/offset+octet-stream'
curl -sS "$api/models/" -H "Authorization: Bearer $token" -d project_id=1 -d "upload=$(basename "$upload")" \
  -d "file_sha256=$(sha256sum net.h5 | cut -d ' ' -f 1)"
# [/pieces]
[ "$offset" = 3 ]
curl -sS "${api%/api/v1}/storage/download/3/" | cmp net.h5
kill "$server"
wait "$server"
server=
