//! The MQTT sink against a scripted broker and against mosquitto.

mod fake;
mod history;
pub(crate) mod mosquitto;
mod real;
mod scripted;

/// A broker on that port of this machine, as a sink; without discovery and the
/// status of meters, unless the query has them.
fn uri(port: u16, query: &str) -> String {
    let ha = if query.contains("ha=") { "" } else { "&ha=off" };
    let status = if query.contains("meter_status=") { "" } else { "&meter_status=none" };
    format!("mqtt://127.0.0.1:{port}/house?{query}{ha}{status}")
}

/// The announcement of a meter at `house`, which has sent its power and perhaps a voltage.
fn device_config(meter: &str, has_voltage: bool) -> String {
    let voltage = concat!(
        r#","voltage_l1":{"def_ent_id":"sensor.smart_meter_METER_voltage_l1","#,
        r#""dev_cla":"voltage","exp_aft":60,"name":"Voltage L1","p":"sensor","#,
        r#""stat_cla":"measurement","sug_dsp_prc":1,"uniq_id":"meterpipe_METER_voltage_l1","#,
        r#""unit_of_meas":"V","val_tpl":"{{ value_json['voltage_l1_v'] }}"}"#
    );
    let config = concat!(
        r#"{"avty":[{"t":"house/status"}],"cmps":{"#,
        r#""meter_number":{"def_ent_id":"sensor.smart_meter_METER_meter_number","#,
        r#""ent_cat":"diagnostic","ic":"mdi:identifier","name":"Meter number","p":"sensor","#,
        r#""uniq_id":"meterpipe_METER_meter_number","val_tpl":"{{ value_json['meter'] }}"},"#,
        r#""power_net":{"def_ent_id":"sensor.smart_meter_METER_power_net","#,
        r#""dev_cla":"power","exp_aft":60,"name":"Power","p":"sensor","#,
        r#""stat_cla":"measurement","sug_dsp_prc":0,"uniq_id":"meterpipe_METER_power_net","#,
        r#""unit_of_meas":"W","val_tpl":"{{ value_json['power_net_w'] }}"}VOLTAGE},"#,
        r#""dev":{"ids":["meterpipe_METER"],"name":"Smart meter METER","sn":"METER"},"#,
        r#""o":{"name":"meterpipe","sw":"VERSION"},"qos":1,"stat_t":"house/METER/state"}"#
    );
    config
        .replace("VOLTAGE", if has_voltage { voltage } else { "" })
        .replace("METER", meter)
        .replace("VERSION", env!("CARGO_PKG_VERSION"))
}
