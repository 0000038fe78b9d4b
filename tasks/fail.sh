echo "Looking for the file" >&2
echo '{"state":"failure","data":{"message":"The file is not there","code":"ENOENT"}}'
