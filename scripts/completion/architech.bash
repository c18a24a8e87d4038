# architech.bash - completion of the architech command in bash.
_architech()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-} options=

    COMPREPLY=()
    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "run validate explain partition diff inspect help version" -- "$word")
        return
    fi
    case $before in
    --format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word"); return ;;
    --executor) mapfile -t COMPREPLY < <(compgen -W "auto sequential conservative optimistic" -- "$word"); return ;;
    --warmup | --replications) mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"); return ;;
    --seed | --precision | --precision-of | --most-replications | --duration | --threads | --group | --partitions | --memory | -n | --parts | --checkpoint-every | \
        --checkpoint-every-simulated | --checkpoint-keep) return ;;
    --resume) mapfile -t COMPREPLY < <(compgen -W "auto" -- "$word"; compgen -d -- "$word"; compgen -f -X '!*.h5' -- "$word")
        return ;;
    --checkpoint-dir) mapfile -t COMPREPLY < <(compgen -d -- "$word"); return ;;
    -o | --output | --trace | --dot) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
    esac
    case $command in
    run) options="--output --format --engine-stats --trace --explain --quiet --no-progress --seed --replications --precision
                  --precision-of --most-replications --duration --warmup --threads
                  --group --partitions --executor --memory --checkpoint-every --checkpoint-every-simulated
                  --checkpoint-dir --checkpoint-keep --resume" ;;
    inspect) options="--format" ;;
    partition) options="--parts --dot" ;;
    esac
    if [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options --help" -- "$word")
        return
    fi
    case $command in
    help) mapfile -t COMPREPLY < <(compgen -W "run validate explain partition diff inspect version" -- "$word") ;;
    diff | inspect) mapfile -t COMPREPLY < <(compgen -f -X '!*.h5' -- "$word"; compgen -d -- "$word") ;;
    run | validate | explain | partition)
        mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$word"; compgen -d -- "$word") ;;
    esac
}
complete -o filenames -F _architech architech
