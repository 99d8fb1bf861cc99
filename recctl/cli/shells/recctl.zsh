#compdef recctl
# zsh completion for recctl. Files are offered where recctl offers nothing.
_recctl() {
    local line
    local -a offers
    while IFS= read -r line; do
        offers+=("${line%%$'\t'*}:${line#*$'\t'}")
    done < <(command recctl --complete "${(@Q)words[2,CURRENT]}" 2>/dev/null)
    if (( $#offers )); then
        _describe -V recctl offers
    else
        _files
    fi
}
if [[ $funcstack[1] == _recctl ]]; then
    _recctl "$@"
else
    compdef _recctl recctl
fi
