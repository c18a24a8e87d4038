# architech.bash - completion of the architech command in bash.
_architech()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-} options=
    local commands="run validate explain compare sweep capacity sensitivity plan partition diff inspect worker keys top"

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "$commands help version" -- "$word")
        return
    fi
    case $before in
    --format) mapfile -t COMPREPLY < <(compgen -W "$([[ $command == sweep ]] && echo "text csv" || echo "text json")" -- "$word")
        return ;;
    --executor)
        [[ $command == run ]] && options="sequential conservative optimistic"
        mapfile -t COMPREPLY < <(compgen -W "auto cpu gpu $options" -- "$word")
        return ;;
    --warmup | --replications) mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"); return ;;
    --set | --unset | --seed | --precision | --precision-of | --duration | --threads | --group | --partitions | --memory | -n | --parts | \
        --checkpoint-every | --checkpoint-every-simulated | --checkpoint-keep | --connect | --show | --patience | --jobs | \
        --credit | --confidence | --tolerance | --most-replications | --overload | --overload-time | --recovery-time | \
        --workers | --listen | --publish | --precision | --rows | --indifference | --first | --most | --side-by-side | \
        --metric | --range | --only | --trajectories | --base) return ;;
    --change) mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$word"; compgen -d -- "$word"); return ;;
    --resume) mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"; compgen -d -- "$word"; compgen -f -X '!*.h5' -- "$word")
        return ;;
    --allow) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.pub' -- "$word"); return ;;
    --key) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.key' -- "$word"); return ;;
    --server-key) mapfile -t COMPREPLY < <(compgen -d -- "$word"; compgen -f -X '!*.pub' -- "$word"); return ;;
    --checkpoint-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    --journal) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    -o | --output | --trace | --dot | --csv) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    esac
    local lab="--workers --threads --listen --key --allow --insecure --publish --memory --executor --no-progress --quiet"
    case $command in
    capacity) options="--format --confidence --tolerance --replications --most-replications --overload --overload-time
                       --recovery-time --no-recovery --set --unset --journal $lab" ;;
    compare) options="--output --format --replications --most-replications --precision --confidence --duration --warmup --seed
                      --all --independent --set --unset --journal $lab" ;;
    sensitivity) options="--metric --range --only --trajectories --most --base --replications --seed --set --unset --format
                          --journal $lab" ;;
    sweep) options="--output --csv --format --replications --confidence --rows --dry-run --journal $lab" ;;
    plan) options="--change --confidence --indifference --first --most --side-by-side --trust-nothing --all --set --unset
                   --format --output --journal $lab" ;;
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
    help) mapfile -t COMPREPLY < <(compgen -W "$commands version" -- "$word") ;;
    keys) mapfile -t COMPREPLY < <(compgen -d -- "$word") ;;
    diff | inspect) mapfile -t COMPREPLY < <(compgen -f -X '!*.h5' -- "$word"; compgen -d -- "$word") ;;
    run | validate | explain | compare | sweep | capacity | sensitivity | plan | partition)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$word"; compgen -d -- "$word") ;;
    esac
}
complete -o filenames -F _architech architech
