//! The seven steps of the walkthrough.

use std::thread;
use std::time::{Duration, Instant};

use crate::render::Output;

use super::client::Client;
use super::expect::{expect_none_failed, expect_turns, expect_weights, failed, weights};
use super::load::{self, Enough, Load};
use super::snapshot::Snapshot;
use super::story::Story;
use super::teller::Teller;
use super::world::{HEALTH, SORRY, World};
use super::{Interrupt, Result};

const FORWARD: &str = "lbctl forward on -4";
const VIP_ADD: &str = "lbctl vip add 192.168.100.100";
const ADD: &str = "lbctl add -t 192.168.100.100:80 -s rr -r 192.168.31.100 -r 192.168.31.101 -m";
const PROBE: &str = "lbctl probe -t 192.168.100.100:80 --http /health.html --virtualhost \
    example.com --status 200 --interval 1s --connect-timeout 1s --timeout 2s --fall 2 \
    --sorry 192.168.31.102:80 --loop";
const LIST: &str = "lbctl list";
const RATE: &str = "lbctl list --rate";
const DEL: &str = "lbctl del -t 192.168.100.100:80";
const VIP_DEL: &str = "lbctl vip del 192.168.100.100";
const FORWARD_OFF: &str = "lbctl forward off -4";

/// What is run in the director, in this order.
pub const COMMANDS: &[&str] = &[
    FORWARD,
    VIP_ADD,
    ADD,
    PROBE,
    LIST,
    RATE,
    DEL,
    VIP_DEL,
    FORWARD_OFF,
];

/// The load: 1000 requests, 100 at a time.
const FULL: Load = Load {
    requests: 1000,
    concurrency: 100,
    pace: Duration::ZERO,
};
/// A load to look at, until somebody has.
const STEADY: Load = Load {
    requests: u32::MAX,
    concurrency: 20,
    pace: Duration::from_millis(4),
};

/// Shows the walkthrough.
///
/// # Errors
/// Something is missing, a step did not show what it should, or somebody asked
/// to stop. Nothing is left behind.
pub fn run(output: &mut Output, interrupt: &Interrupt) -> Result<()> {
    show(output, interrupt).map_err(|error| {
        // Ctrl-C reaches the child processes too, and their end is seen first.
        interrupt.check().err().unwrap_or(error)
    })
}

fn show(output: &mut Output, interrupt: &Interrupt) -> Result<()> {
    let begin = Instant::now();
    let world = World::new()?;
    let mut story = Story {
        teller: Teller::new(output, interrupt),
        world: &world,
        client: Client::new(&world),
        interrupt,
        probe: None,
    };
    introduce(&mut story)?;
    let before = story.snapshot()?;
    way_in(&mut story)?;
    service(&mut story)?;
    checks(&mut story)?;
    in_turn(&mut story)?;
    let requests = under_load(&mut story)?;
    sorry(&mut story)?;
    take_away(&mut story, &before)?;
    drop(story);
    world.remove()?;
    conclude(
        &mut Teller::new(output, interrupt),
        requests,
        begin.elapsed(),
    )
}

fn introduce(story: &mut Story<'_>) -> Result<()> {
    let teller = &mut story.teller;
    teller.say(
        "A load balancer from nothing and back to nothing. The machines below are \
         network namespaces of this demo; nothing outside of them is touched.",
    )?;
    for line in [
        "",
        "  client 192.168.10.10 --- director --- w1 192.168.31.100   web server",
        "                              |     --- w2 192.168.31.101   web server",
        "         VIP 192.168.100.100 -+     --- w3 192.168.31.102   sorry server",
    ] {
        teller.line(line)?;
    }
    Ok(())
}

