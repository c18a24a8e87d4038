# architech.bash - completion of the architech command in bash.
_architech()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-} options=

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "run validate explain capacity partition diff inspect worker keys top help version" -- "$word")
        return
    fi
    case $before in
    --format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word"); return ;;
    --executor) mapfile -t COMPREPLY < <(compgen -W "auto sequential conservative optimistic" -- "$word"); return ;;
    --warmup | --replications) mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"); return ;;
    --set | --unset | --seed | --precision | --precision-of | --duration | --threads | --group | --partitions | --memory | -n | --parts | \
        --checkpoint-every | --checkpoint-every-simulated | --checkpoint-keep | --connect | --show | --patience | --jobs | \
        --credit | --confidence | --tolerance | --most-replications | --overload | --overload-time | --recovery-time | \
        --workers | --listen | --publish) return ;;
    --resume) mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"; compgen -d -- "$word"; compgen -f -X '!*.h5' -- "$word")
        return ;;
    --allow) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.pub' -- "$word"); return ;;
    --key) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.key' -- "$word"); return ;;
    --server-key) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.pub' -- "$word"); return ;;
    --checkpoint-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    -o | --output | --trace | --dot) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    esac
    local lab="--workers --threads --listen --key --allow --insecure --publish --memory --no-progress --quiet"
    case $command in
    capacity) options="--format --confidence --tolerance --replications --most-replications --overload --overload-time
                       --recovery-time --no-recovery --set --unset --journal $lab" ;;
    validate | explain) options="--set --unset" ;;
    run) options="--output --format --engine-stats --trace --explain --quiet --no-progress --set --unset --seed --replications
                  --precision --precision-of --most-replications --duration --warmup --threads
                  --group --partitions --executor --memory --checkpoint-every --checkpoint-every-simulated
                  --checkpoint-dir --checkpoint-keep --resume --show --key --allow --insecure" ;;
    inspect) options="--format" ;;
    partition) options="--parts --dot" ;;
    worker) options="--connect --key --server-key --insecure --patience --jobs --credit --threads --memory --alone" ;;
    top) options="--key --server-key --patience --once" ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word")
        return
    fi
    case $command in
    help) mapfile -t COMPREPLY < <(compgen -W "run validate explain capacity partition diff inspect worker keys top version" -- "$word") ;;
    keys) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    diff | inspect) mapfile -t COMPREPLY < <(compgen -f -X '!*.h5' -- "$word"; compgen -d -- "$word") ;;
    run | validate | explain | partition)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$word"; compgen -d -- "$word") ;;
    esac
}
complete -o filenames -F _architech architech
