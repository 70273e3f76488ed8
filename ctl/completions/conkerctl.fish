# fish completion for conkerctl(1), which knows itself what may stand where.
function __conkerctl_complete
    set -l words (commandline --tokenize --cut-at-cursor --current-process)
    for candidate in (conkerctl complete -- $words[2..-1] (commandline --current-token) 2>/dev/null)
        if test "$candidate" = :files
            __fish_complete_path (commandline --current-token)
        else
            echo $candidate
        end
    end
end
complete --command conkerctl --no-files --arguments '(__conkerctl_complete)'
