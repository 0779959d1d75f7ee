//! The command line of an action: every input is a flag, but for secrets.

use std::io::BufRead;

use clap::builder::{PossibleValuesParser, StyledStr};
use clap::{Arg, ArgAction, ArgMatches, Command};
use secrecy::SecretString;

use super::inputs::{Inputs, Values};
use super::spec::{ActionSpec, InputSpec, Kind};
use crate::{Context, Env, Error, Result};

/// The subcommand of an action.
pub fn command<I: Inputs>(action: &ActionSpec) -> Command {
    let post = Arg::new("post").long("post").action(ArgAction::SetTrue).help("Run the action's post step").hide(true);
    let command = Command::new(action.name)
        .about(action.description)
        .after_help("Each flag is an input of the action; INPUT_* variables count where a flag is not given.")
        .arg(post);
    I::SPECS.iter().fold(command, |command, spec| {
        let name = spec.flag();
        let help = help(spec);
        command.arg(match spec.kind {
            Kind::Secret => Arg::new(spec.name).long(format!("{name}-stdin")).action(ArgAction::SetTrue).help(help),
            Kind::Boolean => Arg::new(spec.name)
                .long(name)
                .value_name("true|false")
                .num_args(0..=1)
                .require_equals(true)
                .default_missing_value("true")
                .help(help),
            Kind::Choice(words) => Arg::new(spec.name)
                .long(name)
                .value_name("WORD")
                .value_parser(PossibleValuesParser::new(words))
                .help(help),
            Kind::Lines => Arg::new(spec.name).long(name).action(ArgAction::Append).value_name("ITEM").help(help),
            Kind::Seconds => Arg::new(spec.name).long(name).value_name("SECONDS").help(help),
            Kind::Text => Arg::new(spec.name).long(name).value_name("TEXT").help(help),
        })
    })
}

fn help(spec: &InputSpec) -> StyledStr {
    let mut text = spec.description.trim().to_owned();
    if spec.kind == Kind::Secret {
        text.push_str(&format!(" Read from standard input, one line; without this flag from {}", spec.variable()));
        text.push_str(&spec.env.map(|name| format!(" or {name}")).unwrap_or_default());
    } else if let Some(default) = spec.default.filter(|default| !default.is_empty()) {
        text.push_str(&format!(" [default: {default}]"));
    }
    text.into()
}

/// The values that flags give, over the environment's.
pub(super) fn values<I: Inputs>(env: &Env, matches: &ArgMatches) -> Result<Values> {
    let mut values = Values::of(env);
    for spec in I::SPECS {
        match spec.kind {
            Kind::Secret if matches.get_flag(spec.name) => values.set_secret(spec, secret_line(spec)?),
            Kind::Secret => {}
            _ => {
                if let Some(given) = matches.get_many::<String>(spec.name) {
                    values.set(spec, given.cloned().collect::<Vec<_>>().join("\n"));
                }
            }
        }
    }
    Ok(values)
}

fn secret_line(spec: &InputSpec) -> Result<SecretString> {
    let mut line = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut line)
        .context(|| format!("failed to read {} from standard input", spec.name))?;
    let secret = SecretString::from(line.trim());
    if line.trim().is_empty() {
        return Err(Error::input(format!("standard input holds no value for {}", spec.name)));
    }
    Ok(secret)
}
