for percent in 25 50 75 100; do
  sleep "$(awk -v s="${1:-2}" "BEGIN { print s / 4 }")"
  echo "$percent %"
done
printf '{"state":"success","data":["%s"]}\n' "$(printf '%s' "$2" | sed 's/[\\"]/\\&/g' | tr -d '\000-\037')"
