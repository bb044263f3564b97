//! keepalived's times and counts, and how they are handed down: what a virtual
//! server says holds for its servers, and what those say for their checks.

use std::time::Duration;

use super::Importer;
use super::block::Statement;

/// The shortest time of a check in lbctl.toml.
const SHORTEST: Duration = Duration::from_millis(1);
/// The most repetitions: one less than the most failures.
const MOST_RETRIES: u32 = 999;

/// What was said so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Timers {
    pub(super) delay_loop: Option<Duration>,
    pub(super) connect_timeout: Option<Duration>,
    pub(super) retry: Option<u32>,
    pub(super) delay_before_retry: Option<Duration>,
    pub(super) virtualhost: Option<String>,
}

impl Timers {
    /// The interval: keepalived's default is a minute.
    pub(super) fn interval(&self) -> Duration {
        self.delay_loop.unwrap_or(Duration::from_mins(1))
    }

    /// The time for a connection.
    pub(super) fn connection(&self) -> Duration {
        self.connect_timeout.unwrap_or(Duration::from_secs(5))
    }
}

impl Importer {
    /// Takes a statement that every level has; whether it was one.
    pub(super) fn timer(&mut self, statement: &Statement, timers: &mut Timers) -> bool {
        match statement.keyword() {
            "delay_loop" => self.time(statement, &mut timers.delay_loop),
            "connect_timeout" => self.time(statement, &mut timers.connect_timeout),
            "delay_before_retry" => self.time(statement, &mut timers.delay_before_retry),
            "retry" | "nb_get_retry" | "nb_sock_retry" => {
                match statement.word(1).map(str::parse::<u32>) {
                    Some(Ok(retry)) => {
                        if retry > MOST_RETRIES {
                            self.left_out(statement, "999 is the most; it is taken");
                        }
                        timers.retry = Some(retry.min(MOST_RETRIES));
                    }
                    _ => self.left_out(statement, "it is no number"),
                }
            }
            "virtualhost" => timers.virtualhost = statement.word(1).map(str::to_owned),
            // How lbctl always does it.
            "alpha" => {}
            "warmup" => self.left_out(statement, "lbctl spreads first checks by itself"),
            "log_all_failures" => {
                self.left_out(statement, "lbctl tells every attempt with --verbose");
            }
            _ => return false,
        }
        true
    }

    fn time(&mut self, statement: &Statement, time: &mut Option<Duration>) {
        match statement.word(1).and_then(seconds) {
            Some(found) if found < SHORTEST => {
                self.left_out(statement, "one millisecond is the shortest; it is taken");
                *time = Some(SHORTEST);
            }
            Some(found) => *time = Some(found),
            None => self.left_out(
                statement,
                "it is no number of seconds; the default is taken",
            ),
        }
    }
}

/// Seconds with up to six decimals; up to 4294.967295, as in keepalived.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 6 {
        return None;
    }
    let micros = format!("{part:0<6}").parse::<u64>().ok()?;
    let whole: u64 = whole.parse().ok()?;
    let all = whole.checked_mul(1_000_000)?.checked_add(micros)?;
    u32::try_from(all)
        .is_ok()
        .then(|| Duration::from_micros(all))
}
