# architech.bash - completion of the architech command in bash.
_architech()
{
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]-}

    if ((COMP_CWORD == 1)); then
        mapfile -t COMPREPLY < <(compgen -W "run validate partition diff help --help --version" -- "$word")
        return
    fi
    case $before in
    --format) mapfile -t COMPREPLY < <(compgen -W "text json" -- "$word"); return ;;
    esac
    if [[ $word == -* ]]; then
        case $command in
        run) mapfile -t COMPREPLY < <(compgen -W "--output --format --explain --help" -- "$word") ;;
        partition) mapfile -t COMPREPLY < <(compgen -W "-n --dot --help" -- "$word") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--help" -- "$word") ;;
        esac
        return
    fi
    case $command in
    diff) mapfile -t COMPREPLY < <(compgen -f -X '!*.h5' -- "$word"; compgen -d -- "$word") ;;
    run | validate | partition) mapfile -t COMPREPLY < <(compgen -f -X '!*.json' -- "$word"; compgen -d -- "$word") ;;
    esac
}
complete -o filenames -F _architech architech
