//! Completions beyond what clap_complete writes: lists with commas, units behind their quantity, virtual meters, sinks
//! with the files behind them.

use clap::{Arg, Command, ValueHint};
use clap_complete::Shell;
use meterpipe::{
    format::selection,
    sink::{
        kind::{SinkScheme, TargetForm},
        registry,
    },
    source::simulator::meter::MeterKind,
};

/// The subcommands that take a source.
const SOURCES: [&str; 3] = ["watch", "capture", "doctor"];

/// Completes the script of a shell.
pub(super) fn completed(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => bash(script),
        Shell::Zsh => zsh(script),
        _ => fish(script),
    }
}

/// The names of all fields but the first.
fn fields() -> Vec<String> {
    let list = selection::list();
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    names.skip(1).map(str::to_owned).collect()
}

/// The names of the virtual meters.
fn meters() -> Vec<String> {
    MeterKind::ALL.map(|meter| meter.name().to_owned()).into()
}

/// Tells that a value is no file where nothing is known of it. The names have more, below.
pub(super) fn without_files(command: Command) -> Command {
    let is_open = |arg: &Arg| {
        arg.get_value_hint() == ValueHint::Unknown && arg.get_possible_values().is_empty()
    };
    let command = command.mut_args(|arg| match is_open(&arg) && arg.get_id() != "names" {
        true => arg.value_hint(ValueHint::Other),
        false => arg,
    });
    command.mut_subcommands(without_files)
}

/// bash takes `=` and `:` for the ends of words.
fn bash(script: &str) -> String {
    let wordy = "COMPREPLY=($(compgen -W \"schema ";
    let names = "                --names)\n                    ";
    let any = "COMPREPLY=($(compgen -f \"${cur}\"))";
    let named = format!(
        "COMPREPLY=($(compgen -W \"schema {}\" -S = -- \"${{cur}}\"))\n                    {NO_SPACE}",
        fields().join(" ")
    );
    let script = script.replace(&format!("{names}{any}"), &format!("{names}{named}"));
    let mut text = script
        .replace(wordy, "COMPREPLY=($(compgen -P \"$(_meterpipe_before \"${cur}\")\" -W \"schema ");
    text = text
        .lines()
        .map(|line| match line.contains("_meterpipe_before") {
            true => line.replace("-- \"${cur}\"", "-- \"${cur##*,}\"") + "\n",
            false => format!("{line}\n"),
        })
        .collect();
    let meters = meters();
    // setup has the source as an option.
    let (before, setup) = text.split_once(SETUP_SOURCE).unwrap();
    let (files, behind) = setup.split_once("return 0").unwrap();
    let with =
        format!("COMPREPLY+=($(compgen -W \"sim:{}\" -- \"${{cur}}\"))", meters.join(" sim:"));
    let indent = " ".repeat(20);
    text = format!("{before}{SETUP_SOURCE}{files}{with}\n{indent}return 0{behind}");
    for name in SOURCES {
        let start = format!("meterpipe__subcmd__{name})\n            opts=\"");
        let with = format!("{start}sim:{} ", meters.join(" sim:"));
        text = text.replace(&start, &with);
    }
    // An action stands once.
    for command in super::command().get_subcommands() {
        let words = command.get_positionals().flat_map(|it| it.get_possible_values());
        let words: Vec<_> = words.map(|word| word.get_name().to_owned()).collect();
        if !words.is_empty() {
            let (all, begun) = (words.join(" "), words.join(" \"|\" "));
            let typed = "\" ${COMP_WORDS[*]:0:COMP_CWORD} \"";
            let unless = format!("[[ {typed} =~ \" {begun} \" ]] || opts+=\" {all}\"");
            text = text.replace(&format!(" {all}\"\n"), &format!("\"\n            {unless}\n"));
        }
    }
    let functions = BASH
        .replace("METERS", &meters.join(" "))
        .replace("NO_SPACE", NO_SPACE)
        .replace("FILES", &file_schemes())
        .replace("FIELDS", &fields().join(" "));
    text = text.replace("complete -F _meterpipe ", "complete -F _meterpipe_word ");
    let behind = "    cmd=\"\"\n    opts=\"\"\n";
    functions + &text.replacen(behind, &format!("{behind}    _meterpipe_split && return 0\n"), 1)
}

