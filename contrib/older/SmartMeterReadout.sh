#!/bin/sh
# The console block of stefanu21/SmartMeterReadout, from any meter that sends these readings.
#
#   SmartMeterReadout.sh /dev/ttyUSB0 --key-file guek
#   SmartMeterReadout.sh /dev/ttyUSB0 --key-file guek 2>> readout.log   # with a log file
#
# Timestamp is the time of the meter; the older program took that of the machine, less two seconds.
fields=voltage_l1_v,voltage_l2_v,voltage_l3_v,current_l1_a,current_l2_a,current_l3_a
fields=$fields,power_net_w,power_import_w,power_export_w,energy_import_wh,energy_export_wh
fields=$fields,reactive_energy_import_varh,reactive_energy_export_varh

names=voltage_l1_v=VoltageL1,voltage_l2_v=VoltageL2,voltage_l3_v=VoltageL3
names=$names,current_l1_a=CurrentL1,current_l2_a=CurrentL2,current_l3_a=CurrentL3
names=$names,power_net_w=RealPower,power_import_w=RealPowerIn,power_export_w=RealPowerOut
names=$names,energy_import_wh=RealEnergyIn,energy_export_wh=RealEnergyOut
names=$names,reactive_energy_import_varh=ReactiveEnergyIn
names=$names,reactive_energy_export_varh=ReactiveEnergyOut

tab=$(printf '\t')
meterpipe watch --format lines --unit energy=kWh,reactive-energy=kvarh \
    --fields "$fields" --names "$names" "$@" |
    while IFS=$tab read -r time _ _ name value unit; do
        if [ "$name" = VoltageL1 ]; then
            time=${time%[+-]*}
            printf '\n%-18s %s\n' Timestamp: "${time%T*} ${time#*T}"
        fi
        # A float of Python has no more zeros than one behind the point.
        while [ "${value%.*0}" != "$value" ] && [ "${value%.0}" = "$value" ]; do
            value=${value%0}
        done
        # The older program calls kvarh kvar. Without this line the unit is right.
        [ "$unit" != kvarh ] || unit=kvar
        printf '%-18s %s %s\n' "$name:" "$value" "$unit"
    done