fn way_in(story: &mut Story<'_>) -> Result<()> {
    story.teller.heading("Step 1 of 7: the way in")?;
    story.teller.say(
        "The director has to pass packets on, and packets for the virtual address (VIP) \
         have to reach IPVS in its kernel. --dry-run shows what that is in the commands of \
         other tools, and changes nothing:",
    )?;
    let before = story.snapshot()?;
    story.lbctl(&format!("{FORWARD} --dry-run"))?;
    story.lbctl(&format!("{VIP_ADD} --dry-run"))?;
    if story.snapshot()? != before {
        return failed("--dry-run changed something");
    }
    story.teller.say("Now for real:")?;
    story.lbctl(FORWARD)?;
    story.lbctl(VIP_ADD)?;
    let list = story.lbctl("lbctl vip list")?;
    if !list.iter().any(|line| line.contains("complete")) {
        return failed("the way into IPVS is not complete");
    }
    story
        .teller
        .seen("packets are passed on, and those for the VIP reach IPVS")
}

fn service(story: &mut Story<'_>) -> Result<()> {
    story.teller.heading("Step 2 of 7: the service")?;
    story.teller.say(
        "Connections to port 80 of the VIP go to w1 and w2 in turn (-s rr), with addresses \
         translated both ways (-m). One command, one batch:",
    )?;
    story.lbctl(ADD)?;
    story.lbctl(LIST)?;
    expect_weights(&story.table()?, &[(100, 1), (101, 1)])?;
    story
        .teller
        .seen("the kernel has the service and both servers")
}

fn checks(story: &mut Story<'_>) -> Result<()> {
    story.teller.heading("Step 3 of 7: health checks")?;
    story.teller.say(
        "A server whose health page does not answer 200 gets weight 0, and when none is \
         left w3 says sorry. The demo checks every second to be short; every 3 s is more \
         usual. The checks go on in the background:",
    )?;
    story.start_probe(PROBE)?;
    let mut well = [false; 2];
    story.until("the probe did not find w1 and w2 well", |_, line| {
        for (well, server) in well
            .iter_mut()
            .zip(["192.168.31.100:80", "192.168.31.101:80"])
        {
            *well |= line.is_some_and(|line| line.contains(server) && line.contains(" is up"));
        }
        Ok(well == [true; 2])
    })?;
    story.teller.seen("w1 and w2 are well")
}

fn in_turn(story: &mut Story<'_>) -> Result<()> {
    story.teller.heading("Step 4 of 7: the client")?;
    story
        .teller
        .say("The client knows only the VIP, and is served by w1 and w2 in turn:")?;
    expect_turns(&story.fetch(4)?)?;
    story
        .teller
        .seen("each server answered every other request")
}

fn under_load(story: &mut Story<'_>) -> Result<usize> {
    story.teller.heading("Step 5 of 7: load")?;
    story
        .teller
        .say("1000 requests, 100 at a time, as `ab -n 1000 -c 100` would make them:")?;
    let begin = Instant::now();
    let client = story.client.namespace();
    let first = load::run(FULL, client, &Enough::default(), story.interrupt)?;
    expect_none_failed(&first)?;
    if first.requests() != 1000 {
        return failed(format!("of 1000 requests only these were made: {first}"));
    }
    let seconds = begin.elapsed().as_secs_f64();
    story.teller.seen(&format!("{first}, in {seconds:.1} s"))?;
    story.teller.say(
        "The table while requests go on. The kernel renews its counters and rates every 2 s, \
         so the demo waits until they show:",
    )?;
    let (enough, interrupt) = (Enough::default(), story.interrupt);
    let second = thread::scope(|scope| {
        let load = scope.spawn(|| load::run(STEADY, client, &enough, interrupt));
        let listed = {
            let _stop = enough.when_dropped();
            list_under_load(story, first.requests())
        };
        let tally = load.join().unwrap_or_else(|_| failed("the load broke"));
        listed.and(tally)
    })?;
    expect_none_failed(&second)?;
    story.teller.seen(&format!("meanwhile {second}"))?;
    Ok(first.requests() + second.requests())
}

fn list_under_load(story: &mut Story<'_>, requests: usize) -> Result<()> {
    let wanted = u64::try_from(requests).unwrap_or(u64::MAX);
    story.until("the kernel's counters did not show the load", |story, _| {
        Ok(story.table()?.iter().any(|state| {
            state.stats.totals.connections > wanted && state.stats.rates.connections > 0
        }))
    })?;
    story.lbctl(LIST)?;
    story.lbctl(RATE)?;
    Ok(())
}