/// Behind the sign = a name follows.
const NO_SPACE: &str = "[[ \"${BASH_VERSINFO[0]}\" -lt 4 ]] || compopt -o nospace";

/// The option of setup, the only one of its name.
const SETUP_SOURCE: &str = "                --source)\n";

const BASH: &str = r#"# The fields of a list before the one that is typed.
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
        [[ "${name}" != "sim" ]] || COMPREPLY=($(compgen -W "METERS" -- "${word}"))
        [[ "${word}" != //* || "${name}" =~ ^(FILES)$ ]] || _meterpipe_no_files
        return 0
    fi
    [[ "${sign}" == "=" ]] || return 1
    local option
    for ((option = at - 1; option > 0; option--)); do
        [[ "${COMP_WORDS[option]}" == --* ]] && break
    done
    local units="energy=kWh reactive-energy=kvarh power=kW reactive-power=kvar" unit
    case "${COMP_WORDS[option]} ${word}" in
        "--names "*,*) COMPREPLY=($(compgen -P "${word%,*}," -S = -W "FIELDS" -- "${word##*,}")) ;;
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
        NO_SPACE
    fi
}

"#;

/// The values that are lists with commas.
const LISTS: [&str; 2] = [":FIELDS:", ":QUANTITY=UNIT:"];

/// Where clap offers no names.
const NAMES_OPEN: &str = ":FIELD=NAME:_default'";

fn zsh(script: &str) -> String {
    let mut lines = Vec::new();
    for line in script.lines() {
        let is_source = line.contains("SOURCE") || line.contains(" or sim\\:METER:_files'");
        let list =
            LISTS.iter().find_map(|name| Some((name, line.split_once(&format!("{name}("))?)));
        let line = match list {
            Some((name, (before, behind))) => {
                format!("{before}{name}_sequence compadd - {}", behind.replacen(')', "", 1))
            }
            None if line.contains(NAMES_OPEN) => {
                line.replace(NAMES_OPEN, ":FIELD=NAME:_meterpipe_names'")
            }
            None if is_source => line.replace(":_files'", ":_meterpipe_sources'"),
            // With two colons zsh would forget the options as soon as there is one of these.
            None if line.ends_with("_files' \\") => line.replacen("'*::", "'*:", 1),
            None => line.to_owned(),
        };
        lines.push(line);
    }
    let mut text = lines.join("\n") + "\n";
    while let Some((before, rest)) = text.split_once(":SINK:((") {
        let (_, behind) = rest.split_once("))'").unwrap();
        text = format!("{before}:SINK:_meterpipe_sinks'{behind}");
    }
    // By itself zsh takes a hyphen for the end of a word, and makes k- of k: kaernten-netz, ksm-west.
    text = text.replace("_arguments_options=(-s", "_arguments_options=(-M 'r:|=*' -s");
    let sink = |scheme: &SinkScheme| {
        format!("        '{}:{}'\n", scheme.prefix().replace(':', "\\:"), scheme.help)
    };
    let functions = ZSH
        .replace("METERS", &meters().join(" sim:"))
        .replace("FILES", &file_schemes())
        .replace("FIELDS", &fields().join(" "))
        .replace("SINKS", &registry::schemes().map(sink).collect::<String>());
    let end = "if [ \"$funcstack[1]\" = \"_meterpipe\" ]";
    text.replace(end, &(functions + end))
}

/// The schemes of sinks with a file behind them, as a pattern.
fn file_schemes() -> String {
    let has_file = |it: &&SinkScheme| it.form != TargetForm::Server;
    let names: Vec<_> = registry::schemes().filter(has_file).map(|it| it.name).collect();
    names.join("|")
}

