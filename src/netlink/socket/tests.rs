//! A socket against the kernel of this machine; nothing here needs a privilege.

use super::*;

/// CTRL_CMD_GETFAMILY of generic netlink's own family.
fn lookup() -> Request {
    let mut request = Request::new(16, &[3, 1, 0, 0]);
    request.attributes().string(2, "nlctrl");
    request
}

/// A request to a family that is not there; asked for by name, the kernel would
/// look for a module.
fn nonsense() -> Request {
    Request::new(1023, &[1, 1, 0, 0])
}

/// As many of it as fit in a batch.
fn much_nonsense() -> Batch {
    let mut batch = Batch::default();
    for _ in 0..BATCH_LIMIT {
        batch.add(1023, &[1, 1, 0, 0], |_| ());
    }
    batch
}

fn family_id(socket: &mut Socket) -> Option<u16> {
    let mut id = None;
    let read = |message: &Message<'_>| {
        let found = message.attributes(4)?.find(1)?;
        id = found.map(|id| id.u16()).transpose()?;
        Ok(())
    };
    socket.ask(&lookup(), read).unwrap();
    id
}

fn names(socket: &mut Socket) -> Vec<Option<String>> {
    let request = Request::new(16, &[3, 1, 0, 0]);
    let read = |message: &Message<'_>| {
        let name = message.attributes(4)?.find(2)?;
        name.map(|name| name.string().map(str::to_owned))
            .transpose()
    };
    socket.dump(&request, read).unwrap()
}

/// A socket with the smallest receive buffer that the kernel gives.
fn with_tiny_buffer() -> Socket {
    let socket = Socket::open(NlFamily::Generic).unwrap();
    socket.inner.set_recv_buffer_size(0).unwrap();
    socket
}

#[test]
fn the_kernel_answers_a_request_and_refuses_nonsense() {
    let mut socket = Socket::open(NlFamily::Generic).unwrap();
    assert_eq!(family_id(&mut socket), Some(16));
    let mut batch = Batch::default();
    batch.add(1023, &[1, 1, 0, 0], |_| ());
    batch.add(16, &[3, 1, 0, 0], |attributes| {
        attributes.string(2, "nlctrl");
    });
    let outcome = socket.batch(&mut batch).unwrap();
    assert!(!outcome.answers_lost);
    assert_eq!(outcome.refused.len(), 1);
    assert_eq!(outcome.refused[0].0, 0);
    assert_eq!(outcome.refused[0].1.errno, libc::ENOENT);
}

/// One whose buffer is full of answers to earlier requests.
fn with_full_buffer() -> Socket {
    let mut socket = with_tiny_buffer();
    socket
        .send_piece(&mut much_nonsense(), 0..BATCH_LIMIT)
        .unwrap();
    socket
}

#[test]
fn a_question_whose_answer_did_not_fit_is_asked_again() {
    let lost = with_full_buffer().execute(&lookup());
    assert!(matches!(lost, Err(Error::Overflow)), "{lost:?}");
    assert_eq!(family_id(&mut with_full_buffer()), Some(16));
}

#[test]
fn refusals_that_did_not_fit_are_said_to_be_lost() {
    let mut socket = with_tiny_buffer();
    let outcome = socket.batch(&mut much_nonsense()).unwrap();
    assert!(outcome.answers_lost);
    let indices: Vec<usize> = outcome.refused.iter().map(|(index, _)| *index).collect();
    assert!((1..BATCH_LIMIT).contains(&indices.len()), "{indices:?}");
    assert!(indices.iter().copied().eq(0..indices.len()), "{indices:?}");
    // What is asked next is answered, and no late answer is taken for it.
    let refusal = socket.execute(&nonsense()).unwrap_err();
    assert_eq!(refusal.errno(), Some(libc::ENOENT));
    assert_eq!(family_id(&mut socket), Some(16));
}

#[test]
fn a_dump_that_did_not_fit_is_read_again() {
    let whole = names(&mut Socket::open(NlFamily::Generic).unwrap());
    assert_eq!(names(&mut with_full_buffer()), whole);
}

#[test]
fn a_batch_longer_than_the_send_buffer_goes_in_pieces() {
    let mut socket = Socket::open(NlFamily::Generic).unwrap();
    // NLMSG_NOOP: the kernel passes over it and says nothing.
    let mut batch = Batch::default();
    for index in 0..BATCH_LIMIT {
        let kind = if [0, 77, 127].contains(&index) {
            1023
        } else {
            1
        };
        batch.add(kind, &[0; 8192], |_| ());
    }
    let whole = socket.send_piece(&mut batch, 0..BATCH_LIMIT);
    assert!(matches!(whole, Err(Error::TooLong)), "{whole:?}");
    let outcome = socket.batch(&mut batch).unwrap();
    let indices: Vec<usize> = outcome.refused.iter().map(|(index, _)| *index).collect();
    assert_eq!(indices, [0, 77, 127]);
    assert!(!outcome.answers_lost);
}

#[test]
fn a_request_longer_than_the_send_buffer_is_refused() {
    let mut socket = Socket::open(NlFamily::Generic).unwrap();
    let mut batch = Batch::default();
    batch.add(1, &vec![0; 16 << 20], |_| ());
    let error = socket.batch(&mut batch).unwrap_err();
    assert!(
        error.to_string().contains("net.core.wmem_default"),
        "{error}"
    );
}

#[test]
fn a_dump_is_read_to_its_end() {
    let names = names(&mut Socket::open(NlFamily::Generic).unwrap());
    assert!(names.contains(&Some("nlctrl".to_owned())));
}
