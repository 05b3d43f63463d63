#!/usr/bin/env bash
# Runs the commands of the guides. Usage: commands.sh BUILD_FOLDER SOURCE_FOLDER
set -euo pipefail
build=$(realpath "$1")
source=$(realpath "$2")
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$work"' EXIT
export PATH="$build/bin:$PATH"
cd "$work"
mkdir -p photos/cats photos/dogs
cp "$source/tests/docs/pictures/cat.png" photos/cats/
cp "$source/tests/docs/pictures/dog.png" photos/dogs/
cp "$source/tests/docs/"*.json .

# --- getting started ---
# [run]
millrace run first.json --data mill --set photos=photos --set new=new --set list=new.jsonlist
# [/run]
[ "$(wc -l <new.jsonlist)" = 2 ]
grep -q '"ops":"augment(flop)"' new.jsonlist
# [sheet]
millrace run "$build/share/millrace/pipelines/examples/contact_sheet.json" --data mill --set list=new.jsonlist --set sheet=new.html
# [/sheet]
grep -q '<html' new.html
# [validate]
millrace validate first.json --set photos=photos --set new=new --set list=new.jsonlist
millrace explain first.json --set photos=photos --set new=new --set list=new.jsonlist
millrace operators list --role augment
millrace operators show augment.rotate
# [/validate]

# --- the pages of the operators are those that the declarations make ---
millrace operators pages pages
diff -r pages "$source/docs/operators"

# --- the server ---
printf '{"keys": [{"accessKey": "ak", "secretKey": "sk", "logBucket": "qiniu:///z0/logs"}]}' >keys.json
chmod 600 keys.json
millrace serve --data served --listen 127.0.0.1:0 --mount atflow@127.0.0.1:0 --atflow-settings keys.json --root "$work" >ready &
server=$!
for _ in $(seq 600); do grep -q serves ready && break; sleep 0.1; done
address=$(sed -n 's/^millrace serves \([^,]*\).*/\1/p' ready)
# [submit]
curl -sS -H "Authorization: Bearer $(cat served/token)" -d '{"pipeline": "examples/contact_sheet",
  "params": {"list": "file://'"$PWD"'/new.jsonlist", "sheet": "file://'"$PWD"'/served.html"}}' "$address/jobs"
millrace jobs wait 1 --data served
millrace jobs list --data served
millrace jobs logs 1 --data served
# [/submit]
grep -q '<html' served.html
kill "$server"
wait "$server"
server=
