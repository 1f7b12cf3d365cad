# The fields of a list before the one that is typed.
_meterpipe_before() {
    if [[ "$1" == *,* ]]; then
        printf '%s,' "${1%,*}"
    fi
}

# Completes what follows = in --unit, and : in a source: bash takes them for the ends of words.
_meterpipe_split() {
    # bash hands over no word where a sign is the last one.
    local last="${COMP_WORDS[COMP_CWORD]}"
    local sign="${prev}" word="${cur}" at=$((COMP_CWORD - 2))
    if [[ "${last}" == "=" || "${last}" == ":" ]]; then
        sign="${last}" word="" at=$((COMP_CWORD - 1))
    fi
    ((at > 0)) || return 1
    local name="${COMP_WORDS[at]}"
    if [[ "${sign}" == "=" && "${name}" == --* ]]; then
        # --format=c is completed as --format c.
        prev="${name}" cur="${word}"
        return 1
    fi
    if [[ "${sign}" == ":" ]]; then
        # Behind others are files, which bash knows itself, or an address.
        [[ "${name}" != "sim" ]] || COMPREPLY=($(compgen -W "netz-noe-kaifa netz-noe-sagemcom netz-noe-sagemcom-old ksm-west ksm-west-1phase wiener-netze kaernten-netz netz-burgenland graz steiermark" -- "${word}"))
        [[ "${word}" != //* || "${name}" =~ ^(prometheus|solarview|file|exec)$ ]] || _meterpipe_no_files
        return 0
    fi
    [[ "${sign}" == "=" ]] || return 1
    local option
    for ((option = at - 1; option > 0; option--)); do
        [[ "${COMP_WORDS[option]}" == --* ]] && break
    done
    local units="energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar" unit
    case "${COMP_WORDS[option]} ${word}" in
        "--names "*,*) COMPREPLY=($(compgen -P "${word%,*}," -S = -W "time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh" -- "${word##*,}")) ;;
        "--unit "*,*) COMPREPLY=($(compgen -P "${word%,*}," -W "${units}" -- "${word##*,}")) ;;
        "--unit "*)
            for unit in ${units}; do
                [[ "${unit%=*}" != "${name##*,}" ]] ||
                    COMPREPLY=($(compgen -W "${unit#*=}" -- "${word}"))
            done
            ;;
        "--names "*) ;;
        *) return 0 ;;
    esac
    _meterpipe_no_files
    return 0
}

# bash offers files where nothing else is offered.
_meterpipe_no_files() {
    [[ "${BASH_VERSINFO[0]}" -lt 4 ]] || compopt +o default +o bashdefault
}

# Completes a word; nothing ends behind a sign: file:
_meterpipe_word() {
    _meterpipe "$@" || true
    [[ "${COMP_WORDS[1]}" != "help" ]] || _meterpipe_no_files
    if [[ "${#COMPREPLY[@]}" -eq 1 && "${COMPREPLY[0]}" == *[:/=] ]]; then
        [[ "${BASH_VERSINFO[0]}" -lt 4 ]] || compopt -o nospace
    fi
}

