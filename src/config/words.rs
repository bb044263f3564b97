//! Single values: each is read with a sentence for whatever else may stand there.

use std::fmt::Write as _;
use std::time::Duration;

use toml::de::DeValue;

use super::document::Item;
use super::nearest::nearest;
use crate::model::parse_duration;

/// The shortest and the longest time of a check. Longer ones would overflow clocks.
const TIMES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_hours(24));

type Result<T> = std::result::Result<T, String>;

/// What stands there instead.
fn found(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Something of another type stands there.
pub(super) fn wrong_type<T>(item: &Item<'_>, wanted: &str, example: &str) -> Result<T> {
    Err(format!(
        "{} is {}, and has to be {wanted}; write it as in {} = {example}",
        item.key,
        found(item.value),
        item.key
    ))
}

/// A string.
pub(super) fn text<'a>(item: &Item<'a>, example: &str) -> Result<&'a str> {
    match item.value {
        DeValue::String(text) if text.contains('\0') => {
            Err(format!("{} holds a NUL character; take it out", item.key))
        }
        DeValue::String(text) => Ok(text),
        _ => wrong_type(item, "a string", &format!("\"{example}\"")),
    }
}

/// `true` or `false`.
pub(super) fn boolean(item: &Item<'_>) -> Result<bool> {
    match item.value {
        DeValue::Boolean(value) => Ok(*value),
        _ => wrong_type(item, "true or false, without quotes", "true"),
    }
}

/// A whole number between two bounds.
pub(super) fn number<T>(item: &Item<'_>, min: T, max: T) -> Result<T>
where
    T: TryFrom<i128> + Into<i128> + Copy + std::fmt::Display,
{
    let DeValue::Integer(digits) = item.value else {
        let wanted = format!("a whole number from {min} to {max}, without quotes");
        let example: i128 = min.into().max(1);
        return wrong_type(item, &wanted, &example.to_string());
    };
    let wrong = || {
        format!(
            "{} {} is not a number from {min} to {max}",
            item.key,
            digits.as_str()
        )
    };
    let value = i128::from_str_radix(digits.as_str(), digits.radix()).map_err(|_| wrong())?;
    if value < min.into() || value > max.into() {
        return Err(wrong());
    }
    T::try_from(value).map_err(|_| wrong())
}

/// A share, 0 to 1.
pub(super) fn share(item: &Item<'_>) -> Result<f64> {
    let digits = match item.value {
        DeValue::Float(digits) => digits.as_str(),
        DeValue::Integer(digits) if digits.radix() == 10 => digits.as_str(),
        _ => return wrong_type(item, "a number from 0.0 to 1.0", "0.5"),
    };
    match digits.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(format!(
            "{} {digits} is not a number from 0.0 to 1.0",
            item.key
        )),
    }
}

/// One of some words.
pub(super) fn word<T: Copy>(item: &Item<'_>, words: &[(&'static str, T)]) -> Result<T> {
    let names = || words.iter().map(|(name, _)| *name);
    let first = names().next().unwrap_or_default();
    let text = text(item, first)?;
    words
        .iter()
        .find(|(name, _)| *name == text)
        .map(|(_, value)| *value)
        .ok_or_else(|| {
            let list: Vec<&str> = names().collect();
            let sentence = format!(
                "unknown {} '{}'; choose among {}",
                item.key,
                text.escape_debug(),
                list.join(", ")
            );
            meant(sentence, text, names())
        })
}

/// The sentence, with the word that was meant, if there is one.
pub(super) fn meant<'w>(
    mut sentence: String,
    text: &str,
    words: impl IntoIterator<Item = &'w str>,
) -> String {
    if let Some(word) = nearest(text, words) {
        // Writing to a String cannot fail.
        let _ = write!(sentence, "; did you mean {word}?");
    }
    sentence
}

/// A duration of any length, more than none.
fn duration(item: &Item<'_>) -> Result<Duration> {
    match item.value {
        DeValue::String(text) => {
            parse_duration(text).map_err(|error| format!("{}: {error}", item.key))
        }
        DeValue::Integer(digits) if digits.radix() == 10 => Err(format!(
            "{} has no unit; write {} = \"{}s\" for seconds",
            item.key,
            item.key,
            digits.as_str()
        )),
        _ => wrong_type(item, "a duration", "\"3s\""),
    }
}

/// A time of a check.
pub(super) fn time(item: &Item<'_>) -> Result<Duration> {
    let time = duration(item)?;
    if time < TIMES.0 || time > TIMES.1 {
        return Err(format!(
            "{} is out of range; write a duration from 1ms to 1day",
            item.key
        ));
    }
    Ok(time)
}

/// A time of a check, or "off".
pub(super) fn time_or_off(item: &Item<'_>) -> Result<Option<Duration>> {
    match item.value.as_str() {
        Some("off") => Ok(None),
        _ => time(item).map(Some),
    }
}

/// A duration in whole seconds, up to so many.
pub(super) fn seconds(item: &Item<'_>, max: u32) -> Result<u32> {
    let time = duration(item)?;
    if time.subsec_nanos() == 0
        && let Ok(seconds @ 1..) = u32::try_from(time.as_secs())
        && seconds <= max
    {
        return Ok(seconds);
    }
    Err(format!(
        "{} is out of range; write whole seconds from 1s to {}days",
        item.key,
        max / 86_400
    ))
}

/// A duration in whole seconds, or "off".
pub(super) fn seconds_or_off(item: &Item<'_>, max: u32) -> Result<Option<u32>> {
    match item.value.as_str() {
        Some("off") => Ok(None),
        _ => seconds(item, max).map(Some),
    }
}
