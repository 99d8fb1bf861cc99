# fish completion for recctl. Files are offered where recctl offers nothing.
function __recctl_has_offers
    set -l words (commandline -opc)
    set -e words[1]
    set -l current (commandline -ct)
    set -g __recctl_offers (command recctl --complete $words "$current" 2>/dev/null)
    set -q __recctl_offers[1]
end
complete --command recctl --condition __recctl_has_offers --no-files --keep-order \
    --arguments '(printf "%s\n" $__recctl_offers)'
