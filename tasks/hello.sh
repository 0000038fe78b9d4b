# The last line is the answer: JSON with a state and data. What comes before it is the log.
name=$(printf '%s' "$1" | sed 's/[\\"]/\\&/g' | tr -d '\000-\037')
echo "Greeting $name"
printf '{"state":"success","data":["hello %s"]}\n' "$name"
