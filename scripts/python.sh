#!/bin/sh
# Runs the first Python of this machine that is new enough: sh scripts/python.sh <arguments>
for candidate in ${PYTHON:-} python3 python3.14 python3.13 python3.12 python3.11; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
        exec "$candidate" "$@"
    fi
done
echo "Aula Municipal needs Python 3.11 or newer; install it (apt-get install python3) or name one: make run PYTHON=/path/to/python" >&2
exit 1