const ZSH: &str = r#"(( $+functions[_meterpipe_names] )) ||
_meterpipe_names() {
    compset -P '*,'
    compadd -S = - schema FIELDS
}

(( $+functions[_meterpipe_sources] )) ||
_meterpipe_sources() {
    compadd -- sim:METERS
    _files
}

(( $+functions[_meterpipe_sinks] )) ||
_meterpipe_sinks() {
    local sinks=(
SINKS    )
    if [[ $PREFIX != *://* ]] && compset -P '(FILES):'; then
        _files
    else
        _describe -t sinks sink sinks -S ''
    fi
}

"#;

/// fish has a function for lists.
fn fish(script: &str) -> String {
    let (mut text, mut list) = (String::new(), None::<Vec<&str>>);
    for line in script.lines() {
        let is_list = line.contains(" -l fields ") || line.contains(" -l unit ");
        if let Some((before, first)) = line.split_once("-a \"").filter(|_| is_list) {
            text.push_str(before);
            list = Some(vec![field(first)]);
            continue;
        }
        match &mut list {
            None if line.contains(" -l names ") => {
                let names = fields().join("= ");
                text.push_str(&format!("{line} -f -a \"(__fish_append , schema= {names}=)\"\n"));
            }
            None => text.push_str(&format!("{line}\n")),
            Some(names) => match line {
                "\"" => {
                    text.push_str(&format!("-a \"(__fish_append , {})\"\n", names.join(" ")));
                    list = None;
                }
                line => {
                    names.push(field(line));
                    if line.ends_with('"') {
                        text.push_str(&format!("-a \"(__fish_append , {})\"\n", names.join(" ")));
                        list = None;
                    }
                }
            },
        }
    }
    // clap_complete takes help itself for the command that is asked for.
    text = text.replace(" help\" -f -a", "\" -f -a");
    let using = "complete -c meterpipe -n \"__fish_meterpipe_using_subcommand";
    for name in SOURCES {
        for meter in MeterKind::ALL {
            let (meter, about) = (meter.name(), meter.description().replace('\'', "\\'"));
            text.push_str(&format!("{using} {name}\" -a sim:{meter} -d '{about}'\n"));
        }
        // No file behind sim:
        let begun = "string match -q 'sim:*' -- (commandline -ct)";
        text.push_str(&format!("{using} {name}; and {begun}\" -f\n"));
    }
    let meters = meters().join(" sim:");
    text.push_str(&format!("{using} help\" -f\n"));
    text.push_str(&format!("{using} setup\" -l source -r -F -a \"sim:{meters}\"\n"));
    let command = super::command();
    let with_words = command.get_subcommands().flat_map(|command| {
        command.get_positionals().map(move |it| (command.get_name(), it.get_possible_values()))
    });
    for (name, words) in with_words {
        let names: Vec<_> = words.iter().map(|word| word.get_name()).collect();
        let unseen = format!("not __fish_seen_subcommand_from {}", names.join(" "));
        for word in &words {
            let about = word.get_help().map(ToString::to_string).unwrap_or_default();
            let (word, about) = (word.get_name(), about.replace('\'', "\\'"));
            text.push_str(&format!("{using} {name}; and {unseen}\" -f -a {word} -d '{about}'\n"));
        }
    }
    text.push_str(&FISH.replace("FILES", &file_schemes()));
    for name in ["watch", "publish", "setup"] {
        text.push_str(&format!("{using} {name}\" -l to -r -f -a \"(__meterpipe_sink_files)\"\n"));
    }
    text
}

const FISH: &str = r#"
function __meterpipe_sink_files
    set -l sink (commandline -ct | string replace -- --to= '' | string match -r '^((?:FILES):)(?!//)(.*)')
    and for file in (__fish_complete_path $sink[3])
        echo $sink[2]$file
    end
end

"#;

/// A name without its empty description.
fn field(line: &str) -> &str {
    line.split("\\t").next().unwrap_or(line)
}
