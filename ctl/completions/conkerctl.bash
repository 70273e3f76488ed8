# bash completion for conkerctl(1), which knows itself what may stand where.
_conkerctl() {
    local word candidate
    COMPREPLY=()
    word="${COMP_WORDS[COMP_CWORD]}"
    [ "$word" = = ] && word=
    while IFS= read -r candidate; do
        if [ "$candidate" = :files ]; then
            compopt -o filenames
            while IFS= read -r candidate; do
                COMPREPLY+=("$candidate")
            done < <(compgen -f -- "$word")
        else
            COMPREPLY+=("${candidate%%$'\t'*}")
        fi
    done < <("${COMP_WORDS[0]}" complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    [[ "${COMPREPLY[0]-}" == *= ]] && compopt -o nospace
    return 0
}
complete -F _conkerctl conkerctl
