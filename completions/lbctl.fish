# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_lbctl_global_optspecs
    string join \n json dry-run color= q/quiet v/verbose netns= h/help V/version
end

function __fish_lbctl_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_lbctl_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_lbctl_using_subcommand
    set -l cmd (__fish_lbctl_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c lbctl -n "__fish_lbctl_needs_command" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_needs_command" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_needs_command" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_needs_command" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_needs_command" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_needs_command" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_needs_command" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "add" -d 'Add a virtual service, or servers to one'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "replace" -d 'Make a service or servers look exactly so, whatever was there'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "edit" -d 'Change the named settings of a service or of servers, and no others'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "del" -d 'Delete a service, or servers of one'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "list" -d 'Show the table'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "rate" -d 'Watch connections, packets and bytes per second as they change'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "zero" -d 'Set counters to zero'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "clear" -d 'Delete every service'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "save" -d 'Print the whole table as ipvsadm-save does, thresholds and timeouts too'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "restore" -d 'Make the table what a file of save\'s or ipvsadm-save\'s says'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "timeouts" -d 'How long idle connections are kept'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "sync" -d 'The daemons that copy connections between directors'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "forward" -d 'IP forwarding, which nat needs'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "vip" -d 'How packets for a virtual IP address get into IPVS'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "real" -d 'Make this machine a real server for dr or tun, or check whether it is one'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "probe" -d 'Check whether servers are well, and set their weights accordingly'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "diff" -d 'Show what `apply` would change'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "apply" -d 'Make the machine what the file says'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "import" -d 'Turn a file of keepalived, ldirectord or ipvsadm into lbctl.toml'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "export" -d 'Write lbctl.toml in another tool\'s language'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "run" -d 'Apply the file, check the servers and keep the table until told to stop'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "status" -d 'Show what the running service believes'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "drain" -d 'Take servers out gently: no new connections, those they have go on'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "undrain" -d 'Let drained servers back in'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "check" -d 'Find out why it does not work'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "setup" -d 'Answer a few questions, get a load balancer'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "teardown" -d 'Take away everything that lbctl put on this machine, and put back what was there'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "completions" -d 'Print a completion script for a shell'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "man" -d 'Write the man pages, or show the first'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "ipvsadm" -d 'ipvsadm itself: same options, output, messages and exit codes'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "demo" -d 'See a load balancer work, in network namespaces of its own'
complete -c lbctl -n "__fish_lbctl_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s s -l scheduler -d 'rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none; a new service has wlc' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s b -l sched-flags -d 'Scheduler flags, comma separated: sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3; none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s p -l persistent -d 'A client stays with its server for so many seconds (1 to 2678400; 360 when left out), or off' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s M -l netmask -d 'Which part of a client\'s address persistence looks at: a mask, or a prefix length for IPv6' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l pe -d 'Persistence engine (sip), or none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s r -l real-server -d 'Real server; may be repeated' -r -f -a "(__fish_lbctl_live --real-server)"
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l forward -d 'How packets get to the server; a new server has dr, as with ipvsadm' -r -f -a "nat\t'Network address translation; answers come back through this machine'
dr\t'Direct routing: servers on the same link have the VIP, and answer clients themselves'
tun\t'Tunnelling: as dr, for servers anywhere'"
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l tun-type -d 'ipip, gue or gre' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l tun-port -d 'UDP port of a gue tunnel' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s w -l weight -d 'Share of the connections, 0 to 2147483647; a new server has 1' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s x -l u-threshold -d 'From this many connections on it takes no new ones; 0: no limit' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s y -l l-threshold -d 'Below this many it takes new ones again; 0: three quarters of -x' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s o -l ops -d 'One-packet scheduling, for UDP and fwmark services'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l no-ops -d 'No one-packet scheduling'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s m -l masquerading -d '--forward nat'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s g -l gatewaying -d '--forward dr'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s i -l ipip -d '--forward tun'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l tun-nocsum -d 'No outer checksum (gue, gre)'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l tun-csum -d 'Outer checksum (gue, gre)'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l tun-remcsum -d 'Remote checksum offload (gue)'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand add" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s s -l scheduler -d 'rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none; a new service has wlc' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s b -l sched-flags -d 'Scheduler flags, comma separated: sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3; none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s p -l persistent -d 'A client stays with its server for so many seconds (1 to 2678400; 360 when left out), or off' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s M -l netmask -d 'Which part of a client\'s address persistence looks at: a mask, or a prefix length for IPv6' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l pe -d 'Persistence engine (sip), or none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s r -l real-server -d 'Real server; may be repeated' -r -f -a "(__fish_lbctl_live --real-server)"
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l forward -d 'How packets get to the server; a new server has dr, as with ipvsadm' -r -f -a "nat\t'Network address translation; answers come back through this machine'
dr\t'Direct routing: servers on the same link have the VIP, and answer clients themselves'
tun\t'Tunnelling: as dr, for servers anywhere'"
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l tun-type -d 'ipip, gue or gre' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l tun-port -d 'UDP port of a gue tunnel' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s w -l weight -d 'Share of the connections, 0 to 2147483647; a new server has 1' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s x -l u-threshold -d 'From this many connections on it takes no new ones; 0: no limit' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s y -l l-threshold -d 'Below this many it takes new ones again; 0: three quarters of -x' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s o -l ops -d 'One-packet scheduling, for UDP and fwmark services'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l no-ops -d 'No one-packet scheduling'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s m -l masquerading -d '--forward nat'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s g -l gatewaying -d '--forward dr'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s i -l ipip -d '--forward tun'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l tun-nocsum -d 'No outer checksum (gue, gre)'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l tun-csum -d 'Outer checksum (gue, gre)'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l tun-remcsum -d 'Remote checksum offload (gue)'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand replace" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s s -l scheduler -d 'rr, wrr, lc, wlc, lblc, lblcr, dh, sh, sed, nq, fo, ovf, mh, twos or none; a new service has wlc' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s b -l sched-flags -d 'Scheduler flags, comma separated: sh-fallback, sh-port, mh-fallback, mh-port, flag-1, flag-2, flag-3; none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s p -l persistent -d 'A client stays with its server for so many seconds (1 to 2678400; 360 when left out), or off' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s M -l netmask -d 'Which part of a client\'s address persistence looks at: a mask, or a prefix length for IPv6' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l pe -d 'Persistence engine (sip), or none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s r -l real-server -d 'Real server; may be repeated' -r -f -a "(__fish_lbctl_live --real-server)"
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l forward -d 'How packets get to the server; a new server has dr, as with ipvsadm' -r -f -a "nat\t'Network address translation; answers come back through this machine'
dr\t'Direct routing: servers on the same link have the VIP, and answer clients themselves'
tun\t'Tunnelling: as dr, for servers anywhere'"
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l tun-type -d 'ipip, gue or gre' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l tun-port -d 'UDP port of a gue tunnel' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s w -l weight -d 'Share of the connections, 0 to 2147483647; a new server has 1' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s x -l u-threshold -d 'From this many connections on it takes no new ones; 0: no limit' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s y -l l-threshold -d 'Below this many it takes new ones again; 0: three quarters of -x' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s o -l ops -d 'One-packet scheduling, for UDP and fwmark services'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l no-ops -d 'No one-packet scheduling'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s m -l masquerading -d '--forward nat'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s g -l gatewaying -d '--forward dr'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s i -l ipip -d '--forward tun'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l tun-nocsum -d 'No outer checksum (gue, gre)'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l tun-csum -d 'Outer checksum (gue, gre)'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l tun-remcsum -d 'Remote checksum offload (gue)'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand edit" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s r -l real-server -d 'Delete only this real server of it; may be repeated' -r -f -a "(__fish_lbctl_live --real-server)"
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -l if-exists -d 'It is no error if it is not there'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand del" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l watch -d 'Show it again every SECS seconds, 2 if left out; on a terminal as `rate` does' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l rate -d 'Connections, packets and bytes per second'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l stats -d 'Connections, packets and bytes since they were set to zero'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l thresholds -d 'Connection thresholds'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l persistent-conn -d 'Persistent connections'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l tun-info -d 'How packets are tunnelled'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s c -l connections -d 'Every connection, by service'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l timeouts -d 'The timeouts of the connection table'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l sync -d 'The synchronisation daemons'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l exact -d 'Whole numbers instead of 1.2k and 3.4M'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l resolve -d 'Names of hosts and ports instead of numbers; asks /etc/hosts and name servers'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l sort -d 'Sorted by protocol, address and port; the list always is'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s n -l numeric -d 'Addresses as numbers; they always are'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand list" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s i -l interval -d 'Seconds between two readings, 1 or more' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s c -l count -d 'Stop after so many readings' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -l exact -d 'Whole numbers instead of 1.2k and 3.4M, where it is no screen'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand rate" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand zero" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -l yes -d 'Do not ask'
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand clear" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand save" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand restore" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -l tcp -d 'Established TCP connections, 1 to 2678400 seconds' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -l tcpfin -d 'TCP connections after a FIN' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -l udp -d 'UDP' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand timeouts" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -f -a "start" -d 'Start a daemon of this role'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -f -a "stop" -d 'Stop it'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -f -a "show" -d 'Show those that run'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and not __fish_seen_subcommand_from start stop show help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l mcast-interface -d 'Interface to send or listen on' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l syncid -d 'Daemons of one group share it, 0 to 255' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l sync-maxlen -d 'Longest message in bytes, 1 to 65507; the interface\'s MTU when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l mcast-group -d 'Multicast group; 224.0.0.81 when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l mcast-port -d 'UDP port; 8848 when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l mcast-ttl -d 'Time to live, 1 to 255; 1 when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from start" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from stop" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from show" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "start" -d 'Start a daemon of this role'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop it'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show those that run'
complete -c lbctl -n "__fish_lbctl_using_subcommand sync; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -f -a "on" -d 'Turn it on, and remember what it was'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -f -a "off" -d 'Turn it off'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -f -a "status" -d 'Show it'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and not __fish_seen_subcommand_from on off status help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -s 4 -l ipv4 -d 'Only IPv4'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -s 6 -l ipv6 -d 'Only IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from on" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -s 4 -l ipv4 -d 'Only IPv4'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -s 6 -l ipv6 -d 'Only IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from off" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from status" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from help" -f -a "on" -d 'Turn it on, and remember what it was'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from help" -f -a "off" -d 'Turn it off'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show it'
complete -c lbctl -n "__fish_lbctl_using_subcommand forward; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -f -a "add" -d 'Lead packets for ADDR into IPVS: by a mark, or by having the address'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -f -a "del" -d 'Take away what `add` made, and nothing else'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -f -a "list" -d 'Show the addresses, and whether every part is in place'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and not __fish_seen_subcommand_from add del list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l mode -d 'fwmark when left out, for an address that is new; else what it has' -r -f -a "fwmark\t'Mark, rule and local route; the address is on no interface'
address\t'The address is on an interface'"
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l interface -d 'Interface that has the address; when left out the one whose network it lies in, else lo' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l mark -d 'Packet mark; the first free one from 1 on when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l table -d 'Routing table; the first free one from 100 on when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l priority -d 'Rule priority; the first free one from 100 on when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l ping -d 'In mode fwmark: answer ping, and refuse at once what no service takes'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l snat -d 'Let servers see this machine as the client: for servers whose way back is not through here, and for clients among the servers'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l adopt -d 'Put this in the place of what somebody made by hand for ADDR, while packets flow; `vip del` puts that back'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from add" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -l if-exists -d 'It is no error if it is not there'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from del" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from list" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from help" -f -a "add" -d 'Lead packets for ADDR into IPVS: by a mark, or by having the address'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from help" -f -a "del" -d 'Take away what `add` made, and nothing else'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show the addresses, and whether every part is in place'
complete -c lbctl -n "__fish_lbctl_using_subcommand vip; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -f -a "setup" -d 'Give this machine what it needs to serve the VIPs; without VIP, those it had'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -f -a "check" -d 'Say what it lacks; exit status as a monitoring plugin\'s'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -f -a "undo" -d 'Take away what `setup` made, and put back what was there'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and not __fish_seen_subcommand_from setup check undo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l method -d 'The director\'s method; dr unless a tunnel type is given' -r -f -a "dr\t'Direct routing'
tun\t'Tunnelling'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l tun-type -d 'What the tunnel wraps packets in: ipip, gue or gre' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l tun-port -d 'UDP port of a gue tunnel' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l outer -d 'Family of the address that the director knows this server by; the VIP\'s when left out' -r -f -a "ipv4\t'IPv4'
ipv6\t'IPv6'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l mss -d 'Greatest TCP segment to ask clients for; 0 for what fits the interface. With a tunnel, what fits Ethernet when it is wrapped, when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l script -d 'Print a shell script that does this on another machine, and undoes it'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from setup" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l method -d 'The director\'s method; dr unless a tunnel type is given' -r -f -a "dr\t'Direct routing'
tun\t'Tunnelling'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l tun-type -d 'What the tunnel wraps packets in: ipip, gue or gre' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l tun-port -d 'UDP port of a gue tunnel' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l outer -d 'Family of the address that the director knows this server by; the VIP\'s when left out' -r -f -a "ipv4\t'IPv4'
ipv6\t'IPv6'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l mss -d 'Greatest TCP segment to ask clients for; 0 for what fits the interface. With a tunnel, what fits Ethernet when it is wrapped, when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from check" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -l all -d 'All of them'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from undo" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from help" -f -a "setup" -d 'Give this machine what it needs to serve the VIPs; without VIP, those it had'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from help" -f -a "check" -d 'Say what it lacks; exit status as a monitoring plugin\'s'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from help" -f -a "undo" -d 'Take away what `setup` made, and put back what was there'
complete -c lbctl -n "__fish_lbctl_using_subcommand real; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l http -d 'Ask for this page by HTTP' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l https -d 'Ask for this page by HTTPS; name, CA and dates of the certificate are verified' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l exec -d 'Run this program; exit status 0 is up. {address} and {port} in its words are replaced. The last option, or ended by \';\'' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l dns -d 'Ask a name server for this zone; the SOA record, "." is the root' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l virtualhost -d 'Host name to ask for, and the name on the certificate' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l status -d 'Status that is well: 200, 200-299, or a comma list' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l body -d 'What must be in the page: a regular expression' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l address -d 'Address to check; the server\'s own when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l port -d 'Port to check; the server\'s own when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l interval -d 'Time from check to check' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l connect-timeout -d 'Time to connect' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l timeout -d 'Time for the whole check' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l fall -d 'Failures in a row that take a server down' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l rise -d 'Successes in a row that bring it back' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l retry-interval -d 'Time between attempts while a change is in doubt' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l sorry -d 'Server that answers when no other is left' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l on-failure -d 'What happens to a server that is down: weight 0, or out of the table' -r -f -a "inhibit\t'It stays with weight 0; its connections go on'
remove\t'It is removed; its connections stall'"
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l once -d 'Check each server once (with its retries), set weights, print, end'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l plugin -d 'Print one line with performance data, as monitoring plugins do'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l loop -d 'Check until told to stop'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l tcp -d 'Connect by TCP'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l ping -d 'Send an ICMP echo'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l udp -d 'Send an empty UDP datagram; an ICMP error that comes back is a failure'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand probe" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l as -d 'Show commands that would do it' -r -f -a "ipvsadm\t'Commands of ipvsadm, ip, nft and sysctl'"
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l prune -d 'Remove the services that neither the file nor lbctl made, too'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l allow-empty -d 'Take a file without virtual servers at its word: remove all that lbctl made'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l keep-weights -d 'Leave the weights of servers that are there as they are'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand diff" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l wait-healthy -d 'Wait until the check of every server has passed, 60s unless said otherwise' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l prune -d 'Remove the services that neither the file nor lbctl made, too'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l allow-empty -d 'Take a file without virtual servers at its word: remove all that lbctl made'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l keep-weights -d 'Leave the weights of servers that are there as they are'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand apply" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand import" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand export" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -l metrics -d 'Serve Prometheus\' text format at this address' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand run" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -l reload -d 'Let the running service read its file again, and say whether it took it'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -l plugin -d 'Print one line with performance data, as monitoring plugins do'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand status" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s r -l real-server -d 'Real server; may be repeated' -r -f -a "(__fish_lbctl_live --real-server)"
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l reason -d 'Why, for the log and for those who look' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l timeout -d 'Wait for so long at most, as in 30s or 10m' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l wait -d 'Wait until its connections have ended'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l remove -d 'Wait, then delete it from the table'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l sorry -d 'Let the sorry server come if no other server is left'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l yes -d 'Do not ask when no other usable server is left'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand drain" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s t -l tcp-service -d 'TCP service' -r -f -a "(__fish_lbctl_live --tcp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s u -l udp-service -d 'UDP service' -r -f -a "(__fish_lbctl_live --udp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -l sctp-service -d 'SCTP service' -r -f -a "(__fish_lbctl_live --sctp-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s f -l fwmark-service -d 'Service of packets with this firewall mark, 1 to 4294967295' -r -f -a "(__fish_lbctl_live --fwmark-service)"
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s r -l real-server -d 'Real server; may be repeated' -r -f -a "(__fish_lbctl_live --real-server)"
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s 6 -l ipv6 -d 'The fwmark service is for IPv6'
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand undrain" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -l path -d 'Follow a packet of this client to this address; the only service\'s when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -l fix -d 'Do what mends it, where that is safe'
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand check" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l vip -d 'Virtual IP address and port; tcp, unless /udp follows' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l servers -d 'Real servers, comma separated; the service\'s port when left out' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l method -d 'How packets get to them: nat, dr or tun' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l health -d 'What tells whether a server is well: a page (/PATH, "https /PATH", "https /PATH ca FILE", "https /PATH unverified"), tcp, dns, ping, none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l virtualhost -d 'Host name to ask for the page, or none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l sorry -d 'Server that answers when no other is left, or none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l scheduler -d 'Scheduler' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l persistence -d 'How long a client stays with its server, as 5m, or none' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l way -d 'How packets reach IPVS: fwmark, address (on an interface here), or none (they do)' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l boot -d 'Start it at boot, by systemd: yes or no' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l existing -d 'If the file is there: change or add a service, or start over' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l service -d 'The service to change: its name, or its ADDR:PORT' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l answers -d 'File with answers: a key for each flag above' -r -F
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l file -d 'The file to write' -r -F
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l no-input -d 'Ask nothing; what is missing is an error'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l yes -d 'Do not ask whether to go on'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand setup" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -l yes -d 'Do not ask whether to go on'
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand teardown" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand completions" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand man" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand ipvsadm" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand ipvsadm" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand ipvsadm" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand ipvsadm" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand ipvsadm" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand ipvsadm" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -l leash -d 'Process that these words are run for, and with which they end' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -l color -d 'When to colour' -r -f -a "auto\t'On a terminal, unless NO_COLOR is set'
always\t'Always'
never\t'Never'"
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -l netns -d 'Work inside this network namespace, as ip -n' -r
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -l json -d 'Answer in JSON, where there is something to show'
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -l dry-run -d 'Change nothing; print the ipvsadm, ip, nft and sysctl commands that do the same'
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -s q -l quiet -d 'Say only what is wrong'
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -s v -l verbose -d 'Say more'
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c lbctl -n "__fish_lbctl_using_subcommand demo" -s V -l version -d 'Print version'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "add" -d 'Add a virtual service, or servers to one'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "replace" -d 'Make a service or servers look exactly so, whatever was there'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "edit" -d 'Change the named settings of a service or of servers, and no others'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "del" -d 'Delete a service, or servers of one'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "list" -d 'Show the table'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "rate" -d 'Watch connections, packets and bytes per second as they change'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "zero" -d 'Set counters to zero'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "clear" -d 'Delete every service'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "save" -d 'Print the whole table as ipvsadm-save does, thresholds and timeouts too'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "restore" -d 'Make the table what a file of save\'s or ipvsadm-save\'s says'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "timeouts" -d 'How long idle connections are kept'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "sync" -d 'The daemons that copy connections between directors'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "forward" -d 'IP forwarding, which nat needs'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "vip" -d 'How packets for a virtual IP address get into IPVS'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "real" -d 'Make this machine a real server for dr or tun, or check whether it is one'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "probe" -d 'Check whether servers are well, and set their weights accordingly'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "diff" -d 'Show what `apply` would change'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "apply" -d 'Make the machine what the file says'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "import" -d 'Turn a file of keepalived, ldirectord or ipvsadm into lbctl.toml'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "export" -d 'Write lbctl.toml in another tool\'s language'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "run" -d 'Apply the file, check the servers and keep the table until told to stop'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "status" -d 'Show what the running service believes'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "drain" -d 'Take servers out gently: no new connections, those they have go on'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "undrain" -d 'Let drained servers back in'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "check" -d 'Find out why it does not work'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "setup" -d 'Answer a few questions, get a load balancer'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "teardown" -d 'Take away everything that lbctl put on this machine, and put back what was there'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "completions" -d 'Print a completion script for a shell'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "man" -d 'Write the man pages, or show the first'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "ipvsadm" -d 'ipvsadm itself: same options, output, messages and exit codes'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "demo" -d 'See a load balancer work, in network namespaces of its own'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and not __fish_seen_subcommand_from add replace edit del list rate zero clear save restore timeouts sync forward vip real probe diff apply import export run status drain undrain check setup teardown completions man ipvsadm demo help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from sync" -f -a "start" -d 'Start a daemon of this role'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from sync" -f -a "stop" -d 'Stop it'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from sync" -f -a "show" -d 'Show those that run'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from forward" -f -a "on" -d 'Turn it on, and remember what it was'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from forward" -f -a "off" -d 'Turn it off'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from forward" -f -a "status" -d 'Show it'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from vip" -f -a "add" -d 'Lead packets for ADDR into IPVS: by a mark, or by having the address'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from vip" -f -a "del" -d 'Take away what `add` made, and nothing else'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from vip" -f -a "list" -d 'Show the addresses, and whether every part is in place'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from real" -f -a "setup" -d 'Give this machine what it needs to serve the VIPs; without VIP, those it had'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from real" -f -a "check" -d 'Say what it lacks; exit status as a monitoring plugin\'s'
complete -c lbctl -n "__fish_lbctl_using_subcommand help; and __fish_seen_subcommand_from real" -f -a "undo" -d 'Take away what `setup` made, and put back what was there'

# The services and servers that are in the table.
function __fish_lbctl_live
    set -lx PATH $PATH /usr/local/sbin /usr/sbin
    lbctl candidates -- (commandline -opc) $argv[1] 2>/dev/null
end
