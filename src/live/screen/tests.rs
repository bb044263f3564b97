//! Frames, against a clock that stands still.

use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::rows::tests::table;
use super::super::view::SortKey;
use super::*;

/// Two services whose servers had 0, 10, 20, ... connections per second.
fn busy() -> Screen {
    let mut screen = Screen::new("2s".to_owned(), false);
    screen.clock = "12:00:02Z".to_owned();
    for round in [1, 2, 4] {
        let mut table = table(2, 3);
        for (at, state) in (0..).zip(&mut table) {
            state.stats.rates.connections = 30 * round * at;
            state.stats.rates.bytes_in = 1_500_000 * at;
            for (place, server) in (0..).zip(&mut state.servers) {
                server.stats.rates.connections = 10 * round * at * place;
                server.active = 1234 * u32::try_from(place).unwrap();
            }
        }
        table[1].servers[0].server.weight = 0;
        screen.take(&table, None);
    }
    screen
}

fn frame(screen: &Screen, view: &mut View, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(frame, screen, view)).unwrap();
    let buffer = terminal.backend().buffer();
    let lines = buffer.content.chunks(usize::from(width.max(1)));
    let text = |cells: &[ratatui::buffer::Cell]| -> String {
        let text: String = cells.iter().map(ratatui::buffer::Cell::symbol).collect();
        text.trim_end().to_owned() + "\n"
    };
    lines.map(text).collect()
}

#[test]
fn a_screen_of_eighty_columns() {
    let mut view = View::default();
    assert_eq!(
        frame(&busy(), &mut view, 80, 12),
        "\
12:00:02Z every 2s: 2 services, 6 servers, 120 conns/s, in 1.5MB/s, out 0B/s
Service              Weight Active Conns/s In B/s Out B/s State    Share
tcp 192.0.2.1:80 wlc          3.7k       0      0       0
  -> 10.0.0.1:80          1      0       0      0       0
  -> 10.0.0.2:80          1   1.2k       0      0       0
  -> 10.0.0.3:80          1   2.4k       0      0       0
tcp 192.0.2.2:80 wlc          3.7k     120   1.5M       0                    ▂▄█
  -> 10.0.0.1:80          0      0       0      0       0 weight 0
  -> 10.0.0.2:80          1   1.2k      40      0       0          ████▍
  -> 10.0.0.3:80          1   2.4k      80      0       0          ████████▋

sorted by name  | q quit  s sort  / filter  p pause  ? help
"
    );
}

#[test]
fn a_small_screen_scrolls_no_further_than_there_are_lines() {
    let mut view = View {
        sort: SortKey::Connections,
        paused: true,
        offset: 100,
        ..View::default()
    };
    assert_eq!(
        frame(&busy(), &mut view, 50, 6),
        "\
12:00:02Z PAUSED: 2 services, 6 servers, 120 conns
Service          Weight Active Conns/s State
  -> 10.0.0.1:80      1      0       0
  -> 10.0.0.2:80      1   1.2k       0
  -> 10.0.0.3:80      1   2.4k       0
sorted by conns/s  6-8 of 8  | q quit  s sort  / f
"
    );
    assert_eq!(view.offset, 5);
}

#[test]
fn a_filter_is_shown_as_it_is_typed() {
    let mut view = View {
        filter: "10.0.0.2".to_owned(),
        typing: true,
        ..View::default()
    };
    let text = frame(&busy(), &mut view, 120, 8);
    assert!(
        text.ends_with("\nfilter: 10.0.0.2_   Enter keep  Esc none\n"),
        "{text}"
    );
    assert_eq!(text.matches("-> 10.0.0.").count(), 2, "{text}");
    assert!(text.contains("PktIn/s"), "{text}");
}

#[test]
fn what_the_probe_believes_is_shown() {
    let mut screen = busy();
    let report: ProbeReport = serde_json::from_str(
        r#"{"troubles":[],"services":[{"service":"tcp 192.0.2.1:80","pid":1,"heartbeat":1,
            "servers":[{"address":"10.0.0.2","port":80,"state":"down","configured_weight":1,
            "foreign":false,"maintenance":false,"kept_in":false,"replaced":false,
            "verdict":"down","since":1,"attempts":2}]}]}"#,
    )
    .unwrap();
    let table = screen.table.clone();
    screen.take(&table, Some(&report));
    let text = frame(&screen, &mut View::default(), 80, 12);
    assert_eq!(text.matches("DOWN").count(), 1, "{text}");
    let line = text.lines().find(|line| line.contains("DOWN")).unwrap();
    assert!(line.starts_with("  -> 10.0.0.2:80"), "{text}");
}

#[test]
fn no_screen_is_too_small() {
    for (width, height) in [(0, 0), (1, 1), (10, 2), (3, 30), (200, 3)] {
        for help in [false, true] {
            let mut view = View {
                help,
                offset: 7,
                ..View::default()
            };
            frame(&busy(), &mut view, width, height);
        }
    }
}
