//! Answers whole, in pieces, broken and endless.

use proptest::prelude::*;

use super::*;

/// The answer in pieces of this size: status, body, whether it may end there.
fn read(text: &[u8], piece: usize) -> Result<(Option<u16>, Vec<u8>, bool), Broken> {
    let mut answer = Answer::new(true);
    for bytes in text.chunks(piece.max(1)) {
        answer.take(bytes)?;
    }
    Ok((answer.status(), answer.body().to_vec(), answer.may_end()))
}

#[test]
fn every_framing_in_pieces_of_any_size() {
    for (text, status, body, ends) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            200,
            "ok",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok",
            200,
            "ok",
            false,
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nok",
            200,
            "o",
            true,
        ),
        ("HTTP/1.0 200 OK\n\nok", 200, "ok", true),
        ("HTTP/1.1 204 None\r\n\r\n", 204, "", true),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n",
            403,
            "",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, Chunked\r\n\r\n2;x=y\r\nok\r\n0A\r\n0123456789\r\n0\r\nX: y\r\n\r\n",
            200,
            "ok0123456789",
            true,
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
            200,
            "ok",
            false,
        ),
    ] {
        for piece in [1, 2, 3, 7, text.len()] {
            let expected = (Some(status), body.as_bytes().to_vec(), ends);
            assert_eq!(
                read(text.as_bytes(), piece),
                Ok(expected),
                "{text} by {piece}"
            );
        }
    }
}

#[test]
fn what_is_no_answer_is_broken() {
    for text in [
        "SSH-2.0-OpenSSH_9.7\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc",
    ] {
        assert_eq!(read(text.as_bytes(), 5), Err(Broken), "{text}");
    }
    let long = format!("HTTP/1.1 200 OK\r\n{}", "X: y\r\n".repeat(HEAD_CAP));
    assert_eq!(read(long.as_bytes(), 4096), Err(Broken));
}

#[test]
fn no_more_than_the_cap_is_kept() {
    let mut answer = Answer::new(true);
    answer.take(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
    while !answer.is_complete() {
        answer.take(&[b'x'; 10_000]).unwrap();
    }
    assert_eq!(answer.body().len(), BODY_CAP);
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_are_answered_alike(
        status in prop::sample::select(&["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"]),
        rest in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b'1'), Just(b'0')], 0..200),
        piece in 1..50usize,
    ) {
        let text = [status.as_bytes(), &rest].concat();
        prop_assert_eq!(read(&text, piece), read(&text, text.len()));
    }
}
