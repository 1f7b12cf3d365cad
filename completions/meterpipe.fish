# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_meterpipe_global_optspecs
    string join \n h/help V/version
end

function __fish_meterpipe_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_meterpipe_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_meterpipe_using_subcommand
    set -l cmd (__fish_meterpipe_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c meterpipe -n "__fish_meterpipe_needs_command" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "capture" -d 'Record the octets from a meter: sound frames, and everything else raw'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "unframe" -d 'Pull the APDUs out of M-Bus frames'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "decrypt" -d 'Open ciphered APDUs with the key of the meter'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "decode" -d 'Print readings from any input: frames, APDUs, hex dumps'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "explain" -d 'Show every octet of a telegram with its meaning, layer by layer'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "watch" -d 'Read a meter and print readings as they come, all in one process'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "publish" -d 'Hand readings to sinks: MQTT and Home Assistant, InfluxDB, Prometheus, files'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "quarters" -d 'Energies and mean powers of quarter hours, hours, days or months'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "plot" -d 'Pictures: load curve, energies, a heat map, peaks; as SVG, as a page, on a terminal'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "config" -d 'Check the configuration, show the settings in effect, or import those of an older program'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "setup" -d 'Set up a meter: find it, check its key, choose sinks, write the configuration'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "doctor" -d 'Find out why no readings come'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "anonymise" -d 'Make a capture anonymous, so that it can be shown to others'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "simulate" -d 'Simulate a meter'
complete -c meterpipe -n "__fish_meterpipe_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l line -d 'Settings of a serial device, by the meter\'s socket; auto finds them [default: m-bus]' -r -f -a "m-bus\t'Wired M-Bus (RJ11 or RJ12 socket): 2400 8E1'
m-bus-8n1\t'Wired M-Bus without parity: 2400 8N1'
ir\t'Infrared head on the front of the meter: 9600 8N1'
p1\t'P1 socket: 115200 8N1'
auto\t'Each of them in turn, until telegrams come'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l baud -d 'Speed of a serial device, instead of the line\'s; auto finds it' -r -f -a "auto\t''
300\t''
2400\t''
9600\t''
115200\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l parity -d 'Parity of a serial device, instead of the line\'s; auto finds it' -r -f -a "even\t'As meters on the M-Bus send'
none\t'None'
odd\t'Odd'
auto\t'The parity that gives frames'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l link -d 'The link layer of the line; raw means APDUs without frames [default: auto, told by content]' -r -f -a "auto\t''
mbus\t''
hdlc\t''
dsmr\t''
wrapper\t''
raw\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l count -d 'End after N telegrams (capture: frames)' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l timeout -d 'End when nothing has come for this long: 30s, 5m, 1h' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l once -d 'End after one telegram, or with an error if the source cannot be opened or is lost'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -l binary -d 'Write the octets alone, not records'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand unframe" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand unframe" -l link -d 'The link layer of the line; raw means APDUs without frames [default: auto, told by content]' -r -f -a "auto\t''
mbus\t''
hdlc\t''
dsmr\t''
wrapper\t''
raw\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand unframe" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand unframe" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand unframe" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand unframe" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand unframe" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -l key-file -d 'A file with the key (GUEK), or with the keys of several meters: meterpipe-keys(5)' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -l key -d 'The key itself; other users of this machine can read it while meterpipe runs' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -l system-title -d 'The system title of meters that send none, 16 hex digits' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -l require-auth -d 'Accept only telegrams whose authentication tag was verified'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decrypt" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l link -d 'The link layer of the line; raw means APDUs without frames [default: auto, told by content]' -r -f -a "auto\t''
mbus\t''
hdlc\t''
dsmr\t''
wrapper\t''
raw\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l key-file -d 'A file with the key (GUEK), or with the keys of several meters: meterpipe-keys(5)' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l key -d 'The key itself; other users of this machine can read it while meterpipe runs' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l system-title -d 'The system title of meters that send none, 16 hex digits' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l format -d 'The form of the readings [default: table on a terminal, else json]' -r -f -a "json\t'JSON Lines, one object a telegram'
csv\t'Comma-separated values, one row a telegram'
xml\t'The tree of the telegram, as Gurux prints it'
table\t'Aligned columns, for people'
lines\t'TAB-separated, one reading a line'
influx\t'Line protocol of InfluxDB, one point a telegram'
prometheus\t'Metrics for Prometheus: the last readings of each meter, at the end'
solarview\t'The last energy registers in Solarview\'s format, at the end'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l fields -d 'Print these fields in this order: names, OBIS codes, item_N' -r -f -a "(__fish_append , schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l names -d 'Give fields other names: voltage_l1_v=VoltageL1,… (json, csv, table, lines, influx)' -r -f -a "(__fish_append , schema= time= time_assumed= time_suspect= received= month= start= end= every= meter= device= system_title= invocation_counter= authenticated= telegrams= complete= estimated= today_since= month_since= month_complete= running= energy_import_wh= energy_export_wh= reactive_energy_import_varh= reactive_energy_export_varh= energy_import_t1_wh= energy_import_t2_wh= energy_import_t3_wh= energy_import_t4_wh= energy_export_t1_wh= energy_export_t2_wh= energy_export_t3_wh= energy_export_t4_wh= reactive_energy_import_t1_varh= reactive_energy_import_t2_varh= reactive_energy_import_t3_varh= reactive_energy_import_t4_varh= reactive_energy_export_t1_varh= reactive_energy_export_t2_varh= reactive_energy_export_t3_varh= reactive_energy_export_t4_varh= power_import_w= power_export_w= power_import_l1_w= power_import_l2_w= power_import_l3_w= power_export_l1_w= power_export_l2_w= power_export_l3_w= power_net_w= reactive_power_import_var= reactive_power_export_var= reactive_power_import_l1_var= reactive_power_import_l2_var= reactive_power_import_l3_var= reactive_power_export_l1_var= reactive_power_export_l2_var= reactive_power_export_l3_var= voltage_l1_v= voltage_l2_v= voltage_l3_v= current_l1_a= current_l2_a= current_l3_a= power_factor= power_factor_l1= power_factor_l2= power_factor_l3= frequency_hz= power_import_mean_w= power_export_mean_w= reactive_power_import_mean_var= reactive_power_export_mean_var= power_import_forecast_w= power_export_forecast_w= power_import_peak_w= energy_import_today_wh= energy_export_today_wh=)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l unit -d 'Print energy=kWh, reactive-energy=kvarh, power=kW or reactive-power=kvar (csv, table, lines, influx, solarview)' -r -f -a "(__fish_append , energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l timezone -d 'The time zone of meters that do not send their own [default: Europe/Vienna]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l layout -d 'A table that names the values of a meter without OBIS codes' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l csv-locale -d 'csv: the spreadsheet\'s country: its separators, and local dates with their offset in a column of its own' -r -f -a "at\t'Austria: 21.06.2026 12:00, semicolons and decimal commas'
de\t'Germany: the same'
ch\t'Switzerland: the same with a decimal point'
us\t'United States: 2026-06-21 12:00, commas and decimal points'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l comments -d 'xml: add comments with OBIS codes, times and texts' -r -f -a "plain\t'2021-09-27T09:47:15+02:00, and texts as they are; the default without a STYLE'
gurux\t'09/27/21 09:47:15, and bytearray(b\'text\'), as Gurux\'s translator for Python'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l jobs -d 'The number of threads that decode a file; the output is the same [default: one for each core]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l require-auth -d 'Accept only telegrams whose authentication tag was verified'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l list-fields -d 'Print all fields that have a name, and end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l objects -d 'json: add every element of the telegram as it was sent'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -l no-header -d 'csv: no header line, for appending'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand decode" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l link -d 'The link layer of the line; raw means APDUs without frames [default: auto, told by content]' -r -f -a "auto\t''
mbus\t''
hdlc\t''
dsmr\t''
wrapper\t''
raw\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l key-file -d 'A file with the key (GUEK), or with the keys of several meters: meterpipe-keys(5)' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l key -d 'The key itself; other users of this machine can read it while meterpipe runs' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l system-title -d 'The system title of meters that send none, 16 hex digits' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l format -d 'The form of the output' -r -f -a "text\t'A page for people, with colours on a terminal'
json\t'A JSON array for each telegram, in a line of its own'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l at -d 'Show only one place: an OCTET, LAYER:OCTET, "line N", "telegram N", or a message that names one' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l timezone -d 'The time zone of meters that do not send their own [default: Europe/Vienna]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l layout -d 'A table that names the values of a meter without OBIS codes' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -l require-auth -d 'Accept only telegrams whose authentication tag was verified'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand explain" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l line -d 'Settings of a serial device, by the meter\'s socket; auto finds them [default: m-bus]' -r -f -a "m-bus\t'Wired M-Bus (RJ11 or RJ12 socket): 2400 8E1'
m-bus-8n1\t'Wired M-Bus without parity: 2400 8N1'
ir\t'Infrared head on the front of the meter: 9600 8N1'
p1\t'P1 socket: 115200 8N1'
auto\t'Each of them in turn, until telegrams come'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l baud -d 'Speed of a serial device, instead of the line\'s; auto finds it' -r -f -a "auto\t''
300\t''
2400\t''
9600\t''
115200\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l parity -d 'Parity of a serial device, instead of the line\'s; auto finds it' -r -f -a "even\t'As meters on the M-Bus send'
none\t'None'
odd\t'Odd'
auto\t'The parity that gives frames'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l link -d 'The link layer of the line; raw means APDUs without frames [default: auto, told by content]' -r -f -a "auto\t''
mbus\t''
hdlc\t''
dsmr\t''
wrapper\t''
raw\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l count -d 'End after N telegrams (capture: frames)' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l timeout -d 'End when nothing has come for this long: 30s, 5m, 1h' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l record -d 'Also record all input to FILE, as capture does; SIGHUP opens FILE again' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l to -d 'A sink, such as mqtt://HOST or file:PATH; repeat it for several sinks: meterpipe-sinks(7)' -r -f -a "mqtt://\t'an MQTT broker, and Home Assistant'
mqtts://\t'an MQTT broker, over TLS'
influxdb://\t'InfluxDB, VictoriaMetrics'
influxdbs://\t'InfluxDB, VictoriaMetrics, over TLS'
prometheus:\t'metrics for the textfile collector of node_exporter'
prometheus://\t'metrics for Prometheus to scrape'
http://\t'metrics, JSON for evcc, and health, for others to fetch'
solarview:\t'the energy registers as Solarview reads them'
file:\t'a line for each telegram, appended to a file'
udp://\t'a datagram for each telegram: Loxone, uni-meter'
exec:\t'a line for each telegram on the standard input of a program'
webhook+http://\t'the latest readings, posted as JSON'
webhook+https://\t'the latest readings, posted as JSON over TLS'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l config -d 'The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l key-file -d 'A file with the key (GUEK), or with the keys of several meters: meterpipe-keys(5)' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l key -d 'The key itself; other users of this machine can read it while meterpipe runs' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l system-title -d 'The system title of meters that send none, 16 hex digits' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l format -d 'The form of the readings [default: table on a terminal, else json]' -r -f -a "json\t'JSON Lines, one object a telegram'
csv\t'Comma-separated values, one row a telegram'
xml\t'The tree of the telegram, as Gurux prints it'
table\t'Aligned columns, for people'
lines\t'TAB-separated, one reading a line'
influx\t'Line protocol of InfluxDB, one point a telegram'
prometheus\t'Metrics for Prometheus: the last readings of each meter, at the end'
solarview\t'The last energy registers in Solarview\'s format, at the end'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l fields -d 'Print these fields in this order: names, OBIS codes, item_N' -r -f -a "(__fish_append , schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l names -d 'Give fields other names: voltage_l1_v=VoltageL1,… (json, csv, table, lines, influx)' -r -f -a "(__fish_append , schema= time= time_assumed= time_suspect= received= month= start= end= every= meter= device= system_title= invocation_counter= authenticated= telegrams= complete= estimated= today_since= month_since= month_complete= running= energy_import_wh= energy_export_wh= reactive_energy_import_varh= reactive_energy_export_varh= energy_import_t1_wh= energy_import_t2_wh= energy_import_t3_wh= energy_import_t4_wh= energy_export_t1_wh= energy_export_t2_wh= energy_export_t3_wh= energy_export_t4_wh= reactive_energy_import_t1_varh= reactive_energy_import_t2_varh= reactive_energy_import_t3_varh= reactive_energy_import_t4_varh= reactive_energy_export_t1_varh= reactive_energy_export_t2_varh= reactive_energy_export_t3_varh= reactive_energy_export_t4_varh= power_import_w= power_export_w= power_import_l1_w= power_import_l2_w= power_import_l3_w= power_export_l1_w= power_export_l2_w= power_export_l3_w= power_net_w= reactive_power_import_var= reactive_power_export_var= reactive_power_import_l1_var= reactive_power_import_l2_var= reactive_power_import_l3_var= reactive_power_export_l1_var= reactive_power_export_l2_var= reactive_power_export_l3_var= voltage_l1_v= voltage_l2_v= voltage_l3_v= current_l1_a= current_l2_a= current_l3_a= power_factor= power_factor_l1= power_factor_l2= power_factor_l3= frequency_hz= power_import_mean_w= power_export_mean_w= reactive_power_import_mean_var= reactive_power_export_mean_var= power_import_forecast_w= power_export_forecast_w= power_import_peak_w= energy_import_today_wh= energy_export_today_wh=)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l unit -d 'Print energy=kWh, reactive-energy=kvarh, power=kW or reactive-power=kvar (csv, table, lines, influx, solarview)' -r -f -a "(__fish_append , energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l timezone -d 'The time zone of meters that do not send their own [default: Europe/Vienna]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l layout -d 'A table that names the values of a meter without OBIS codes' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l csv-locale -d 'csv: the spreadsheet\'s country: its separators, and local dates with their offset in a column of its own' -r -f -a "at\t'Austria: 21.06.2026 12:00, semicolons and decimal commas'
de\t'Germany: the same'
ch\t'Switzerland: the same with a decimal point'
us\t'United States: 2026-06-21 12:00, commas and decimal points'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l comments -d 'xml: add comments with OBIS codes, times and texts' -r -f -a "plain\t'2021-09-27T09:47:15+02:00, and texts as they are; the default without a STYLE'
gurux\t'09/27/21 09:47:15, and bytearray(b\'text\'), as Gurux\'s translator for Python'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l jobs -d 'The number of threads that decode a file; the output is the same [default: one for each core]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l once -d 'End after one telegram, or with an error if the source cannot be opened or is lost'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l dry-run -d 'Send and write nothing, and print what each sink would get'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l require-auth -d 'Accept only telegrams whose authentication tag was verified'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l list-fields -d 'Print all fields that have a name, and end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l objects -d 'json: add every element of the telegram as it was sent'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l no-header -d 'csv: no header line, for appending'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -l to -d 'A sink, such as mqtt://HOST or file:PATH; repeat it for several sinks: meterpipe-sinks(7)' -r -f -a "mqtt://\t'an MQTT broker, and Home Assistant'
mqtts://\t'an MQTT broker, over TLS'
influxdb://\t'InfluxDB, VictoriaMetrics'
influxdbs://\t'InfluxDB, VictoriaMetrics, over TLS'
prometheus:\t'metrics for the textfile collector of node_exporter'
prometheus://\t'metrics for Prometheus to scrape'
http://\t'metrics, JSON for evcc, and health, for others to fetch'
solarview:\t'the energy registers as Solarview reads them'
file:\t'a line for each telegram, appended to a file'
udp://\t'a datagram for each telegram: Loxone, uni-meter'
exec:\t'a line for each telegram on the standard input of a program'
webhook+http://\t'the latest readings, posted as JSON'
webhook+https://\t'the latest readings, posted as JSON over TLS'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -l config -d 'The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l every -d 'The length of an interval' -r -f -a "15m\t'A quarter of an hour, at which the operators count'
30m\t'Half an hour'
1h\t'An hour'
1d\t'A day, from midnight to midnight'
1mo\t'A month'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l history -d 'Readings from before those of the input: they count for month and day, and give no rows' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l compare -d 'Print where the quarter hours differ from those that the operator\'s portal exports as CSV' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l tolerance -d 'With --compare: the watt-hours by which a quarter may differ' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l meter -d 'Only the telegrams of this meter' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l format -d 'The form of the rows: json, csv, table, lines, influx, prometheus [default: table on a terminal, else json]' -r -f -a "json\t'JSON Lines, one object a telegram'
csv\t'Comma-separated values, one row a telegram'
table\t'Aligned columns, for people'
lines\t'TAB-separated, one reading a line'
influx\t'Line protocol of InfluxDB, one point a telegram'
prometheus\t'Metrics for Prometheus: the last readings of each meter, at the end'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l fields -d 'Print these fields in this order' -r -f -a "(__fish_append , schema time time_assumed time_suspect received month start end every meter device system_title invocation_counter authenticated telegrams complete estimated today_since month_since month_complete running energy_import_wh energy_export_wh reactive_energy_import_varh reactive_energy_export_varh energy_import_t1_wh energy_import_t2_wh energy_import_t3_wh energy_import_t4_wh energy_export_t1_wh energy_export_t2_wh energy_export_t3_wh energy_export_t4_wh reactive_energy_import_t1_varh reactive_energy_import_t2_varh reactive_energy_import_t3_varh reactive_energy_import_t4_varh reactive_energy_export_t1_varh reactive_energy_export_t2_varh reactive_energy_export_t3_varh reactive_energy_export_t4_varh power_import_w power_export_w power_import_l1_w power_import_l2_w power_import_l3_w power_export_l1_w power_export_l2_w power_export_l3_w power_net_w reactive_power_import_var reactive_power_export_var reactive_power_import_l1_var reactive_power_import_l2_var reactive_power_import_l3_var reactive_power_export_l1_var reactive_power_export_l2_var reactive_power_export_l3_var voltage_l1_v voltage_l2_v voltage_l3_v current_l1_a current_l2_a current_l3_a power_factor power_factor_l1 power_factor_l2 power_factor_l3 frequency_hz power_import_mean_w power_export_mean_w reactive_power_import_mean_var reactive_power_export_mean_var power_import_forecast_w power_export_forecast_w power_import_peak_w energy_import_today_wh energy_export_today_wh)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l names -d 'Give fields other names: energy_import_wh=Bezug,…' -r -f -a "(__fish_append , schema= time= time_assumed= time_suspect= received= month= start= end= every= meter= device= system_title= invocation_counter= authenticated= telegrams= complete= estimated= today_since= month_since= month_complete= running= energy_import_wh= energy_export_wh= reactive_energy_import_varh= reactive_energy_export_varh= energy_import_t1_wh= energy_import_t2_wh= energy_import_t3_wh= energy_import_t4_wh= energy_export_t1_wh= energy_export_t2_wh= energy_export_t3_wh= energy_export_t4_wh= reactive_energy_import_t1_varh= reactive_energy_import_t2_varh= reactive_energy_import_t3_varh= reactive_energy_import_t4_varh= reactive_energy_export_t1_varh= reactive_energy_export_t2_varh= reactive_energy_export_t3_varh= reactive_energy_export_t4_varh= power_import_w= power_export_w= power_import_l1_w= power_import_l2_w= power_import_l3_w= power_export_l1_w= power_export_l2_w= power_export_l3_w= power_net_w= reactive_power_import_var= reactive_power_export_var= reactive_power_import_l1_var= reactive_power_import_l2_var= reactive_power_import_l3_var= reactive_power_export_l1_var= reactive_power_export_l2_var= reactive_power_export_l3_var= voltage_l1_v= voltage_l2_v= voltage_l3_v= current_l1_a= current_l2_a= current_l3_a= power_factor= power_factor_l1= power_factor_l2= power_factor_l3= frequency_hz= power_import_mean_w= power_export_mean_w= reactive_power_import_mean_var= reactive_power_export_mean_var= power_import_forecast_w= power_export_forecast_w= power_import_peak_w= energy_import_today_wh= energy_export_today_wh=)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l unit -d 'Print energy=kWh, reactive-energy=kvarh, power=kW or reactive-power=kvar (csv, table, lines, influx)' -r -f -a "(__fish_append , energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l timezone -d 'The time zone whose clock counts [default: Europe/Vienna]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l csv-locale -d 'csv: the spreadsheet\'s country: its separators, and local dates with their offset in a column of its own' -r -f -a "at\t'Austria: 21.06.2026 12:00, semicolons and decimal commas'
de\t'Germany: the same'
ch\t'Switzerland: the same with a decimal point'
us\t'United States: 2026-06-21 12:00, commas and decimal points'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l peaks -d 'One row a month: its interval with the highest mean of the imported power'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l running -d 'Also a row for each telegram: the interval so far, and the mean that it will probably have'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l list-fields -d 'Print all fields that have a name, and end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -l no-header -d 'csv, table: no header line, for appending'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand quarters" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l kind -d 'The picture [default: load]; a page has all of them' -r -f -a "load\t'The mean power of each quarter of an hour'
energy\t'A bar for each day, or for each month of a long time'
heatmap\t'Days beside each other, the time of day downwards'
peaks\t'The highest quarter of an hour of each month'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l format -d 'The form of the picture [default: terminal on a terminal, else svg]' -r -f -a "svg\t'Vectors, light and dark'
png\t'Pixels, 1680 across, light'
html\t'A page with all pictures and tables, which loads nothing'
terminal\t'Letters'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l last -d 'The last days or months of the input, such as 7d or 12mo; the day of the last reading counts' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l from -d 'The first day: 2026-06-21, 2026-06, today, yesterday, this-month or last-month' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l to -d 'The last day, which counts' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l meter -d 'Only the readings of this meter' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l lang -d 'The language of the picture [default: that of the locale, else en]' -r -f -a "de\t'German'
en\t'English'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l timezone -d 'The time zone whose clock counts [default: Europe/Vienna]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand plot" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -s o -l output -d 'import: write the configuration to FILE, and each secret to a file beside it' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -l config -d 'The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -l timeout -d 'The longest wait of --online' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -l force -d 'import: replace files that exist; the old ones become FILE.old'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -l online -d 'check: also wait for a telegram of each source, and ask each sink'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l source -d 'A serial device, tcp://HOST:PORT or sim:METER' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l line -d 'Settings of a serial device, by the meter\'s socket; auto finds them [default: m-bus]' -r -f -a "m-bus\t'Wired M-Bus (RJ11 or RJ12 socket): 2400 8E1'
m-bus-8n1\t'Wired M-Bus without parity: 2400 8N1'
ir\t'Infrared head on the front of the meter: 9600 8N1'
p1\t'P1 socket: 115200 8N1'
auto\t'Each of them in turn, until telegrams come'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l baud -d 'Speed of a serial device, instead of the line\'s; auto finds it' -r -f -a "auto\t''
300\t''
2400\t''
9600\t''
115200\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l parity -d 'Parity of a serial device, instead of the line\'s; auto finds it' -r -f -a "even\t'As meters on the M-Bus send'
none\t'None'
odd\t'Odd'
auto\t'The parity that gives frames'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l key-file -d 'A file with the key (GUEK)' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l system-title -d 'The system title of a meter that sends none, 16 hex digits' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l to -d 'A sink, as for watch; can be repeated' -r -f -a "mqtt://\t'an MQTT broker, and Home Assistant'
mqtts://\t'an MQTT broker, over TLS'
influxdb://\t'InfluxDB, VictoriaMetrics'
influxdbs://\t'InfluxDB, VictoriaMetrics, over TLS'
prometheus:\t'metrics for the textfile collector of node_exporter'
prometheus://\t'metrics for Prometheus to scrape'
http://\t'metrics, JSON for evcc, and health, for others to fetch'
solarview:\t'the energy registers as Solarview reads them'
file:\t'a line for each telegram, appended to a file'
udp://\t'a datagram for each telegram: Loxone, uni-meter'
exec:\t'a line for each telegram on the standard input of a program'
webhook+http://\t'the latest readings, posted as JSON'
webhook+https://\t'the latest readings, posted as JSON over TLS'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l config -d 'The configuration to write' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l timeout -d 'Wait this long for a telegram, instead of 90 s' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l force -d 'Replace a configuration; the old one becomes config.toml.old'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l stop-service -d 'If a service of meterpipe reads the meter: stop it for the test, and start it again at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l offline -d 'Neither wait for a telegram nor ask the sinks'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l enable -d 'Enable and start meterpipe.service'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l line -d 'Settings of a serial device, by the meter\'s socket; auto finds them [default: m-bus]' -r -f -a "m-bus\t'Wired M-Bus (RJ11 or RJ12 socket): 2400 8E1'
m-bus-8n1\t'Wired M-Bus without parity: 2400 8N1'
ir\t'Infrared head on the front of the meter: 9600 8N1'
p1\t'P1 socket: 115200 8N1'
auto\t'Each of them in turn, until telegrams come'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l baud -d 'Speed of a serial device, instead of the line\'s; auto finds it' -r -f -a "auto\t''
300\t''
2400\t''
9600\t''
115200\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l parity -d 'Parity of a serial device, instead of the line\'s; auto finds it' -r -f -a "even\t'As meters on the M-Bus send'
none\t'None'
odd\t'Odd'
auto\t'The parity that gives frames'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l link -d 'The link layer of the line; raw means APDUs without frames [default: auto, told by content]' -r -f -a "auto\t''
mbus\t''
hdlc\t''
dsmr\t''
wrapper\t''
raw\t''"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l layout -d 'A table for a meter whose list has no OBIS codes, or no scalers: FILE.toml; may be repeated' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l time -d 'The longest examination of a meter' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l format -d 'The form of the answer' -r -f -a "text\t'Lines for people'
json\t'A JSON object a meter'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l lang -d 'The language of the answer [default: German for a German locale, else English]' -r -f -a "de\t'German'
en\t'English'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l config -d 'The configuration [default: ~/.config/meterpipe/config.toml, /etc/meterpipe/config.toml]' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l key-file -d 'A file with the key (GUEK), or with the keys of several meters: meterpipe-keys(5)' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l key -d 'The key itself; other users of this machine can read it while meterpipe runs' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l system-title -d 'The system title of meters that send none, 16 hex digits' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -l require-auth -d 'Accept only telegrams whose authentication tag was verified'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l input -d 'The form of the input [default: detected from the content]' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex in any usual form'
binary\t'The octets themselves'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l key-file -d 'A file with the key (GUEK), or with the keys of several meters: meterpipe-keys(5)' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l key -d 'The key itself; other users of this machine can read it while meterpipe runs' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l system-title -d 'The system title of meters that send none, 16 hex digits' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l shift-time -d 'Put all times back by DUR; by default they stay' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l layout -d 'A table that names the values of a meter without OBIS codes' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -l require-auth -d 'Accept only telegrams whose authentication tag was verified'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand anonymise" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l meter -d 'The kind of meter' -r -f -a "netz-noe-kaifa\t'Netz NÖ, Kaifa MA309'
netz-noe-sagemcom\t'Netz NÖ, Sagemcom T210-D'
netz-noe-sagemcom-old\t'Netz NÖ, Sagemcom T210-D with the firmware before V0450'
ksm-west\t'Tyrol, Vorarlberg, Salzburg: Kaifa MA309M'
ksm-west-1phase\t'The same with one phase: Kaifa MA110M'
wiener-netze\t'Wiener Netze, Landis+Gyr E450: HDLC every second'
kaernten-netz\t'Kärnten Netz, Iskraemeco AM550: HDLC'
netz-burgenland\t'Netz Burgenland, Landis+Gyr E450: HDLC with a tag'
graz\t'Graz, Landis+Gyr E450: block transfer in HDLC, with a tag'
steiermark\t'Energienetze Steiermark, Sagemcom T210-D-r: text with a tag'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l output -d 'The form of the output' -r -f -a "records\t'Records, as capture writes them'
hex\t'Hex digits, a frame a line'
binary\t'The octets of the line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l pty -d 'Create a pseudo-terminal and a symbolic LINK to it, and send the telegrams there in real time' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l count -d 'End after N telegrams [default: run without end]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l seed -d 'The seed of house, people, weather and faults; equal seed, meter and start give equal octets' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l start -d 'The meter\'s clock at the first telegram, such as 2026-06-21T12:00:00+02:00 [default: now]' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l key-file -d 'A key file; its first key is used, and a GAK beside it adds authentication tags' -r -F
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l noise -d 'Share of telegrams with noise before them, such as 0.01 or 1%' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l flip -d 'Share of telegrams with a flipped bit' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l cut -d 'Share of telegrams with a truncated frame' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l lose -d 'Share of telegrams with a missing frame' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l duplicate -d 'Share of telegrams that are sent twice' -r -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l log-format -d 'The form of the messages, instead of the one that fits standard error' -r -f -a "text\t'A line of text, with the time in front if standard error is a file'
journal\t'A line of text with its priority, for systemd\'s journal'
json\t'A JSON object in a line'"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l real-time -d 'Send a telegram at the meter\'s interval (five seconds, most of them) and the pace of its line; --pty implies it'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -l fast -d 'Write as fast as the output is read, and discard nothing; the default without --pty'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -s q -l quiet -d 'Print nothing on standard error; the exit status still tells the outcome'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -s v -l verbose -d 'Always print a summary at the end'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -s h -l help -d 'Print help (see more with \'--help\')'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand simulate" -s V -l version -d 'Print version'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "capture" -d 'Record the octets from a meter: sound frames, and everything else raw'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "unframe" -d 'Pull the APDUs out of M-Bus frames'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "decrypt" -d 'Open ciphered APDUs with the key of the meter'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "decode" -d 'Print readings from any input: frames, APDUs, hex dumps'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "explain" -d 'Show every octet of a telegram with its meaning, layer by layer'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "watch" -d 'Read a meter and print readings as they come, all in one process'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "publish" -d 'Hand readings to sinks: MQTT and Home Assistant, InfluxDB, Prometheus, files'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "quarters" -d 'Energies and mean powers of quarter hours, hours, days or months'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "plot" -d 'Pictures: load curve, energies, a heat map, peaks; as SVG, as a page, on a terminal'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "config" -d 'Check the configuration, show the settings in effect, or import those of an older program'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "setup" -d 'Set up a meter: find it, check its key, choose sinks, write the configuration'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "doctor" -d 'Find out why no readings come'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "anonymise" -d 'Make a capture anonymous, so that it can be shown to others'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "simulate" -d 'Simulate a meter'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help; and not __fish_seen_subcommand_from capture unframe decrypt decode explain watch publish quarters plot config setup doctor anonymise simulate" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:netz-noe-kaifa -d 'Netz NÖ, Kaifa MA309'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:netz-noe-sagemcom -d 'Netz NÖ, Sagemcom T210-D'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:netz-noe-sagemcom-old -d 'Netz NÖ, Sagemcom T210-D with the firmware before V0450'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:ksm-west -d 'Tyrol, Vorarlberg, Salzburg: Kaifa MA309M'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:ksm-west-1phase -d 'The same with one phase: Kaifa MA110M'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:wiener-netze -d 'Wiener Netze, Landis+Gyr E450: HDLC every second'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:kaernten-netz -d 'Kärnten Netz, Iskraemeco AM550: HDLC'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:netz-burgenland -d 'Netz Burgenland, Landis+Gyr E450: HDLC with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:graz -d 'Graz, Landis+Gyr E450: block transfer in HDLC, with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -a sim:steiermark -d 'Energienetze Steiermark, Sagemcom T210-D-r: text with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch; and string match -q 'sim:*' -- (commandline -ct)" -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:netz-noe-kaifa -d 'Netz NÖ, Kaifa MA309'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:netz-noe-sagemcom -d 'Netz NÖ, Sagemcom T210-D'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:netz-noe-sagemcom-old -d 'Netz NÖ, Sagemcom T210-D with the firmware before V0450'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:ksm-west -d 'Tyrol, Vorarlberg, Salzburg: Kaifa MA309M'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:ksm-west-1phase -d 'The same with one phase: Kaifa MA110M'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:wiener-netze -d 'Wiener Netze, Landis+Gyr E450: HDLC every second'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:kaernten-netz -d 'Kärnten Netz, Iskraemeco AM550: HDLC'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:netz-burgenland -d 'Netz Burgenland, Landis+Gyr E450: HDLC with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:graz -d 'Graz, Landis+Gyr E450: block transfer in HDLC, with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture" -a sim:steiermark -d 'Energienetze Steiermark, Sagemcom T210-D-r: text with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand capture; and string match -q 'sim:*' -- (commandline -ct)" -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:netz-noe-kaifa -d 'Netz NÖ, Kaifa MA309'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:netz-noe-sagemcom -d 'Netz NÖ, Sagemcom T210-D'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:netz-noe-sagemcom-old -d 'Netz NÖ, Sagemcom T210-D with the firmware before V0450'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:ksm-west -d 'Tyrol, Vorarlberg, Salzburg: Kaifa MA309M'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:ksm-west-1phase -d 'The same with one phase: Kaifa MA110M'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:wiener-netze -d 'Wiener Netze, Landis+Gyr E450: HDLC every second'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:kaernten-netz -d 'Kärnten Netz, Iskraemeco AM550: HDLC'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:netz-burgenland -d 'Netz Burgenland, Landis+Gyr E450: HDLC with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:graz -d 'Graz, Landis+Gyr E450: block transfer in HDLC, with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor" -a sim:steiermark -d 'Energienetze Steiermark, Sagemcom T210-D-r: text with a tag'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand doctor; and string match -q 'sim:*' -- (commandline -ct)" -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand help" -f
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l source -r -F -a "sim:netz-noe-kaifa sim:netz-noe-sagemcom sim:netz-noe-sagemcom-old sim:ksm-west sim:ksm-west-1phase sim:wiener-netze sim:kaernten-netz sim:netz-burgenland sim:graz sim:steiermark"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config; and not __fish_seen_subcommand_from check show import" -f -a check -d 'Read the configuration and all files that it names, and report mistakes'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config; and not __fish_seen_subcommand_from check show import" -f -a show -d 'Print the settings in effect, without secrets'
complete -c meterpipe -n "__fish_meterpipe_using_subcommand config; and not __fish_seen_subcommand_from check show import" -f -a import -d 'Translate the configuration of an older program'

function __meterpipe_sink_files
    set -l sink (commandline -ct | string replace -- --to= '' | string match -r '^((?:prometheus|solarview|file|exec):)(?!//)(.*)')
    and for file in (__fish_complete_path $sink[3])
        echo $sink[2]$file
    end
end

complete -c meterpipe -n "__fish_meterpipe_using_subcommand watch" -l to -r -f -a "(__meterpipe_sink_files)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand publish" -l to -r -f -a "(__meterpipe_sink_files)"
complete -c meterpipe -n "__fish_meterpipe_using_subcommand setup" -l to -r -f -a "(__meterpipe_sink_files)"