fn sorry(story: &mut Story<'_>) -> Result<()> {
    story
        .teller
        .heading("Step 6 of 7: both servers fail, and come back")?;
    story.teller.say(
        "Both health pages are made unreadable. The second check that fails is a verdict \
         (--fall 2); until then the servers go on:",
    )?;
    set_health(story, false)?;
    let asked = story.ask_until("the client saw no sorry page", |pages, _| {
        let last: Vec<_> = pages.iter().rev().take(4).collect();
        last.len() == 4 && last.iter().all(|page| *page == SORRY)
    })?;
    if asked.failed > 0 {
        return failed(format!("while the servers failed: {asked}"));
    }
    story.lbctl(LIST)?;
    if story.fetch(2)?.iter().any(|page| page != SORRY) {
        return failed("a server whose check failed still answered");
    }
    story.teller.seen(&format!(
        "the sorry server took over, and none of {} requests on the way failed",
        asked.requests()
    ))?;
    story.teller.say("The pages are made readable again:")?;
    set_health(story, true)?;
    let asked = story.ask_until("w1 and w2 were not back", |pages, table| {
        let last: Vec<_> = pages.iter().rev().take(4).collect();
        let count = |name: &str| last.iter().filter(|page| **page == name).count();
        count("w1") == 2 && count("w2") == 2 && weights(table) == [(100, 1), (101, 1)]
    })?;
    expect_turns(&story.fetch(4)?)?;
    // The sorry server leaves the table, and with it what it was just serving.
    // This client makes one request at a time.
    if asked.failed > 1 {
        return failed(format!("while the servers came back: {asked}"));
    }
    let lost = match &asked.reason {
        None => "none failed".to_owned(),
        Some(reason) => format!("one failed while the sorry server left: {reason}"),
    };
    story.teller.seen(&format!(
        "w1 and w2 are back; of {} requests on the way {lost}",
        asked.requests()
    ))
}

fn set_health(story: &mut Story<'_>, readable: bool) -> Result<()> {
    let sign = if readable { '+' } else { '-' };
    for worker in ["w1", "w2"] {
        story
            .teller
            .command(worker, &format!("chmod a{sign}r {HEALTH}"))?;
        story.world.set_health(worker, readable)?;
    }
    Ok(())
}

fn take_away(story: &mut Story<'_>, before: &Snapshot) -> Result<()> {
    story
        .teller
        .heading("Step 7 of 7: all of it is taken away")?;
    story
        .teller
        .say("The probe is asked to stop, which leaves the table as it is; then the rest goes:")?;
    story.teller.command("director", "kill %1")?;
    story.stop_probe()?;
    expect_weights(&story.table()?, &[(100, 1), (101, 1)])?;
    story.lbctl(DEL)?;
    story.lbctl(VIP_DEL)?;
    story.lbctl(FORWARD_OFF)?;
    let after = story.snapshot()?;
    let difference = after.difference(before);
    if !difference.is_empty() {
        return failed(format!(
            "the director is not as it was before step 1:\n  {}",
            difference.join("\n  ")
        ));
    }
    story.teller.seen(&format!(
        "the director is as it was before step 1: rules, routes, nf_tables, forwarding and \
         the IPVS table, {} entries compared, no difference",
        after.len()
    ))
}

fn conclude(teller: &mut Teller<'_>, requests: usize, took: Duration) -> Result<()> {
    teller.heading("Done")?;
    teller.say(&format!(
        "Shown in {:.0} s: a way in, a service, checks, {requests} requests without a failure, \
         the sorry server, and the way back. Nothing of it is left but kernel modules that \
         were loaded for it.",
        took.as_secs_f64()
    ))?;
    teller.say(
        "Next: `lbctl setup` asks a few questions and does this for servers of yours; or use \
         the commands above, each of which explains itself with --help.",
    )
}