_meterpipe() {
    local i cur prev opts cmd
    COMPREPLY=()
    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
        cur="$2"
    else
        cur="${COMP_WORDS[COMP_CWORD]}"
    fi
    prev="$3"
    cmd=""
    opts=""
    _meterpipe_split && return 0

    for i in "${COMP_WORDS[@]:0:COMP_CWORD}"
    do
        case "${cmd},${i}" in
            ",$1")
                cmd="meterpipe"
                ;;
            meterpipe,anonymise)
                cmd="meterpipe__subcmd__anonymise"
                ;;
            meterpipe,capture)
                cmd="meterpipe__subcmd__capture"
                ;;
            meterpipe,config)
                cmd="meterpipe__subcmd__config"
                ;;
            meterpipe,decode)
                cmd="meterpipe__subcmd__decode"
                ;;
            meterpipe,decrypt)
                cmd="meterpipe__subcmd__decrypt"
                ;;
            meterpipe,doctor)
                cmd="meterpipe__subcmd__doctor"
                ;;
            meterpipe,explain)
                cmd="meterpipe__subcmd__explain"
                ;;
            meterpipe,help)
                cmd="meterpipe__subcmd__help"
                ;;
            meterpipe,plot)
                cmd="meterpipe__subcmd__plot"
                ;;
            meterpipe,publish)
                cmd="meterpipe__subcmd__publish"
                ;;
            meterpipe,quarters)
                cmd="meterpipe__subcmd__quarters"
                ;;
            meterpipe,setup)
                cmd="meterpipe__subcmd__setup"
                ;;
            meterpipe,simulate)
                cmd="meterpipe__subcmd__simulate"
                ;;
            meterpipe,unframe)
                cmd="meterpipe__subcmd__unframe"
                ;;
            meterpipe,watch)
                cmd="meterpipe__subcmd__watch"
                ;;
            meterpipe__subcmd__help,anonymise)
                cmd="meterpipe__subcmd__help__subcmd__anonymise"
                ;;
            meterpipe__subcmd__help,capture)
                cmd="meterpipe__subcmd__help__subcmd__capture"
                ;;
            meterpipe__subcmd__help,config)
                cmd="meterpipe__subcmd__help__subcmd__config"
                ;;
            meterpipe__subcmd__help,decode)
                cmd="meterpipe__subcmd__help__subcmd__decode"
                ;;
            meterpipe__subcmd__help,decrypt)
                cmd="meterpipe__subcmd__help__subcmd__decrypt"
                ;;
            meterpipe__subcmd__help,doctor)
                cmd="meterpipe__subcmd__help__subcmd__doctor"
                ;;
            meterpipe__subcmd__help,explain)
                cmd="meterpipe__subcmd__help__subcmd__explain"
                ;;
            meterpipe__subcmd__help,help)
                cmd="meterpipe__subcmd__help__subcmd__help"
                ;;
            meterpipe__subcmd__help,plot)
                cmd="meterpipe__subcmd__help__subcmd__plot"
                ;;
            meterpipe__subcmd__help,publish)
                cmd="meterpipe__subcmd__help__subcmd__publish"
                ;;
            meterpipe__subcmd__help,quarters)
                cmd="meterpipe__subcmd__help__subcmd__quarters"
                ;;
            meterpipe__subcmd__help,setup)
                cmd="meterpipe__subcmd__help__subcmd__setup"
                ;;
            meterpipe__subcmd__help,simulate)
                cmd="meterpipe__subcmd__help__subcmd__simulate"
                ;;
            meterpipe__subcmd__help,unframe)
                cmd="meterpipe__subcmd__help__subcmd__unframe"
                ;;
            meterpipe__subcmd__help,watch)
                cmd="meterpipe__subcmd__help__subcmd__watch"
                ;;
            *)
                ;;
        esac
    done

    case "${cmd}" in
        meterpipe)
            opts="-h -V --help --version capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 1 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__anonymise)
            opts="-q -v -h -V --input --key-file --key --require-auth --system-title --shift-time --layout --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --key)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --system-title)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --shift-time)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --layout)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__capture)
            opts="sim:netz-noe-kaifa sim:netz-noe-sagemcom sim:netz-noe-sagemcom-old sim:ksm-west sim:ksm-west-1phase sim:wiener-netze sim:kaernten-netz sim:netz-burgenland sim:graz sim:steiermark -q -v -h -V --line --baud --parity --link --count --timeout --once --binary --input --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --line)
                    COMPREPLY=($(compgen -W "m-bus m-bus-8n1 ir p1 auto" -- "${cur}"))
                    return 0
                    ;;
                --baud)
                    COMPREPLY=($(compgen -W "auto 300 2400 9600 115200" -- "${cur}"))
                    return 0
                    ;;
                --parity)
                    COMPREPLY=($(compgen -W "even none odd auto" -- "${cur}"))
                    return 0
                    ;;
                --link)
                    COMPREPLY=($(compgen -W "auto mbus hdlc dsmr wrapper raw" -- "${cur}"))
                    return 0
                    ;;
                --count)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --timeout)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__config)
            opts="-o -q -v -h -V --output --force --config --online --timeout --quiet --verbose --log-format --help --version"
            [[ " ${COMP_WORDS[*]:0:COMP_CWORD} " =~ " check "|" show "|" import " ]] || opts+=" check show import"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --output)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                -o)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --config)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --timeout)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__decode)
            opts="-q -v -h -V --input --link --key-file --key --require-auth --system-title --format --fields --names --list-fields --objects --unit --timezone --layout --no-header --csv-locale --comments --jobs --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --link)
                    COMPREPLY=($(compgen -W "auto mbus hdlc dsmr wrapper raw" -- "${cur}"))
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --key)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --system-title)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "json csv xml table lines influx prometheus solarview" -- "${cur}"))
                    return 0
                    ;;
                --fields)
                    COMPREPLY=($(compgen -P "$(_meterpipe_before "${cur}")" -W "schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh" -- "${cur##*,}"))
                    return 0
                    ;;
                --names)
                    COMPREPLY=($(compgen -P "$(_meterpipe_before "${cur}")" -W "schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh" -S = -- "${cur##*,}"))
                    [[ "${BASH_VERSINFO[0]}" -lt 4 ]] || compopt -o nospace
                    return 0
                    ;;
                --unit)
                    COMPREPLY=($(compgen -W "energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar" -- "${cur}"))
                    return 0
                    ;;
                --timezone)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --layout)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --csv-locale)
                    COMPREPLY=($(compgen -W "at de ch us" -- "${cur}"))
                    return 0
                    ;;
                --comments)
                    COMPREPLY=($(compgen -W "plain gurux" -- "${cur}"))
                    return 0
                    ;;
                --jobs)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__decrypt)
            opts="-q -v -h -V --input --key-file --key --require-auth --system-title --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --key)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --system-title)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__doctor)
            opts="sim:netz-noe-kaifa sim:netz-noe-sagemcom sim:netz-noe-sagemcom-old sim:ksm-west sim:ksm-west-1phase sim:wiener-netze sim:kaernten-netz sim:netz-burgenland sim:graz sim:steiermark -q -v -h -V --line --baud --parity --link --layout --time --format --lang --config --input --key-file --key --require-auth --system-title --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --line)
                    COMPREPLY=($(compgen -W "m-bus m-bus-8n1 ir p1 auto" -- "${cur}"))
                    return 0
                    ;;
                --baud)
                    COMPREPLY=($(compgen -W "auto 300 2400 9600 115200" -- "${cur}"))
                    return 0
                    ;;
                --parity)
                    COMPREPLY=($(compgen -W "even none odd auto" -- "${cur}"))
                    return 0
                    ;;
                --link)
                    COMPREPLY=($(compgen -W "auto mbus hdlc dsmr wrapper raw" -- "${cur}"))
                    return 0
                    ;;
                --layout)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --time)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --lang)
                    COMPREPLY=($(compgen -W "de en" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --key)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --system-title)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__explain)
            opts="-q -v -h -V --input --link --key-file --key --require-auth --system-title --format --at --timezone --layout --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --link)
                    COMPREPLY=($(compgen -W "auto mbus hdlc dsmr wrapper raw" -- "${cur}"))
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --key)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --system-title)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "text json" -- "${cur}"))
                    return 0
                    ;;
                --at)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --timezone)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --layout)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help)
            opts="capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate help"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__anonymise)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__capture)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__config)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__decode)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__decrypt)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__doctor)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__explain)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__help)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__plot)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__publish)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__quarters)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__setup)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__simulate)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__unframe)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__help__subcmd__watch)
            opts=""
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 3 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__plot)
            opts="-q -v -h -V --kind --format --last --from --to --meter --lang --timezone --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --kind)
                    COMPREPLY=($(compgen -W "load energy heatmap peaks" -- "${cur}"))
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "svg png html terminal" -- "${cur}"))
                    return 0
                    ;;
                --last)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --from)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --to)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --meter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --lang)
                    COMPREPLY=($(compgen -W "de en" -- "${cur}"))
                    return 0
                    ;;
                --timezone)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__publish)
            opts="-q -v -h -V --to --config --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --to)
                    COMPREPLY=($(compgen -W "mqtt:// mqtts:// influxdb:// influxdbs:// prometheus: prometheus:// http:// solarview: file: udp:// exec: webhook+http:// webhook+https://" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__quarters)
            opts="-q -v -h -V --every --peaks --running --history --compare --tolerance --meter --format --fields --names --list-fields --unit --timezone --no-header --csv-locale --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --every)
                    COMPREPLY=($(compgen -W "15m 30m 1h 1d 1mo" -- "${cur}"))
                    return 0
                    ;;
                --history)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --compare)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --tolerance)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --meter)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "json csv table lines influx prometheus" -- "${cur}"))
                    return 0
                    ;;
                --fields)
                    COMPREPLY=($(compgen -P "$(_meterpipe_before "${cur}")" -W "schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh" -- "${cur##*,}"))
                    return 0
                    ;;
                --names)
                    COMPREPLY=($(compgen -P "$(_meterpipe_before "${cur}")" -W "schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh" -S = -- "${cur##*,}"))
                    [[ "${BASH_VERSINFO[0]}" -lt 4 ]] || compopt -o nospace
                    return 0
                    ;;
                --unit)
                    COMPREPLY=($(compgen -W "energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar" -- "${cur}"))
                    return 0
                    ;;
                --timezone)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --csv-locale)
                    COMPREPLY=($(compgen -W "at de ch us" -- "${cur}"))
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__setup)
            opts="-q -v -h -V --source --line --baud --parity --key-file --system-title --to --config --force --stop-service --offline --timeout --enable --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --source)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    COMPREPLY+=($(compgen -W "sim:netz-noe-kaifa sim:netz-noe-sagemcom sim:netz-noe-sagemcom-old sim:ksm-west sim:ksm-west-1phase sim:wiener-netze sim:kaernten-netz sim:netz-burgenland sim:graz sim:steiermark" -- "${cur}"))
                    return 0
                    ;;
                --line)
                    COMPREPLY=($(compgen -W "m-bus m-bus-8n1 ir p1 auto" -- "${cur}"))
                    return 0
                    ;;
                --baud)
                    COMPREPLY=($(compgen -W "auto 300 2400 9600 115200" -- "${cur}"))
                    return 0
                    ;;
                --parity)
                    COMPREPLY=($(compgen -W "even none odd auto" -- "${cur}"))
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --system-title)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --to)
                    COMPREPLY=($(compgen -W "mqtt:// mqtts:// influxdb:// influxdbs:// prometheus: prometheus:// http:// solarview: file: udp:// exec: webhook+http:// webhook+https://" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --timeout)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__simulate)
            opts="-q -v -h -V --meter --output --pty --real-time --fast --count --seed --start --key-file --noise --flip --cut --lose --duplicate --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --meter)
                    COMPREPLY=($(compgen -W "netz-noe-kaifa netz-noe-sagemcom netz-noe-sagemcom-old ksm-west ksm-west-1phase wiener-netze kaernten-netz netz-burgenland graz steiermark" -- "${cur}"))
                    return 0
                    ;;
                --output)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --pty)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --count)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --seed)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --start)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --noise)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --flip)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --cut)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --lose)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --duplicate)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__unframe)
            opts="-q -v -h -V --input --link --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --link)
                    COMPREPLY=($(compgen -W "auto mbus hdlc dsmr wrapper raw" -- "${cur}"))
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
        meterpipe__subcmd__watch)
            opts="sim:netz-noe-kaifa sim:netz-noe-sagemcom sim:netz-noe-sagemcom-old sim:ksm-west sim:ksm-west-1phase sim:wiener-netze sim:kaernten-netz sim:netz-burgenland sim:graz sim:steiermark -q -v -h -V --line --baud --parity --link --count --timeout --once --record --to --config --dry-run --input --key-file --key --require-auth --system-title --format --fields --names --list-fields --objects --unit --timezone --layout --no-header --csv-locale --comments --jobs --quiet --verbose --log-format --help --version"
            if [[ ${cur} == -* || ${COMP_CWORD} -eq 2 ]] ; then
                COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
                return 0
            fi
            case "${prev}" in
                --line)
                    COMPREPLY=($(compgen -W "m-bus m-bus-8n1 ir p1 auto" -- "${cur}"))
                    return 0
                    ;;
                --baud)
                    COMPREPLY=($(compgen -W "auto 300 2400 9600 115200" -- "${cur}"))
                    return 0
                    ;;
                --parity)
                    COMPREPLY=($(compgen -W "even none odd auto" -- "${cur}"))
                    return 0
                    ;;
                --link)
                    COMPREPLY=($(compgen -W "auto mbus hdlc dsmr wrapper raw" -- "${cur}"))
                    return 0
                    ;;
                --count)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --timeout)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --record)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --to)
                    COMPREPLY=($(compgen -W "mqtt:// mqtts:// influxdb:// influxdbs:// prometheus: prometheus:// http:// solarview: file: udp:// exec: webhook+http:// webhook+https://" -- "${cur}"))
                    return 0
                    ;;
                --config)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --input)
                    COMPREPLY=($(compgen -W "records hex binary" -- "${cur}"))
                    return 0
                    ;;
                --key-file)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --key)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --system-title)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --format)
                    COMPREPLY=($(compgen -W "json csv xml table lines influx prometheus solarview" -- "${cur}"))
                    return 0
                    ;;
                --fields)
                    COMPREPLY=($(compgen -P "$(_meterpipe_before "${cur}")" -W "schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh" -- "${cur##*,}"))
                    return 0
                    ;;
                --names)
                    COMPREPLY=($(compgen -P "$(_meterpipe_before "${cur}")" -W "schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh" -S = -- "${cur##*,}"))
                    [[ "${BASH_VERSINFO[0]}" -lt 4 ]] || compopt -o nospace
                    return 0
                    ;;
                --unit)
                    COMPREPLY=($(compgen -W "energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar" -- "${cur}"))
                    return 0
                    ;;
                --timezone)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --layout)
                    local oldifs
                    if [ -n "${IFS+x}" ]; then
                        oldifs="$IFS"
                    fi
                    IFS=$'\n'
                    COMPREPLY=($(compgen -f "${cur}"))
                    if [ -n "${oldifs+x}" ]; then
                        IFS="$oldifs"
                    fi
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o filenames
                    fi
                    return 0
                    ;;
                --csv-locale)
                    COMPREPLY=($(compgen -W "at de ch us" -- "${cur}"))
                    return 0
                    ;;
                --comments)
                    COMPREPLY=($(compgen -W "plain gurux" -- "${cur}"))
                    return 0
                    ;;
                --jobs)
                    COMPREPLY=("${cur}")
                    if [[ "${BASH_VERSINFO[0]}" -ge 4 ]]; then
                        compopt -o nospace
                    fi
                    return 0
                    ;;
                --log-format)
                    COMPREPLY=($(compgen -W "text journal json" -- "${cur}"))
                    return 0
                    ;;
                *)
                    COMPREPLY=()
                    ;;
            esac
            COMPREPLY=( $(compgen -W "${opts}" -- "${cur}") )
            return 0
            ;;
    esac
}

if [[ "${BASH_VERSINFO[0]}" -eq 4 && "${BASH_VERSINFO[1]}" -ge 4 || "${BASH_VERSINFO[0]}" -gt 4 ]]; then
    complete -F _meterpipe_word -o nosort -o bashdefault -o default meterpipe
else
    complete -F _meterpipe_word -o bashdefault -o default meterpipe
fi
