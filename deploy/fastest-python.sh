#!/bin/sh
# Print the Python that Rempart should run on: of the machine's Pythons 3.11, the fastest; python3 where there is none.
#
# Builds of one version differ: one compiled without its profile, as pyenv does unless told, takes a quarter more time
# for everything we do (docs/decisions/042-which-python.md). Each is tried for some hundredths of a second. Root tries
# those of the system only: nobody else may have put them there, and the services, which see no home, can run them.
best=python3 least=
IFS=:
for folder in $PATH; do
    [ "$(id -u)" -ne 0 ] || case $folder in /bin | /usr/* | /opt/*) ;; *) continue ;; esac
    for python in "$folder/python3.11" "$folder/python3"; do
        [ -x "$python" ] || continue
        took=$("$python" - 2>/dev/null <<'END'
import ensurepip, sys, time, venv  # without the first and the last, no environment can be made

def spent():
    began = time.process_time()
    [len(f"{number}|{number}".split("3")) for number in range(20_000)]
    return time.process_time() - began

if sys.version_info[:2] == (3, 11):
    print(int(min([spent() for _ in range(5)]) * 1e6))
END
        )
        if [ -n "$took" ] && [ "$took" -lt "${least:-999999999}" ]; then
            best=$python least=$took
        fi
    done
done
echo "$best"
