//! What the operator says beats what DNS says: `accept` and `--freeze`.

use std::time::Duration;

use libtest_mimic::Trial;

use crate::Missing;
use crate::authority::{Authority, Program};
use crate::pod::{Pod, names};
use crate::programs::Hosting;
use crate::world::sidecar;

/// How long a list must stay to count as kept.
const KEPT: Duration = Duration::from_secs(1);

pub(crate) fn trials() -> Vec<Trial> {
    for_each!(Program::ALL, is_accepted, is_frozen)
}

async fn is_accepted(program: Program) -> Result<(), Missing> {
    let mut server = Authority::start(program, Hosting::pods(0..6)).await?;
    let pod = Pod::asking([server.address()]);
    let sidecar = pod.run(&["--remove-after", "0s"]);
    sidecar.lists(&names(1..6));

    server.host(Hosting::pods(0..2)).await;
    sidecar.until_condition("held_shrink");
    sidecar.keeps_the_file(KEPT);
    let accepted = pod.once("accept", &[]).expect(0);
    assert!(accepted.stdout.contains("eureka-2.eureka.ns.svc.cluster.local"), "{accepted:?}");
    sidecar.lists(&names([1]));
    sidecar.until_no_condition();

    // Only once: the next implausible answer is held again.
    server.host(Hosting::pods(0..6)).await;
    sidecar.lists(&names(1..6));
    server.host(Hosting::pods(0..2)).await;
    sidecar.until_condition("held_shrink");
    sidecar.keeps_the_file(KEPT);

    // Where DNS says nothing there is nothing to take.
    server.host(Hosting::Nothing).await;
    sidecar.hears("refused");
    let refused = pod.once("accept", &[]).expect(1);
    assert!(refused.stderr.contains("REFUSED"), "{refused:?}");
    assert_eq!(sidecar.keeps_the_file(KEPT), names(1..6));
    Ok(())
}

async fn is_frozen(program: Program) -> Result<(), Missing> {
    let mut server = Authority::start(program, Hosting::pods(0..3)).await?;
    let pod = Pod::asking([server.address()]);
    let write = |yaml: &str| pod.write_config(yaml);
    let config = write("freeze: false\nremove-after: 0s\n");
    let sidecar = pod.run(&["--config", config.to_str().expect("text")]);
    sidecar.lists(&names(1..3));

    write("freeze: true\nremove-after: 0s\n");
    sidecar.until_condition("frozen");
    server.host(Hosting::pods([0, 1, 3])).await;
    let knows_better =
        |it: &sidecar::Sidecar<'_>| it.status()["services"][0]["answered"].to_string().contains("eureka-3");
    sidecar.until("the new pod is seen", knows_better);
    assert_eq!(sidecar.keeps_the_file(KEPT), names(1..3));
    let refused = pod.once("accept", &[]).expect(1);
    assert!(refused.stderr.contains("frozen"), "{refused:?}");
    assert_eq!(sidecar.keeps_the_file(KEPT), names(1..3));

    write("freeze: false\nremove-after: 0s\n");
    sidecar.lists(&names([1, 3]));
    sidecar.until_no_condition();
    sidecar.terminate();
    Ok(())
}
